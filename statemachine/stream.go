package statemachine

import (
	"bytes"
	"encoding/binary"
	"iter"
	"slices"
)

// stream is a key's stream. It is always in parts: behind what every collection in parts has, the key's value has streamHead, and what
// a part is for is told by the first byte of its key behind the stream's id:
//
//	streamEntries   id of the first entry it was made for               a block of entries
//	streamGroups    group number                                        a group: see streamGroup
//	streamConsumers group number, consumer number                       a consumer of it
//	streamPending   group number, id of the first entry it was made for entries delivered and not acknowledged: see pending
//
// Methods that change the stream note it by themselves. Readers may run beside each other. What a method returns of an entry is not to be
// kept beyond the lock or the next change.
type stream struct {
	ks    *keyspace
	db    *database
	o     *Object
	index *streamIndex
}

const (
	streamEntries byte = iota
	streamGroups
	streamConsumers
	streamPending
)

// streamHead is what a stream knows besides its entries. Encoded it is the ids, 16 bytes each, and the numbers, 8 bytes each, big-endian.
type streamHead struct {
	last       streamID // the newest there ever was
	maxDeleted streamID // the highest that was deleted
	added      uint64   // how many entries were added in the stream's life
	newest     uint64   // the highest number given to a group or a consumer
}

// streamIndex has the parts of a stream.
type streamIndex struct {
	entries partTree
	groups  []*streamGroup // by name
}

// The bounds of a part of entries: Redis's stream-node-max-entries and stream-node-max-bytes.
const (
	streamPartEntries = 100
	streamPartBytes   = 4096
)

// stream opens an object of the database that holds a stream.
func (ks *keyspace) stream(db *database, o *Object) stream {
	x, _ := db.indexes[o.partsID()].(*streamIndex)
	return stream{ks, db, o, x}
}

// stream opens an object of the selected database.
func (tx *Tx) stream(o *Object) stream { return tx.ks.stream(tx.database(), o) }

// len is how many entries there are.
func (s *stream) len() int { return s.index.entries.len() }

func (s *stream) head() streamHead {
	b := s.o.str()[partsHead:]
	return streamHead{decodeStreamID(b), decodeStreamID(b[streamIDBytes:]), binary.BigEndian.Uint64(b[2*streamIDBytes:]),
		binary.BigEndian.Uint64(b[2*streamIDBytes+8:])}
}

func (h *streamHead) append(dst []byte) []byte {
	dst = h.maxDeleted.append(h.last.append(dst))
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(dst, h.added), h.newest)
}

// setHead changes what the stream knows.
func (s *stream) setHead(h streamHead) {
	h.append(s.db.keys.edit(s.o).str()[:partsHead])
}

// streamEntry is an entry of a stream.
type streamEntry struct {
	id     streamID
	fields []byte // appendFields wrote them
	at     int    // where it is in its part's value, and how long
	size   int
}

// An entry is encoded as
//
//	uvarint(length of the rest) uvarint(milliseconds since its part's first entry's) uvarint(number) fields
func (s *stream) appendEntry(dst []byte, first, id streamID, fields []byte) []byte {
	var head [2 * binary.MaxVarintLen64]byte
	b := binary.AppendUvarint(head[:0], id.ms-first.ms)
	b = binary.AppendUvarint(b, id.seq)
	dst = binary.AppendUvarint(dst, uint64(len(b)+len(fields)))
	return append(append(dst, b...), fields...)
}

func decodeEntry(value []byte, at int, first streamID) streamEntry {
	length, n := binary.Uvarint(value[at:])
	end := at + n + int(length)
	e := streamEntry{at: at, size: end - at}
	rest := value[at+n : end]
	ms, n := binary.Uvarint(rest)
	seq, m := binary.Uvarint(rest[n:])
	e.id, e.fields = streamID{first.ms + ms, seq}, rest[n+m:]
	return e
}

// appendFields appends fields and values: their number, and each behind its length.
func appendFields(dst []byte, fields [][]byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(fields)))
	for _, f := range fields {
		dst = appendBytes(dst, f)
	}
	return dst
}

// replyEntry replies with an entry: its id, and its fields and values.
func (e *streamEntry) reply(reply Reply) {
	reply.Array(2)
	replyID(e.id, reply)
	count, n := binary.Uvarint(e.fields)
	reply.Array(int(count))
	for rest := e.fields[n:]; len(rest) > 0; {
		length, n := binary.Uvarint(rest)
		reply.Bulk(rest[n : n+int(length)])
		rest = rest[n+int(length):]
	}
}

// partFirst is the id in the key of a part, behind its tag and any numbers: that of the first entry it was made for.
func partFirst(part *Object) streamID {
	return decodeStreamID(part.key()[len(part.key())-streamIDBytes:])
}

