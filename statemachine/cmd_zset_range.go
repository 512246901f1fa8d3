package statemachine

const (
	rangeComplexity = "O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements being returned. " +
		"If M is constant (e.g. always asking for the first 10 elements with LIMIT), you can consider it O(log(N))."
	removeComplexity = "O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements removed by the operation."
)

var zsetRangeCommands = []Command{
	{Name: "ZRANGE", Arity: -4, Flags: ReadOnly, Keys: firstKey, Group: groupZSet, Since: "1.2.0",
		Complexity: "O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements returned.",
		Summary:    "Returns members in a sorted set within a range of indexes.",
		Syntax:     "key start stop [BYSCORE | BYLEX] [REV] [LIMIT offset count] [WITHSCORES]", Run: zrange(rangeForm{})},
	{Name: "ZRANGESTORE", Arity: -5, Flags: Write | DenyOOM, Keys: twoKeys, Group: groupZSet, Since: "6.2.0",
		Complexity: "O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements stored into the destination key.",
		Summary:    "Stores a range of members from sorted set in a key.",
		Syntax:     "dst src min max [BYSCORE | BYLEX] [REV] [LIMIT offset count]", Run: zrangestore},
	{Name: "ZREVRANGE", Arity: -4, Flags: ReadOnly, Keys: firstKey, Group: groupZSet, Since: "1.2.0",
		Complexity: "O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements returned.",
		Summary:    "Returns members in a sorted set within a range of indexes in reverse order.",
		Syntax:     "key start stop [WITHSCORES]", Run: zrange(rangeForm{by: byRank, reverse: true, fixed: true})},
	{Name: "ZRANGEBYSCORE", Arity: -4, Flags: ReadOnly, Keys: firstKey, Group: groupZSet, Since: "1.0.5", Complexity: rangeComplexity,
		Summary: "Returns members in a sorted set within a range of scores.",
		Syntax:  "key min max [WITHSCORES] [LIMIT offset count]", Run: zrange(rangeForm{by: byScore, fixed: true})},
	{Name: "ZREVRANGEBYSCORE", Arity: -4, Flags: ReadOnly, Keys: firstKey, Group: groupZSet, Since: "2.2.0", Complexity: rangeComplexity,
		Summary: "Returns members in a sorted set within a range of scores in reverse order.",
		Syntax:  "key max min [WITHSCORES] [LIMIT offset count]", Run: zrange(rangeForm{by: byScore, reverse: true, fixed: true})},
	{Name: "ZRANGEBYLEX", Arity: -4, Flags: ReadOnly, Keys: firstKey, Group: groupZSet, Since: "2.8.9", Complexity: rangeComplexity,
		Summary: "Returns members in a sorted set within a lexicographical range.",
		Syntax:  "key min max [LIMIT offset count]", Run: zrange(rangeForm{by: byLex, fixed: true})},
	{Name: "ZREVRANGEBYLEX", Arity: -4, Flags: ReadOnly, Keys: firstKey, Group: groupZSet, Since: "2.8.9", Complexity: rangeComplexity,
		Summary: "Returns members in a sorted set within a lexicographical range in reverse order.",
		Syntax:  "key max min [LIMIT offset count]", Run: zrange(rangeForm{by: byLex, reverse: true, fixed: true})},
	{Name: "ZREMRANGEBYRANK", Arity: 4, Flags: Write, Keys: firstKey, Group: groupZSet, Since: "2.0.0", Complexity: removeComplexity,
		Summary: "Removes members in a sorted set within a range of indexes. Deletes the sorted set if all members were removed.",
		Syntax:  "key start stop", Run: zremrange(byRank, "zremrangebyrank")},
	{Name: "ZREMRANGEBYSCORE", Arity: 4, Flags: Write, Keys: firstKey, Group: groupZSet, Since: "1.2.0", Complexity: removeComplexity,
		Summary: "Removes members in a sorted set within a range of scores. Deletes the sorted set if all members were removed.",
		Syntax:  "key min max", Run: zremrange(byScore, "zremrangebyscore")},
	{Name: "ZREMRANGEBYLEX", Arity: 4, Flags: Write, Keys: firstKey, Group: groupZSet, Since: "2.8.9", Complexity: removeComplexity,
		Summary: "Removes members in a sorted set within a lexicographical range. Deletes the sorted set if all members were removed.",
		Syntax:  "key min max", Run: zremrange(byLex, "zremrangebylex")},
}

const (
	errRangeLimit  = "ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX"
	errRangeScores = "ERR syntax error, WITHSCORES not supported in combination with BYLEX"
)

// rangeBy is what the ends of a range are.
type rangeBy int

const (
	byAny rangeBy = iota // not said: ranks
	byRank
	byScore
	byLex
)

// rangeForm is a range of a sorted set as a command asks for it.
type rangeForm struct {
	by      rangeBy
	reverse bool
	// fixed: the command's name says by and reverse, so that its options cannot.
	fixed bool

	withScores    bool
	offset, limit int64 // limit is negative without one

	// first and last are the ranks, and members is the range of the other forms.
	first, last int64
	members     memberRange
}

// parse reads the ends of a range and the options behind them, or replies the error.
func (f *rangeForm) parse(low, high []byte, options Args, store bool, reply Reply) (ok bool) {
	if f.limit = -1; !f.parseOptions(options, store, reply) {
		return false
	}
	if f.by == byAny {
		f.by = byRank
	}
	switch {
	case f.limit != -1 && f.by == byRank:
		reply.Error(errRangeLimit)
		return false
	case f.withScores && f.by == byLex:
		reply.Error(errRangeScores)
		return false
	}
	if f.reverse && f.by != byRank {
		low, high = high, low
	}
	return f.parseEnds(low, high, reply)
}

