package statemachine

import (
	"math"
	"slices"
)

var setAlgebraCommands = []Command{
	{Name: "SINTER", Arity: -2, Flags: ReadOnly, Keys: allKeys, Group: groupSet, Since: "1.0.0", Complexity: intersectionComplexity,
		Summary: "Returns the intersect of multiple sets.", Syntax: "key [key ...]",
		Tips: []string{"nondeterministic_output_order"}, Run: sinter},
	{Name: "SINTERCARD", Arity: -3, Flags: ReadOnly | MovableKeys, Keys: Keys{Numkeys: 1}, Group: groupSet, Since: "7.0.0",
		Complexity: intersectionComplexity,
		Summary:    "Returns the number of members of the intersect of multiple sets.", Syntax: "numkeys key [key ...] [LIMIT limit]", Run: sintercard},
	{Name: "SINTERSTORE", Arity: -3, Flags: Write | DenyOOM, Keys: allKeys, Group: groupSet, Since: "1.0.0", Complexity: intersectionComplexity,
		Summary: "Stores the intersect of multiple sets in a key.", Syntax: "destination key [key ...]", Run: sinterstore},
	{Name: "SUNION", Arity: -2, Flags: ReadOnly, Keys: allKeys, Group: groupSet, Since: "1.0.0", Complexity: unionComplexity,
		Summary: "Returns the union of multiple sets.", Syntax: "key [key ...]",
		Tips: []string{"nondeterministic_output_order"}, Run: sunion},
	{Name: "SUNIONSTORE", Arity: -3, Flags: Write | DenyOOM, Keys: allKeys, Group: groupSet, Since: "1.0.0", Complexity: unionComplexity,
		Summary: "Stores the union of multiple sets in a key.", Syntax: "destination key [key ...]", Run: sunionstore},
	{Name: "SDIFF", Arity: -2, Flags: ReadOnly, Keys: allKeys, Group: groupSet, Since: "1.0.0", Complexity: unionComplexity,
		Summary: "Returns the difference of multiple sets.", Syntax: "key [key ...]",
		Tips: []string{"nondeterministic_output_order"}, Run: sdiff},
	{Name: "SDIFFSTORE", Arity: -3, Flags: Write | DenyOOM, Keys: allKeys, Group: groupSet, Since: "1.0.0", Complexity: unionComplexity,
		Summary: "Stores the difference of multiple sets in a key.", Syntax: "destination key [key ...]", Run: sdiffstore},
}

const (
	intersectionComplexity = "O(N*M) worst case where N is the cardinality of the smallest set and M is the number of sets."
	unionComplexity        = "O(N) where N is the total number of elements in all given sets."
)

// lookupSets finds sets for reading; ok is false, and the error replied, if one of the keys holds something else.
func (tx *Tx) lookupSets(keys Args, reply Reply) (sets []members, ok bool) {
	sets = make([]members, len(keys))
	for i, key := range keys {
		if sets[i], ok = tx.lookupMembers(key, reply); !ok {
			return nil, false
		}
	}
	return sets, true
}

// intersection are the names that all sets have, most of them at most. It goes through the smallest one.
func intersection(sets []members, most int) (names [][]byte) {
	sets = slices.Clone(sets)
	slices.SortStableFunc(sets, func(a, b members) int { return a.len() - b.len() })
	sets[0].each(func(e element) bool {
		for i := range sets[1:] {
			if other := &sets[1+i]; other.o != sets[0].o && !other.has(e.name) {
				return true
			}
		}
		names = append(names, e.name)
		return len(names) < most
	})
	return names
}

// union are the names that any of the sets has.
func union(sets []members) (names [][]byte) {
	if len(sets) == 1 {
		return sets[0].names()
	}
	seen := make(map[string]bool)
	for i := range sets {
		sets[i].each(func(e element) bool {
			if !seen[string(e.name)] {
				seen[string(e.name)] = true
				names = append(names, e.name)
			}
			return true
		})
	}
	return names
}

// difference are the names of the first set that none of the others has.
func difference(sets []members) (names [][]byte) {
	first := &sets[0]
	in := func(e element) bool {
		return slices.ContainsFunc(sets[1:], func(other members) bool { return other.has(e.name) })
	}
	if subtracts(sets) {
		gone := make(map[string]bool)
		for i := range sets[1:] {
			sets[1+i].each(func(e element) bool {
				if first.has(e.name) {
					gone[string(e.name)] = true
				}
				return true
			})
		}
		in = func(e element) bool { return gone[string(e.name)] }
	}
	first.each(func(e element) bool {
		if !in(e) {
			names = append(names, e.name)
		}
		return true
	})
	return names
}

