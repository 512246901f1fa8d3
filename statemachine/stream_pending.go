package statemachine

import (
	"encoding/binary"
	"sort"
)

// pending is an entry that was delivered to a consumer and has not been acknowledged. In a part they are one after the other, in the
// order of their ids, pendingBytes each: the id, the consumer's number, the time and the number of deliveries, 8 bytes big-endian each.
type pending struct {
	id       streamID
	consumer uint64
	at       int64 // when it was delivered last, in Unix milliseconds
	times    uint64
}

const (
	pendingBytes = streamIDBytes + 3*8
	// pendingPart is how many are in a part at most.
	pendingPart = 100
)

func (e *pending) append(dst []byte) []byte {
	dst = binary.BigEndian.AppendUint64(e.id.append(dst), e.consumer)
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(dst, uint64(e.at)), e.times)
}

func decodePending(b []byte) pending {
	be := binary.BigEndian
	return pending{decodeStreamID(b), be.Uint64(b[streamIDBytes:]), int64(be.Uint64(b[streamIDBytes+8:])), be.Uint64(b[streamIDBytes+16:])}
}

// pendingOf visits what is in a part until visit returns false.
func pendingOf(part *Object, visit func(pending) bool) bool {
	for b := part.str(); len(b) > 0; b = b[pendingBytes:] {
		if !visit(decodePending(b)) {
			return false
		}
	}
	return true
}

// placeIn is where an id is, or would be, among those of a part.
func placeIn(part *Object, id streamID) (i int, there bool) {
	value := part.str()
	at := func(i int) streamID { return decodeStreamID(value[i*pendingBytes:]) }
	n := len(value) / pendingBytes
	i = sort.Search(n, func(i int) bool { return !at(i).less(id) })
	return i, i < n && at(i) == id
}

// walkPending visits what a group has pending from an id on, in order, until visit returns false. Nothing may be changed meanwhile.
func (g *streamGroup) walkPending(from streamID, visit func(pending) bool) {
	for p := partFrom(&g.pending, from); p.ok(); p = p.next() {
		if !pendingOf(p.part(), func(e pending) bool { return e.id.less(from) || visit(e) }) {
			return
		}
	}
}

// findPending finds what is pending of an entry.
func (g *streamGroup) findPending(id streamID) (e pending, ok bool) {
	p := partFrom(&g.pending, id)
	if !p.ok() {
		return e, false
	}
	i, ok := placeIn(p.part(), id)
	if ok {
		e = decodePending(p.part().str()[i*pendingBytes:])
	}
	return e, ok
}

// deliver notes that an entry is pending for a consumer, in place of what was noted of it before.
func (s *stream) deliver(g *streamGroup, c *streamConsumer, e pending) {
	e.consumer = c.number
	encoded := e.append(make([]byte, 0, pendingBytes))
	p := g.pending.lastWhere(func(part *Object) bool { return !e.id.less(partFirst(part)) })
	if !p.ok() { // no part's key may be higher than what is in it
		s.newPending(g, p, encoded)
	} else if i, there := placeIn(p.part(), e.id); there {
		value := p.part().str()[i*pendingBytes:]
		if before := decodePending(value); before.consumer != c.number {
			g.numbers[before.consumer].pending.Delete(e.id)
		}
		if string(value[:pendingBytes]) != string(encoded) {
			copy(s.db.parts.edit(p.part()).str()[i*pendingBytes:], encoded)
		}
	} else {
		s.insertPending(g, p, i, encoded)
	}
	c.pending.Set(e.id)
}

// insertPending puts what is pending to place i of a part, and makes two of it if it has become too large. At the end of the last part a
// new one begins.
func (s *stream) insertPending(g *streamGroup, p partPlace, i int, encoded []byte) {
	n := p.count()
	if n >= pendingPart && i == n && !p.next().ok() {
		s.newPending(g, p, encoded)
		return
	}
	s.db.parts.edit(p.part()).splice(i*pendingBytes, 0, encoded)
	g.pending.add(p, 1)
	if n < pendingPart {
		return
	}
	half := (n + 1) / 2
	right := append([]byte(nil), p.part().str()[half*pendingBytes:]...)
	s.db.parts.edit(p.part()).splice(half*pendingBytes, len(right), nil)
	g.pending.add(p, half-n-1)
	s.newPending(g, p, right)
}

// newPending adds a part behind a place.
func (s *stream) newPending(g *streamGroup, behind partPlace, value []byte) {
	var rest [1 + 8 + streamIDBytes]byte
	key := binary.BigEndian.AppendUint64(append(rest[:0], streamPending), g.number)
	key = decodeStreamID(value).append(key)
	part := s.ks.newPart(s.db, KindStream, s.o.partsID(), key, value)
	g.pending.insertAfter(behind, part, len(value)/pendingBytes)
}

// acknowledge forgets that an entry is pending, and reports whether it was.
func (s *stream) acknowledge(g *streamGroup, id streamID) bool {
	p := partFrom(&g.pending, id)
	if !p.ok() {
		return false
	}
	part := p.part()
	i, there := placeIn(part, id)
	if !there {
		return false
	}
	g.numbers[decodePending(part.str()[i*pendingBytes:]).consumer].pending.Delete(id)
	g.pending.add(p, -1)
	if p.count() == 0 {
		g.pending.remove(p)
		s.ks.removePart(s.db, part)
		return true
	}
	s.db.parts.edit(part).splice(i*pendingBytes, pendingBytes, nil)
	return true
}
