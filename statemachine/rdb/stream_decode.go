package rdb

import (
	"encoding/binary"
	"errors"
	"slices"
)

// A stream's entries are in nodes: an identifier, 16 bytes in a string, and a listpack. That begins with how many entries are there and how many of
// them are marked as removed, how many fields the first one had, their names, and a 0. Then come the entries: marks, how far
// the identifier is from the node's, both parts, then, if the fields are those of the first entry, the values, else how many fields, with names and
// values, and at last how many elements the entry has, this one apart, to be read backwards.
const (
	entryRemoved    = 1
	entrySameFields = 2

	streamIDBytes = 16
)

// Errors of streams.
var (
	errStreamNode   = errors.New("a node of a stream does not hold what it says")
	errStreamOrder  = errors.New("the identifiers of a stream are not in rising order, or above its last one")
	errStreamLength = errors.New("a stream does not have as many entries as it says")
	errPendingOwner = errors.New("a pending entry of a group is none of exactly one consumer")
)

func (r *reader) stream(kind valueType) Value {
	s := &Stream{}
	for range r.count(2) {
		if r.err != nil {
			return nil
		}
		r.streamNode(s)
	}
	length := r.length()
	s.LastID = r.lengthID()
	if kind == typeStreamListpacks {
		s.EntriesAdded = length
	} else {
		r.lengthID() // of the first entry, which is known
		s.MaxDeletedID = r.lengthID()
		s.EntriesAdded = r.length()
	}
	switch {
	case r.err != nil:
		return nil
	case length != uint64(len(s.Entries)) || s.EntriesAdded < length:
		r.fail("%w", errStreamLength)
	case !s.isOrdered():
		r.fail("%w", errStreamOrder)
	}
	r.groups(s, kind)
	return s
}

// lengthID reads an identifier as two lengths.
func (r *reader) lengthID() StreamID {
	ms := r.length()
	return StreamID{MS: ms, Seq: r.length()}
}

// rawID reads an identifier as 16 bytes, big-endian.
func (r *reader) rawID() StreamID { return rawID(r.bytes(streamIDBytes)) }

func rawID(b []byte) StreamID {
	if len(b) != streamIDBytes {
		return StreamID{}
	}
	return StreamID{MS: binary.BigEndian.Uint64(b), Seq: binary.BigEndian.Uint64(b[8:])}
}

// streamNode reads a node and adds its entries.
func (r *reader) streamNode(s *Stream) {
	key := r.string()
	n := node{rest: r.listpack(), first: rawID(key)}
	if r.err != nil {
		return
	}
	if len(key) != streamIDBytes || !n.read(s) {
		r.fail("%w", errStreamNode)
	}
}

// isOrdered reports whether the identifiers rise, up to the last one at most.
func (s *Stream) isOrdered() bool {
	for i := range s.Entries {
		if i > 0 && !s.Entries[i-1].ID.Less(s.Entries[i].ID) {
			return false
		}
	}
	return len(s.Entries) == 0 || !s.LastID.Less(s.Entries[len(s.Entries)-1].ID)
}

// node is a node of a stream that is being read.
type node struct {
	rest  [][]byte // the elements that are left
	first StreamID
	names [][]byte
	bad   bool
}

func (n *node) element() []byte {
	if len(n.rest) == 0 {
		n.bad = true
		return nil
	}
	e := n.rest[0]
	n.rest = n.rest[1:]
	return e
}

func (n *node) int() int64 {
	v, ok := canonicalInt(n.element())
	n.bad = n.bad || !ok
	return v
}

// elements takes some elements; their number is compared with those that are left.
func (n *node) elements(count, each int64) [][]byte {
	if count < 0 || count > int64(len(n.rest))/each {
		n.bad = true
		return nil
	}
	found := n.rest[: count*each : count*each]
	n.rest = n.rest[count*each:]
	return found
}

// read adds the node's entries to the stream, and reports whether it holds what it says.
func (n *node) read(s *Stream) bool {
	count, removed := n.int(), n.int()
	n.names = n.elements(n.int(), 1)
	if n.int() != 0 {
		return false
	}
	for !n.bad && len(n.rest) > 0 {
		entry, isRemoved := n.entry()
		if isRemoved {
			removed--
			continue
		}
		count--
		s.Entries = append(s.Entries, entry)
	}
	return !n.bad && count == 0 && removed == 0
}