// entriesOf visits the entries of a part until visit returns false.
func entriesOf(part *Object, visit func(streamEntry) bool) bool {
	value, first := part.str(), partFirst(part)
	for at := blockHead; at < len(value); {
		e := decodeEntry(value, at, first)
		if !visit(e) {
			return false
		}
		at += e.size
	}
	return true
}

// partFrom is the place of the part that has, or would have, an entry.
func partFrom(t *partTree, id streamID) partPlace {
	if p := t.lastWhere(func(part *Object) bool { return !id.less(partFirst(part)) }); p.ok() {
		return p
	}
	return t.front()
}

// walk visits the entries from one id to another in order, until visit returns false. Nothing may be changed meanwhile.
func (s *stream) walk(from, to streamID, visit func(streamEntry) bool) {
	for p := partFrom(&s.index.entries, from); p.ok(); p = p.next() {
		more := entriesOf(p.part(), func(e streamEntry) bool {
			return e.id.less(from) || !to.less(e.id) && visit(e)
		})
		if !more {
			return
		}
	}
}

// walkBack is walk from the highest id to the lowest.
func (s *stream) walkBack(from, to streamID, visit func(streamEntry) bool) {
	var all []streamEntry
	for p := partFrom(&s.index.entries, to); p.ok(); p = p.prev() {
		all = all[:0]
		entriesOf(p.part(), func(e streamEntry) bool {
			all = append(all, e)
			return !to.less(e.id)
		})
		for _, e := range slices.Backward(all) {
			if e.id.less(from) {
				return
			}
			if !to.less(e.id) && !visit(e) {
				return
			}
		}
	}
}

// find returns an entry.
func (s *stream) find(id streamID) (found streamEntry, ok bool) {
	s.walk(id, id, func(e streamEntry) bool {
		found, ok = e, true
		return false
	})
	return found, ok
}

// first and newest return the entries at the ends; ok is false without entries.
func (s *stream) first() (found streamEntry, ok bool) {
	s.walk(streamID{}, maxStreamID, func(e streamEntry) bool {
		found, ok = e, true
		return false
	})
	return found, ok
}

func (s *stream) newest() (found streamEntry, ok bool) {
	s.walkBack(streamID{}, maxStreamID, func(e streamEntry) bool {
		found, ok = e, true
		return false
	})
	return found, ok
}

func (x *streamIndex) all() iter.Seq[*Object] {
	return func(yield func(*Object) bool) {
		for part := range x.entries.all() {
			if !yield(part) {
				return
			}
		}
		for _, g := range x.groups {
			for part := range g.all() {
				if !yield(part) {
					return
				}
			}
		}
	}
}

func (x *streamIndex) count() int {
	n := x.entries.parts
	for _, g := range x.groups {
		n += g.count()
	}
	return n
}

func (x *streamIndex) release(most int, free func(part *Object)) (blocks int) {
	blocks = x.entries.release(most, free)
	for blocks < most && len(x.groups) > 0 {
		last := len(x.groups) - 1
		if blocks += x.groups[last].release(most-blocks, free); blocks < most {
			free(x.groups[last].part)
			blocks++
			x.groups[last] = nil
			x.groups = x.groups[:last]
		}
	}
	return blocks
}

// link is index.link.
func (x *streamIndex) link(_ *database, parts []*Object) (count uint64, err error) {
	slices.SortFunc(parts, func(a, b *Object) int { return bytes.Compare(a.key(), b.key()) })
	groups := map[uint64]*streamGroup{}
	last := partPlace{}
	for _, part := range parts { // entries come first, then groups, their consumers, and what these have not acknowledged
		key := part.key()[idBytes:]
		if len(key) != streamPartKey(key) {
			return 0, errPartKey
		}
		if key[0] == streamEntries {
			n := int(binary.LittleEndian.Uint16(part.str()))
			last = x.entries.insertAfter(last, part, n)
			count += uint64(n)
			continue
		}
		number := binary.BigEndian.Uint64(key[1:])
		if key[0] == streamGroups {
			groups[number] = x.insertGroup(&streamGroup{part: part, number: number})
		} else if g := groups[number]; g == nil {
			return 0, errPartsMissed
		} else if !g.link(key, part) {
			return 0, errPartsMissed
		}
	}
	return count, nil
}

// streamPartKey is how long the key of a part must be behind the id, by its tag.
func streamPartKey(key []byte) int {
	if len(key) == 0 {
		return -1
	}
	switch key[0] {
	case streamEntries:
		return 1 + streamIDBytes
	case streamGroups:
		return 1 + 8
	case streamConsumers:
		return 1 + 8 + 8
	case streamPending:
		return 1 + 8 + streamIDBytes
	}
	return -1
}
