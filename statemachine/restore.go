package statemachine

import (
	"errors"
	"fmt"

	"github.com/paxredis/paxredis/statemachine/internal/arena"
	"github.com/paxredis/paxredis/statemachine/internal/format"
)

// Restore replaces the whole state by that of a checkpoint: state and spaces as Finish returned them, and all records, in any
// order, count of them, until next reports false. On an error the machine is empty. Nothing of a record is kept.
// A checkpoint that is being written ends without more records. Restore must not run beside Apply or Freeze; views meanwhile
// see an empty keyspace.
func (m *Machine) Restore(state []byte, spaces []uint64, count uint64, next func() (Record, bool, error)) error {
	m.Reset() // the old state's memory is free before the new one takes its own
	s, err := decodeState(state, spaces, count)
	if err != nil {
		return fmt.Errorf("statemachine: the checkpoint cannot be restored: %w", err)
	}
	r := newRestorer(m.ks.hasher, m.usage, s)
	if err := r.readAll(next); err != nil {
		r.ks.heap.Close()
		return err
	}
	if err := r.finish(); err != nil {
		r.ks.heap.Close()
		return fmt.Errorf("statemachine: the checkpoint cannot be restored: %w", err)
	}
	if err := r.ks.loaded.index(&r.ks.accounts); err != nil {
		return fmt.Errorf("statemachine: the checkpoint cannot be restored: %w", err)
	}
	m.install(r.ks, s.Slot)
	return nil
}

// Reset makes the machine empty, as New does. It must not run beside Apply or Freeze. A checkpoint that is being written
// ends without more records.
func (m *Machine) Reset() { m.install(newKeyspace(m.ks.hasher), 0) }

// install gives the machine another state. Views keep pointing to the keyspace, so it is replaced in place.
func (m *Machine) install(ks *keyspace, slot uint64) {
	m.replace(ks, slot).Close()
}

// replace is install but for the memory of the state before, which it returns.
func (m *Machine) replace(ks *keyspace, slot uint64) (before *arena.Heap) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.checkpoint != nil {
		m.checkpoint.abandoned = true
		m.checkpoint = nil
	}
	before = m.ks.heap
	ks.waiters, ks.ears, ks.usage = m.waiters, m.ears, m.usage
	*m.ks, m.slot = *ks, slot
	if slot > 0 { // an empty state is on its way to being another one: clients go on as the users that there were
		m.publishUsers()
	}
	m.waiters.wakeAll()
	m.deadline.Store(m.ks.nextDeadline())
	m.measure()
	m.publishSettings(ks.loaded.settings())
	if events := m.ears.events; events != nil {
		events.Replaced()
	}
	return before
}

// restorer builds a keyspace from records.
type restorer struct {
	ks     *keyspace
	spaces map[uint64]*restoredSpace
	newest *restoredSpace // records of one space mostly come together
}

// restoredSpace is a space whose records are being read, and what it will be when all are there.
type restoredSpace struct {
	*space
	db   *database // nil: what is loaded
	role spaceRole
	want *format.Space
}

// spaceRole is what a space is for.
type spaceRole uint8

const (
	roleKeys spaceRole = iota
	roleTombstones
	roleParts
)

func newRestorer(h hasher, u *usage, s *format.State) *restorer {
	ks := newKeyspace(h)
	ks.usage = u
	ks.now, ks.revision, ks.highest, ks.expired = s.NowMs, s.Revision, s.Highest, s.Expired
	ks.keepDue, ks.newestID, ks.expiredFields = s.KeepDue, s.NewestId, s.ExpiredFields
	r := &restorer{ks: ks, spaces: make(map[uint64]*restoredSpace, 3*Databases)}
	for i, d := range s.Databases {
		db := &ks.databases[i]
		db.keys.id, db.tombstones.id, db.parts.id = d.Keys.Id, d.Tombstones.Id, d.Parts.Id
		r.spaces[d.Keys.Id] = &restoredSpace{space: db.keys, db: db, want: d.Keys, role: roleKeys}
		r.spaces[d.Tombstones.Id] = &restoredSpace{space: db.tombstones, db: db, want: d.Tombstones, role: roleTombstones}
		r.spaces[d.Parts.Id] = &restoredSpace{space: db.parts, db: db, want: d.Parts, role: roleParts}
	}
	ks.loaded.id = s.Loaded.Id
	r.spaces[s.Loaded.Id] = &restoredSpace{space: ks.loaded.space, want: s.Loaded}
	return r
}

