package statemachine

import "github.com/paxredis/paxredis/statemachine/internal/arena"

// Databases is how many databases there are; SELECT takes 0 to Databases-1.
const Databases = 16

// keyspace is the whole replicated state. It is changed under the machine's write lock alone.
type keyspace struct {
	databases [Databases]database
	hasher    hasher
	// heap is the memory of all spaces.
	heap *arena.Heap
	// loaded are the scripts, libraries and users.
	loaded loaded
	// accounts are the users, which are among what is loaded.
	accounts accounts
	// retention is how long a tombstone made now is kept, in milliseconds of log time.
	retention int64
	// now is the time of the newest applied slot in Unix milliseconds; it never goes back.
	now int64
	// revision counts the applied writes that changed something.
	revision uint64
	// dirty: the command that is running has changed something.
	dirty bool
	// highest is at least the highest version of any key or tombstone.
	highest uint64
	// keepDue: due keys are removed only when a write meets them (DEBUG SET-ACTIVE-EXPIRE 0).
	keepDue bool
	// expired counts keys removed because of their deadline.
	expired uint64
	// expiredFields counts fields of hashes removed because of their deadline.
	expiredFields uint64
	// newestID is the highest id given to a space, or to a collection in parts.
	newestID uint64
	// waiters are the clients who wait for keys, and ready the keys that the command that is running made ready for them.
	waiters *waiters
	ready   []waitKey
	// scratch is where an element is put together before it goes into its collection.
	scratch []byte
	// ears is who listens to the machine; it is no part of the state, and stays when that is replaced.
	ears *ears
	// usage is how accesses are noted, likewise.
	usage *usage
}

// database is one of SELECT's. A key is in keys, in tombstones, or in neither.
type database struct {
	keys       *space // whose times are the keys' deadlines
	tombstones *space // whose times are when each of them is purged
	parts      *space // of the collections that are in parts
	explicit   int    // how many objects of keys have flagExplicit
	// indexes find the parts of each collection that is in parts, by its id.
	indexes map[uint64]index
}

// spaces are all of the database's.
func (db *database) spaces() [3]*space { return [3]*space{db.keys, db.tombstones, db.parts} }

func newKeyspace(h hasher) *keyspace {
	ks := &keyspace{hasher: h, heap: arena.NewHeap(), waiters: newWaiters(), ears: new(ears), usage: new(usage)}
	for i := range ks.databases {
		ks.databases[i] = database{keys: ks.newSpace(), tombstones: ks.newSpace(), parts: ks.newSpace(), indexes: map[uint64]index{}}
	}
	ks.loaded, ks.accounts = newLoaded(ks.newSpace()), newAccounts()
	return ks
}

// spaces are those of all databases, and that of what is loaded, in the order of a state.
func (ks *keyspace) spaces() []*space {
	all := make([]*space, 0, 3*Databases+1)
	for i := range ks.databases {
		spaces := ks.databases[i].spaces()
		all = append(all, spaces[:]...)
	}
	return append(all, ks.loaded.space)
}

// newSpace returns an empty space with an id of its own, the same on all nodes.
func (ks *keyspace) newSpace() *space { return newSpace(ks.newID(), ks.hasher, ks.heap.New()) }

// newID returns an id that no space and no collection has had, the same on all nodes.
func (ks *keyspace) newID() uint64 {
	ks.newestID++
	return ks.newestID
}

// due reports whether the object's deadline has come by the log's time.
func (ks *keyspace) due(db *database, o *Object) bool {
	at, ok := db.keys.times.of(o)
	return ok && at <= ks.now
}

// endCommand counts the command that ran if it changed something.
func (ks *keyspace) endCommand() {
	if ks.dirty {
		ks.revision++
		ks.dirty = false
	}
}

// entry is a key's place in a database, looked up once by a command that writes, then read and changed through it.
type entry struct {
	db        *database
	hash      uint64
	key       []byte
	object    *Object // nil: no such key
	tombstone *Object // what is left of a removed key; not together with object
}

// edit notes that the entry's object, which is there, is about to change, and returns it to be changed: the one call to
// make before anything of it is written.
func (e *entry) edit() editable { return e.db.keys.edit(e.object) }

