package statemachine

import (
	"math"
	"slices"
)

// sortedSetCommands are all rows of the groups sorted-set and geo.
var sortedSetCommands = slices.Concat(zsetCommands, zsetRangeCommands, zsetPopCommands, zsetBlockingCommands, zsetCombineCommands, zsetOtherCommands,
	geoCommands, geoSearchCommands)

var zsetCommands = []Command{
	{Name: "ZADD", Arity: -4, Flags: Write | DenyOOM | Fast, Keys: firstKey, Group: groupZSet, Since: "1.2.0",
		Complexity: "O(log(N)) for each item added, where N is the number of elements in the sorted set.",
		Summary:    "Adds one or more members to a sorted set, or updates their scores. Creates the key if it doesn't exist.",
		Syntax:     "key [NX | XX] [GT | LT] [CH] [INCR] score member [score member ...]", Run: zadd},
	{Name: "ZINCRBY", Arity: 4, Flags: Write | DenyOOM | Fast, Keys: firstKey, Group: groupZSet, Since: "1.2.0",
		Complexity: "O(log(N)) where N is the number of elements in the sorted set.",
		Summary:    "Increments the score of a member in a sorted set.", Syntax: "key increment member", Run: zincrby},
	{Name: "ZREM", Arity: -3, Flags: Write | Fast, Keys: firstKey, Group: groupZSet, Since: "1.2.0",
		Complexity: "O(M*log(N)) with N being the number of elements in the sorted set and M the number of elements to be removed.",
		Summary:    "Removes one or more members from a sorted set. Deletes the sorted set if all members were removed.",
		Syntax:     "key member [member ...]", Run: zrem},
	{Name: "ZCARD", Arity: 2, Flags: ReadOnly | Fast, Keys: firstKey, Group: groupZSet, Since: "1.2.0", Complexity: "O(1)",
		Summary: "Returns the number of members in a sorted set.", Syntax: "key", Run: zcard},
	{Name: "ZSCORE", Arity: 3, Flags: ReadOnly | Fast, Keys: firstKey, Group: groupZSet, Since: "1.2.0", Complexity: "O(1)",
		Summary: "Returns the score of a member in a sorted set.", Syntax: "key member", Run: zscore},
	{Name: "ZMSCORE", Arity: -3, Flags: ReadOnly | Fast, Keys: firstKey, Group: groupZSet, Since: "6.2.0",
		Complexity: "O(N) where N is the number of members being requested.",
		Summary:    "Returns the score of one or more members in a sorted set.", Syntax: "key member [member ...]", Run: zmscore},
	{Name: "ZRANK", Arity: -3, Flags: ReadOnly | Fast, Keys: firstKey, Group: groupZSet, Since: "2.0.0", Complexity: "O(log(N))",
		Summary: "Returns the index of a member in a sorted set ordered by ascending scores.",
		Syntax:  "key member [WITHSCORE]", Run: func(tx *Tx, args Args, reply Reply) { zrank(tx, args, false, reply) }},
	{Name: "ZREVRANK", Arity: -3, Flags: ReadOnly | Fast, Keys: firstKey, Group: groupZSet, Since: "2.0.0", Complexity: "O(log(N))",
		Summary: "Returns the index of a member in a sorted set ordered by descending scores.",
		Syntax:  "key member [WITHSCORE]", Run: func(tx *Tx, args Args, reply Reply) { zrank(tx, args, true, reply) }},
	{Name: "ZCOUNT", Arity: 4, Flags: ReadOnly | Fast, Keys: firstKey, Group: groupZSet, Since: "2.0.0",
		Complexity: "O(log(N)) with N being the number of elements in the sorted set.",
		Summary:    "Returns the count of members in a sorted set that have scores within a range.", Syntax: "key min max",
		Run: func(tx *Tx, args Args, reply Reply) { zcount(tx, args, parseScoreRange, reply) }},
	{Name: "ZLEXCOUNT", Arity: 4, Flags: ReadOnly | Fast, Keys: firstKey, Group: groupZSet, Since: "2.8.9",
		Complexity: "O(log(N)) with N being the number of elements in the sorted set.",
		Summary:    "Returns the number of members in a sorted set within a lexicographical range.", Syntax: "key min max",
		Run: func(tx *Tx, args Args, reply Reply) { zcount(tx, args, parseLexRange, reply) }},
}

