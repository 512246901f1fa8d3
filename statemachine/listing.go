package statemachine

import "slices"

const (
	// listingFrom is how many keys a database has for whose list bites are worth their while.
	listingFrom = 10_000
	// listingBite is how many keys a bite looks at: about half a millisecond's work.
	listingBite = 1000
	// listingRounds bounds how often keys that have changed meanwhile are looked at again before all that are left are, at once.
	listingRounds = 8
	// listingNoted bounds the keys that are noted as changed. Beyond it, or when the database is flushed or exchanged, the list begins anew.
	listingNoted = 1 << 20
	// listingBegins is how often it may do so before it is made in one bite.
	listingBegins = 3
)

// Listing is the answer to KEYS for a database with many keys, made in bites between which commands are applied. It is the list of one
// moment nevertheless, that of its last bite: keys that were made, removed or given a deadline since it began are noted, and looked at again,
// until those that are left can be looked at in the last bite. All other keys are now as they were when they were visited.
//
// Whether a deadline has come is told by the log's time alone, which follows the clock as the group lets it.
//
// It belongs to one goroutine, but for note.
type Listing struct {
	m        *Machine
	db       int
	match    func(key []byte) bool
	versions bool
	most     int

	space    *space
	begins   int
	cursor   uint64
	scanned  bool
	smallest int  // the smallest table so far
	repeats  bool // a table has shrunk, so that keys may have been visited twice
	keys     []byte
	found    []listedKey
	// noted are keys that have changed and are to be looked at again, pending those of them whose turn it is; looked at is what they were then.
	noted    map[string]struct{}
	pending  []string
	rounds   int
	lookedAt map[string]listedKey
	spoilt   bool // too many were noted
	now      int64
}

// listedKey is a key as it was when it was looked at.
type listedKey struct {
	start, end int // in keys, unless it was looked at again
	deadline   int64
	version    uint64
	missing    bool
}

// IsWorthListing reports whether a database has so many keys that List is better than a view. It may run beside Apply, from any goroutine.
func (m *Machine) IsWorthListing(db int) bool {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.ks.databases[db].keys.len() >= listingFrom
}

// List begins a list of a database's keys, KEYS pattern [WITHVER]. It is nil if the command is better run by a view: the database is small, or
// the arguments are wrong. A list whose keys take more than most bytes ends there. Close must be called. The arguments are kept.
func (m *Machine) List(db int, args Args, most int) *Listing {
	l := &Listing{m: m, db: db, versions: len(args) == 3 && is(args[2], "WITHVER"), most: most}
	if len(args) != 2 && !l.versions || db < 0 || db >= Databases {
		return nil
	}
	l.match = matcher(args[1])
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.ks.databases[db].keys.len() < listingFrom {
		return nil
	}
	l.begin()
	return l
}

// begin begins, anew if need be. The write lock is held.
func (l *Listing) begin() {
	l.leave()
	l.begins++
	l.space = l.m.ks.databases[l.db].keys
	l.space.listings = append(l.space.listings, l)
	l.cursor, l.scanned, l.smallest, l.repeats = 0, false, 0, false
	l.keys, l.found = l.keys[:0], l.found[:0]
	l.noted, l.pending, l.rounds, l.lookedAt = make(map[string]struct{}), nil, 0, make(map[string]listedKey)
	l.spoilt = false
}

// leave has the list told of changes no more. The write lock is held.
func (l *Listing) leave() {
	if s := l.space; s != nil {
		s.listings = slices.DeleteFunc(s.listings, func(other *Listing) bool { return other == l })
		l.space = nil
	}
}

// Close ends the list; Reply may still be called.
func (l *Listing) Close() {
	l.m.mu.Lock()
	defer l.m.mu.Unlock()
	l.leave()
}

// note takes in that a key changes. The write lock is held.
func (l *Listing) note(o *Object) {
	if l.spoilt || !l.match(o.key()) {
		return
	}
	if len(l.noted) >= listingNoted {
		l.spoilt, l.noted = true, nil
		return
	}
	l.noted[string(o.key())] = struct{}{}
}

