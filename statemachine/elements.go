package statemachine

import (
	"encoding/binary"
	"iter"
	"math/bits"
	"slices"
)

// elements are those of a hash, a set or a sorted set: named, each name once, found by its hash. In parts, each part has the elements
// whose hashes begin with the same bits (extendible hashing; Fagin, Nievergelt, Pippenger, Strong, ACM TODS 4(3), 1979): a part that
// outgrows a block becomes two by the next bit, two that have become small one again.
//
// Methods that change elements note it by themselves. Readers may run beside each other. What a method returns of an element is not to be
// kept beyond the lock or the next change.
type elements struct {
	ks    *keyspace
	db    *database
	o     *Object
	index *elementIndex // nil: the collection is whole
}

// elementIndex has the parts by the first bits of their elements' hashes.
type elementIndex struct {
	slots []*Object // 1<<depth of them
	depth int
	parts int
	owner *Object // the key's
}

const (
	// elementPartKey is the length of a part's key: the id, the prefix of the hashes as 8 bytes big-endian, and how many bits it has.
	elementPartKey = idBytes + 8 + 1
	// maxPartDepth is how many bits of the hashes tell parts apart at most; more names than a block has never share so many.
	maxPartDepth = 40
	// mergeShare: two parts that have at most this share of a block together become one.
	mergeShare = 4
)

// own notes that an object has a collection's parts now, which were another's or are new.
func (db *database) own(o *Object) {
	if x := indexOfElements(db.indexes[o.partsID()]); x != nil {
		x.owner = o
	}
}

// elements opens an object of the database that holds a hash, a set or a sorted set.
func (ks *keyspace) elements(db *database, o *Object) elements {
	t := elements{ks: ks, db: db, o: o}
	if o.inParts() {
		t.index = indexOfElements(db.indexes[o.partsID()])
	}
	return t
}

// indexOfElements is what a collection's index has of its elements.
func indexOfElements(x index) *elementIndex {
	switch x := x.(type) {
	case *elementIndex:
		return x
	case *rankedIndex:
		return &x.elementIndex
	}
	return nil
}

// elements opens an object of the selected database for reading.
func (tx *Tx) elements(o *Object) elements { return tx.ks.elements(tx.database(), o) }

// sizeOf is the number of elements of a hash, a set or a sorted set that was looked up; o may be nil.
func (tx *Tx) sizeOf(o *Object) int {
	if o == nil {
		return 0
	}
	t := tx.elements(o)
	return t.len()
}

// len is how many elements there are, those that are due included.
func (t *elements) len() int {
	if t.index != nil {
		return int(t.o.partsCount())
	}
	return block{t.o, wholeHead}.count()
}

// block is the one that has, or would have, an element.
func (t *elements) block(name []byte) block {
	if t.index == nil {
		return block{t.o, wholeHead}
	}
	return block{t.index.part(t.ks.hasher.hash(name)), 0}
}

// find returns an element.
func (t *elements) find(name []byte) (e element, ok bool) { return t.block(name).find(name) }

// blocks visits all blocks, in the order of their elements' hashes, until visit returns false.
func (t *elements) blocks(visit func(block) bool) {
	if t.index == nil {
		visit(block{t.o, wholeHead})
		return
	}
	for i := 0; i < len(t.index.slots); i += t.index.span(t.index.slots[i]) {
		if !visit(block{t.index.slots[i], 0}) {
			return
		}
	}
}

// each visits all elements until visit returns false: as they came if the collection is whole, else by their hashes. Nothing may be
// changed meanwhile.
func (t *elements) each(visit func(element) bool) {
	t.blocks(func(b block) bool { return b.each(visit) })
}

// scan visits the elements at a cursor and returns the next one; 0 begins, and 0 returned is the end. An element that is there from the
// first call to the last is visited at least once: a cursor says from which hash on there is more to see, with its bits reversed, so that
// it is a small number.
func (t *elements) scan(cursor uint64, visit func(element)) (next uint64) {
	all := func(e element) bool { visit(e); return true }
	if t.index == nil {
		block{t.o, wholeHead}.each(all)
		return 0
	}
	part := t.index.part(bits.Reverse64(cursor))
	block{part, 0}.each(all)
	prefix, depth := partPrefix(part)
	if depth == 0 {
		return 0
	}
	return bits.Reverse64(prefix + 1<<(64-depth)) // 0 behind the last part
}

