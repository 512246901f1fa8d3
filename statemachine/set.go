package statemachine

import (
	"cmp"
	"slices"
)

// The defaults of Redis 7.2's set-max-intset-entries, set-max-listpack-entries and set-max-listpack-value.
const (
	setIntsetMembers   = 512
	setListpackMembers = 128
	setListpackBytes   = 64
)

// A set's flags say how Redis would keep it: with none it is an intset, with flagMixed a listpack, and with flagLarge a hash table.

// noteMember notes what a new member does to a set, which has n with it.
func (o editable) noteMember(n int, member []byte) { o.flags = o.flags.withMember(n, member) }

// withMember are the flags of a set that has got a member, and n with it.
func (f objectFlags) withMember(n int, member []byte) objectFlags {
	if f&flagMixed == 0 && !isInt(member) {
		f |= flagMixed
	}
	switch {
	case f&flagMixed == 0 && n > setIntsetMembers:
		f |= flagLarge
	case f&flagMixed != 0 && (n > setListpackMembers || len(member) > setListpackBytes):
		f |= flagLarge
	}
	return f
}

// noteMembers notes what SADD of so many members, or of so many that are the same, does to a set, an empty one or not: Redis chooses by
// their number first.
func (e *entry) noteMembers(members Args) {
	most, o := setListpackMembers, e.object
	if created := string(o.str()) == string(emptyCollection()); created && !isInt(members[0]) {
		e.edit().flags |= flagMixed
	} else if o.flags&flagMixed == 0 {
		most = setIntsetMembers
	}
	if len(members) > most && o.flags&flagLarge == 0 {
		e.edit().flags |= flagLarge
	}
}

func (o *Object) setEncoding() string {
	switch {
	case o.flags&flagLarge != 0:
		return "hashtable"
	case o.flags&flagMixed != 0:
		return "listpack"
	}
	return "intset"
}

// members are those of a set as a command sees them. Those of a missing key are none.
type members struct{ elements }

// members opens a set of the selected database; o may be nil.
func (tx *Tx) members(o *Object) members {
	if o == nil {
		return members{}
	}
	return members{tx.elements(o)}
}

// len is how many members there are.
func (m *members) len() int {
	if m.o == nil {
		return 0
	}
	return m.elements.len()
}

// has reports whether something is a member.
func (m *members) has(name []byte) bool {
	if m.o == nil {
		return false
	}
	_, ok := m.find(name)
	return ok
}

// each visits all members until visit returns false: those of an intset in the order of their values, as Redis does, others as elements.each.
func (m *members) each(visit func(element) bool) {
	switch {
	case m.o == nil:
	case m.o.flags&(flagLarge|flagMixed) != 0:
		m.elements.each(visit)
	default:
		for _, n := range m.sorted() {
			if !visit(n.element) {
				return
			}
		}
	}
}

// number is a member of an intset.
type number struct {
	element
	value int64
}

// sorted are the members of an intset, setIntsetMembers at most, in order.
func (m *members) sorted() []number {
	found := make([]number, 0, m.len())
	m.elements.each(func(e element) bool {
		n, _ := ParseInt(e.name)
		found = append(found, number{e, n})
		return true
	})
	slices.SortFunc(found, func(a, b number) int { return cmp.Compare(a.value, b.value) })
	return found
}

// names are those of all members. They are the set's own bytes.
func (m *members) names() [][]byte {
	found := make([][]byte, 0, m.len())
	m.each(func(e element) bool {
		found = append(found, e.name)
		return true
	})
	return found
}
