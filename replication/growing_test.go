package replication

import (
	"testing"
	"time"
)

// growingLoop is a loop without a core, with a lane.
func growingLoop() (*loop, *Lane) {
	g, lane := newLaneAlone(time.Hour)
	g.cfg.Bounds.ChunkBytes = 2 * grownBytes
	g.cfg.Bounds.BatchGrowth, g.cfg.Bounds.BatchAlone = time.Millisecond, 2*time.Millisecond
	g.applier, g.origin = &applier{}, newOrigin(&g.cfg)
	l := &loop{g: g}
	l.now.Mono = 1
	return l, lane
}

func TestABatchGoesAtOnceWhenNothingWouldMakeItGrow(t *testing.T) {
	l, lane := growingLoop()
	put(lane, 1)
	if !l.isGrown(0) {
		t.Error("it waits")
	}
}

func TestABatchGrowsUntilClientsAreAnswered(t *testing.T) {
	l, lane := growingLoop()
	put(lane, 1)
	l.g.chosen.Store(7)
	if l.isGrown(0) {
		t.Error("it goes while slots chosen are not applied")
	}
	lane.Answering(2)
	l.g.applier.applied.Store(7)
	lane.Answered(1)
	if l.isGrown(0) {
		t.Error("it goes while replies are being written")
	}
	for len(l.g.inbox.wake) > 0 {
		<-l.g.inbox.wake
	}
	lane.Answered(1)
	if len(l.g.inbox.wake) == 0 {
		t.Error("the loop is not told that they have been")
	}
	if !l.isGrown(0) {
		t.Error("it waits for nothing")
	}
}

func TestABatchGrowsWhileAnotherIsOnItsWay(t *testing.T) {
	l, lane := growingLoop()
	put(lane, 1)
	if l.isGrown(1) {
		t.Error("a small one goes")
	}
	put(lane, grownBytes)
	if !l.isGrown(1) {
		t.Error("one that is large waits")
	}
	lane.collect()
	if l.isGrown(1) {
		t.Error("what was taken still counts")
	}
}

// Whoever holds a batch up for long has something else to do: a stuck event loop, a network with long ways.
func TestABatchGrowsNoLongerThanItMay(t *testing.T) {
	for inFlight, most := range []time.Duration{time.Millisecond, 2 * time.Millisecond} {
		l, lane := growingLoop()
		lane.Answering(1)
		if l.isGrown(inFlight) {
			t.Fatalf("%d in flight: it does not wait", inFlight)
		}
		l.now.Mono += int64(most) - 1
		if l.isGrown(inFlight) {
			t.Fatalf("%d in flight: it goes too early", inFlight)
		}
		l.now.Mono++
		if !l.isGrown(inFlight) {
			t.Fatalf("%d in flight: it waits for longer than it may", inFlight)
		}
	}
}

// The time that a batch before it was on its way is no part of the time that one grows for.
func TestTheTimeToGrowBeginsWhenNothingIsOnItsWay(t *testing.T) {
	l, lane := growingLoop()
	lane.Answering(1)
	for _, inFlight := range []int{0, 1, 0, 1} {
		if l.isGrown(inFlight) {
			t.Errorf("%d in flight: it does not wait", inFlight)
		}
		l.now.Mono += int64(time.Millisecond)
	}
}

// A lane has the loop look at it when there is room for a large batch and it has one.
func TestALaneWakesTheLoopForALargeBatch(t *testing.T) {
	l, lane := growingLoop()
	l.g.wantsGrown.Store(true)
	put(lane, grownBytes/2)
	if len(l.g.inbox.wake) != 0 {
		t.Error("it does so for a small one")
	}
	put(lane, grownBytes/2)
	if len(l.g.inbox.wake) == 0 {
		t.Error("it does not")
	}
}
