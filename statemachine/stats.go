package statemachine

// Stats are figures for INFO, as of one moment.
type Stats struct {
	// Databases has one element for each database.
	Databases [Databases]DatabaseStats
	// Tombstones is how many removed keys' versions are remembered, in all databases.
	Tombstones int
	// Revision counts the applied writes that changed something.
	Revision uint64
	// Slot is the newest applied one, and TimeMS its time in Unix milliseconds.
	Slot   uint64
	TimeMS int64
	// Expired counts the keys removed because of their deadline. The log decides it, so it outlives restarts.
	Expired uint64
	// Waiting is how many clients of this node are in line for keys.
	Waiting int
	// Evicted counts the keys that were evicted since the start of this node, as it applied that.
	Evicted uint64
	// Left is how many removed collections have memory that has not been freed yet, and Freed how many had it since the start of this node.
	Left  int
	Freed uint64
	// ExpiredFields counts the fields of hashes removed because of theirs, likewise.
	ExpiredFields uint64
	// Scripts, Libraries and Functions are how many are loaded.
	Scripts, Libraries, Functions int
	// ScriptBytes and LibraryBytes are what the texts of scripts and libraries take.
	ScriptBytes, LibraryBytes int
	// Hits and Misses count this node's reads of keys, since it started.
	Hits, Misses uint64
}

// DatabaseStats are the figures of one database.
type DatabaseStats struct {
	// Keys counts all keys, Expires those with a deadline.
	Keys, Expires int
	// AvgTTL is an estimate of the mean time to live of those, in milliseconds.
	AvgTTL int64
}

// Stats returns the figures. Safe from any goroutine but in Replies.
func (m *Machine) Stats() Stats {
	m.mu.RLock()
	defer m.mu.RUnlock()
	s := Stats{Revision: m.ks.revision, Slot: m.slot, TimeMS: m.ks.now, Expired: m.ks.expired, ExpiredFields: m.ks.expiredFields, Evicted: m.evicted.Load(),
		Left: int(m.left.Load()), Freed: m.freed.Load(),
		Waiting: int(m.waiters.waiting.Load()), Hits: m.hits.Load(), Misses: m.misses.Load(),
		Scripts: m.ks.loaded.scripts, Libraries: len(m.ks.loaded.libraries), Functions: len(m.ks.loaded.functions),
		ScriptBytes: m.ks.loaded.scriptBytes, LibraryBytes: m.ks.loaded.libraryBytes}
	for i := range m.ks.databases {
		db := &m.ks.databases[i]
		s.Databases[i] = DatabaseStats{Keys: db.keys.len(), Expires: db.keys.times.len(), AvgTTL: db.keys.times.mean(m.ks.now)}
		s.Tombstones += db.tombstones.len()
	}
	return s
}