func (f *rangeForm) parseEnds(low, high []byte, reply Reply) (ok bool) {
	switch f.by {
	case byScore:
		f.members, ok = parseScoreRange(low, high, reply)
	case byLex:
		f.members, ok = parseLexRange(low, high, reply)
	default:
		if f.first, ok = intArg(low, reply); ok {
			f.last, ok = intArg(high, reply)
		}
	}
	return ok
}

func (f *rangeForm) parseOptions(options Args, store bool, reply Reply) (ok bool) {
	reversed := f.fixed
	for i := 0; i < len(options); i++ {
		switch option := options[i]; {
		case !store && is(option, "WITHSCORES"):
			f.withScores = true
		case is(option, "LIMIT") && i+2 < len(options):
			if f.offset, ok = intArg(options[i+1], reply); !ok {
				return false
			}
			if f.limit, ok = intArg(options[i+2], reply); !ok {
				return false
			}
			i += 2
		case !reversed && is(option, "REV"):
			f.reverse, reversed = true, true
		case f.by == byAny && is(option, "BYLEX"):
			f.by = byLex
		case f.by == byAny && is(option, "BYSCORE"):
			f.by = byScore
		default:
			reply.Error(errSyntax)
			return false
		}
	}
	return true
}

// find returns where in the order the range begins, upwards or in reverse downwards, and how many elements it has.
func (f *rangeForm) find(z *sortedSet) (from, n int) {
	size := z.len()
	if f.by == byRank {
		first, end := rankRange(f.first, f.last, size)
		if f.reverse {
			return size - 1 - first, end - first
		}
		return first, end - first
	}
	first, end := z.span(f.members, f.reverse)
	if f.offset < 0 || f.offset >= int64(end-first) {
		return 0, 0
	}
	n = end - first - int(f.offset)
	if f.limit >= 0 {
		n = int(min(int64(n), f.limit))
	}
	if f.reverse {
		return end - 1 - int(f.offset), n
	}
	return first + int(f.offset), n
}

// rankRange is a range of ranks, which count from the end if they are negative, among size elements: from first to before end.
func rankRange(from, to int64, size int) (first, end int) {
	n := int64(size)
	if from < 0 {
		from = max(0, from+n)
	}
	if to < 0 {
		to += n
	}
	to = min(to, n-1)
	if from > to {
		return 0, 0
	}
	return int(from), int(to) + 1
}

// zrange: ZRANGE key start stop [BYSCORE | BYLEX] [REV] [LIMIT offset count] [WITHSCORES], and those whose names say some of that.
func zrange(form rangeForm) func(*Tx, Args, Reply) {
	return func(tx *Tx, args Args, reply Reply) {
		f := form
		if !f.parse(args[2], args[3], args[4:], false, reply) {
			return
		}
		o, ok := tx.lookupKind(args[1], KindZSet, reply)
		if !ok {
			return
		}
		if o == nil {
			reply.Array(0)
			return
		}
		z := tx.sortedSet(o)
		from, n := f.find(&z)
		replyMembersHead(n, f.withScores, reply)
		z.walk(from, n, f.reverse, func(e element) bool {
			replyMember(e.name, e.score(), f.withScores, reply)
			return true
		})
	}
}

// replyMembersHead begins an array of n members, with or without scores: in RESP2 the scores stand between the members.
func replyMembersHead(n int, withScores bool, reply Reply) {
	if withScores && reply.Protocol() == 2 {
		n *= 2
	}
	reply.Array(n)
}

// replyMember replies a member of such an array.
func replyMember(member []byte, score float64, withScores bool, reply Reply) {
	if withScores && reply.Protocol() != 2 {
		reply.Array(2)
	}
	reply.Bulk(member)
	if withScores {
		reply.Double(score)
	}
}

// zrangestore: ZRANGESTORE dst src min max [BYSCORE | BYLEX] [REV] [LIMIT offset count].
func zrangestore(tx *Tx, args Args, reply Reply) {
	var f rangeForm
	if !f.parse(args[3], args[4], args[5:], true, reply) {
		return
	}
	o, ok := tx.lookupKind(args[2], KindZSet, reply)
	if !ok {
		return
	}
	var found copied
	if o != nil {
		z := tx.sortedSet(o)
		from, n := f.find(&z)
		z.walk(from, n, f.reverse, func(e element) bool {
			found.add(e.name, e.score())
			return true
		})
	}
	storeMembers(tx, args[1], found.members, "zrangestore", reply)
}

// zremrange: ZREMRANGEBYRANK, ZREMRANGEBYSCORE and ZREMRANGEBYLEX key min max.
func zremrange(by rangeBy, event string) func(*Tx, Args, Reply) {
	return func(tx *Tx, args Args, reply Reply) {
		f := rangeForm{by: by, limit: -1}
		if !f.parseEnds(args[2], args[3], reply) {
			return
		}
		e, ok := tx.entryKind(args[1], KindZSet, reply)
		if !ok {
			return
		}
		if e.object == nil {
			reply.Int(0)
			return
		}
		z := tx.sortedSet(e.object)
		from, n := f.find(&z)
		var found copied
		z.walk(from, n, false, func(e element) bool {
			found.add(e.name, 0)
			return true
		})
		if removed, ok := takeMembers(tx, &e, found.names(), event, reply); ok {
			reply.Int(removed)
		}
	}
}
