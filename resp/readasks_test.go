package resp

import (
	"testing"
	"time"
)

func newAsksReads() *asksReads {
	return &asksReads{returns: newReturns(manyReaders, func() {}), since: time.Unix(1, 0)}
}

// TestASecondReadSlotIsAskedForWhenTheFirstIsLongAway, so that clients far from a majority do not wait for one another; a few never do.
func TestASecondReadSlotIsAskedForWhenTheFirstIsLongAway(t *testing.T) {
	a := newAsksReads()
	defer func() { a.returns.timer.Stop() }()
	if a.holds(a.since, true, manyReaders-1) {
		t.Error("a few readers are held up")
	}
	if a.returns.timer != nil {
		t.Error("there is a timer that nobody needs")
	}
	if !a.holds(a.since.Add(aloneReads-1), true, manyReaders) {
		t.Error("many do not wait for the slot that is under way")
	}
	if a.returns.timer == nil || !a.timed {
		t.Error("nothing will wake the loop")
	}
	if a.holds(a.since.Add(aloneReads), true, manyReaders) {
		t.Error("they wait for longer than they may")
	}
}

// TestReadersAreAwaitedAfterTheirSlot: when it has come, the next one is for those who were answered, too.
func TestReadersAreAwaitedAfterTheirSlot(t *testing.T) {
	a := newAsksReads()
	clients := make([]Client, manyReaders)
	for i := range clients {
		a.returns.expect(&clients[i].readReturnsIn)
	}
	for i := range clients {
		if held, want := a.holds(a.since, false, 1), i < manyReaders-manyReaders/returnShare; held != want {
			t.Fatalf("%d of %d are back, held: %v", i, manyReaders, held)
		}
		a.returns.back(&clients[i].readReturnsIn)
	}
	a.returns.timer.Stop()
}

// TestNobodyIsAwaitedWhileASlotIsUnderWay: the timer that wakes the loop for those who are awaited would be set anew for the slot's sake, and a loop
// whose slot came in between would wait for a timer that had gone off.
func TestNobodyIsAwaitedWhileASlotIsUnderWay(t *testing.T) {
	a := newAsksReads()
	clients := make([]Client, manyReaders)
	for i := range clients {
		a.returns.expect(&clients[i].readReturnsIn)
	}
	if a.holds(a.since, true, 1) || a.returns.waiting {
		t.Error("a few readers wait for those who were answered")
	}
	if !a.holds(a.since, true, manyReaders) || a.returns.waiting {
		t.Error("many do not wait for the slot alone")
	}
	a.returns.timer.Stop()
}
