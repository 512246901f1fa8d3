package statemachine

import "math"

// purgePerApply bounds the tombstones that one Apply purges.
const purgePerApply = 1024

// needsTombstone reports whether the removal of an object must leave its version behind: when its newest write carried
// a version, so that a late writer with an older one cannot bring the key back, and when its version is ahead of the
// revision, so that the key, made again without a version, does not go back.
func (ks *keyspace) needsTombstone(o *Object) bool {
	return o.flags&flagExplicit != 0 || o.version > ks.revision
}

// bury leaves a tombstone of an object that is removed, which stays as it is.
func (ks *keyspace) bury(e *entry, o *Object) {
	t := newObject(e.db.tombstones.memory, kindTombstone, o.key(), nil)
	t.version, t.revision = o.version, o.revision
	ks.insertTombstone(e, t)
}

// insertTombstone makes a new object the key's tombstone.
func (ks *keyspace) insertTombstone(e *entry, t *Object) {
	e.tombstone = t
	e.db.tombstones.insert(e.hash, t)
	e.db.tombstones.setTime(t, ks.purgeTime())
}

// leaveTombstone raises the version of a missing key to n, by a delete that carries it.
func (ks *keyspace) leaveTombstone(e *entry, n uint64) {
	if e.tombstone == nil {
		ks.insertTombstone(e, newObject(e.db.tombstones.memory, kindTombstone, e.key, nil))
	}
	tombstones := e.db.tombstones
	t := tombstones.edit(e.tombstone)
	t.version = n
	tombstones.setTime(t.Object, ks.purgeTime())
	ks.highest = max(ks.highest, n)
	ks.revise(tombstones, t.Object)
}

// retain sets how long a tombstone made from now on is kept.
func (ks *keyspace) retain(ms int64) {
	if ms <= 0 {
		ms = DefaultTombstoneRetention.Milliseconds()
	}
	ks.retention = ms
}

// purgeTime is when a tombstone made now goes.
func (ks *keyspace) purgeTime() int64 {
	if ks.now > math.MaxInt64-ks.retention {
		return math.MaxInt64
	}
	return ks.now + ks.retention
}

// purgeTombstones removes tombstones whose retention is over, oldest first, at most limit of them.
func (ks *keyspace) purgeTombstones(limit int) {
	for range limit {
		at, db, o := ks.earliest(func(db *database) *space { return db.tombstones })
		if o == nil || at > ks.now {
			return
		}
		db.tombstones.remove(ks.hasher.hash(o.key()), o)
	}
}
