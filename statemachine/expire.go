package statemachine

// expirePerApply bounds the due keys that one Apply removes. What is left is invisible already, and NextDeadline still
// says that it is due, so the rest goes with the next slots.
const expirePerApply = 1024

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
	at, _, o := ks.earliest(func(db *database) *space { return db.keys })
	if o == nil || ks.keepDue {
		return 0
	}
	return max(1, at)
}
