package statemachine

import (
	"math"
	"slices"
)

// spop: SPOP key [count].
func spop(tx *Tx, args Args, reply Reply) {
	count := int64(1)
	if len(args) > 3 {
		reply.Error(errSyntax)
		return
	}
	if len(args) == 3 {
		var ok bool
		if count, ok = ParseInt(args[2]); !ok || count < 0 {
			reply.Error(errNotPositive)
			return
		}
	}
	e, ok := tx.entryKind(args[1], KindSet, reply)
	if !ok {
		return
	}
	if e.object == nil || count == 0 {
		if len(args) == 2 {
			reply.Null()
		} else {
			reply.Set(0)
		}
		return
	}
	s, ok := tx.nextStamp(&e, reply)
	if !ok {
		return
	}
	m := tx.members(e.object)
	n := int(min(count, int64(m.len())))
	left := m.len() - n
	switch {
	case len(args) == 2:
		popOne(tx, &m, reply)
	case left == 0:
		reply.Set(n)
		m.each(bulkNames(reply))
	default:
		popMany(tx, &e, &m, n, reply)
	}
	tx.wrote(&e, left, s, EventSet, "spop")
}

// popOne takes a member out that chance chooses, and replies with it.
func popOne(tx *Tx, m *members, reply Reply) {
	name := slices.Clone(m.random(tx.random).name)
	m.remove(name)
	reply.Bulk(name)
}

// popKeeps is Redis's rule for SPOP: when at least so many times as many members go as stay, those that stay move to a new set, whose
// encoding is chosen anew.
const popKeeps = 5

// popMany takes n members out, but not all, and replies with them.
func popMany(tx *Tx, e *entry, m *members, n int, reply Reply) {
	reply.Set(n)
	popped := make([][]byte, 0, n)
	sample(&m.elements, m.len(), n, tx.random, func(x element) { popped = append(popped, slices.Clone(x.name)) })
	for _, name := range popped {
		m.remove(name)
		reply.Bulk(name)
	}
	if e.object.flags&flagLarge != 0 && m.len()*popKeeps <= n {
		e.edit().encodeAnew(m)
	}
}

// encodeAnew chooses the encoding of a set that was a hash table, as Redis does for one that it makes of its members.
func (o editable) encodeAnew(m *members) {
	o.flags = o.flags&^flagLarge | flagMixed
	n := 0
	m.elements.each(func(e element) bool {
		n++
		o.noteMember(n, e.name)
		return true
	})
}

// srandmember: SRANDMEMBER key [count].
func srandmember(tx *Tx, args Args, reply Reply) {
	if len(args) == 2 {
		m, ok := tx.lookupMembers(args[1], reply)
		switch {
		case !ok:
		case m.len() == 0:
			reply.Null()
		default:
			reply.Bulk(m.random(tx.random).name)
		}
		return
	}
	if len(args) > 3 {
		reply.Error(errSyntax)
		return
	}
	count, ok := rangeArg(args[2], -math.MaxInt64, math.MaxInt64, reply)
	if !ok {
		return
	}
	if m, ok := tx.lookupMembers(args[1], reply); ok {
		randomMembers(tx, &m, count, reply)
	}
}

// randomMembers is SRANDMEMBER with a count: of different members, or, negative, of any.
func randomMembers(tx *Tx, m *members, count int64, reply Reply) {
	write := func(e element) { reply.Bulk(e.name) }
	if count >= 0 || m.len() == 0 {
		n := int(min(max(count, 0), int64(m.len())))
		reply.Array(n)
		sample(m, m.len(), n, tx.random, write)
		return
	}
	n, ok := repeatedCount(count, reply)
	if !ok {
		return
	}
	reply.Array(n)
	for range n {
		write(m.random(tx.random))
	}
}
