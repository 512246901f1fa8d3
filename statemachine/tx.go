package statemachine

import "sync/atomic"

// Tx is what a handler works on: one database selected, the time, a source of chance, and the way to keys. A command
// that only reads uses lookup and peek and changes nothing, as it may run beside other readers; a command that writes
// uses entry and the keyspace's own methods. A Tx belongs to one goroutine.
type Tx struct {
	ks *keyspace
	db int
	// now is the time in Unix milliseconds: the log's, or in a view the later of the log's and the local clock.
	now int64
	// due: a key was met that is due by now but not yet by the log.
	due    bool
	random *random
	// mayBlock: the command is neither in a transaction nor in a script, so its client may wait.
	mayBlock bool
	// maxString is the longest string in bytes that a command may make.
	maxString int
	// user is whose permissions scripts have; nil: those of somebody who may do everything.
	user *User
	// denials are what the scripts of the command at hand had no permission for, the first of them.
	denials []Denial
	// scripts runs scripts and functions.
	scripts scriptRunner

	// direct: the command at hand is one of those that publish, and not a script that calls one, where a number of receivers, which
	// differs between nodes, could come into the state.
	direct bool
	// noTouch: reads leave no trace of when they were (CLIENT NO-TOUCH), TOUCH's apart.
	noTouch      bool
	hits, misses uint64
}

// database is the selected one.
func (tx *Tx) database() *database { return &tx.ks.databases[tx.db] }

// entry finds a key of the selected database for writing.
func (tx *Tx) entry(key []byte) entry { return tx.ks.entry(tx.database(), key) }

// lookup finds a key for reading: nil if it is missing or due. It counts as an access.
func (tx *Tx) lookup(key []byte) *Object {
	o := tx.peek(key)
	if o == nil {
		tx.misses++
		tx.missed(key)
		return nil
	}
	tx.hits++
	if !tx.noTouch {
		tx.ks.usage.touch(o, tx.now)
	}
	return o
}

// peek is lookup without an access.
func (tx *Tx) peek(key []byte) *Object {
	db := tx.database()
	o := db.keys.find(tx.ks.hasher.hash(key), key)
	if o == nil || !tx.visible(db, o) {
		return nil
	}
	return o
}

// visible reports whether the object is not due, and notes when only the local clock says that it is.
func (tx *Tx) visible(db *database, o *Object) bool {
	at, ok := db.keys.times.of(o)
	if !ok || at > tx.now {
		return true
	}
	if at > tx.ks.now {
		tx.due = true
	}
	return false
}

// version is a key's version, its tombstone's, or 0.
func (tx *Tx) version(key []byte) uint64 {
	db, hash := tx.database(), tx.ks.hasher.hash(key)
	if o := db.keys.find(hash, key); o != nil {
		if tx.visible(db, o) || tx.ks.needsTombstone(o) {
			return o.version
		}
		return 0
	}
	if t := db.tombstones.find(hash, key); t != nil {
		return t.version
	}
	return 0
}

// size is the number of keys that are not due.
func (tx *Tx) size() int {
	db := tx.database()
	due := db.keys.times.due(tx.ks.now)
	if db.keys.times.due(tx.now) > due {
		tx.due = true
	}
	return db.keys.len() - due
}

// lookupString finds a key that holds a string. ok is false, and the error replied, if it holds something else.
func (tx *Tx) lookupString(key []byte, reply Reply) (o *Object, ok bool) {
	return stringOrError(tx.lookup(key), reply)
}

// oldString is stringOrError for a command that writes and replies with the value before: to miss that is a miss.
func (tx *Tx) oldString(e *entry, reply Reply) (*Object, bool) {
	if e.object == nil {
		tx.missed(e.key)
	}
	return stringOrError(e.object, reply)
}

// entryString finds a key for writing that is missing or holds a string, as lookupString.
func (tx *Tx) entryString(key []byte, reply Reply) (entry, bool) {
	e := tx.entry(key)
	_, ok := stringOrError(e.object, reply)
	return e, ok
}

func stringOrError(o *Object, reply Reply) (*Object, bool) { return kindOrError(o, KindString, reply) }

// lookupKind finds a key that holds a value of a kind. ok is false, and the error replied, if it holds something else; o is nil, with ok,
// if the key is missing.
func (tx *Tx) lookupKind(key []byte, kind Kind, reply Reply) (o *Object, ok bool) {
	return kindOrError(tx.lookup(key), kind, reply)
}

// entryKind finds a key for writing that is missing or holds a value of a kind, as lookupKind.
func (tx *Tx) entryKind(key []byte, kind Kind, reply Reply) (entry, bool) {
	e := tx.entry(key)
	_, ok := kindOrError(e.object, kind, reply)
	return e, ok
}

func kindOrError(o *Object, kind Kind, reply Reply) (*Object, bool) {
	if o != nil && o.kind != kind {
		reply.Error(errWrongType)
		return nil, false
	}
	return o, true
}

// nextStamp is keyspace.nextStamp with the error replied.
func (tx *Tx) nextStamp(e *entry, reply Reply) (stamp, bool) {
	s, ok := tx.ks.nextStamp(e)
	if !ok {
		reply.Error(errVersionOverflow)
	}
	return s, ok
}

// begin makes the Tx ready for a command in a database.
func (tx *Tx) begin(db int) { tx.db = db }

// count adds the accesses since the last call to the machine's counters.
func (tx *Tx) count(hits, misses *atomic.Uint64) {
	if tx.hits != 0 {
		hits.Add(tx.hits)
	}
	if tx.misses != 0 {
		misses.Add(tx.misses)
	}
	tx.hits, tx.misses = 0, 0
}
