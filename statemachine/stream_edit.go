package statemachine

import "encoding/binary"

// streamForWrite makes sure that the key holds a stream, an empty one if it is missing, and opens it.
func (tx *Tx) streamForWrite(e *entry) stream {
	if e.object == nil {
		id := tx.ks.newID()
		tx.ks.create(e, KindStream, (&streamHead{}).append(appendPartsHead(nil, id, 0)))
		e.db.indexes[id] = &streamIndex{}
	}
	return tx.ks.stream(e.db, e.object)
}

// add appends an entry, whose id is higher than all before.
func (s *stream) add(id streamID, fields [][]byte) {
	h := s.head()
	h.last = id
	h.added++
	s.setHead(h)
	s.ks.scratch = appendFields(s.ks.scratch[:0], fields)
	encoded := s.ks.scratch
	s.ks.trimScratch()

	tree := &s.index.entries
	p := tree.back()
	if p.ok() && p.count() < streamPartEntries {
		part := p.part()
		entry := s.appendEntry(nil, partFirst(part), id, encoded)
		if len(part.str())+len(entry) <= streamPartBytes {
			o := s.db.parts.edit(part)
			o.splice(len(part.str()), 0, entry)
			setEntries(o, p.count()+1)
			s.counted(p, 1)
			return
		}
	}
	value := s.appendEntry(binary.LittleEndian.AppendUint16(nil, 1), id, id, encoded)
	var rest [1 + streamIDBytes]byte
	part := s.ks.newPart(s.db, KindStream, s.o.partsID(), id.append(append(rest[:0], streamEntries)), value)
	s.counted(tree.insertAfter(p, part, 0), 1)
}

// setEntries notes how many entries a part has.
func setEntries(o editable, n int) { binary.LittleEndian.PutUint16(o.str(), uint16(n)) }

// counted adds to the number of entries of a part, and of the stream.
func (s *stream) counted(p partPlace, n int) {
	s.index.entries.add(p, n)
	s.db.keys.edit(s.o).setPartsCount(uint64(s.len()))
}

// remove deletes an entry, and reports whether it was there.
func (s *stream) remove(id streamID) bool {
	e, ok := s.find(id)
	if !ok {
		return false
	}
	p := partFrom(&s.index.entries, id)
	s.cut(p, e.at, e.at+e.size, 1)
	h := s.head()
	if h.maxDeleted.less(id) {
		h.maxDeleted = id
		s.setHead(h)
	}
	return true
}

// cut takes n entries, which are some bytes of a part, out of it.
func (s *stream) cut(p partPlace, from, to, n int) {
	if p.count() == n {
		s.dropEntries(p)
		return
	}
	o := s.db.parts.edit(p.part())
	o.splice(from, to-from, nil)
	setEntries(o, p.count()-n)
	s.counted(p, -n)
}

// dropEntries takes a part of entries away.
func (s *stream) dropEntries(p partPlace) {
	part := p.part()
	s.counted(p, -p.count())
	s.index.entries.remove(p)
	s.ks.removePart(s.db, part)
}

// streamTrim is what XADD and XTRIM are to cut off: all but the newest entries, or those below an id.
type streamTrim struct {
	byLength, byID bool
	length         int64
	id             streamID
	approximate    bool  // whole parts only
	limit          int64 // how many entries at most; 0: no limit
}

// trim deletes the oldest entries, and returns how many.
func (s *stream) trim(t *streamTrim) (deleted int64) {
	for p := s.index.entries.front(); p.ok(); p = s.index.entries.front() {
		n := int64(p.count())
		if t.limit > 0 && deleted+n > t.limit {
			break
		}
		surplus := s.surplus(p.part(), t)
		if surplus == n {
			s.dropEntries(p)
			deleted += n
			continue
		}
		if surplus > 0 && !t.approximate {
			s.cutFirst(p, int(surplus))
			deleted += surplus
		}
		break
	}
	return deleted
}

// surplus is how many entries of the first part are to go.
func (s *stream) surplus(part *Object, t *streamTrim) (n int64) {
	if t.byLength {
		return max(0, min(int64(s.len())-t.length, int64(binary.LittleEndian.Uint16(part.str()))))
	}
	entriesOf(part, func(e streamEntry) bool {
		if !e.id.less(t.id) {
			return false
		}
		n++
		return true
	})
	return n
}

// cutFirst deletes the first n entries of a part, which has more.
func (s *stream) cutFirst(p partPlace, n int) {
	left, end := n, blockHead
	entriesOf(p.part(), func(e streamEntry) bool {
		end = e.at + e.size
		left--
		return left > 0
	})
	s.cut(p, blockHead, end, n)
}
