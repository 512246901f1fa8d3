package replication

import (
	"testing"
	"time"
)

// newLaneAlone returns a lane of a group without a loop: the test takes its place.
func newLaneAlone(timeout time.Duration) (*Group, *Lane) {
	g := &Group{clock: SystemClock{}, inbox: newInbox(Bounds{}), readers: &readers{}, refused: make(chan struct{})}
	g.cfg.Bounds = Bounds{ChunkBytes: 10, LaneChunks: 2}
	g.cfg.CommitTimeout = timeout
	g.lanes.Store(&[]*Lane{})
	return g, g.NewLane(&client{})
}

func put(l *Lane, bytes int) *item {
	c := l.Begin()
	if c.Replies == nil {
		c.Replies = &items{}
	}
	it := &item{done: make(chan result, 1)}
	c.Replies.(*items).list = append(c.Replies.(*items).list, it)
	c.Commands = append(c.Commands, make([]byte, bytes)...)
	c.Count++
	l.End(c)
	return it
}

func positions(l *Lane) (all []uint64) {
	for _, c := range l.held {
		all = append(all, c.position)
	}
	return all
}

func TestLaneGathersSmallCommandsInOneChunk(t *testing.T) {
	_, l := newLaneAlone(time.Hour)
	put(l, 2)
	put(l, 3)
	l.collect()
	if len(l.held) != 1 || l.held[0].Count != 2 || len(l.held[0].Commands) != 5 {
		t.Errorf("held %+v", l.held)
	}
}

func TestLaneCollectsInOrder(t *testing.T) {
	_, l := newLaneAlone(time.Hour)
	put(l, 10)
	put(l, 10)
	put(l, 1)
	l.collect()
	if got := positions(l); len(got) != 3 || got[0] != 1 || got[1] != 2 || got[2] != 3 {
		t.Errorf("chunks %v, want 1 2 3", got)
	}
}

// The loop has taken the open chunk when a younger one is closed: the older comes first all the same.
func TestLaneCollectsTheOpenChunkBeforeYoungerOnes(t *testing.T) {
	_, l := newLaneAlone(time.Hour)
	put(l, 10)
	put(l, 1)
	open := l.open.Swap(nil)
	put(l, 10) // position 3, closed
	l.open.Store(open)
	l.collect()
	if got := positions(l); len(got) != 3 || got[0] != 1 || got[1] != 2 || got[2] != 3 {
		t.Errorf("chunks %v, want 1 2 3", got)
	}
}

func TestLaneHoldsUpItsEventLoopUntilThereIsRoom(t *testing.T) {
	g, l := newLaneAlone(time.Hour)
	put(l, 10)
	put(l, 10)
	passed := make(chan *item)
	go func() { passed <- put(l, 10) }()
	<-g.inbox.wake // End asks for room
	select {
	case <-passed:
		t.Fatal("a third chunk found room in a lane for two")
	default:
	}
	l.collect()
	it := <-passed
	select {
	case r := <-it.done:
		t.Errorf("it failed: %v", r.outcome)
	default:
	}
}

func TestFullLaneFailsAChunk(t *testing.T) {
	t.Run("at its deadline", func(t *testing.T) {
		_, l := newLaneAlone(time.Millisecond)
		put(l, 10)
		put(l, 10)
		if r := <-put(l, 10).done; r.outcome != NoLeader {
			t.Error(r.outcome)
		}
	})
	t.Run("when the group stops", func(t *testing.T) {
		g, l := newLaneAlone(time.Hour)
		put(l, 10)
		put(l, 10)
		go func() {
			<-g.inbox.wake
			g.refuse()
		}()
		if r := <-put(l, 10).done; r.outcome != Stopping {
			t.Error(r.outcome)
		}
	})
}

func TestEndAfterTheLastLookFailsTheChunk(t *testing.T) {
	g, l := newLaneAlone(time.Hour)
	g.swept.Store(true)
	for _, bytes := range []int{1, 10} {
		if r := <-put(l, bytes).done; r.outcome != Stopping {
			t.Errorf("chunk of %d bytes: %v", bytes, r.outcome)
		}
	}
}

func TestOverdueChunksAreFoundInTheLane(t *testing.T) {
	_, l := newLaneAlone(time.Hour)
	young := put(l, 1)
	l.collectOverdue(0)
	if len(l.held) != 0 {
		t.Fatal("a young chunk was taken")
	}
	l.collectOverdue(l.group.clock.Now().Mono)
	l.failHeld(l.group.clock.Now().Mono, NoLeader)
	if r := <-young.done; r.outcome != NoLeader {
		t.Error(r.outcome)
	}
	if !l.isIdle() {
		t.Error("the lane still holds something")
	}
}

func TestEmptyChunkIsUsedAgain(t *testing.T) {
	_, l := newLaneAlone(time.Hour)
	c := l.Begin()
	l.End(c)
	if l.Begin() != c {
		t.Error("a chunk that held nothing was thrown away")
	}
}
