package statemachine

import (
	"errors"
	"slices"

	"github.com/paxredis/paxredis/statemachine/internal/arena"
)

// ranking finds the elements of a sorted set in parts by their order: it has a copy of all of them in blocks, each in order, one behind the
// other in a counted tree. So a rank, and what is at a rank, is found in time in proportion to the logarithm of their number, and a member
// comes, goes or moves with changes of one or two blocks.
//
// It is derived: its blocks are objects of no space, so they are in no record and no digest, and how it is divided shows nowhere. They lie in
// the memory of the space that has the parts, so that FLUSH gives them up with that; newBlock makes all of them and freeBlock frees all others.
type ranking struct {
	tree   partTree
	memory *arena.Arena
}

// rankedIndex is the index of a sorted set in parts.
type rankedIndex struct {
	elementIndex
	ranking ranking
}

var errPartElements = errors.New("the elements of a part do not decode")

// link is index.link.
func (x *rankedIndex) link(db *database, parts []*Object) (count uint64, err error) {
	for _, part := range parts {
		if !(block{part, 0}).isRanked() {
			return 0, errPartElements
		}
	}
	if count, err = x.elementIndex.link(db, parts); err != nil {
		return 0, err
	}
	members := make([]ranked, 0, count)
	for _, part := range parts {
		block{part, 0}.each(func(e element) bool {
			members = append(members, ranked{e.name, e.score()})
			return true
		})
	}
	sortRanked(members)
	x.ranking.memory = db.parts.memory
	x.ranking.build(members)
	return count, nil
}

// ranked is a member with its score.
type ranked struct {
	member []byte
	score  float64
}

func sortRanked(members []ranked) {
	slices.SortFunc(members, func(a, b ranked) int { return compareRanked(a.score, a.member, b.score, b.member) })
}

// rankFill is how full blocks are made of what is in order already, so that the next members find room.
const rankFill = 3 // of 4

// build makes the blocks of members in order.
func (r *ranking) build(members []ranked) {
	r.free()
	var encoded []byte
	var blocks []countedPart
	count := 0
	flush := func() {
		if count > 0 {
			blocks = append(blocks, countedPart{r.newBlock(count, encoded), count})
			encoded, count = encoded[:0], 0
		}
	}
	for _, m := range members {
		if count >= blockElements*rankFill/4 || len(encoded)+len(m.member) >= blockBytes*rankFill/4 {
			flush()
		}
		encoded = appendRanked(encoded, m.member, m.score)
		count++
	}
	flush()
	r.tree.build(blocks)
}

// newBlock makes a block of encoded elements.
func (r *ranking) newBlock(count int, encoded ...[]byte) *Object {
	return newObject(r.memory, KindZSet|kindPart, nil, appendBlock(nil, count, encoded...))
}

// freeBlock frees a block that the tree does not have any more.
func (r *ranking) freeBlock(o *Object) { o.free(r.memory) }

// free frees all blocks.
func (r *ranking) free() { r.tree.release(r.tree.parts, r.freeBlock) }

// release is index.release. About as many blocks of the ranking go as parts, so that what is left is seen from the parts that are.
func (x *rankedIndex) release(most int, free func(part *Object)) (blocks int) {
	r := &x.ranking
	blocks = r.tree.release(most/2, r.freeBlock)
	blocks += x.elementIndex.release(most-blocks, free)
	return blocks + r.tree.release(most-blocks, r.freeBlock)
}

// edit returns a block to be changed. Nothing has to be noted of it.
func (r *ranking) edit(b block) editableBlock { return editableBlock{b, editable{b.o, r.memory}} }

// locate is the last block that begins with a member at or in front of a place in the order; no place if all begin behind it.
func (r *ranking) locate(member []byte, score float64) partPlace {
	return r.tree.lastWhere(func(part *Object) bool {
		e := firstElement(part)
		return e.compare(score, member) <= 0
	})
}