// randomElementTries is how many parts random tries before it takes what it finds.
const randomElementTries = 1024

// random returns an element chosen by r, each with the same chance; there must be one.
func (t *elements) random(r *random) element {
	if t.index == nil {
		b := block{t.o, wholeHead}
		return b.nth(r.below(b.count()))
	}
	x := t.index
	for range randomElementTries {
		part := x.slots[r.below(len(x.slots))]
		b := block{part, 0}
		// A part is met as often as it has slots, so it has to be taken that much more seldom.
		if n := r.below(x.span(part) * blockElements); n < b.count() {
			return b.nth(n)
		}
	}
	return t.first()
}

// first is the first element in the order of each; there must be one.
func (t *elements) first() (e element) {
	t.each(func(it element) bool { e = it; return false })
	return e
}

// part is the one for a hash.
func (x *elementIndex) part(hash uint64) *Object { return x.slots[hash>>(64-x.depth)] }

// span is how many slots a part has.
func (x *elementIndex) span(part *Object) int {
	_, depth := partPrefix(part)
	return 1 << (x.depth - depth)
}

// fill puts a part into all its slots.
func (x *elementIndex) fill(part *Object) {
	prefix, depth := partPrefix(part)
	first := int(prefix >> (64 - x.depth))
	for i := range 1 << (x.depth - depth) {
		x.slots[first+i] = part
	}
}

// grow makes the index tell one more bit.
func (x *elementIndex) grow() {
	slots := make([]*Object, 2*len(x.slots))
	for i, part := range x.slots {
		slots[2*i], slots[2*i+1] = part, part
	}
	x.slots, x.depth = slots, x.depth+1
}

// shrink makes the index tell no more bits than its parts have, once it is far too large.
func (x *elementIndex) shrink() {
	const worthwhile = 8
	if len(x.slots) <= worthwhile*x.parts {
		return
	}
	x.build(slices.Collect(x.all()))
}

// build makes the slots of parts that together are for all hashes.
func (x *elementIndex) build(parts []*Object) {
	x.depth = 0
	for _, part := range parts {
		_, depth := partPrefix(part)
		x.depth = max(x.depth, depth)
	}
	x.slots, x.parts = make([]*Object, 1<<x.depth), len(parts)
	for _, part := range parts {
		x.fill(part)
	}
}

func (x *elementIndex) all() iter.Seq[*Object] {
	return func(yield func(*Object) bool) {
		for i := 0; i < len(x.slots); {
			part := x.slots[i]
			i += x.span(part) // before the visit, which may take the part away
			if !yield(part) {
				return
			}
		}
	}
}

func (x *elementIndex) count() int { return x.parts }

func (x *elementIndex) release(most int, free func(part *Object)) (n int) {
	for ; n < most && len(x.slots) > 0; n++ {
		part := x.slots[len(x.slots)-1]
		x.slots = x.slots[:len(x.slots)-x.span(part)]
		free(part)
	}
	return n
}

// link is index.link.
func (x *elementIndex) link(_ *database, parts []*Object) (count uint64, err error) {
	shares := uint64(0)
	for _, part := range parts {
		if len(part.key()) != elementPartKey || part.key()[elementPartKey-1] > maxPartDepth {
			return 0, errPartKey
		}
		_, depth := partPrefix(part)
		shares += 1 << (maxPartDepth - depth)
		count += uint64(block{part, 0}.count())
	}
	if shares != 1<<maxPartDepth {
		return 0, errPartsMissed
	}
	x.build(parts)
	for _, part := range x.slots {
		if part == nil {
			return 0, errPartsMissed
		}
	}
	return count, nil
}

// partPrefix is what the hashes of a part's elements begin with, and how many bits that is.
func partPrefix(part *Object) (prefix uint64, depth int) {
	key := part.key()
	return binary.BigEndian.Uint64(key[idBytes:]), int(key[elementPartKey-1])
}

// appendPartPrefix appends the key of a part behind its collection's id.
func appendPartPrefix(dst []byte, prefix uint64, depth int) []byte {
	return append(binary.BigEndian.AppendUint64(dst, prefix), byte(depth))
}
