package statemachine

// put gives an element a value, and a deadline in Unix milliseconds, 0 for none. added says that it is new. name and value are none of the
// collection's own bytes.
func (t *elements) put(name, value []byte, deadline int64) (added bool) {
	if deadline != 0 && t.index == nil {
		t.intoParts() // a part has the time of its first deadline
	}
	b := t.block(name)
	t.ks.scratch = appendElement(t.ks.scratch[:0], name, value, deadline)
	encoded := t.ks.scratch
	t.ks.trimScratch()
	if e, ok := b.find(name); ok {
		if string(b.o.str()[e.at:e.at+e.size]) == string(encoded) {
			return false
		}
		timed := deadline != 0 || e.deadline != 0
		b.edit(t.space()).replace(e, encoded)
		t.changed(b, timed)
		t.settle(b, name)
		return false
	}
	t.append(b, name, encoded, deadline != 0)
	return true
}

// add gives a name that is not there a value.
func (t *elements) add(name, value []byte) {
	t.ks.scratch = appendElement(t.ks.scratch[:0], name, value, 0)
	t.append(t.block(name), name, t.ks.scratch, false)
	t.ks.trimScratch()
}

// append adds an encoded element to its block.
func (t *elements) append(b block, name, encoded []byte, timed bool) {
	b.edit(t.space()).add(encoded)
	t.changed(b, timed)
	t.counted(1)
	t.settle(b, name)
}

// remove takes an element out, and reports whether it was there.
func (t *elements) remove(name []byte) bool {
	b := t.block(name)
	e, ok := b.find(name)
	if !ok {
		return false
	}
	timed := e.deadline != 0
	b.edit(t.space()).remove(e)
	t.changed(b, timed)
	t.counted(-1)
	if t.index != nil {
		t.merge(b.o)
	}
	return true
}

// removeDue takes the elements of a part out whose deadline has come, and returns how many those are.
func (t *elements) removeDue(b block, now int64) (removed int) {
	kept, n := t.ks.scratch[:0], 0
	b.each(func(e element) bool {
		if e.deadline != 0 && e.deadline <= now {
			removed++
			return true
		}
		n++
		kept = append(kept, b.o.str()[e.at:e.at+e.size]...)
		return true
	})
	t.ks.scratch = kept
	t.ks.trimScratch()
	b.edit(t.space()).o.setValue(appendBlock(nil, n, kept))
	t.changed(b, true)
	t.counted(-removed)
	t.merge(b.o)
	return removed
}

// space is the one that the blocks' objects are in.
func (t *elements) space() *space {
	if t.index == nil {
		return t.db.keys
	}
	return t.db.parts
}

// changed gives a part the time of the first deadline of its elements, if a deadline has come or gone.
func (t *elements) changed(b block, timed bool) {
	if !timed {
		return
	}
	if at, ok := b.firstDeadline(); ok {
		t.db.parts.setTime(b.o, at)
	} else {
		t.db.parts.clearTime(b.o)
	}
}

// counted adds to the number of elements of a collection in parts.
func (t *elements) counted(n int) {
	if t.index != nil {
		t.db.keys.edit(t.o).setPartsCount(t.o.partsCount() + uint64(n))
	}
}

// settle divides a block that has outgrown its bounds by the change of one element.
func (t *elements) settle(b block, name []byte) {
	for b.isOver() {
		switch {
		case t.index == nil:
			t.intoParts()
		case !t.split(b.o):
			return
		}
		b = t.block(name)
	}
}

// intoParts makes one part of a whole collection.
func (t *elements) intoParts() {
	var rest [elementPartKey - idBytes]byte
	t.index = indexOfElements(t.ks.intoParts(t.db, t.o, appendPartPrefix(rest[:0], 0, 0)))
}

// split makes two parts of one, unless its elements' hashes cannot be told apart by more bits.
func (t *elements) split(part *Object) bool {
	prefix, depth := partPrefix(part)
	if depth == maxPartDepth {
		return false
	}
	bit := uint64(1) << (63 - depth)
	var sides [2][]byte
	var counts [2]int
	block{part, 0}.each(func(e element) bool {
		side := 0
		if t.ks.hasher.hash(e.name)&bit != 0 {
			side = 1
		}
		sides[side] = append(sides[side], part.str()[e.at:e.at+e.size]...)
		counts[side]++
		return true
	})
	if t.index.depth == depth {
		t.index.grow()
	}
	for side := range sides {
		t.addPart(prefix|uint64(side)*bit, depth+1, appendBlock(nil, counts[side], sides[side]))
	}
	t.take(part)
	return true
}

// merge makes one part of two that have become small, and a whole collection of what has become one small part.
func (t *elements) merge(part *Object) {
	for {
		prefix, depth := partPrefix(part)
		if depth == 0 {
			t.intoWhole(part)
			return
		}
		bit := uint64(1) << (64 - depth)
		other := t.index.part(prefix ^ bit)
		a, b := block{part, 0}, block{other, 0}
		if _, d := partPrefix(other); d != depth || a.count()+b.count() > blockElements/mergeShare || a.bytes()+b.bytes() > blockBytes/mergeShare {
			return
		}
		if prefix&bit != 0 {
			a, b = b, a
		}
		merged := t.addPart(prefix&^bit, depth-1, appendBlock(nil, a.count()+b.count(), a.elements(), b.elements()))
		t.take(a.o)
		t.take(b.o)
		part = merged
		t.index.shrink()
	}
}

// intoWhole makes a whole collection of one whose elements are all in one small part, without deadlines, for which parts are needed.
func (t *elements) intoWhole(part *Object) {
	b := block{part, 0}
	if _, timed := t.db.parts.times.of(part); timed || !isSmall(b.count(), b.bytes()) {
		return
	}
	value := append([]byte{formWhole}, part.str()...)
	if t.o.kind == KindZSet {
		value = b.inOrder()
	}
	t.ks.intoWhole(t.db, t.o, part, value)
	t.index = nil
}

// addPart makes a part and puts it into its slots.
func (t *elements) addPart(prefix uint64, depth int, value []byte) *Object {
	var rest [elementPartKey - idBytes]byte
	part := t.ks.newPart(t.db, t.o.kind, t.o.partsID(), appendPartPrefix(rest[:0], prefix, depth), value)
	if at, ok := (block{part, 0}).firstDeadline(); ok {
		t.db.parts.setTime(part, at)
	}
	t.index.fill(part)
	t.index.parts++
	return part
}

// take takes a part away whose slots are another's by now.
func (t *elements) take(part *Object) {
	t.ks.removePart(t.db, part)
	t.index.parts--
}

// maxScratch is how much memory is kept for the next elements.
const maxScratch = 64 << 10

// trimScratch gives the memory of a very large element back.
func (ks *keyspace) trimScratch() {
	if cap(ks.scratch) > maxScratch {
		ks.scratch = nil
	}
}