func firstElement(part *Object) element { return decodeElement(part.str(), blockHead) }

// insert adds a member that is not there.
func (r *ranking) insert(member []byte, score float64) {
	var room [256]byte
	encoded := appendRanked(room[:0], member, score)
	p := r.locate(member, score)
	if !p.ok() {
		p = r.tree.front()
	}
	if !p.ok() {
		r.tree.insertAfter(p, r.newBlock(1, encoded), 1)
		return
	}
	b := block{p.part(), 0}
	at := b.placeOf(member, score)
	if at == len(b.o.str()) && b.count() >= blockElements && !p.next().ok() {
		// What comes in order fills its blocks.
		r.tree.insertAfter(p, r.newBlock(1, encoded), 1)
		return
	}
	r.edit(b).insert(at, encoded)
	r.tree.add(p, 1)
	if b.isOver() {
		r.split(p)
	}
}

// split makes blocks that are not over their bounds of one that is.
func (r *ranking) split(p partPlace) {
	b := block{p.part(), 0}
	if !b.isOver() {
		return
	}
	kept, middle := b.middle()
	moved := b.count() - kept
	behind := r.newBlock(moved, b.o.str()[middle:])
	before := r.edit(b)
	before.o.splice(middle, len(b.o.str())-middle, nil)
	before.setCount(kept)
	r.tree.add(p, -moved)
	next := r.tree.insertAfter(p, behind, moved)
	r.split(next.prev())
	e := firstElement(behind)
	r.split(r.locate(e.name, e.score()))
}

// middle is where a block is divided: how many elements are in front of it, and where it is in the value. Both sides have half of the
// elements or, if it is their bytes that are too many, half of those.
func (b block) middle() (before, at int) {
	n, size := b.count(), b.bytes()
	b.each(func(e element) bool {
		if before > 0 && (n > blockElements && before >= n/2 || n <= blockElements && e.at >= size/2) || before == n-1 {
			at = e.at
			return false
		}
		before++
		return true
	})
	return before, at
}

// remove takes a member away that is there with that score.
func (r *ranking) remove(member []byte, score float64) {
	p := r.locate(member, score)
	b := block{p.part(), 0}
	e, _ := b.find(member)
	r.edit(b).remove(e)
	r.tree.add(p, -1)
	if b.count() == 0 {
		r.tree.remove(p)
		r.freeBlock(b.o)
		return
	}
	if b.count() <= blockElements/mergeShare {
		r.merge(p)
	}
}

// merge takes the next block into one that has become small, if both are far from filling one.
func (r *ranking) merge(p partPlace) {
	next := p.next()
	if !next.ok() {
		return
	}
	b, other := block{p.part(), 0}, block{next.part(), 0}
	n := other.count()
	if b.count()+n > blockElements/2 || b.bytes()+other.bytes() > blockBytes/2 {
		return
	}
	into := r.edit(b)
	into.o.append(other.elements())
	into.setCount(b.count() + n)
	r.tree.add(p, n)
	r.tree.remove(next)
	r.freeBlock(other.o)
}

// countWhile is sortedSet.countWhile.
func (r *ranking) countWhile(holds func(element) bool) int {
	p := r.tree.lastWhere(func(part *Object) bool { return holds(firstElement(part)) })
	if !p.ok() {
		return 0
	}
	return r.tree.before(p) + block{p.part(), 0}.countWhile(holds)
}

// walk is sortedSet.walk.
func (r *ranking) walk(from, n int, reverse bool, visit func(element) bool) {
	p, within := r.tree.at(from)
	for n > 0 && p.ok() {
		visited, more := block{p.part(), 0}.walk(within, n, reverse, visit)
		if !more {
			return
		}
		n -= visited
		if !reverse {
			p, within = p.next(), 0
		} else if p = p.prev(); p.ok() {
			within = p.count() - 1
		}
	}
}