// subtracts reports whether a difference is found by going through the other sets, rather than by asking all of them for each member of the
// first: by Redis's estimate of the work of both.
func subtracts(sets []members) bool {
	asking, going := 0, 0
	for i := range sets {
		if sets[i].o != nil {
			asking, going = asking+sets[0].len(), going+sets[i].len()
		}
	}
	return asking/2 > going
}

func replySet(names [][]byte, reply Reply) {
	reply.Set(len(names))
	for _, name := range names {
		reply.Bulk(name)
	}
}

// sinter: SINTER key [key ...].
func sinter(tx *Tx, args Args, reply Reply) {
	if sets, ok := tx.lookupSets(args[1:], reply); ok {
		replySet(intersection(sets, math.MaxInt), reply)
	}
}

// sunion: SUNION key [key ...].
func sunion(tx *Tx, args Args, reply Reply) {
	if sets, ok := tx.lookupSets(args[1:], reply); ok {
		replySet(union(sets), reply)
	}
}

// sdiff: SDIFF key [key ...].
func sdiff(tx *Tx, args Args, reply Reply) {
	if sets, ok := tx.lookupSets(args[1:], reply); ok {
		replySet(difference(sets), reply)
	}
}

// sintercard: SINTERCARD numkeys key [key ...] [LIMIT limit].
func sintercard(tx *Tx, args Args, reply Reply) {
	n, ok := ParseInt(args[1])
	switch {
	case !ok || n < 1:
		reply.Error(errNumkeys)
		return
	case n > int64(len(args)-2):
		reply.Error(errTooManyKeys)
		return
	}
	limit := int64(0)
	options := args[2+n:]
	for ; len(options) > 0; options = options[2:] {
		if len(options) < 2 || !is(options[0], "LIMIT") {
			reply.Error(errSyntax)
			return
		}
		if limit, ok = ParseInt(options[1]); !ok || limit < 0 {
			reply.Error(errNegativeLimit)
			return
		}
	}
	if limit == 0 {
		limit = math.MaxInt
	}
	if sets, ok := tx.lookupSets(args[2:2+n], reply); ok {
		reply.Int(int64(len(intersection(sets, int(limit)))))
	}
}

// sinterstore: SINTERSTORE destination key [key ...].
func sinterstore(tx *Tx, args Args, reply Reply) {
	if sets, ok := tx.lookupSets(args[2:], reply); ok {
		storeSet(tx, args[1], intersection(sets, math.MaxInt), "sinterstore", 0, sets, reply)
	}
}

// sunionstore: SUNIONSTORE destination key [key ...].
func sunionstore(tx *Tx, args Args, reply Reply) {
	if sets, ok := tx.lookupSets(args[2:], reply); ok {
		storeSet(tx, args[1], union(sets), "sunionstore", 0, sets, reply)
	}
}

// sdiffstore: SDIFFSTORE destination key [key ...]. When Redis subtracts, the result keeps the encoding that all of the first set needs.
func sdiffstore(tx *Tx, args Args, reply Reply) {
	sets, ok := tx.lookupSets(args[2:], reply)
	if !ok {
		return
	}
	flags := objectFlags(0)
	if first := &sets[0]; first.o != nil && subtracts(sets) {
		n := 0
		first.elements.each(func(e element) bool {
			n++
			flags = flags.withMember(n, e.name)
			return true
		})
	}
	storeSet(tx, args[1], difference(sets), "sdiffstore", flags, sets, reply)
}

// storeSet makes a key hold a set of these names, whatever it held before, and replies with their number; without names the key goes.
// It tells of the event.
func storeSet(tx *Tx, key []byte, names [][]byte, event string, flags objectFlags, sources []members, reply Reply) {
	e := tx.entry(key)
	if len(names) == 0 {
		if e.object != nil {
			tx.ks.remove(&e)
			tx.notify(EventGeneric, "del", key)
		}
		reply.Int(0)
		return
	}
	s, ok := tx.nextStamp(&e, reply)
	if !ok {
		return
	}
	if e.object != nil && slices.ContainsFunc(sources, func(m members) bool { return m.o == e.object }) {
		for i, name := range names {
			names[i] = slices.Clone(name) // they were the object's own bytes
		}
	}
	tx.ks.renew(&e, KindSet)
	e.edit().flags |= flags
	m := tx.members(e.object)
	for i, name := range names {
		m.put(name, nil, 0)
		e.edit().noteMember(i+1, name)
	}
	tx.wrote(&e, len(names), s, EventSet, event)
	reply.Int(int64(len(names)))
}
