package replication

import (
	"sync"
	"testing"
)

// Nothing that reaches the loop from several sides at once is left lying, and no two turns run at once.
func TestWhatComesDuringATurnGetsOne(t *testing.T) {
	g := newCluster(t, 1, nil).leader().group
	const each, sides = 2000, 8
	var left sync.WaitGroup
	var sum int // the loop's: turns follow one another
	left.Add(each * sides)
	for range sides {
		go func() {
			for range each {
				g.inbox.control(func() { sum++; left.Done() })
			}
		}()
	}
	left.Wait()
	if sum != each*sides {
		t.Errorf("%d of %d seen: two turns ran at once", sum, each*sides)
	}
}

// idleLoop is a loop whose turns only the test makes.
func idleLoop(t *testing.T) *loop {
	a := newAlone(t, newDisk(), 1)
	a.settle()
	t.Cleanup(a.Crash)
	a.loop.turning.open()
	return a.loop
}

// control has the next turn call f, and makes none.
func (l *loop) control(f func()) {
	l.g.inbox.mu.Lock()
	l.g.inbox.controls = append(l.g.inbox.controls, f)
	l.g.inbox.mu.Unlock()
}

// Whoever causes a turn makes it; what comes meanwhile is left to the loop's own goroutine.
func TestATurnIsMadeByWhoCausesIt(t *testing.T) {
	l := idleLoop(t)
	made, more := false, false
	l.control(func() {
		made = true
		l.control(func() { more = true })
		if !l.react() {
			t.Error("while a turn is under way somebody else is to make another")
		}
	})
	if l.react() || !made || more {
		t.Errorf("its own turn made: %v, the one that something came in: %v", made, more)
	}
	l.turnHere(false)
	if !more {
		t.Error("what came during the turn was left lying")
	}
}

// Before the core is there, and after the end, nobody makes a turn.
func TestNoTurnIsMadeOfALoopThatIsNotOpen(t *testing.T) {
	l := idleLoop(t)
	made := false
	l.turning.close()
	l.control(func() { made = true })
	if l.react() || made {
		t.Error("a turn was made")
	}
	l.turning.open()
	l.closing.over = true
	if l.react() || l.turnHere(false) || made {
		t.Error("a turn was made after the last")
	}
}
