package statemachine

// frozenSpace is what a checkpoint has of a space. It is guarded by the machine's lock, sum and credit apart, which are
// the checkpoint's goroutine's.
type frozenSpace struct {
	checkpoint *Checkpoint
	space      *space // it may have been dropped since; then it stays as it was
	// turn is the mark of the objects in changed that have not been encoded yet.
	turn    marks
	changed changes
	removed dict // what the checkpoint deletes
	// leftovers are those of before the freeze.
	leftovers leftovers
	// next is the place in changed, and then the bucket of removed, to look at next, and chain what is left of the one
	// before.
	next     int
	deleting bool
	chain    *Object

	// sum is that of the records of objects that had not changed, and of those encoded so far; credit is the part that
	// the space does not have in its own sum yet.
	sum, credit uint64
}

// freeze hands the changes so far to a checkpoint, and begins a new list of them.
func (s *space) freeze(c *Checkpoint) *frozenSpace {
	f := &frozenSpace{checkpoint: c, space: s, turn: s.turn, changed: s.changed, removed: s.removed, sum: s.sum,
		leftovers: s.leftovers}
	s.leftovers = leftovers{}
	s.turn, s.changed, s.removed, s.frozen = s.turn.other(), newChanges(s.memory), newDict(s.hasher, s.memory), f
	s.cursor, s.recollected = 0, false
	return f
}

// thaw ends the checkpoint's hold on the space.
func (f *frozenSpace) thaw() {
	f.space.sum += f.credit
	f.space.frozen = nil
	if f.space.dropped {
		f.space.memory.Drop()
	}
}

// setAside encodes an object that is about to change or to go, since the checkpoint needs it as it is.
func (f *frozenSpace) setAside(o *Object) {
	e := f.encode(o, new([]byte))
	f.checkpoint.aside = append(f.checkpoint.aside, e)
	f.checkpoint.waiting.Add(int64(len(e.bytes)))
}

// encoded is a record of a frozen space, and what its sum takes in front of it.
type encoded struct {
	space *frozenSpace
	// bytes are the lead of the sum, the key and the value; of a deletion the key alone.
	bytes   []byte
	keyLen  int
	deleted bool
	// unchanged: the object was still as in the checkpoint when Next came to it.
	unchanged bool
}

// encode encodes an object of the space. It takes the memory behind the end of room if there is enough.
func (f *frozenSpace) encode(o *Object, room *[]byte) encoded {
	room = withRoom(room, sumLead+len(o.bytes())+maxRecordHead)
	b := appendSumLead((*room)[:0], f.space.id, int(o.keyLen))
	b = append(b, o.key()...)
	b = appendRecordHead(b, &f.space.times, o)
	b = append(b, o.str()...)
	*room = b[len(b):]
	o.marks = o.marks&^f.turn | markSaved
	return encoded{space: f, bytes: b[:len(b):len(b)], keyLen: int(o.keyLen)}
}

// visit looks at the next place, where there may be a record; more is false when there are no more places. Nothing may be left of before the
// freeze: that is not to be encoded, and its deletions come with the others.
func (f *frozenSpace) visit(room *[]byte) (e encoded, found, more bool) {
	if f.next == f.changed.used && !f.deleting {
		f.changed.freeAll()
		f.deleting, f.next = true, 0
	}
	if f.deleting {
		return f.visitRemoved(room)
	}
	o := *f.changed.at(f.next)
	f.next++
	if f.next%perBlock == 0 {
		f.changed.free(f.next/perBlock - 1)
	}
	if found = o.marks&f.turn != 0; found { // or else removed before the freeze, or set aside after it
		e = f.encode(o, room)
		e.unchanged = true
	}
	f.space.unlist(o, f.turn.listed())
	return e, found, true
}

func (f *frozenSpace) visitRemoved(room *[]byte) (e encoded, found, more bool) {
	if f.chain == nil {
		if f.next == len(f.removed.tables[0])+len(f.removed.tables[1]) {
			f.removed.freeTables()
			f.next = 0
			return e, false, false
		}
		f.chain = f.removed.bucket(f.next)
		f.next++
	}
	if f.chain == nil {
		return e, false, true
	}
	o := f.chain
	f.chain = o.next
	room = withRoom(room, len(o.key()))
	b := append((*room)[:0], o.key()...)
	*room = b[len(b):]
	o.free(f.space.memory)
	return encoded{space: f, bytes: b[:len(b):len(b)], keyLen: len(b), deleted: true}, true, true
}

// withRoom returns room if there is memory for size bytes behind its end, and another one if not.
func withRoom(room *[]byte, size int) *[]byte {
	if cap(*room) >= size {
		return room
	}
	other := make([]byte, 0, size)
	return &other
}

// record returns the record and adds it up, for which no lock is needed.
func (e *encoded) record() Record {
	f := e.space
	if e.deleted {
		return Record{Space: f.space.id, Key: e.bytes, Deleted: true}
	}
	sum := sumOf(e.bytes)
	f.sum += sum
	if e.unchanged {
		f.credit += sum
	} else {
		f.checkpoint.waiting.Add(-int64(len(e.bytes)))
	}
	end := sumLead + e.keyLen
	return Record{Space: f.space.id, Key: e.bytes[sumLead:end:end], Value: e.bytes[end:]}
}
