package statemachine

import (
	"encoding/binary"
	"math"
)

// listEnd is an end of a list: LEFT or RIGHT.
type listEnd bool

const (
	listLeft  listEnd = false
	listRight listEnd = true
)

// push adds an element at an end. value is none of the list's own bytes.
func (l *list) push(end listEnd, value []byte) {
	encoded := l.encode(value)
	if l.index == nil && !l.whole().hasRoom(len(encoded)) {
		l.intoParts()
	}
	if l.index == nil {
		l.insertInto(l.whole(), end, encoded)
		return
	}
	p := l.end(end)
	b := block{p.part(), 0}
	if !b.hasRoom(len(encoded)) {
		p = l.newEnd(end)
		b = block{p.part(), 0}
	}
	l.insertInto(b, end, encoded)
	l.counted(p, 1, packedSize(value))
}

// encode puts an element together where the next one is put together, too.
func (l *list) encode(value []byte) []byte {
	l.ks.scratch = appendElement(l.ks.scratch[:0], value, nil, 0)
	encoded := l.ks.scratch
	l.ks.trimScratch()
	return encoded
}

// hasRoom reports whether another element of so many bytes fits into the bounds of a block.
func (b block) hasRoom(size int) bool {
	return !isOver(b.count()+1, b.bytes()+size)
}

func (l *list) insertInto(b block, end listEnd, encoded []byte) {
	if end == listLeft {
		b.edit(l.space()).insert(b.base+blockHead, encoded)
	} else {
		b.edit(l.space()).add(encoded)
	}
}

func (l *list) space() *space {
	if l.index == nil {
		return l.db.keys
	}
	return l.db.parts
}

// end is the place of the part at an end.
func (l *list) end(end listEnd) partPlace {
	if end == listLeft {
		return l.index.tree.front()
	}
	return l.index.tree.back()
}

// counted notes that a part has n elements more, which take so many bytes in a listpack.
func (l *list) counted(p partPlace, n, packed int) {
	l.index.tree.add(p, n)
	l.index.packed += packed
	l.db.keys.edit(l.o).setPartsCount(uint64(l.index.tree.len()))
}

// pop takes the element at an end out of a list that has one. visit gets it before it goes.
func (l *list) pop(end listEnd, visit func(value []byte)) {
	b, p := l.whole(), partPlace{}
	if l.index != nil {
		p = l.end(end)
		b = block{p.part(), 0}
	}
	n := 0
	if end == listRight {
		n = b.count() - 1
	}
	e := b.nth(n)
	visit(e.name)
	l.removeElement(p, b, e)
}

// placeOf is the place of the part of element n; no place in a whole list.
func (l *list) placeOf(n int) partPlace {
	if l.index == nil {
		return partPlace{}
	}
	p, _ := l.index.tree.at(n)
	return p
}

// removeElement takes an element out of a block, whose part is at p.
func (l *list) removeElement(p partPlace, b block, e element) {
	packed := packedSize(e.name)
	b.edit(l.space()).remove(e)
	if p.ok() {
		l.counted(p, -1, -packed)
		l.tidy(p)
	}
}

// set gives element n, which must be there, another value. value is none of the list's own bytes.
func (l *list) set(n int, value []byte) {
	b, within := l.blockAt(n)
	e := b.nth(within)
	before := packedSize(e.name)
	b.edit(l.space()).replace(e, l.encode(value))
	if l.index == nil {
		if b.isOver() {
			l.intoParts()
			l.split(l.index.tree.front())
		}
		return
	}
	p := l.placeOf(n)
	l.counted(p, 0, packedSize(value)-before)
	l.split(p)
}

// insert puts an element in front of element n, which must be there. value is none of the list's own bytes.
func (l *list) insert(n int, value []byte) {
	encoded := l.encode(value)
	if l.index == nil && !l.whole().hasRoom(len(encoded)) {
		l.intoParts()
	}
	b, within := l.blockAt(n)
	b.edit(l.space()).insert(b.nth(within).at, encoded)
	if l.index == nil {
		return
	}
	p := l.placeOf(n)
	l.counted(p, 1, packedSize(value))
	l.split(p)
}