// Redis's error texts of sorted sets.
const (
	errZaddNXXX   = "ERR XX and NX options at the same time are not compatible"
	errZaddGTLTNX = "ERR GT, LT, and/or NX options at the same time are not compatible"
	errZaddIncr   = "ERR INCR option supports a single increment-element pair"
	errScoreNaN   = "ERR resulting score is not a number (NaN)"
)

// zaddOptions are those in front of ZADD's scores.
type zaddOptions struct{ nx, xx, gt, lt, ch, incr bool }

// take reads an option; ok is false if it is none.
func (o *zaddOptions) take(arg []byte) (ok bool) {
	switch {
	case is(arg, "NX"):
		o.nx = true
	case is(arg, "XX"):
		o.xx = true
	case is(arg, "GT"):
		o.gt = true
	case is(arg, "LT"):
		o.lt = true
	case is(arg, "CH"):
		o.ch = true
	case is(arg, "INCR"):
		o.incr = true
	default:
		return false
	}
	return true
}

// problem is what is wrong with the options of a call with that many pairs; "" if nothing is.
func (o *zaddOptions) problem(pairs int) string {
	switch {
	case o.nx && o.xx:
		return errZaddNXXX
	case o.gt && o.nx || o.lt && o.nx || o.gt && o.lt:
		return errZaddGTLTNX
	case o.incr && pairs > 1:
		return errZaddIncr
	}
	return ""
}

// event is the keyspace event of a call that changed something.
func (o *zaddOptions) event() string {
	if o.incr {
		return "zincr"
	}
	return "zadd"
}

// zadd: ZADD key [NX | XX] [GT | LT] [CH] [INCR] score member [score member ...].
func zadd(tx *Tx, args Args, reply Reply) { addPairs(tx, args, zaddOptions{}, reply) }

// zincrby: ZINCRBY key increment member. As in Redis it is ZADD with INCR, which reads options here, too, and then finds no pair.
func zincrby(tx *Tx, args Args, reply Reply) { addPairs(tx, args, zaddOptions{incr: true}, reply) }

// addPairs takes the options of a call in addition to o, and then pairs of scores and members.
func addPairs(tx *Tx, args Args, o zaddOptions, reply Reply) {
	i := 2
	for i < len(args) && o.take(args[i]) {
		i++
	}
	pairs := args[i:]
	if len(pairs) == 0 || len(pairs)%2 != 0 {
		reply.Error(errSyntax)
		return
	}
	if problem := o.problem(len(pairs) / 2); problem != "" {
		reply.Error(problem)
		return
	}
	members := make([]ranked, 0, len(pairs)/2)
	for i := 0; i < len(pairs); i += 2 {
		score, ok := doubleArg(pairs[i], errNotFloat, reply)
		if !ok {
			return
		}
		members = append(members, ranked{pairs[i+1], score})
	}
	addMembers(tx, args[1], o, members, reply)
}

// addMembers gives members of a key scores, and replies as ZADD does.
func addMembers(tx *Tx, key []byte, o zaddOptions, members []ranked, reply Reply) {
	e, ok := tx.entryKind(key, KindZSet, reply)
	if !ok {
		return
	}
	if e.object == nil && o.xx {
		o.reply(outcome{}, reply)
		return
	}
	s, ok := tx.nextStamp(&e, reply)
	if !ok {
		return
	}
	tx.ks.collection(&e, KindZSet)
	z := tx.sortedSet(e.object)
	var sum outcome
	for _, m := range members {
		one, ok := o.apply(&z, m)
		if !ok {
			reply.Error(errScoreNaN) // of INCR, which has one member: nothing has changed
			return
		}
		sum.added, sum.updated = sum.added+one.added, sum.updated+one.updated
		sum.processed, sum.score = sum.processed || one.processed, one.score
	}
	if sum.added+sum.updated > 0 {
		tx.wrote(&e, z.len(), s, EventZSet, o.event())
	}
	o.reply(sum, reply)
}

// outcome is what became of the members of a ZADD.
type outcome struct {
	added, updated int64
	processed      bool    // the options allowed what was asked
	score          float64 // the last one
}