// entry finds a key for writing. A key that is due is removed at once.
func (ks *keyspace) entry(db *database, key []byte) entry {
	e := entry{db: db, hash: ks.hasher.hash(key), key: key}
	e.object = db.keys.find(e.hash, key)
	if e.object != nil && ks.due(db, e.object) {
		ks.expire(&e)
	} else if e.object == nil && db.tombstones.len() > 0 {
		e.tombstone = db.tombstones.find(e.hash, key)
	}
	return e
}

// putString makes the key hold a string, with the stamp's version. A deadline that the key has stays.
func (ks *keyspace) putString(e *entry, value []byte, s stamp) {
	if e.object == nil {
		ks.create(e, KindString, value)
	} else {
		ks.dropParts(e)
		o := e.edit()
		o.kind = KindString
		o.setString(value)
	}
	ks.stamp(e, s)
}

// create adds an object for a key that is missing. A tombstone of it goes.
func (ks *keyspace) create(e *entry, kind Kind, value []byte) {
	if e.tombstone != nil {
		e.db.tombstones.remove(e.hash, e.tombstone)
		e.tombstone = nil
	}
	e.object = newObject(e.db.keys.memory, kind, e.key, value)
	e.db.keys.insert(e.hash, e.object)
	ks.notify(e.db, EventNew, "new", e.key)
}

// remove takes the key away, as a change of the running command.
func (ks *keyspace) remove(e *entry) {
	ks.drop(e)
	ks.dirty = true
}

// drop takes the key's object out of the database and leaves a tombstone if one is needed.
func (ks *keyspace) drop(e *entry) {
	ks.dropParts(e)
	o := e.object
	e.object = nil
	if o.flags&flagExplicit != 0 {
		e.db.explicit--
	}
	if ks.needsTombstone(o) {
		ks.bury(e, o)
	}
	ks.changed(o.key())
	e.db.keys.remove(e.hash, o) // last, as it may free the object
}

// expire takes a key away that is due.
func (ks *keyspace) expire(e *entry) {
	ks.expired++
	ks.notify(e.db, EventExpired, "expired", e.object.key()) // its bytes go with the object
	ks.drop(e)
}

// setDeadline makes the key expire at the Unix millisecond at. The version stays; WATCH sees a change.
func (ks *keyspace) setDeadline(e *entry, at int64) {
	if old, ok := e.db.keys.times.of(e.object); ok && old == at {
		return
	}
	e.db.keys.setTime(e.object, at)
	ks.revise(e.db.keys, e.object)
}

// clearDeadline makes the key stay for ever, and reports whether it had a deadline.
func (ks *keyspace) clearDeadline(e *entry) bool {
	if e.object.deadline == 0 {
		return false
	}
	e.db.keys.clearTime(e.object)
	ks.revise(e.db.keys, e.object)
	return true
}

// revise marks an object of a space as changed by the running command.
func (ks *keyspace) revise(s *space, o *Object) {
	s.edit(o).revision = ks.revision + 1
	ks.dirty = true
	ks.usage.touch(o, ks.now)
	if o.kind != kindTombstone {
		ks.changed(o.key())
	}
}

// flush removes every key of a database, by giving it a fresh space.
func (ks *keyspace) flush(db *database) {
	if db.keys.len() == 0 {
		return
	}
	old := *db
	db.keys, db.parts, db.indexes = ks.newSpace(), ks.newSpace(), map[uint64]index{}
	db.explicit = 0
	ks.dirty = true
	if old.explicit > 0 || ks.highest > ks.revision { // or else no key needs a tombstone
		old.keys.each(func(o *Object) bool {
			if ks.needsTombstone(o) {
				ks.bury(&entry{db: db, hash: ks.hasher.hash(o.key())}, o)
			}
			return true
		})
	}
	old.keys.drop()
	old.parts.drop()
	ks.signalAll(ks.numberOf(db))
}

// swap exchanges two databases, tombstones and all.
func (ks *keyspace) swap(i, j int) {
	a, b := &ks.databases[i], &ks.databases[j]
	if i == j || a.empty() && b.empty() {
		return
	}
	*a, *b = *b, *a
	ks.dirty = true
	ks.signalAll(i)
	ks.signalAll(j)
}

func (db *database) empty() bool { return db.keys.len() == 0 && db.tombstones.len() == 0 }