// Next takes another bite. It reports true when the list is complete, or takes more than it may.
func (l *Listing) Next() (done bool) {
	l.m.mu.RLock()
	anew := l.spoilt || l.space != l.m.ks.databases[l.db].keys
	if !anew {
		done = l.bite(false)
	}
	l.m.mu.RUnlock()
	if anew {
		l.m.mu.Lock()
		defer l.m.mu.Unlock()
		if l.begin(); l.begins > listingBegins {
			return l.bite(true)
		}
	}
	return done
}

// bite does some of what there is to do, all of it if it is the last one. A lock is held.
func (l *Listing) bite(last bool) (done bool) {
	for {
		switch {
		case l.TooLong():
			return true
		case !l.scanned:
			l.scan()
		case len(l.pending) > 0:
			l.lookAgain()
		case len(l.noted) == 0:
			l.now = l.m.ks.now
			return true
		default:
			l.rounds++
			for key := range l.noted {
				l.pending = append(l.pending, key)
			}
			clear(l.noted)
			last = last || len(l.pending) <= listingBite || l.rounds > listingRounds
		}
		if !last {
			return false
		}
	}
}

// scan visits some keys.
func (l *Listing) scan() {
	for left := listingBite; left > 0; left-- {
		if size := l.space.smallestTable(); l.smallest > size {
			l.repeats = true
			l.smallest = size
		} else if l.smallest == 0 {
			l.smallest = size
		}
		l.cursor = l.space.scan(l.cursor, func(o *Object) {
			left--
			if l.match(o.key()) {
				at := l.look(o)
				at.start = len(l.keys)
				l.keys = append(l.keys, o.key()...)
				at.end = len(l.keys)
				l.found = append(l.found, at)
			}
		})
		if l.cursor == 0 {
			l.scanned = true
			return
		}
	}
}

// look is what there is to know of a key.
func (l *Listing) look(o *Object) listedKey {
	at, _ := l.space.times.of(o)
	return listedKey{deadline: at, version: o.version}
}

// lookAgain looks at some keys that have changed.
func (l *Listing) lookAgain() {
	n := min(len(l.pending), listingBite)
	for _, key := range l.pending[:n] {
		k := []byte(key)
		at := listedKey{missing: true}
		if o := l.space.find(l.m.ks.hasher.hash(k), k); o != nil {
			at = l.look(o)
		}
		l.lookedAt[key] = at
	}
	l.pending = l.pending[n:]
}

// TooLong reports whether the list was given up because it takes more than it may.
func (l *Listing) TooLong() bool { return len(l.keys) > l.most }

// isThere reports whether a key was there in the last bite.
func (l *Listing) isThere(k *listedKey) bool {
	return !k.missing && (k.deadline == 0 || k.deadline > l.now)
}

// Reply writes the reply, once Next has reported that the list is complete.
func (l *Listing) Reply(reply Reply) {
	var seen map[string]struct{}
	if l.repeats {
		seen = make(map[string]struct{}, len(l.found))
	}
	l.found = slices.DeleteFunc(l.found, func(k listedKey) bool {
		key := l.keys[k.start:k.end]
		if _, changed := l.lookedAt[string(key)]; changed || !l.isThere(&k) {
			return true
		}
		if seen == nil {
			return false
		}
		_, twice := seen[string(key)]
		seen[string(key)] = struct{}{}
		return twice
	})
	for key, k := range l.lookedAt {
		if l.isThere(&k) {
			k.start = len(l.keys)
			l.keys = append(l.keys, key...)
			k.end = len(l.keys)
			l.found = append(l.found, k)
		}
	}
	if l.versions {
		reply.Map(len(l.found))
	} else {
		reply.Array(len(l.found))
	}
	for i := range l.found {
		k := &l.found[i]
		reply.Bulk(l.keys[k.start:k.end])
		if l.versions {
			reply.Int(int64(k.version))
		}
	}
}