func (r *restorer) readAll(next func() (Record, bool, error)) error {
	for {
		record, ok, err := next()
		if err != nil {
			return fmt.Errorf("statemachine: read the records of the checkpoint: %w", err)
		}
		if !ok {
			return nil
		}
		if err := r.add(&record); err != nil {
			return fmt.Errorf("statemachine: the record of key %.64q in space %d cannot be restored: %w", record.Key, record.Space, err)
		}
	}
}

// add makes the object of a record.
func (r *restorer) add(record *Record) error {
	if record.Deleted {
		return errors.New("it is a deletion")
	}
	s := r.newest
	if s == nil || s.id != record.Space {
		if s = r.spaces[record.Space]; s == nil {
			return errors.New("the space is not part of the checkpoint")
		}
		r.newest = s
	}
	h, content, err := decodeRecord(record.Value)
	if err != nil {
		return err
	}
	if err := h.checkSpace(s, content); err != nil {
		return err
	}
	hash := r.ks.hasher.hash(record.Key)
	if s.find(hash, record.Key) != nil {
		return errors.New("it comes twice")
	}
	if uint64(s.len()) == s.want.Count {
		return fmt.Errorf("it is one more than the %d of its space", s.want.Count)
	}
	s.restore(hash, r.object(s, h, record.Key, content), h, recordSum(s.id, record.Key, record.Value))
	return nil
}

// object makes the object of a record as the log left it.
func (r *restorer) object(s *restoredSpace, h recordHead, key, content []byte) *Object {
	o := newObject(s.memory, h.kind, key, content)
	o.flags, o.version, o.revision, o.marks = h.flags, h.version, h.revision, markSaved
	r.ks.usage.touch(o, r.ks.now)
	return o
}

// restore adds an object that the newest checkpoint has as it is. The times are in no order until restoreOrder.
func (s *restoredSpace) restore(hash uint64, o *Object, h recordHead, sum uint64) {
	s.dict.insertMany(hash, o, s.want.Count)
	s.sum += sum
	if h.timed {
		s.times.append(o, h.at)
	}
	if h.flags&flagExplicit != 0 {
		s.db.explicit++
	}
}

// finish checks that all records came and fit together, and puts the times in order.
func (r *restorer) finish() error {
	for _, s := range r.ks.spaces() {
		switch want := r.spaces[s.id].want; {
		case uint64(s.len()) != want.Count:
			return fmt.Errorf("%d records of space %d came, not %d", s.len(), s.id, want.Count)
		case s.sum != want.Sum:
			return fmt.Errorf("the records of space %d are not those that were written: their sum is %x, not %x", s.id, s.sum, want.Sum)
		}
		s.times.order()
	}
	for i := range r.ks.databases {
		db := &r.ks.databases[i]
		if key, ok := db.keyWithTombstone(); ok {
			return fmt.Errorf("database %d has both the key %.64q and its tombstone", i, key)
		}
		if err := r.ks.linkParts(db); err != nil {
			return fmt.Errorf("a collection of database %d: %w", i, err)
		}
	}
	return nil
}

// keyWithTombstone returns a key that is there and has a tombstone, if there is one.
func (db *database) keyWithTombstone() (key []byte, ok bool) {
	db.tombstones.each(func(o *Object) bool {
		if db.keys.find(db.keys.hasher.hash(o.key()), o.key()) != nil {
			key, ok = o.key(), true
		}
		return !ok
	})
	return key, ok
}