// removeRange takes n elements out from element first on.
func (l *list) removeRange(first, n int) {
	for n > 0 {
		b, within := l.blockAt(first)
		p := l.placeOf(first)
		taken := min(n, b.count()-within)
		if p.ok() && taken == b.count() && l.index.tree.parts > 1 {
			l.dropPart(p)
		} else {
			l.cut(p, b, within, taken)
		}
		n -= taken
	}
}

// cut takes n elements out of a block from its element first on.
func (l *list) cut(p partPlace, b block, first, n int) {
	from, to, packed, i := 0, 0, 0, 0
	b.each(func(e element) bool {
		if i == first {
			from = e.at
		}
		if i >= first {
			to = e.at + e.size
			packed += packedSize(e.name)
		}
		i++
		return i < first+n
	})
	edit := b.edit(l.space())
	edit.o.splice(from, to-from, nil)
	edit.setCount(b.count() - n)
	if p.ok() {
		l.counted(p, -n, -packed)
		l.tidy(p)
	}
}

// dropPart takes a part out with all its elements.
func (l *list) dropPart(p partPlace) {
	packed := 0
	block{p.part(), 0}.each(func(e element) bool { packed += packedSize(e.name); return true })
	l.counted(p, -p.count(), -packed)
	l.tidy(p)
}

// intoParts makes one part of a whole list.
func (l *list) intoParts() {
	var position [8]byte
	binary.BigEndian.PutUint64(position[:], firstPosition)
	l.index, _ = l.ks.intoParts(l.db, l.o, position[:]).(*listIndex)
}

// newEnd adds an empty part at an end.
func (l *list) newEnd(end listEnd) partPlace {
	behind := l.index.tree.back()
	if end == listLeft {
		behind = partPlace{}
	}
	return l.newPart(behind, appendBlock(nil, 0), 0)
}

// newPart adds a part behind a place, or in front of all others if it is no place.
func (l *list) newPart(behind partPlace, value []byte, count int) partPlace {
	position, ok := l.positionBehind(behind)
	if !ok {
		behind = l.renumber(behind)
		position, _ = l.positionBehind(behind) // there is room everywhere now
	}
	var rest [8]byte
	binary.BigEndian.PutUint64(rest[:], position)
	part := l.ks.newPart(l.db, KindList, l.o.partsID(), rest[:], value)
	return l.index.tree.insertAfter(behind, part, count)
}

// positionBehind is a position between a part and the next one; ok is false if there is none left.
func (l *list) positionBehind(behind partPlace) (position uint64, ok bool) {
	next := l.index.tree.front()
	if behind.ok() {
		next = behind.next()
	}
	switch {
	case !behind.ok():
		first := partPosition(next.part())
		return first - positionGap, first >= positionGap
	case !next.ok():
		last := partPosition(behind.part())
		return last + positionGap, last <= math.MaxUint64-positionGap
	}
	low, high := partPosition(behind.part()), partPosition(next.part())
	return low + (high-low)/2, high-low > 1
}

// renumber gives all parts new positions with room between them, and returns where the part at a place is then. It takes time in
// proportion to the list, and comes only after some twenty insertions between the same two elements' parts.
func (l *list) renumber(place partPlace) (moved partPlace) {
	var parts []countedPart
	at := -1
	for p := l.index.tree.front(); p.ok(); p = p.next() {
		if p == place {
			at = len(parts)
		}
		parts = append(parts, countedPart{p.part(), p.count()})
	}
	id := l.o.partsID()
	position := firstPosition - uint64(len(parts)/2)*positionGap
	values := make([][]byte, len(parts))
	for i, c := range parts { // all go before the first new one comes, which may have the position of another
		values[i] = append([]byte(nil), c.part.str()...)
		l.ks.removePart(l.db, c.part)
	}
	for i := range parts {
		var rest [8]byte
		binary.BigEndian.PutUint64(rest[:], position)
		parts[i].part = l.ks.newPart(l.db, KindList, id, rest[:], values[i])
		position += positionGap
	}
	l.index.tree.build(parts)
	moved = l.index.tree.front()
	if at < 0 {
		return partPlace{}
	}
	for range at {
		moved = moved.next()
	}
	return moved
}