// apply gives one member its score; ok is false if that is NaN.
func (o *zaddOptions) apply(z *sortedSet, m ranked) (done outcome, ok bool) {
	e, there := z.find(m.member)
	if !there {
		if o.xx {
			return outcome{}, true
		}
		z.add(m.member, m.score)
		return outcome{added: 1, processed: true, score: m.score}, true
	}
	if o.nx {
		return outcome{}, true
	}
	old, score := e.score(), m.score
	if o.incr {
		if score += old; math.IsNaN(score) {
			return outcome{}, false
		}
	}
	if o.lt && score >= old || o.gt && score <= old {
		return outcome{}, true
	}
	done = outcome{processed: true, score: score}
	if score != old {
		z.move(e, m.member, score)
		done.updated = 1
	}
	return done, true
}

func (o *zaddOptions) reply(sum outcome, reply Reply) {
	switch {
	case o.incr && !sum.processed:
		reply.Null()
	case o.incr:
		reply.Double(sum.score)
	case o.ch:
		reply.Int(sum.added + sum.updated)
	default:
		reply.Int(sum.added)
	}
}

// zrem: ZREM key member [member ...].
func zrem(tx *Tx, args Args, reply Reply) {
	e, ok := tx.entryKind(args[1], KindZSet, reply)
	if !ok {
		return
	}
	if removed, ok := takeMembers(tx, &e, args[2:], "zrem", reply); ok {
		reply.Int(removed)
	}
}

// zcard: ZCARD key.
func zcard(tx *Tx, args Args, reply Reply) {
	if o, ok := tx.lookupKind(args[1], KindZSet, reply); ok {
		reply.Int(int64(tx.sizeOf(o)))
	}
}

// zscore: ZSCORE key member.
func zscore(tx *Tx, args Args, reply Reply) {
	if o, ok := tx.lookupKind(args[1], KindZSet, reply); ok {
		replyScore(tx, o, args[2], reply)
	}
}

// replyScore replies a member's score, or null; o may be nil.
func replyScore(tx *Tx, o *Object, member []byte, reply Reply) {
	if o != nil {
		z := tx.sortedSet(o)
		if e, ok := z.find(member); ok {
			reply.Double(e.score())
			return
		}
	}
	reply.Null()
}

// zmscore: ZMSCORE key member [member ...].
func zmscore(tx *Tx, args Args, reply Reply) {
	o, ok := tx.lookupKind(args[1], KindZSet, reply)
	if !ok {
		return
	}
	reply.Array(len(args) - 2)
	for _, member := range args[2:] {
		replyScore(tx, o, member, reply)
	}
}

// zrank: ZRANK and ZREVRANK key member [WITHSCORE].
func zrank(tx *Tx, args Args, reverse bool, reply Reply) {
	withScore := len(args) == 4 && is(args[3], "WITHSCORE")
	switch {
	case len(args) > 4 && reverse:
		reply.Error(wrongArguments("zrevrank"))
		return
	case len(args) > 4:
		reply.Error(wrongArguments("zrank"))
		return
	case len(args) == 4 && !withScore:
		reply.Error(errSyntax)
		return
	}
	o, ok := tx.lookupKind(args[1], KindZSet, reply)
	if !ok {
		return
	}
	if o != nil {
		z := tx.sortedSet(o)
		if e, ok := z.find(args[2]); ok {
			rank := z.rank(args[2], e.score())
			if reverse {
				rank = z.len() - 1 - rank
			}
			if withScore {
				reply.Array(2)
			}
			reply.Int(int64(rank))
			if withScore {
				reply.Double(e.score())
			}
			return
		}
	}
	if withScore {
		reply.NullArray()
		return
	}
	reply.Null()
}

// rangeParser is parseScoreRange or parseLexRange.
type rangeParser func(low, high []byte, reply Reply) (memberRange, bool)

// zcount: ZCOUNT and ZLEXCOUNT key min max.
func zcount(tx *Tx, args Args, parse rangeParser, reply Reply) {
	r, ok := parse(args[2], args[3], reply)
	if !ok {
		return
	}
	o, ok := tx.lookupKind(args[1], KindZSet, reply)
	if !ok {
		return
	}
	if o == nil {
		reply.Int(0)
		return
	}
	z := tx.sortedSet(o)
	first, end := z.span(r, false)
	reply.Int(int64(end - first))
}
