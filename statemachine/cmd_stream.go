package statemachine

import "math"

var streamCommands = []Command{
	{Name: "XADD", Arity: -5, Flags: Write | DenyOOM | Fast, Keys: firstKey, Group: groupStream, Since: "5.0.0",
		Complexity: "O(1) when adding a new entry, O(N) when trimming where N being the number of entries evicted.",
		Summary:    "Appends a new message to a stream. Creates the key if it doesn't exist.",
		Syntax:     "key [NOMKSTREAM] [<MAXLEN | MINID> [= | ~] threshold [LIMIT count]] <* | id> field value [field value ...]",
		Tips:       []string{"nondeterministic_output"}, Run: xadd},
	{Name: "XLEN", Arity: 2, Flags: ReadOnly | Fast, Keys: firstKey, Group: groupStream, Since: "5.0.0", Complexity: "O(1)",
		Summary: "Return the number of messages in a stream.", Syntax: "key", Run: xlen},
	{Name: "XRANGE", Arity: -4, Flags: ReadOnly, Keys: firstKey, Group: groupStream, Since: "5.0.0",
		Complexity: "O(N) with N being the number of elements being returned. If N is constant (e.g. always asking for the first 10 elements with COUNT), you can consider it O(1).",
		Summary:    "Returns the messages from a stream within a range of IDs.", Syntax: "key start end [COUNT count]", Run: xrange},
	{Name: "XREVRANGE", Arity: -4, Flags: ReadOnly, Keys: firstKey, Group: groupStream, Since: "5.0.0",
		Complexity: "O(N) with N being the number of elements returned. If N is constant (e.g. always asking for the first 10 elements with COUNT), you can consider it O(1).",
		Summary:    "Returns the messages from a stream within a range of IDs in reverse order.", Syntax: "key end start [COUNT count]", Run: xrevrange},
	{Name: "XDEL", Arity: -3, Flags: Write | Fast, Keys: firstKey, Group: groupStream, Since: "5.0.0",
		Complexity: "O(1) for each single item to delete in the stream, regardless of the stream size.",
		Summary:    "Returns the number of messages after removing them from a stream.", Syntax: "key id [id ...]", Run: xdel},
	{Name: "XTRIM", Arity: -4, Flags: Write, Keys: firstKey, Group: groupStream, Since: "5.0.0",
		Complexity: "O(N), with N being the number of evicted entries. Constant times are very small however, since entries are organized in macro nodes containing multiple entries that can be released with a single deallocation.",
		Summary:    "Deletes messages from the beginning of a stream.", Syntax: "key <MAXLEN | MINID> [= | ~] threshold [LIMIT count]",
		Tips: []string{"nondeterministic_output"}, Run: xtrim},
	{Name: "XSETID", Arity: -3, Flags: Write | DenyOOM | Fast, Keys: firstKey, Group: groupStream, Since: "5.0.0", Complexity: "O(1)",
		Summary: "An internal command for replicating stream values.",
		Syntax:  "key last-id [ENTRIESADDED entries-added] [MAXDELETEDID max-deleted-id]", Run: xsetid},
	{Name: "XREAD", Arity: -4, Flags: ReadOnly | Blocking | MovableKeys, Keys: Keys{Word: "STREAMS", From: 1}, Group: groupStream, Since: "5.0.0",
		Complexity: "For each stream mentioned: O(N) with N being the number of elements being returned, it means that XREAD-ing with a fixed COUNT is O(1).",
		Summary:    "Returns messages from multiple streams with IDs greater than the ones requested. Blocks until a message is available otherwise.",
		Syntax:     "[COUNT count] [BLOCK milliseconds] STREAMS key [key ...] id [id ...]", Run: xread},
}

// xadd: XADD key [NOMKSTREAM] [MAXLEN|MINID [=|~] threshold [LIMIT count]] *|id field value [field value ...].
func xadd(tx *Tx, args Args, reply Reply) {
	o, ok := parseStreamOptions(args, true, reply)
	if !ok {
		return
	}
	fields := args[min(o.idAt+1, len(args)):] // options may be all there is
	if len(fields) < 2 || len(fields)%2 != 0 {
		reply.Error(wrongArguments("xadd"))
		return
	}
	if o.idGiven && !o.anySeq && o.id == (streamID{}) {
		reply.Error(errStreamZero)
		return
	}
	e, ok := tx.entryKind(args[1], KindStream, reply)
	if !ok {
		return
	}
	if e.object == nil && o.noMake {
		reply.Null()
		return
	}
	stamp, ok := tx.nextStamp(&e, reply)
	if !ok {
		return
	}
	var last streamID
	if e.object != nil {
		s := tx.stream(e.object)
		last = s.head().last
	}
	if last == maxStreamID {
		reply.Error(errStreamFull)
		return
	}
	id, ok := o.newID(last, tx.now)
	if !ok {
		reply.Error(errStreamSmall)
		return
	}
	s := tx.streamForWrite(&e)
	s.add(id, fields)
	trimmed := s.trim(&o.trim)
	tx.ks.stamp(&e, stamp)
	tx.notify(EventStream, "xadd", args[1])
	if trimmed > 0 {
		tx.notify(EventStream, "xtrim", args[1])
	}
	replyID(id, reply)
}