// split makes two parts, or more if need be, of one that has outgrown a block.
func (l *list) split(p partPlace) {
	b := block{p.part(), 0}
	if !b.isOver() {
		return
	}
	var ends []int // of the elements
	b.each(func(e element) bool { ends = append(ends, e.at+e.size); return true })
	cuts := halves(blockHead, ends)
	var values [][]byte
	for i, first := range cuts[1:] {
		end := len(ends)
		if i+2 < len(cuts) {
			end = cuts[i+2]
		}
		values = append(values, appendBlock(nil, end-first, b.o.str()[ends[first-1]:ends[end-1]]))
	}
	left := cuts[1]
	l.index.tree.add(p, left-len(ends))
	edit := b.edit(l.db.parts)
	edit.o.splice(ends[left-1], len(b.o.str())-ends[left-1], nil)
	edit.setCount(left)
	for _, value := range values {
		p = l.newPart(p, value, int(binary.LittleEndian.Uint16(value)))
	}
}

// halves appends where blocks begin that elements with these ends are divided into, by halves until none has outgrown its bounds. begin is
// where the first element is.
func halves(begin int, ends []int) (cuts []int) {
	var divide func(first, end int)
	divide = func(first, end int) {
		from := begin
		if first > 0 {
			from = ends[first-1]
		}
		if isOver(end-first, blockHead+ends[end-1]-from) {
			middle := first + (end-first)/2
			divide(first, middle)
			divide(middle, end)
			return
		}
		cuts = append(cuts, first)
	}
	divide(0, len(ends))
	return cuts
}

// tidy removes a part that has become empty, makes one of two neighbours that have become small, and a whole list of what has become one
// small part.
func (l *list) tidy(p partPlace) {
	tree := &l.index.tree
	if p.count() == 0 && tree.parts > 1 {
		l.ks.removePart(l.db, p.part())
		tree.remove(p)
	} else if next := p.next(); next.ok() && l.areSmall(p, next) {
		l.join(p, next)
	} else if prev := p.prev(); prev.ok() && l.areSmall(prev, p) {
		l.join(prev, p)
	}
	if last := tree.front(); tree.parts == 1 && isSmall(last.count(), (block{last.part(), 0}).bytes()) {
		l.intoWhole(last.part())
	}
}

// areSmall reports whether two parts together are small.
func (l *list) areSmall(a, b partPlace) bool {
	n := a.count() + b.count()
	return isSmall(n, 0) && isSmall(n, block{a.part(), 0}.bytes()+block{b.part(), 0}.bytes())
}

// isSmall reports whether so many elements in so many bytes should share one block.
func isSmall(count, bytes int) bool {
	return count <= blockElements/mergeShare && bytes <= blockBytes/mergeShare
}

// join moves the elements of a part to the end of the one before it.
func (l *list) join(p, next partPlace) {
	n, part := next.count(), next.part()
	b := block{p.part(), 0}
	edit := b.edit(l.db.parts)
	edit.o.splice(len(b.o.str()), 0, block{part, 0}.elements())
	edit.setCount(b.count() + n)
	l.index.tree.add(p, n)
	l.index.tree.remove(next)
	l.ks.removePart(l.db, part)
}

// intoWhole makes a whole list of one whose elements are all in one small part.
func (l *list) intoWhole(part *Object) {
	l.ks.intoWhole(l.db, l.o, part, append([]byte{formWhole}, part.str()...))
	l.index = nil
}

// noteAdded notes when Redis would have given up the compact encoding: elements of so many bytes in all are about to be added.
func (l *list) noteAdded(bytes int) {
	if l.o.flags&flagLarge != 0 || l.index == nil && l.whole().bytes()+bytes < listPackedBytes/2 { // a listpack is not twice as long
		return
	}
	if l.packedBytes()+bytes > listPackedBytes {
		l.db.keys.edit(l.o).flags |= flagLarge
	}
}

// noteRemoved notes when Redis would have gone back to it.
func (l *list) noteRemoved() {
	if l.o.flags&flagLarge != 0 && l.packedBytes() <= listPackedBytes/2 {
		l.db.keys.edit(l.o).flags &^= flagLarge
	}
}
