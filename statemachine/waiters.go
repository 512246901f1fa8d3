package statemachine

import (
	"math"
	"slices"
	"sync"
	"sync/atomic"
)

// Waiter is a client that waits for keys.
type Waiter interface {
	// Ready says that one of the keys may have something: the command is to be run again. It is called with locks held, so it must not
	// block nor call back, and not again before the command has blocked another time.
	Ready()
	// Lane is what runs the command again, comparable: the commands of one lane come into the log in the order in which they were made
	// Ready, those of several in any.
	Lane() any
}

// waiters are the clients of this node that wait for keys, in lines by key, those that wait longest first. They are this node's own: the
// log decides only the commands that are run again. Safe for use by several goroutines.
type waiters struct {
	waiting atomic.Int64 // how many there are
	mu      sync.Mutex
	lines   map[waitKey][]*wait
	waits   map[Waiter]*wait
}

// waitKey is a key of a database.
type waitKey struct {
	db  int
	key string
}

// wait is one waiter in the lines of its keys.
type wait struct {
	waiter Waiter
	kind   Kind // of the values it waits for
	keys   []waitKey
	group  bool // that a key has no stream concerns it, too
	asked  bool // Ready has been called, and the command has not blocked again yet
}

func newWaiters() *waiters {
	return &waiters{lines: map[waitKey][]*wait{}, waits: map[Waiter]*wait{}}
}

// any reports whether anybody waits.
func (w *waiters) any() bool { return w.waiting.Load() > 0 }

// add puts a waiter at the end of the lines of its keys; one that has been there keeps its place.
func (w *waiters) add(waiter Waiter, b *Block) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if known := w.waits[waiter]; known != nil {
		known.asked = false
		return
	}
	it := &wait{waiter: waiter, kind: b.Kind, group: b.Group}
	for _, key := range b.Keys {
		k := waitKey{b.DB, string(key)}
		if !slices.Contains(it.keys, k) {
			it.keys = append(it.keys, k)
			w.lines[k] = append(w.lines[k], it)
		}
	}
	w.waits[waiter] = it
	w.waiting.Add(1)
}

// remove takes a waiter out of all lines. If it has been asked, others may have to be in its place: those keys are returned.
func (w *waiters) remove(waiter Waiter) (instead []waitKey) {
	w.mu.Lock()
	defer w.mu.Unlock()
	it := w.waits[waiter]
	if it == nil {
		return nil
	}
	delete(w.waits, waiter)
	w.waiting.Add(-1)
	for _, k := range it.keys {
		line := w.lines[k]
		if line = slices.Delete(line, slices.Index(line, it), slices.Index(line, it)+1); len(line) == 0 {
			delete(w.lines, k)
		} else {
			w.lines[k] = line
		}
	}
	if it.asked {
		return it.keys
	}
	return nil
}

// wake asks the first n waiters for a kind in a key's line, but for those who have been asked already. So that they get their turns in that order, it
// asks none of another lane than the one before: it is called again when that one is through.
func (w *waiters) wake(k waitKey, kind Kind, n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var first *wait
	for _, it := range w.lines[k] {
		switch {
		case it.kind != kind:
			continue
		case first == nil:
			first = it
		case it.waiter.Lane() != first.waiter.Lane():
			return
		}
		if n == 0 {
			return
		}
		n--
		it.ask()
	}
}

// wakeGroups asks all who read a key for a group: there is an error for them.
func (w *waiters) wakeGroups(k waitKey) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, it := range w.lines[k] {
		if it.group {
			it.ask()
		}
	}
}

// wakeAll asks everybody.
func (w *waiters) wakeAll() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, it := range w.waits {
		it.ask()
	}
}

func (it *wait) ask() {
	if !it.asked {
		it.asked = true
		it.waiter.Ready()
	}
}

// Await puts a client whose command has just blocked (Blocker) in line for its keys. It is called before the view sees another state: what
// is written from then on makes it Ready.
func (v *View) Await(w Waiter, b *Block) { v.m.waiters.add(w, b) }

// Forget takes a client out of its lines, if it is in any, for good. What it had been asked to look at goes to the next in line. It may run
// beside Apply, from any goroutine that holds no view.
func (m *Machine) Forget(w Waiter) {
	instead := m.waiters.remove(w)
	if len(instead) == 0 {
		return
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	for _, k := range instead {
		m.wakeFor(k)
	}
}

// wakeFor asks as many waiters as a key has something for.
func (m *Machine) wakeFor(k waitKey) {
	db := &m.ks.databases[k.db]
	o := db.keys.find(m.ks.hasher.hash([]byte(k.key)), []byte(k.key))
	if o == nil || o.kind != KindStream {
		m.waiters.wakeGroups(k)
	}
	if o != nil {
		m.waiters.wake(k, o.kind, m.ks.available(db, o))
	}
}

// available is for how many waiters an object has something.
func (ks *keyspace) available(db *database, o *Object) int {
	switch o.kind {
	case KindList:
		l := ks.list(db, o)
		return l.len()
	case KindZSet:
		t := ks.elements(db, o)
		return t.len()
	case KindStream:
		return math.MaxInt // its entries are not taken away
	}
	return 0
}

// wakeReady asks the waiters of the keys that the command that has just run made ready.
func (m *Machine) wakeReady() {
	for _, k := range m.ks.ready {
		m.wakeFor(k)
	}
	clear(m.ks.ready)
	m.ks.ready = m.ks.ready[:0]
}

// signal notes that a key's value has changed, for those who wait for it.
func (ks *keyspace) signal(db *database, o *Object) {
	if !ks.waiters.any() || !o.kind.isCollection() {
		return
	}
	ks.noteReady(waitKey{ks.numberOf(db), string(o.key())})
}

// signalAll notes that all keys of a database are others.
func (ks *keyspace) signalAll(db int) {
	if !ks.waiters.any() {
		return
	}
	ks.waiters.mu.Lock()
	defer ks.waiters.mu.Unlock()
	for k := range ks.waiters.lines {
		if k.db == db {
			ks.noteReady(k)
		}
	}
}

func (ks *keyspace) noteReady(k waitKey) {
	if !slices.Contains(ks.ready, k) {
		ks.ready = append(ks.ready, k)
	}
}