// newID is the id of a new entry behind the last; ok is false if there is none.
func (o *streamOptions) newID(last streamID, now int64) (id streamID, ok bool) {
	switch {
	case !o.idGiven && uint64(now) > last.ms:
		return streamID{ms: uint64(now)}, true
	case !o.idGiven:
		return last.next()
	case !o.anySeq:
		return o.id, last.less(o.id)
	case o.id.ms == last.ms:
		return streamID{last.ms, last.seq + 1}, last.seq != math.MaxUint64
	}
	id = streamID{ms: o.id.ms}
	return id, last.less(id)
}

// streamOptions are those of XADD and XTRIM.
type streamOptions struct {
	trim    streamTrim
	noMake  bool
	id      streamID
	idGiven bool // not "*"
	anySeq  bool
	idAt    int
}

// defaultTrimLimit is how many entries an approximate trim deletes at most unless it says so: Redis's 100 nodes.
const defaultTrimLimit = 100 * streamPartEntries

// parseStreamOptions reads what is in front of XADD's fields, or all of XTRIM.
func parseStreamOptions(args Args, isAdd bool, reply Reply) (o streamOptions, ok bool) {
	limited := false
	i := 2
options:
	for ; i < len(args); i++ {
		more := i+1 < len(args)
		switch {
		case isAdd && string(args[i]) == "*":
			break options
		case (is(args[i], "MAXLEN") || is(args[i], "MINID")) && more:
			if i, ok = o.trim.parse(args, i, reply); !ok {
				return o, false
			}
		case is(args[i], "LIMIT") && more:
			i++
			if o.trim.limit, ok = intArg(args[i], reply); !ok {
				return o, false
			}
			if o.trim.limit < 0 {
				reply.Error(errTrimLimit)
				return o, false
			}
			limited = true
		case isAdd && is(args[i], "NOMKSTREAM"):
			o.noMake = true
		case isAdd:
			if o.id, o.anySeq, ok = parseNewStreamID(args[i], 0); !ok {
				reply.Error(errStreamID)
				return o, false
			}
			o.idGiven = true
			break options
		default:
			reply.Error(errSyntax)
			return o, false
		}
	}
	o.idAt = i
	return o, o.trim.check(limited, isAdd, reply)
}

// parse reads MAXLEN or MINID at an index, and returns that of its last argument.
func (t *streamTrim) parse(args Args, i int, reply Reply) (last int, ok bool) {
	if t.byLength || t.byID {
		reply.Error(errTrimBoth)
		return i, false
	}
	t.byLength = is(args[i], "MAXLEN")
	t.byID = !t.byLength
	i++
	if sign := string(args[i]); i+1 < len(args) && (sign == "~" || sign == "=") {
		t.approximate = sign == "~"
		i++
	}
	if t.byID {
		t.id, ok = strictStreamID(args[i], reply)
		return i, ok
	}
	if t.length, ok = intArg(args[i], reply); !ok {
		return i, false
	}
	if t.length < 0 {
		reply.Error(errTrimLength)
		return i, false
	}
	return i, true
}

// check reports options that do not go together, and sets the limit.
func (t *streamTrim) check(limited, isAdd bool, reply Reply) bool {
	none := !t.byLength && !t.byID
	switch {
	case none && t.limit > 0:
		reply.Error(errTrimNoStrategy)
	case none && !isAdd:
		reply.Error(errTrimNothing)
	case limited && !t.approximate:
		reply.Error(errTrimExact)
	default:
		if t.approximate && !limited {
			t.limit = defaultTrimLimit
		}
		return true
	}
	return false
}

// xlen: XLEN key.
func xlen(tx *Tx, args Args, reply Reply) {
	o, ok := tx.lookupKind(args[1], KindStream, reply)
	switch {
	case !ok:
	case o == nil:
		reply.Int(0)
	default:
		reply.Int(int64(o.partsCount()))
	}
}

// xrange: XRANGE key start end [COUNT count].
func xrange(tx *Tx, args Args, reply Reply) { streamRange(tx, args, args[2], args[3], false, reply) }

// xrevrange: XREVRANGE key end start [COUNT count].
func xrevrange(tx *Tx, args Args, reply Reply) { streamRange(tx, args, args[3], args[2], true, reply) }

func streamRange(tx *Tx, args Args, from, to []byte, backwards bool, reply Reply) {
	first, last, ok := streamRangeArgs(from, to, reply)
	if !ok {
		return
	}
	count := int64(-1)
	for i := 4; i < len(args); i += 2 {
		if i+1 == len(args) || !is(args[i], "COUNT") {
			reply.Error(errSyntax)
			return
		}
		if count, ok = intArg(args[i+1], reply); !ok {
			return
		}
		count = max(0, count)
	}
	o, ok := tx.lookupKind(args[1], KindStream, reply)
	switch {
	case !ok:
		return
	case o == nil:
		reply.Array(0)
		return
	case count == 0:
		reply.NullArray()
		return
	}
	s := tx.stream(o)
	s.replyRange(first, last, count, backwards, reply)
}

