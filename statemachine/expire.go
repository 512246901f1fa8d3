package statemachine

// expirePerApply bounds the due keys that one Apply removes. What is left is invisible already, and NextDeadline still
// says that it is due, so the rest goes with the next slots.
const expirePerApply = 1024

// removeDue removes keys and fields whose time is over, and has it told that this is done.
func (m *Machine) removeDue() {
	if at := m.ks.nextDeadline(); at == 0 || at > m.ks.now {
		return
	}
	if m.ears.events == nil {
		m.ks.removeAllDue()
		return
	}
	m.ears.events.Expiring()
	m.ks.removeAllDue()
	m.ears.events.Expired()
}

// removeAllDue removes as much as one Apply does.
func (ks *keyspace) removeAllDue() {
	ks.removeDue(expirePerApply)
	ks.removeDueFields(expirePerApply)
}

// removeDue removes keys whose deadline has come, in the order of deadline, database, key, at most limit of them.
func (ks *keyspace) removeDue(limit int) {
	if ks.keepDue {
		return
	}
	for range limit {
		at, db, o := ks.earliest(func(db *database) *space { return db.keys })
		if o == nil || at > ks.now {
			return
		}
		ks.expire(&entry{db: db, hash: ks.hasher.hash(o.key()), object: o})
	}
}

// removeDueFields removes fields of hashes whose deadline has come, part by part of their hashes, in the order of the part's first deadline,
// database, part, until limit of them are gone: more of them at most than one part has. For each part that is a change of the value, with a
// new version, and a revision that WATCH sees. A hash without fields goes.
func (ks *keyspace) removeDueFields(limit int) {
	if ks.keepDue {
		return
	}
	for limit > 0 {
		at, db, part := ks.earliest(func(db *database) *space { return db.parts })
		if part == nil || at > ks.now {
			return
		}
		limit -= ks.expireFields(db, part)
	}
}

// expireFields removes what is due of a part, and returns how many fields those are.
func (ks *keyspace) expireFields(db *database, part *Object) (removed int) {
	owner := indexOfElements(db.indexes[partOf(part)]).owner
	e := entry{db: db, hash: ks.hasher.hash(owner.key()), object: owner}
	s, ok := ks.nextStamp(&e)
	if !ok {
		s = stamp{version: maxVersion} // it cannot be refused, and there is none above
	}
	t := ks.elements(db, owner)
	removed = t.removeDue(block{part, 0}, ks.now)
	ks.expiredFields += uint64(removed)
	ks.notify(db, EventHash, "hexpired", owner.key())
	if t.len() == 0 {
		ks.notify(db, EventGeneric, "del", owner.key()) // its bytes go with the object
	}
	ks.wrote(&e, t.len(), s)
	ks.endCommand()
	return removed
}

// hasDueFields reports whether fields of a key's hash are due that have not been removed yet.
func (ks *keyspace) hasDueFields(db *database, o *Object) bool {
	at, part := db.parts.times.first()
	if part == nil || at > ks.now || o.kind != KindHash || !o.inParts() {
		return false
	}
	for part := range db.indexes[o.partsID()].all() {
		if at, timed := db.parts.times.of(part); timed && at <= ks.now {
			return true
		}
	}
	return false
}

// earliest finds the object with the earliest time of one space of each database; of equal ones the lowest database's.
func (ks *keyspace) earliest(which func(*database) *space) (at int64, db *database, first *Object) {
	for i := range ks.databases {
		t, o := which(&ks.databases[i]).times.first()
		if o != nil && (first == nil || t < at) {
			at, db, first = t, &ks.databases[i], o
		}
	}
	return at, db, first
}

// nextDeadline is the Unix millisecond of the next removal, at least 1; 0 if there is none.
func (ks *keyspace) nextDeadline() int64 {
	at, _, key := ks.earliest(func(db *database) *space { return db.keys })
	first, _, part := ks.earliest(func(db *database) *space { return db.parts })
	switch {
	case ks.keepDue || key == nil && part == nil:
		return 0
	case key == nil || part != nil && first < at:
		at = first
	}
	return max(1, at)
}
