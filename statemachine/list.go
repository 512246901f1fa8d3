package statemachine

import (
	"encoding/binary"
	"iter"
	"math"
	"slices"
)

// list is a key's list: elements with names alone, in the order of a block, or of blocks one after the other. In parts, a part's key is
// its position among the others, a number with room for others between it and the next.
//
// Methods that change the list note it by themselves. Readers may run beside each other. What a method returns of an element is not to be
// kept beyond the lock or the next change.
type list struct {
	ks    *keyspace
	db    *database
	o     *Object
	index *listIndex // nil: the list is whole
}

// listIndex has the parts in their order.
type listIndex struct {
	tree partTree
	// packed is how many bytes the elements would take in Redis's listpack.
	packed int
}

const (
	// listPartKey is the length of a part's key: the id and the position, 8 bytes big-endian.
	listPartKey = idBytes + 8
	// firstPosition is that of the first part of a list, and positionGap how far the next one is away.
	firstPosition = uint64(1) << 63
	positionGap   = uint64(1) << 20
)

// list opens an object of the database that holds a list.
func (ks *keyspace) list(db *database, o *Object) list {
	l := list{ks: ks, db: db, o: o}
	if o.inParts() {
		l.index, _ = db.indexes[o.partsID()].(*listIndex)
	}
	return l
}

// list opens an object of the selected database.
func (tx *Tx) list(o *Object) list { return tx.ks.list(tx.database(), o) }

// len is how many elements there are.
func (l *list) len() int {
	if l.index != nil {
		return l.index.tree.len()
	}
	return l.whole().count()
}

func (l *list) whole() block { return block{l.o, wholeHead} }

// walk visits the elements from element n on, forwards, until visit returns false. Nothing may be changed meanwhile.
func (l *list) walk(n int, visit func(value []byte) bool) {
	if n >= l.len() {
		return
	}
	b, p := l.whole(), partPlace{}
	if l.index != nil {
		p, n = l.index.tree.at(n)
		b = block{p.part(), 0}
	}
	for {
		more := b.each(func(e element) bool {
			n--
			return n >= 0 || visit(e.name)
		})
		if !p.ok() || !more {
			return
		}
		if p, n = p.next(), 0; !p.ok() {
			return
		}
		b = block{p.part(), 0}
	}
}

// walkBack visits the elements from element n on, backwards, until visit returns false. Nothing may be changed meanwhile.
func (l *list) walkBack(n int, visit func(value []byte) bool) {
	if n < 0 || l.len() == 0 {
		return
	}
	b, p := l.whole(), partPlace{}
	if l.index != nil {
		p, n = l.index.tree.at(n)
		b = block{p.part(), 0}
	}
	var all []element
	for {
		all = all[:0]
		b.each(func(e element) bool { all = append(all, e); return len(all) <= n })
		for _, e := range slices.Backward(all) {
			if !visit(e.name) {
				return
			}
		}
		if !p.ok() {
			return
		}
		if p = p.prev(); !p.ok() {
			return
		}
		b, n = block{p.part(), 0}, math.MaxInt
	}
}

// at returns element n, which must be there.
func (l *list) at(n int) []byte {
	b, n := l.blockAt(n)
	return b.nth(n).name
}

// blockAt finds the block of element n, and which of the block's elements it is.
func (l *list) blockAt(n int) (b block, within int) {
	if l.index == nil {
		return l.whole(), n
	}
	p, within := l.index.tree.at(n)
	return block{p.part(), 0}, within
}

func (x *listIndex) all() iter.Seq[*Object] { return x.tree.all() }

func (x *listIndex) count() int { return x.tree.parts }

func (x *listIndex) release(most int, free func(part *Object)) int { return x.tree.release(most, free) }

// link is index.link.
func (x *listIndex) link(_ *database, parts []*Object) (count uint64, err error) {
	if len(parts) == 0 {
		return 0, errPartsMissed
	}
	counted := make([]countedPart, len(parts))
	for i, part := range parts {
		if len(part.key()) != listPartKey {
			return 0, errPartKey
		}
		b := block{part, 0}
		counted[i] = countedPart{part, b.count()}
		count += uint64(b.count())
		b.each(func(e element) bool { x.packed += packedSize(e.name); return true })
	}
	slices.SortFunc(counted, func(a, b countedPart) int {
		if partPosition(a.part) < partPosition(b.part) {
			return -1
		}
		return 1 // no two are the same, since they are keys
	})
	x.tree.build(counted)
	return count, nil
}

// partPosition is where a part is in its list.
func partPosition(part *Object) uint64 { return binary.BigEndian.Uint64(part.key()[idBytes:]) }

// What Redis keeps in one listpack: list-max-listpack-size -2.
const listPackedBytes = 8 << 10

// packedHead is what a listpack takes without elements.
const packedHead = 7

// packedBytes is how many bytes Redis's listpack of all elements would have.
func (l *list) packedBytes() int {
	if l.index != nil {
		return packedHead + l.index.packed
	}
	n := packedHead
	l.whole().each(func(e element) bool { n += packedSize(e.name); return true })
	return n
}

// packedSize is how many bytes an element takes in a listpack (https://github.com/antirez/listpack/blob/master/listpack.md).
func packedSize(value []byte) int {
	n := 0
	if i, ok := ParseInt(value); ok {
		n = packedIntSize(i)
	} else {
		switch n = len(value); {
		case n < 1<<6:
			n++
		case n < 1<<12:
			n += 2
		default:
			n += 5
		}
	}
	return n + packedBackSize(n)
}

func packedIntSize(i int64) int {
	switch {
	case i >= 0 && i < 1<<7:
		return 1
	case i >= -1<<12 && i < 1<<12:
		return 2
	case i >= math.MinInt16 && i <= math.MaxInt16:
		return 3
	case i >= -1<<23 && i < 1<<23:
		return 4
	case i >= math.MinInt32 && i <= math.MaxInt32:
		return 5
	}
	return 9
}

// packedBackSize is how many bytes the length of an element takes behind it, 7 bits a byte.
func packedBackSize(n int) (bytes int) {
	for bytes = 1; n >= 1<<7; bytes++ {
		n >>= 7
	}
	return bytes
}

// listEncoding is how Redis would keep a list.
func (o *Object) listEncoding() string {
	if o.flags&flagLarge != 0 {
		return "quicklist"
	}
	return "listpack"
}
