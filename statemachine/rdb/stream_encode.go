package rdb

import (
	"encoding/binary"
	"slices"
)

// Sizes of a stream's nodes, Redis's defaults.
const (
	maxStreamNodeEntries = 100
	maxStreamNodeBytes   = 4096
)

// encodeStream writes the third version only if a consumer's times differ: what the second one reads has one for both.
func encodeStream(s *Stream) []byte {
	kind := typeStreamListpacks2
	for _, g := range s.Groups {
		if slices.ContainsFunc(g.Consumers, func(c StreamConsumer) bool { return c.ActiveAt != c.SeenAt }) {
			kind = typeStreamListpacks3
		}
	}
	return encodeStreamAs(kind, s)
}

// encodeStreamAs writes the second version or the third.
func encodeStreamAs(kind valueType, s *Stream) []byte {
	var nodes []byte
	count := uint64(0)
	for entries := s.Entries; len(entries) > 0; count++ {
		n := nodeEntries(entries)
		nodes = appendNode(nodes, entries[:n])
		entries = entries[n:]
	}
	b := append(appendLength([]byte{byte(kind)}, count), nodes...)
	b = appendLength(b, uint64(len(s.Entries)))
	b = appendLengthID(b, s.LastID)
	b = appendLengthID(b, s.FirstID())
	b = appendLengthID(b, s.MaxDeletedID)
	b = appendLength(b, s.EntriesAdded)
	b = appendLength(b, uint64(len(s.Groups)))
	for i := range s.Groups {
		b = appendGroup(b, &s.Groups[i], kind)
	}
	return b
}

func appendLengthID(b []byte, id StreamID) []byte {
	return appendLength(appendLength(b, id.MS), id.Seq)
}

func appendRawID(b []byte, id StreamID) []byte {
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(b, id.MS), id.Seq)
}

// nodeEntries is how many of the entries go into one node: one at least.
func nodeEntries(entries []StreamEntry) int {
	size := 0
	for i := range entries {
		for _, part := range entries[i].Fields {
			size += len(part)
		}
		if i > 0 && (i == maxStreamNodeEntries || size > maxStreamNodeBytes) {
			return i
		}
	}
	return len(entries)
}

func appendNode(b []byte, entries []StreamEntry) []byte {
	first := &entries[0]
	names := fieldNames(first)
	pack := newListpack()
	pack.addInt(int64(len(entries)))
	pack.addInt(0) // none is marked as removed
	pack.addInt(int64(len(names)))
	for _, name := range names {
		pack.add(name)
	}
	pack.addInt(0)
	for i := range entries {
		addEntry(pack, &entries[i], first.ID, names)
	}
	b = appendString(b, appendRawID(nil, first.ID))
	return appendString(b, pack.bytes())
}

func fieldNames(e *StreamEntry) [][]byte {
	names := make([][]byte, 0, len(e.Fields)/2)
	for i := 0; i < len(e.Fields); i += 2 {
		names = append(names, e.Fields[i])
	}
	return names
}

func addEntry(pack *listpack, e *StreamEntry, first StreamID, names [][]byte) {
	start := pack.count
	same := slices.EqualFunc(fieldNames(e), names, func(a, b []byte) bool { return string(a) == string(b) })
	marks := int64(0)
	if same {
		marks = entrySameFields
	}
	pack.addInt(marks)
	pack.addInt(int64(e.ID.MS - first.MS))
	pack.addInt(int64(e.ID.Seq - first.Seq))
	if !same {
		pack.addInt(int64(len(e.Fields) / 2))
	}
	for i, part := range e.Fields {
		if !same || i%2 == 1 {
			pack.add(part)
		}
	}
	pack.addInt(int64(pack.count - start))
}

func appendGroup(b []byte, g *StreamGroup, kind valueType) []byte {
	b = appendLengthID(appendString(b, g.Name), g.LastID)
	b = appendLength(b, uint64(g.EntriesRead))
	b = appendLength(b, uint64(len(g.Pending)))
	owned := make([][]StreamID, len(g.Consumers))
	for _, p := range g.Pending {
		b = binary.LittleEndian.AppendUint64(appendRawID(b, p.ID), uint64(p.DeliveredAt))
		b = appendLength(b, p.Deliveries)
		owned[p.Consumer] = append(owned[p.Consumer], p.ID)
	}
	b = appendLength(b, uint64(len(g.Consumers)))
	for i, c := range g.Consumers {
		b = binary.LittleEndian.AppendUint64(appendString(b, c.Name), uint64(c.SeenAt))
		if kind == typeStreamListpacks3 {
			b = binary.LittleEndian.AppendUint64(b, uint64(c.ActiveAt))
		}
		b = appendLength(b, uint64(len(owned[i])))
		for _, id := range owned[i] {
			b = appendRawID(b, id)
		}
	}
	return b
}
