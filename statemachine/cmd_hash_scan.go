package statemachine

import "math"

// hscan: HSCAN key cursor [MATCH pattern] [COUNT count] [NOVALUES].
func hscan(tx *Tx, args Args, reply Reply) {
	s, ok := tx.scanElements(args, KindHash, reply)
	if !ok {
		return
	}
	if s.noValues {
		s.replyNames(reply)
		return
	}
	s.head(2*len(s.found), reply)
	for _, e := range s.found {
		reply.Bulk(e.name)
		reply.Bulk(e.value)
	}
}

// hrandfield: HRANDFIELD key [count [WITHVALUES]].
func hrandfield(tx *Tx, args Args, reply Reply) {
	if len(args) == 2 {
		if h, ok := tx.lookupFields(args[1], reply); !ok {
			return
		} else if h.live() > 0 {
			reply.Bulk(h.random(tx.random).name)
			return
		}
		reply.Null()
		return
	}
	count, ok := rangeArg(args[2], -math.MaxInt64, math.MaxInt64, reply)
	if !ok {
		return
	}
	withValues := len(args) == 4 && is(args[3], "WITHVALUES")
	switch {
	case len(args) > 3 && !withValues:
		reply.Error(errSyntax)
	case withValues && (count < -math.MaxInt64/2 || count > math.MaxInt64/2):
		reply.Error(errOutOfRange)
	default:
		randomFields(tx, args[1], count, withValues, reply)
	}
}

// randomFields is HRANDFIELD with a count.
func randomFields(tx *Tx, key []byte, count int64, withValues bool, reply Reply) {
	h, ok := tx.lookupFields(key, reply)
	if !ok {
		return
	}
	write := fieldWriter(withValues, reply)
	header := func(n int) {
		if withValues && reply.Protocol() < 3 {
			n *= 2
		}
		reply.Array(n)
	}
	live := h.live()
	if count >= 0 || live == 0 {
		n := int(min(max(count, 0), int64(live)))
		header(n)
		sample(&h, live, n, tx.random, write)
		return
	}
	n, ok := repeatedCount(count, reply)
	if !ok {
		return
	}
	header(n)
	for range n {
		write(h.random(tx.random))
	}
}

// fieldWriter writes a field, with its value if they are asked for: as a pair of its own in RESP3.
func fieldWriter(withValues bool, reply Reply) func(element) {
	return func(e element) {
		if withValues && reply.Protocol() > 2 {
			reply.Array(2)
		}
		reply.Bulk(e.name)
		if withValues {
			reply.Bulk(e.value)
		}
	}
}
