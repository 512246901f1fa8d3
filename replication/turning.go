package replication

import (
	"sync"
	"sync/atomic"
)

// turning says whose turn it is to be the loop. What reaches a node concerns the core within microseconds, and a change of goroutines
// takes as long as the core does; so a connection's event loop, a link's reader and the saver each make the turn that
// they cause, and only what comes while one is under way is left to the loop's own goroutine.
type turning struct {
	mu sync.Mutex // held for the length of a turn
	// due says that something has come since the newest turn began.
	due    atomic.Bool
	isOpen bool // guarded by mu: the core is there, and the loop is not over
}

func (t *turning) open() {
	t.mu.Lock()
	t.isOpen = true
	t.mu.Unlock()
}

func (t *turning) close() {
	t.mu.Lock()
	t.isOpen = false
	t.mu.Unlock()
}

// turnHere makes turns on the loop's own goroutine until nothing is due. It reports false at the loop's end.
func (l *loop) turnHere(ticked bool) bool {
	for again := true; again; again = l.turning.due.Load() {
		l.turning.mu.Lock()
		if l.closing.over {
			l.turning.mu.Unlock()
			return false
		}
		l.turning.due.Store(false)
		l.turn(ticked)
		over := l.closing.over
		l.turning.mu.Unlock()
		if over {
			return false
		}
		ticked = false
	}
	return true
}

// react makes one turn on the caller's goroutine. It reports false if the loop's own has to go on: something came meanwhile, or
// this was the last turn. While a turn is under way there is nothing to do: whoever makes it looks at due afterwards.
func (l *loop) react() bool {
	t := &l.turning
	t.due.Store(true)
	if !t.mu.TryLock() {
		return true
	}
	if !t.isOpen || l.closing.over {
		t.mu.Unlock()
		return false
	}
	t.due.Store(false)
	l.turn(false)
	over := l.closing.over
	t.mu.Unlock()
	return !over && !t.due.Load()
}
