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

// bury makes a removed object its key's tombstone.
func (ks *keyspace) bury(e *entry, o *Object) {
	o.dropValue()
	o.kind, o.flags = kindTombstone, 0
	e.tombstone = o
	e.db.tombstones.insert(e.hash, o)
	e.db.purges.set(o, ks.purgeTime())
}

// exhume takes the key's tombstone away, to be made the key's object again.
func (ks *keyspace) exhume(e *entry) {
	e.db.purges.remove(e.tombstone)
	e.db.tombstones.remove(e.hash, e.tombstone)
	e.tombstone = nil
}

// leaveTombstone raises the version of a missing key to n, by a delete that carries it.
func (ks *keyspace) leaveTombstone(e *entry, n uint64) {
	if e.tombstone == nil {
		ks.bury(e, newObject(kindTombstone, e.key, nil))
	}
	t := e.tombstone
	t.version = n
	e.db.purges.set(t, ks.purgeTime())
	ks.highest = max(ks.highest, n)
	ks.revise(t)
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
		at, db, o := ks.earliest(func(db *database) *deadlines { return &db.purges })
		if o == nil || at > ks.now {
			return
		}
		db.purges.remove(o)
		db.tombstones.remove(ks.hasher.hash(o.key()), o)
	}
}
