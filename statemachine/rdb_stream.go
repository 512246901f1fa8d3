package statemachine

import (
	"encoding/binary"

	"github.com/paxredis/paxredis/statemachine/rdb"
)

// rdbValue is the stream in package rdb's model, not to be kept beyond the lock.
func (s *stream) rdbValue() *rdb.Stream {
	h := s.head()
	v := &rdb.Stream{LastID: h.last.rdb(), MaxDeletedID: h.maxDeleted.rdb(), EntriesAdded: h.added}
	s.walk(streamID{}, maxStreamID, func(e streamEntry) bool {
		v.Entries = append(v.Entries, rdb.StreamEntry{ID: e.id.rdb(), Fields: e.names()})
		return true
	})
	for _, g := range s.index.groups {
		v.Groups = append(v.Groups, g.rdbValue())
	}
	return v
}

func (id streamID) rdb() rdb.StreamID { return rdb.StreamID{MS: id.ms, Seq: id.seq} }

func idOfRDB(id rdb.StreamID) streamID { return streamID{id.MS, id.Seq} }

// names are the entry's fields and values in turn.
func (e *streamEntry) names() [][]byte {
	count, n := binary.Uvarint(e.fields)
	all := make([][]byte, 0, count)
	for rest := e.fields[n:]; len(rest) > 0; {
		length, n := binary.Uvarint(rest)
		all = append(all, rest[n:n+int(length)])
		rest = rest[n+int(length):]
	}
	return all
}

func (g *streamGroup) rdbValue() rdb.StreamGroup {
	v := rdb.StreamGroup{Name: g.name(), LastID: g.last().rdb(), EntriesRead: g.read()}
	places := make(map[uint64]int, len(g.consumers))
	for i, c := range g.consumers {
		places[c.number] = i
		v.Consumers = append(v.Consumers, rdb.StreamConsumer{Name: c.name(), SeenAt: c.seen(), ActiveAt: c.active()})
	}
	g.walkPending(streamID{}, func(e pending) bool {
		v.Pending = append(v.Pending, rdb.PendingEntry{ID: e.id.rdb(), Consumer: places[e.consumer], DeliveredAt: e.at, Deliveries: e.times})
		return true
	})
	return v
}

// putStream makes the key hold a stream.
func (tx *Tx) putStream(e *entry, v *rdb.Stream, s stamp) {
	id := tx.ks.newID()
	tx.ks.putString(e, (&streamHead{}).append(appendPartsHead(nil, id, 0)), s)
	e.edit().kind = KindStream
	e.db.indexes[id] = &streamIndex{}
	made := tx.ks.stream(e.db, e.object)
	for _, one := range v.Entries {
		made.add(idOfRDB(one.ID), one.Fields)
	}
	h := made.head()
	h.last, h.maxDeleted, h.added = idOfRDB(v.LastID), idOfRDB(v.MaxDeletedID), v.EntriesAdded
	made.setHead(h)
	for i := range v.Groups {
		made.putGroup(&v.Groups[i])
	}
	tx.ks.signal(e.db, e.object)
}

func (s *stream) putGroup(v *rdb.StreamGroup) {
	g := s.newGroup(v.Name, idOfRDB(v.LastID), v.EntriesRead)
	consumers := make([]*streamConsumer, len(v.Consumers))
	for i, c := range v.Consumers {
		consumers[i] = s.newConsumer(g, c.Name, c.SeenAt)
		s.setTimes(consumers[i], c.SeenAt, c.ActiveAt)
	}
	for _, p := range v.Pending {
		s.deliver(g, consumers[p.Consumer], pending{id: idOfRDB(p.ID), at: p.DeliveredAt, times: p.Deliveries})
	}
}
