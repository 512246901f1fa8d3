package statemachine

import "math"

// streamClaim is what XCLAIM and XAUTOCLAIM do with each entry.
type streamClaim struct {
	minIdle int64
	at      int64 // when the entries count as delivered
	times   int64 // how many times; -1: once more
	force   bool  // entries that are not pending, too
	justID  bool  // reply ids alone, and do not count it as a delivery
	lastID  streamID
}

// parseClaim reads XCLAIM's ids and options.
func parseClaim(args Args, now int64, reply Reply) (c streamClaim, ids []streamID, ok bool) {
	c.at, c.times = now, -1
	if c.minIdle, ok = ParseInt(args[4]); !ok {
		reply.Error(errClaimIdle)
		return c, nil, false
	}
	c.minIdle = max(0, c.minIdle)
	i := 5
	for ; i < len(args); i++ {
		id, isID := parseStreamID(args[i], 0, true)
		if !isID {
			break
		}
		ids = append(ids, id)
	}
	for ; i < len(args); i++ {
		more := i+1 < len(args)
		switch {
		case is(args[i], "FORCE"):
			c.force = true
		case is(args[i], "JUSTID"):
			c.justID = true
		case is(args[i], "IDLE") && more:
			i++
			idle, ok := claimNumber(args[i], "IDLE", reply)
			if !ok {
				return c, nil, false
			}
			c.at = now - idle
		case is(args[i], "TIME") && more:
			i++
			if c.at, ok = claimNumber(args[i], "TIME", reply); !ok {
				return c, nil, false
			}
		case is(args[i], "RETRYCOUNT") && more:
			i++
			if c.times, ok = claimNumber(args[i], "RETRYCOUNT", reply); !ok {
				return c, nil, false
			}
		case is(args[i], "LASTID") && more:
			i++
			if c.lastID, ok = strictStreamID(args[i], reply); !ok {
				return c, nil, false
			}
		default:
			reply.Error(errClaimOption(args[i]))
			return c, nil, false
		}
	}
	if c.at < 0 || c.at > now {
		c.at = now
	}
	return c, ids, true
}

func claimNumber(arg []byte, option string, reply Reply) (int64, bool) {
	n, ok := ParseInt(arg)
	if !ok {
		reply.Error("ERR Invalid " + option + " option argument for XCLAIM")
	}
	return n, ok
}

// claimGroup finds the stream and the group of XCLAIM and XAUTOCLAIM.
func claimGroup(tx *Tx, args Args, reply Reply) (e entry, s stream, g *streamGroup, st stamp, ok bool) {
	if e, ok = tx.entryKind(args[1], KindStream, reply); !ok {
		return e, s, nil, st, false
	}
	if e.object != nil {
		s = tx.stream(e.object)
		g = s.group(args[2])
	}
	if g == nil {
		reply.Error(errNoGroup(args[1], args[2]))
		return e, s, nil, st, false
	}
	st, ok = tx.nextStamp(&e, reply)
	return e, s, g, st, ok
}

// xclaim: XCLAIM key group consumer min-idle-time id [id ...] [options].
func xclaim(tx *Tx, args Args, reply Reply) {
	tx.look(args[1])
	e, s, g, stamp, ok := claimGroup(tx, args, reply)
	if !ok {
		return
	}
	claim, ids, ok := parseClaim(args, tx.now, reply)
	if !ok {
		return
	}
	if g.last().less(claim.lastID) {
		s.setGroup(g, claim.lastID, g.read())
	}
	consumer, _ := s.consumerFor(g, args[3], tx.now)
	var claimed []streamID
	for _, id := range ids {
		p, isPending := g.findPending(id)
		_, exists := s.find(id)
		switch {
		case !exists && isPending:
			s.acknowledge(g, id)
		case !exists, !isPending && !claim.force:
		case !isPending:
			s.claim(g, consumer, pending{id: id, times: 1}, &claim)
			claimed = append(claimed, id)
		case tx.now-p.at >= claim.minIdle:
			s.claim(g, consumer, p, &claim)
			claimed = append(claimed, id)
		}
	}
	if len(claimed) > 0 {
		s.setTimes(consumer, tx.now, tx.now)
	}
	tx.ks.stamp(&e, stamp)
	s.replyClaimed(claimed, &claim, reply)
}

