package statemachine

import "math"

// maxVersion is the highest version: RESP integers are signed.
const maxVersion = math.MaxInt64

// stamp is the version that a write gives its key.
type stamp struct {
	version  uint64
	explicit bool // the client said it (VER)
}

// version is the key's version: its own, its tombstone's, or 0.
func (e *entry) version() uint64 {
	switch {
	case e.object != nil:
		return e.object.version
	case e.tombstone != nil:
		return e.tombstone.version
	}
	return 0
}

// nextStamp is what a write without a version gives the key: max(version + 1, revision), where the revision counts
// this write too. As the revision grows with every write, a key that is removed and made again never repeats a
// version. ok is false when the key is at the highest version.
func (ks *keyspace) nextStamp(e *entry) (s stamp, ok bool) {
	v := e.version()
	if v >= maxVersion {
		return stamp{}, false
	}
	return stamp{version: max(v+1, ks.revision+1)}, true
}

// stamp gives the key's object its new version.
func (ks *keyspace) stamp(e *entry, s stamp) {
	o := e.edit()
	if o.flags&flagExplicit != 0 {
		e.db.explicit--
	}
	o.flags &^= flagExplicit
	if s.explicit {
		o.flags |= flagExplicit
		e.db.explicit++
	}
	o.version = s.version
	ks.highest = max(ks.highest, s.version)
	ks.revise(e.db.keys, o.Object)
	ks.signal(e.db, o.Object)
}

// condition is what VER and IFVER ask of a write.
type condition struct {
	given bool
	exact bool   // IFVER
	n     uint64 // VER's new version or IFVER's expected one
}

// allows reports whether the condition holds for a key at a version.
func (c condition) allows(version uint64) bool {
	switch {
	case !c.given:
		return true
	case c.exact:
		return version == c.n
	}
	return c.n > version
}

// stamp is what a write under this condition, which holds, gives the key; ok is as nextStamp's.
func (c condition) stamp(ks *keyspace, e *entry) (s stamp, ok bool) {
	if c.given && !c.exact {
		return stamp{version: c.n, explicit: true}, true
	}
	return ks.nextStamp(e)
}
