package replication

import (
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/paxredis/paxredis/replication/paxos"
)

// skewedClock is the system's clocks with a wall clock that is set.
type skewedClock struct{ skew *atomic.Int64 }

func (c skewedClock) Now() paxos.Instant {
	now := SystemClock{}.Now()
	now.Real += c.skew.Load()
	return now
}

func TestLogTimeNeverGoesBack(t *testing.T) {
	c := newCluster(t, 1, nil)
	d := c.crash(1).disk
	d.boot++
	var skew atomic.Int64
	g, err := Open(c.config(1, d.boot), d.restored(), newHandle(d), port{c.net, 1}, newRecorder(), skewedClock{&skew})
	if err != nil {
		t.Fatal(err)
	}
	n := &node{cluster: c, id: 1, machine: g.machine.(*recorder), group: g}
	n.client.lane = g.NewLane(&n.client)
	for i := range 6 {
		n.mustWrite(fmt.Sprint("command ", i))
		skew.Add([]int64{int64(time.Hour), -2 * int64(time.Hour)}[i%2])
	}
	if err := g.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	times := n.machine.times
	if !slices.IsSorted(times) {
		t.Errorf("times %v", times)
	}
	if times[len(times)-1]-times[0] < time.Hour.Milliseconds() {
		t.Error("the wall clock was not used at all")
	}
	var proposed []int64
	for slot := paxos.Slot(1); d.records[slot].Slot == slot; slot++ {
		if entry := d.records[slot].Entry; entry.Kind == paxos.EntryBatch {
			b, err := decodeBatch(entry.Payload)
			if err != nil {
				t.Fatal(err)
			}
			proposed = append(proposed, b.timeMS)
		}
	}
	if len(proposed) == 0 || !slices.IsSorted(proposed) {
		t.Errorf("proposed times %v", proposed)
	}
}

// A new leader whose wall clock is behind goes on from the time of the log.
func TestNewLeaderGoesOnFromTheTimeOfTheLog(t *testing.T) {
	c := newCluster(t, 3, nil)
	for range 3 {
		leader := c.leader()
		leader.mustWrite(fmt.Sprint("through ", leader.id))
		if err := leader.group.HandOver(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	c.nodes[1].mustWrite("last")
	for _, id := range c.all {
		m := c.nodes[id].machine
		m.wait(func(r *recorder) bool { return contains(r.applied, "last") })
		m.mu.Lock()
		if !slices.IsSorted(m.times) {
			t.Errorf("node %v: times %v", id, m.times)
		}
		m.mu.Unlock()
	}
}

func TestAllNodesSeeTheSameTimesAndSeeds(t *testing.T) {
	c := newCluster(t, 3, nil)
	for i := range 20 {
		c.nodes[c.all[i%3]].mustWrite(fmt.Sprint("command ", i))
	}
	var seeds []uint64
	for _, id := range c.all {
		m := c.nodes[id].machine
		m.waitCount(20)
		m.mu.Lock()
		if seeds == nil {
			seeds = slices.Clone(m.seeds)
		} else if !slices.Equal(seeds, m.seeds) {
			t.Errorf("node %v has other seeds", id)
		}
		m.mu.Unlock()
	}
}

// Keys expire although nobody writes: the leader lets time pass in the log.
func TestIdleClusterTicksWhenKeysAreDue(t *testing.T) {
	c := newCluster(t, 3, nil)
	c.nodes[1].mustWrite("x")
	for _, id := range c.all {
		c.nodes[id].machine.deadline.Store(time.Now().UnixMilli() + 20)
	}
	for _, id := range c.all {
		c.nodes[id].machine.wait(func(r *recorder) bool { return r.deadline.Load() == 0 })
	}
}

func TestWaitSynced(t *testing.T) {
	c := newCluster(t, 3, nil)
	slot := c.nodes[2].mustWrite("x").slot
	for _, id := range c.all {
		done := make(chan int, 1)
		c.nodes[id].group.WaitSynced(slot, 3, func(n int) { done <- n })
		if n := <-done; n != 3 {
			t.Errorf("node %v: %d voters", id, n)
		}
	}
	c.nodes[2].group.WaitSynced(1, 1, func(int) {})
	if n := c.nodes[2].group.Synced(slot); n < 0 || n > 3 {
		t.Error(n)
	}
	cancel := c.nodes[1].group.WaitSynced(1<<60, 1, func(int) { t.Error("slot 2^60 synced") })
	cancel()
	g := c.nodes[1].group
	g.synced.mu.Lock()
	defer g.synced.mu.Unlock()
	if len(g.synced.waiters) != 0 {
		t.Error("a cancelled wait is kept")
	}
}

func TestSyncedWaiters(t *testing.T) {
	var w syncedWaiters
	told := 0
	w.waiters = []*syncedWaiter{{slot: 5, n: 2, done: func(n int) { told = n }}}
	w.update([]paxos.SyncedThrough{{Node: 1, Slot: 9}, {Node: 2, Slot: 4}})
	if told != 0 {
		t.Fatal("told too early")
	}
	w.update([]paxos.SyncedThrough{{Node: 1, Slot: 9}, {Node: 2, Slot: 5}, {Node: 3, Slot: 6}})
	if told != 3 || len(w.waiters) != 0 {
		t.Errorf("told %d, %d left", told, len(w.waiters))
	}
}