// claim gives an entry to a consumer.
func (s *stream) claim(g *streamGroup, c *streamConsumer, p pending, claim *streamClaim) {
	p.at = claim.at
	switch {
	case claim.times >= 0:
		p.times = uint64(claim.times)
	case !claim.justID:
		p.times++
	}
	s.deliver(g, c, p)
}

func (s *stream) replyClaimed(ids []streamID, claim *streamClaim, reply Reply) {
	reply.Array(len(ids))
	for _, id := range ids {
		if claim.justID {
			replyID(id, reply)
			continue
		}
		e, _ := s.find(id) // it was there a moment ago
		e.reply(reply)
	}
}

const (
	// defaultAutoclaim is how many entries XAUTOCLAIM claims at most unless it says so, and autoclaimAttempts how many it looks at for each.
	defaultAutoclaim  = 100
	autoclaimAttempts = 10
	// maxAutoclaim is the highest COUNT, as in Redis.
	maxAutoclaim = math.MaxInt64 / 16
)

// xautoclaim: XAUTOCLAIM key group consumer min-idle-time start [COUNT count] [JUSTID].
func xautoclaim(tx *Tx, args Args, reply Reply) {
	tx.look(args[1])
	claim := streamClaim{at: tx.now, times: -1}
	var ok bool
	if claim.minIdle, ok = ParseInt(args[4]); !ok {
		reply.Error(errAutoclaimIdle)
		return
	}
	claim.minIdle = max(0, claim.minIdle)
	from, ok := streamRangeStart(args[5], reply)
	if !ok {
		return
	}
	count := int64(defaultAutoclaim)
	for i := 6; i < len(args); i++ {
		switch {
		case is(args[i], "COUNT") && i+1 < len(args):
			i++
			if count, ok = ParseInt(args[i]); !ok || count < 1 || count > maxAutoclaim {
				reply.Error(errAutoclaimCount)
				return
			}
		case is(args[i], "JUSTID"):
			claim.justID = true
		default:
			reply.Error(errSyntax)
			return
		}
	}
	e, s, g, stamp, ok := claimGroup(tx, args, reply)
	if !ok {
		return
	}
	consumer, _ := s.consumerFor(g, args[3], tx.now)
	old, gone, next := s.autoclaimable(g, from, count, tx.now-claim.minIdle)
	for _, id := range gone {
		s.acknowledge(g, id)
	}
	var claimed []streamID
	for _, p := range old {
		s.claim(g, consumer, p, &claim)
		claimed = append(claimed, p.id)
	}
	if len(claimed) > 0 {
		s.setTimes(consumer, tx.now, tx.now)
	}
	tx.ks.stamp(&e, stamp)
	reply.Array(3)
	replyID(next, reply)
	s.replyClaimed(claimed, &claim, reply)
	reply.Array(len(gone))
	for _, id := range gone {
		replyID(id, reply)
	}
}

// autoclaimable finds what is pending from an id on and was delivered no later than before: count entries at most, those that are gone
// from the stream apart. next is where to go on, 0 at the end.
func (s *stream) autoclaimable(g *streamGroup, from streamID, count, before int64) (old []pending, gone []streamID, next streamID) {
	attempts := int64(math.MaxInt64)
	if count < math.MaxInt64/autoclaimAttempts {
		attempts = count * autoclaimAttempts
	}
	g.walkPending(from, func(p pending) bool {
		if attempts == 0 || count == 0 {
			next = p.id
			return false
		}
		attempts--
		if _, exists := s.find(p.id); !exists {
			gone = append(gone, p.id)
			count--
		} else if p.at <= before {
			old = append(old, p)
			count--
		}
		return true
	})
	return old, gone, next
}
