package statemachine

import (
	"bytes"
	"encoding/binary"
	"math"
)

// A sorted set's elements are its members; a member's value is its score, the 8 bytes of a double, little-endian, never NaN. They are in an
// order: by score, those of the same score by their bytes. A whole sorted set keeps its block in it. One in parts has its elements by their
// hashes, as all collections of named elements, and beside them a ranking.
const scoreBytes = 8

// What Redis keeps in a listpack: zset-max-listpack-entries and zset-max-listpack-value.
const (
	zsetCompactMembers = 128
	zsetCompactBytes   = 64
)

// noteRanked notes when Redis would have given up the compact encoding: a sorted set with n members has got one.
func (o editable) noteRanked(n int, member []byte) {
	if n > zsetCompactMembers || len(member) > zsetCompactBytes {
		o.flags |= flagLarge
	}
}

func (o *Object) zsetEncoding() string {
	if o.flags&flagLarge != 0 {
		return "skiplist"
	}
	return "listpack"
}

// keptScore is a score as the key keeps it: Redis's listpack has integers, among which -0 is 0.
func (o *Object) keptScore(score float64) float64 {
	if score == 0 && o.flags&flagLarge == 0 {
		return 0
	}
	return score
}

// score is an element's in the order; a set's members, which have none, are as if it were 1.
func (e *element) score() float64 {
	if len(e.value) != scoreBytes {
		return 1
	}
	return math.Float64frombits(binary.LittleEndian.Uint64(e.value))
}

func appendScore(dst []byte, score float64) []byte {
	return binary.LittleEndian.AppendUint64(dst, math.Float64bits(score))
}

// compareRanked is the order of sorted sets.
func compareRanked(score float64, member []byte, otherScore float64, other []byte) int {
	switch {
	case score < otherScore:
		return -1
	case score > otherScore:
		return 1
	}
	return bytes.Compare(member, other)
}

// compare is the order of an element beside a score and a member.
func (e *element) compare(score float64, member []byte) int {
	return compareRanked(e.score(), e.name, score, member)
}

// sortedSet is a collection that was opened as a sorted set. What it returns of an element is not to be kept beyond the lock or the next
// change, and no method takes it as an argument when it changes anything.
type sortedSet struct{ elements }

// sortedSet opens an object of the selected database.
func (tx *Tx) sortedSet(o *Object) sortedSet { return sortedSet{tx.elements(o)} }

// ranking is that of a sorted set in parts, nil of a whole one.
func (z *sortedSet) ranking() *ranking {
	if z.index == nil {
		return nil
	}
	return &z.db.indexes[z.o.partsID()].(*rankedIndex).ranking
}

// whole is the block of a whole sorted set.
func (z *sortedSet) whole() block { return block{z.o, wholeHead} }

// add gives a member that is not there a score.
func (z *sortedSet) add(member []byte, score float64) {
	z.edit().noteRanked(z.len()+1, member)
	score = z.o.keptScore(score)
	if r := z.ranking(); r != nil {
		var value [scoreBytes]byte
		r.insert(member, score)
		z.elements.add(member, appendScore(value[:0], score))
		return
	}
	z.insertWhole(member, score)
	z.settle(z.whole(), member)
}

// move gives a member another score than it has, which e, its element, says.
func (z *sortedSet) move(e element, member []byte, score float64) {
	score = z.o.keptScore(score)
	if r := z.ranking(); r != nil {
		r.remove(member, e.score())
		r.insert(member, score)
		changed := z.block(member).edit(z.space())
		appendScore(changed.o.str()[:e.at+e.size-scoreBytes], score)
		return
	}
	z.whole().edit(z.db.keys).remove(e)
	z.insertWhole(member, score)
}

// insertWhole puts a member into its place in the block of a whole sorted set.
func (z *sortedSet) insertWhole(member []byte, score float64) {
	b := z.whole()
	z.ks.scratch = appendRanked(z.ks.scratch[:0], member, score)
	b.edit(z.db.keys).insert(b.placeOf(member, score), z.ks.scratch)
	z.ks.trimScratch()
}

// take removes a member, and reports whether it was there.
func (z *sortedSet) take(member []byte) bool {
	if r := z.ranking(); r != nil {
		e, ok := z.find(member)
		if !ok {
			return false
		}
		r.remove(member, e.score())
	}
	return z.remove(member)
}

// edit notes the coming change of the key's object.
func (z *sortedSet) edit() editable { return z.db.keys.edit(z.o) }

// appendRanked appends the encoding of a member with its score.
func appendRanked(dst, member []byte, score float64) []byte {
	var value [scoreBytes]byte
	return appendElement(dst, member, appendScore(value[:0], score), 0)
}

// placeOf is where a member with a score is, or would be, in the value of a block that is in order.
func (b block) placeOf(member []byte, score float64) int {
	at := len(b.o.str())
	b.each(func(e element) bool {
		if e.compare(score, member) < 0 {
			return true
		}
		at = e.at
		return false
	})
	return at
}

// countWhile is how many elements there are from the lowest on for which holds is true; it must be true up to some, and false from there on.
func (z *sortedSet) countWhile(holds func(element) bool) int {
	if r := z.ranking(); r != nil {
		return r.countWhile(holds)
	}
	return z.whole().countWhile(holds)
}

func (b block) countWhile(holds func(element) bool) (n int) {
	b.each(func(e element) bool {
		if holds(e) {
			n++
			return true
		}
		return false
	})
	return n
}

// rank is how many elements are in front of a member with a score.
func (z *sortedSet) rank(member []byte, score float64) int {
	return z.countWhile(func(e element) bool { return e.compare(score, member) < 0 })
}

// walk visits n elements, the first of which is number from in the order, upwards or, in reverse, downwards. There must be so many.
func (z *sortedSet) walk(from, n int, reverse bool, visit func(element) bool) {
	switch r := z.ranking(); {
	case n <= 0:
	case r != nil:
		r.walk(from, n, reverse, visit)
	default:
		z.whole().walk(from, n, reverse, visit)
	}
}

// walk is sortedSet.walk in one block, as far as that goes; it returns how many elements it visited, and whether visit wants more.
func (b block) walk(from, n int, reverse bool, visit func(element) bool) (visited int, more bool) {
	first, last := from, min(from+n, b.count())-1
	if reverse {
		first, last = max(0, from-n+1), from
	}
	var places [blockElements + 1]int32
	i := 0
	more = true
	b.each(func(e element) bool {
		switch {
		case i < first:
		case reverse:
			places[i-first] = int32(e.at)
		default:
			visited++
			more = visit(e)
		}
		i++
		return more && i <= last
	})
	if reverse {
		for i := last - first; i >= 0 && more; i-- {
			visited++
			more = visit(decodeElement(b.o.str(), int(places[i])))
		}
	}
	return visited, more
}

// inOrder returns the value of a whole sorted set with the elements of a block in any order.
func (b block) inOrder() []byte {
	value := append(make([]byte, 0, wholeHead+b.bytes()), formWhole)
	members := make([]ranked, 0, b.count())
	b.each(func(e element) bool {
		members = append(members, ranked{e.name, e.score()})
		return true
	})
	sortRanked(members)
	value = appendBlock(value, len(members))
	for _, m := range members {
		value = appendRanked(value, m.member, m.score)
	}
	return value
}