func (n *node) entry() (e StreamEntry, removed bool) {
	left := len(n.rest)
	marks := n.int()
	e.ID.MS = n.first.MS + uint64(n.int())
	e.ID.Seq = n.first.Seq + uint64(n.int())
	if marks&entrySameFields != 0 {
		values := n.elements(int64(len(n.names)), 1)
		e.Fields = make([][]byte, 0, 2*len(values))
		for i, value := range values {
			e.Fields = append(e.Fields, n.names[i], value)
		}
	} else {
		e.Fields = n.elements(n.int(), 2)
	}
	elements := left - len(n.rest)
	if n.int() != int64(elements) || len(e.Fields) == 0 || marks&^(entryRemoved|entrySameFields) != 0 {
		n.bad = true
	}
	return e, marks&entryRemoved != 0
}

func (r *reader) groups(s *Stream, kind valueType) {
	var names [][]byte
	for range r.count(4) {
		g := StreamGroup{Name: r.string(), LastID: r.lengthID(), EntriesRead: UnknownEntriesRead}
		if kind == typeStreamListpacks {
			g.EntriesRead = s.entriesUpTo(g.LastID)
		} else if g.EntriesRead = int64(r.length()); g.EntriesRead < UnknownEntriesRead {
			r.fail("a group has read %d entries", g.EntriesRead)
		}
		r.pending(&g)
		r.consumers(&g, kind)
		if r.err != nil {
			return
		}
		s.Groups, names = append(s.Groups, g), append(names, g.Name)
	}
	if len(names) > 0 {
		r.check(names, 1)
	}
}

// entriesUpTo is how many entries there were up to an identifier, as far as that can be said of a stream that does not know what was removed.
func (s *Stream) entriesUpTo(id StreamID) int64 {
	before := s.EntriesAdded - uint64(len(s.Entries))
	first := s.FirstID()
	switch {
	case s.EntriesAdded == 0:
		return 0
	case id == s.LastID:
		return int64(s.EntriesAdded)
	case id.Less(first):
		return int64(before)
	case id == first:
		return int64(before) + 1
	}
	return UnknownEntriesRead
}

// pendingBytes is what a pending entry takes at least: its identifier, when, and how often it was delivered.
const pendingBytes = streamIDBytes + 8 + 1

// noConsumer marks a pending entry whose consumer has not been read yet.
const noConsumer = -1

// pending reads a group's pending entries.
func (r *reader) pending(g *StreamGroup) {
	n := r.count(pendingBytes)
	g.Pending = make([]PendingEntry, 0, n)
	for i := range n {
		g.Pending = append(g.Pending, PendingEntry{ID: r.rawID(), DeliveredAt: int64(r.uint64()), Deliveries: r.length(), Consumer: noConsumer})
		if i > 0 && !g.Pending[i-1].ID.Less(g.Pending[i].ID) {
			r.fail("%w", errStreamOrder)
		}
		if r.err != nil {
			return
		}
	}
}

// consumers reads a group's consumers, and whose the pending entries are.
func (r *reader) consumers(g *StreamGroup, kind valueType) {
	var names [][]byte
	owned := 0
	for i := range r.count(1 + 8 + 1) {
		c := StreamConsumer{Name: r.string(), SeenAt: int64(r.uint64())}
		c.ActiveAt = c.SeenAt
		if kind == typeStreamListpacks3 {
			c.ActiveAt = int64(r.uint64())
		}
		for range r.count(streamIDBytes) {
			if !g.own(r.rawID(), i) {
				r.fail("%w", errPendingOwner)
				return
			}
			owned++
		}
		if r.err != nil {
			return
		}
		g.Consumers, names = append(g.Consumers, c), append(names, c.Name)
	}
	if owned != len(g.Pending) {
		r.fail("%w", errPendingOwner)
	}
	if len(names) > 0 {
		r.check(names, 1)
	}
}

// own gives a pending entry its consumer; false if there is none, or it has one.
func (g *StreamGroup) own(id StreamID, consumer int) bool {
	at, ok := slices.BinarySearchFunc(g.Pending, id, func(p PendingEntry, id StreamID) int {
		switch {
		case p.ID == id:
			return 0
		case p.ID.Less(id):
			return -1
		}
		return 1
	})
	if !ok || g.Pending[at].Consumer != noConsumer {
		return false
	}
	g.Pending[at].Consumer = consumer
	return true
}
