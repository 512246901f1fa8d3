package statemachine

import "math"

var zsetPopCommands = []Command{
	{Name: "ZPOPMIN", Arity: -2, Flags: Write | Fast, Keys: firstKey, Group: groupZSet, Since: "5.0.0",
		Complexity: "O(log(N)*M) with N being the number of elements in the sorted set, and M being the number of elements popped.",
		Summary:    "Returns the lowest-scoring members from a sorted set after removing them. Deletes the sorted set if the last member was popped.",
		Syntax:     "key [count]", Run: func(tx *Tx, args Args, reply Reply) { zpop(tx, args, false, reply) }},
	{Name: "ZPOPMAX", Arity: -2, Flags: Write | Fast, Keys: firstKey, Group: groupZSet, Since: "5.0.0",
		Complexity: "O(log(N)*M) with N being the number of elements in the sorted set, and M being the number of elements popped.",
		Summary:    "Returns the highest-scoring members from a sorted set after removing them. Deletes the sorted set if the last member was popped.",
		Syntax:     "key [count]", Run: func(tx *Tx, args Args, reply Reply) { zpop(tx, args, true, reply) }},
	{Name: "ZMPOP", Arity: -4, Flags: Write, Keys: Keys{Numkeys: 1}, Group: groupZSet, Since: "7.0.0",
		Complexity: "O(K) + O(M*log(N)) where K is the number of provided keys, N being the number of elements in the sorted set, and M being the number of elements popped.",
		Summary: "Returns the highest- or lowest-scoring members from one or more sorted sets after removing them. " +
			"Deletes the sorted set if the last member was popped.",
		Syntax: "numkeys key [key ...] <MIN | MAX> [COUNT count]", Run: zmpop},
}

// zpop: ZPOPMIN and ZPOPMAX key [count].
func zpop(tx *Tx, args Args, highest bool, reply Reply) {
	if len(args) > 3 {
		reply.Error(errSyntax)
		return
	}
	count, counted := int64(1), len(args) == 3
	if counted {
		var ok bool
		if count, ok = ParseInt(args[2]); !ok || count < 0 {
			reply.Error(errNotPositive)
			return
		}
	}
	e, ok := tx.entryKind(args[1], KindZSet, reply)
	if !ok {
		return
	}
	popped, ok := popMembers(tx, &e, highest, count, reply)
	if !ok {
		return
	}
	if counted {
		replyMembersHead(len(popped), true, reply)
		for _, m := range popped {
			replyMember(m.member, m.score, true, reply)
		}
		return
	}
	reply.Array(2 * len(popped))
	for _, m := range popped {
		reply.Bulk(m.member)
		reply.Double(m.score)
	}
}

// popMembers removes up to count of the lowest members of an entry that is missing or a sorted set, or of the highest, and returns them. ok
// is false, and the error replied, if it cannot.
func popMembers(tx *Tx, e *entry, highest bool, count int64, reply Reply) (popped []ranked, ok bool) {
	if e.object == nil || count == 0 {
		return nil, true
	}
	var found copied
	z := tx.sortedSet(e.object)
	from, n, event := 0, int(min(count, int64(z.len()))), "zpopmin"
	if highest {
		from, event = z.len()-1, "zpopmax"
	}
	z.walk(from, n, highest, func(e element) bool {
		found.add(e.name, e.score())
		return true
	})
	_, ok = takeMembers(tx, e, found.names(), event, reply)
	return found.members, ok
}

// multiPop is what ZMPOP and BZMPOP ask for.
type multiPop struct {
	keys    Args
	highest bool
	count   int64
}

// parseMultiPop reads numkeys key [key ...] <MIN | MAX> [COUNT count], or replies the error.
func parseMultiPop(args Args, reply Reply) (p multiPop, ok bool) {
	n, ok := ParseInt(args[0])
	if !ok || n <= 0 {
		reply.Error(errNumkeys)
		return p, false
	}
	if n > math.MaxInt32 || int(n)+1 >= len(args) {
		reply.Error(errSyntax)
		return p, false
	}
	where, options := args[n+1], args[n+2:]
	p.keys = args[1 : n+1]
	p.highest = is(where, "MAX")
	if !p.highest && !is(where, "MIN") {
		reply.Error(errSyntax)
		return p, false
	}
	p.count, ok = parsePopCount(options, reply)
	return p, ok
}

// run pops from the first key that has members and replies its name and them. done is false, and nothing is replied, if there is none.
func (p *multiPop) run(tx *Tx, reply Reply) (done bool) {
	for _, key := range p.keys {
		e, ok := tx.entryKind(key, KindZSet, reply)
		if !ok {
			return true
		}
		if e.object == nil {
			continue
		}
		popped, ok := popMembers(tx, &e, p.highest, p.count, reply)
		if !ok {
			return true
		}
		reply.Array(2)
		reply.Bulk(key)
		reply.Array(len(popped))
		for _, m := range popped {
			reply.Array(2)
			reply.Bulk(m.member)
			reply.Double(m.score)
		}
		return true
	}
	return false
}

// zmpop: ZMPOP numkeys key [key ...] <MIN | MAX> [COUNT count].
func zmpop(tx *Tx, args Args, reply Reply) {
	if p, ok := parseMultiPop(args[1:], reply); ok && !p.run(tx, reply) {
		reply.NullArray()
	}
}