// replyRange replies with the entries of a range, count of them at most; all if it is not positive.
func (s *stream) replyRange(first, last streamID, count int64, backwards bool, reply Reply) {
	var found []streamEntry
	walk := s.walk
	if backwards {
		walk = s.walkBack
	}
	walk(first, last, func(e streamEntry) bool {
		found = append(found, e)
		return count <= 0 || int64(len(found)) < count
	})
	reply.Array(len(found))
	for i := range found {
		found[i].reply(reply)
	}
}

// xdel: XDEL key id [id ...].
func xdel(tx *Tx, args Args, reply Reply) {
	e, ok := tx.entryKind(args[1], KindStream, reply)
	if !ok {
		return
	}
	if e.object == nil {
		reply.Int(0)
		return
	}
	ids, ok := streamIDArgs(args[2:], reply)
	if !ok {
		return
	}
	stamp, ok := tx.nextStamp(&e, reply)
	if !ok {
		return
	}
	s := tx.stream(e.object)
	deleted := int64(0)
	for _, id := range ids {
		if s.remove(id) {
			deleted++
		}
	}
	if deleted > 0 {
		tx.ks.stamp(&e, stamp)
		tx.notify(EventStream, "xdel", args[1])
	}
	reply.Int(deleted)
}

// streamIDArgs reads ids, or replies Redis's error.
func streamIDArgs(args [][]byte, reply Reply) ([]streamID, bool) {
	ids := make([]streamID, len(args))
	for i, arg := range args {
		var ok bool
		if ids[i], ok = strictStreamID(arg, reply); !ok {
			return nil, false
		}
	}
	return ids, true
}

// xtrim: XTRIM key MAXLEN|MINID [=|~] threshold [LIMIT count].
func xtrim(tx *Tx, args Args, reply Reply) {
	o, ok := parseStreamOptions(args, false, reply)
	if !ok {
		return
	}
	e, ok := tx.entryKind(args[1], KindStream, reply)
	if !ok {
		return
	}
	if e.object == nil {
		reply.Int(0)
		return
	}
	stamp, ok := tx.nextStamp(&e, reply)
	if !ok {
		return
	}
	s := tx.stream(e.object)
	deleted := s.trim(&o.trim)
	if deleted > 0 {
		tx.ks.stamp(&e, stamp)
		tx.notify(EventStream, "xtrim", args[1])
	}
	reply.Int(deleted)
}

// xsetid: XSETID key last-id [ENTRIESADDED entries-added] [MAXDELETEDID max-deleted-id].
func xsetid(tx *Tx, args Args, reply Reply) {
	id, ok := strictStreamID(args[2], reply)
	if !ok {
		return
	}
	added, maxDeleted := int64(-1), streamID{}
	for i := 3; i < len(args); i += 2 {
		switch more := i+1 < len(args); {
		case is(args[i], "ENTRIESADDED") && more:
			if added, ok = intArg(args[i+1], reply); !ok {
				return
			}
			if added < 0 {
				reply.Error(errAddedNegative)
				return
			}
		case is(args[i], "MAXDELETEDID") && more:
			if maxDeleted, ok = strictStreamID(args[i+1], reply); !ok {
				return
			}
			if id.less(maxDeleted) {
				reply.Error(errSetIDDeletedArg)
				return
			}
		default:
			reply.Error(errSyntax)
			return
		}
	}
	e, ok := tx.entryKind(args[1], KindStream, reply)
	if !ok {
		return
	}
	if e.object == nil {
		reply.Error(errNoKey)
		return
	}
	s := tx.stream(e.object)
	h := s.head()
	if problem := s.setIDProblem(&h, id, added); problem != "" {
		reply.Error(problem)
		return
	}
	stamp, ok := tx.nextStamp(&e, reply)
	if !ok {
		return
	}
	h.last = id
	if added >= 0 {
		h.added = uint64(added)
	}
	if maxDeleted != (streamID{}) {
		h.maxDeleted = maxDeleted
	}
	s.setHead(h)
	tx.ks.stamp(&e, stamp)
	tx.notify(EventStream, "xsetid", args[1])
	reply.Status("OK")
}

// setIDProblem is why a stream's last id cannot be this one; "" if it can.
func (s *stream) setIDProblem(h *streamHead, id streamID, added int64) string {
	if id.less(h.maxDeleted) {
		return errSetIDDeleted
	}
	if newest, ok := s.newest(); ok {
		switch {
		case id.less(newest.id):
			return errSetIDSmall
		case added >= 0 && int64(s.len()) > added:
			return errSetIDAdded
		}
	}
	return ""
}
