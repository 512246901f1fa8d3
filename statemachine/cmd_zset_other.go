package statemachine

import (
	"math"
	"strconv"
)

var zsetOtherCommands = []Command{
	{Name: "ZRANDMEMBER", Arity: -2, Flags: ReadOnly, Keys: firstKey, Group: groupZSet, Since: "6.2.0",
		Complexity: "O(N) where N is the number of members returned",
		Summary:    "Returns one or more random members from a sorted set.", Syntax: "key [count [WITHSCORES]]",
		Tips: []string{"nondeterministic_output"}, Run: zrandmember},
	{Name: "ZSCAN", Arity: -3, Flags: ReadOnly, Keys: firstKey, Group: groupZSet, Since: "2.8.0",
		Complexity: "O(1) for every call. O(N) for a complete iteration, including enough command calls for the cursor to return back to 0. " +
			"N is the number of elements inside the collection.",
		Summary: "Iterates over members and scores of a sorted set.", Syntax: "key cursor [MATCH pattern] [COUNT count]",
		Tips: []string{"nondeterministic_output"}, Run: zscan},
}

// zrandmember: ZRANDMEMBER key [count [WITHSCORES]].
func zrandmember(tx *Tx, args Args, reply Reply) {
	if len(args) == 2 {
		o, ok := tx.lookupKind(args[1], KindZSet, reply)
		switch {
		case !ok:
		case o == nil:
			reply.Null()
		default:
			z := tx.sortedSet(o)
			e := z.random(tx.random)
			reply.Bulk(e.name)
		}
		return
	}
	count, withScores, ok := parseRandomCount(args, reply)
	if !ok {
		return
	}
	o, ok := tx.lookupKind(args[1], KindZSet, reply)
	if !ok {
		return
	}
	if o == nil || count == 0 {
		reply.Array(0)
		return
	}
	z := tx.sortedSet(o)
	if count < 0 {
		if n, ok := repeatedCount(count, reply); ok {
			z.replyRandom(tx.random, n, withScores, reply)
		}
		return
	}
	chosen := z.sample(tx.random, int(min(count, int64(z.len()))))
	replyMembersHead(len(chosen), withScores, reply)
	for _, rank := range chosen {
		z.walk(rank, 1, false, func(e element) bool {
			replyMember(e.name, e.score(), withScores, reply)
			return true
		})
	}
}

// parseRandomCount reads count [WITHSCORES], or replies the error.
func parseRandomCount(args Args, reply Reply) (count int64, withScores, ok bool) {
	if count, ok = intArg(args[2], reply); !ok {
		return 0, false, false
	}
	if count == math.MinInt64 {
		reply.Error(errRankRange)
		return 0, false, false
	}
	withScores = len(args) == 4 && is(args[3], "WITHSCORES")
	switch {
	case len(args) > 3 && !withScores:
		reply.Error(errSyntax)
	case withScores && (count < -math.MaxInt64/2 || count > math.MaxInt64/2):
		reply.Error(errOutOfRange)
	default:
		return count, withScores, true
	}
	return 0, false, false
}

// replyRandom replies n members, each chosen among all.
func (z *sortedSet) replyRandom(r *random, n int, withScores bool, reply Reply) {
	replyMembersHead(n, withScores, reply)
	for range n {
		e := z.random(r)
		replyMember(e.name, e.score(), withScores, reply)
	}
}

// sample chooses n different ranks, in order by chance unless these are all (Floyd, CACM 30(9), 1987).
func (z *sortedSet) sample(r *random, n int) []int {
	chosen := make([]int, 0, n)
	if n == z.len() {
		for rank := range n {
			chosen = append(chosen, rank)
		}
		return chosen
	}
	taken := make(map[int]bool, n)
	for last := z.len() - n; last < z.len(); last++ {
		rank := r.below(last + 1)
		if taken[rank] {
			rank = last
		}
		taken[rank] = true
		chosen = append(chosen, rank)
	}
	for i := range chosen {
		j := i + r.below(n-i)
		chosen[i], chosen[j] = chosen[j], chosen[i]
	}
	return chosen
}

// zscan: ZSCAN key cursor [MATCH pattern] [COUNT count]. A score is written as the encoding keeps it.
func zscan(tx *Tx, args Args, reply Reply) {
	s, ok := tx.scanElements(args, KindZSet, reply)
	if !ok {
		return
	}
	isLarge := tx.peek(args[1]).flags&flagLarge != 0
	var text [32]byte
	s.head(2*len(s.found), reply)
	for _, e := range s.found {
		reply.Bulk(e.name)
		if isLarge {
			reply.Bulk(appendLongDouble(text[:0], e.score()))
		} else {
			reply.Bulk(AppendDouble(text[:0], e.score()))
		}
	}
}

// appendLongDouble writes a double as C's %.17Lg does, and %.17g.
func appendLongDouble(dst []byte, f float64) []byte {
	if math.IsInf(f, 0) {
		return AppendDouble(dst, f)
	}
	return strconv.AppendFloat(dst, f, 'g', 17, 64)
}
