package replication

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/paxredis/paxredis/replication/paxos"
)

// While the journal is busy with one batch, everything else gathers in the next.
func TestBatchesFormWhileTheJournalIsBusy(t *testing.T) {
	c := newCluster(t, 1, nil)
	n := c.nodes[1]
	n.mustWrite("x")
	before := n.group.Status().Batches
	n.handle.gate.Lock()
	drain(n.handle.entered)
	var all []*item
	all = append(all, n.submit("first")...)
	<-n.handle.entered
	for i := range 200 {
		all = append(all, n.submit(fmt.Sprint("command ", i))...)
		n.turn()
	}
	n.handle.gate.Unlock()
	for i, it := range all {
		if r := <-it.done; r.outcome != 0 || r.seen != i+1 {
			t.Fatalf("command %d: %+v", i, r)
		}
	}
	if got := n.group.Status().Batches - before; got > 4 {
		t.Errorf("%d batches for 201 commands that came while the journal was busy", got)
	}
}

func drain(c chan struct{}) {
	select {
	case <-c:
	default:
	}
}

// watchVotes counts what a node reports about its durable state.
func watchVotes(c *cluster, id paxos.NodeID) (count func() int) {
	var mu sync.Mutex
	votes := 0
	c.net.setFilter(func(from, _ paxos.NodeID, m paxos.Message) int {
		if k := m.Kind(); from == id && (k == paxos.KindAccepted || k == paxos.KindPromise) {
			mu.Lock()
			votes++
			mu.Unlock()
		}
		return 1
	})
	return func() int {
		mu.Lock()
		defer mu.Unlock()
		return votes
	}
}

// A follower's journal stands still: the majority goes on, and no vote of that follower leaves.
func TestD1_NoVoteLeavesBeforeItIsStored(t *testing.T) {
	c := newCluster(t, 3, nil)
	leader := c.leader()
	stalled := c.others(leader.id)[0]
	stalled.mustWrite("x")
	stalled.handle.gate.Lock()
	drain(stalled.handle.entered)
	leader.mustWrite("held up at the gate")
	<-stalled.handle.entered
	votes := watchVotes(c, stalled.id)
	for i := range 20 {
		leader.mustWrite(fmt.Sprint("command ", i))
	}
	if n := votes(); n != 0 {
		t.Errorf("%d votes left while the journal stood still", n)
	}
	stalled.handle.gate.Unlock()
	leader.mustWrite("the last")
	stalled.machine.wait(func(r *recorder) bool { return contains(r.applied, "the last") })
}

func TestD2_FailedSaveStopsTheGroupAndNothingLeaves(t *testing.T) {
	c := newCluster(t, 3, nil)
	leader := c.leader()
	broken := c.others(leader.id)[0]
	broken.mustWrite("x")
	full := errors.New("no space left on device")
	broken.handle.gate.Lock()
	drain(broken.handle.entered)
	leader.mustWrite("held up at the gate")
	<-broken.handle.entered
	votes := watchVotes(c, broken.id)
	broken.handle.failing.Store(&full)
	syncs := broken.disk.syncs()
	broken.handle.gate.Unlock()
	<-broken.group.Done()
	if err := broken.group.Err(); !errors.Is(err, full) || !strings.Contains(err.Error(), "journal") {
		t.Errorf("the group ended with %v", err)
	}
	<-broken.group.finished
	if n := votes(); n != 0 {
		t.Errorf("%d votes left after a failed save", n)
	}
	if broken.disk.syncs() != syncs {
		t.Error("the journal was written again after a failed save")
	}
	if r := broken.write("y"); r.outcome != Stopping {
		t.Errorf("a write on the stopped node: %v", r.outcome)
	}
	leader.mustWrite("the majority goes on")
}

// A journal that stands still holds a bounded number of entries; the node takes the others later.
func TestEntriesAreDroppedWhileTheJournalIsTooFarBehind(t *testing.T) {
	const bound, size, count = 2000, 500, 40
	c := newCluster(t, 3, func(cfg *Config) { cfg.Bounds.UnstoredBytes = bound })
	leader := c.leader()
	stalled := c.others(leader.id)[0]
	stalled.mustWrite("x")
	stalled.handle.gate.Lock()
	for range count {
		leader.mustWrite(strings.Repeat("v", size))
	}
	for dropped := uint64(0); dropped == 0; {
		stalled.turn(func(l *loop) { dropped = l.counters.dropped })
	}
	if bytes := stalled.group.saver.queue.bytes.Load(); bytes > bound+2*(size+200) {
		t.Errorf("%d bytes wait for the journal, the bound is %d", bytes, bound)
	}
	stalled.handle.gate.Unlock()
	stalled.machine.waitCount(count + 1)
}

// A leader's own journal stands still: its heartbeats go on, so nobody canvasses before it gives up by itself.
func TestHeartbeatsGoOnWhileTheJournalStandsStill(t *testing.T) {
	c := newCluster(t, 3, nil)
	leader := c.leader()
	leader.mustWrite("x")
	beats := make(chan struct{}, 1000)
	leader.handle.gate.Lock()
	drain(leader.handle.entered)
	pending := leader.submit("held up at the gate")
	<-leader.handle.entered
	c.net.setFilter(func(from, _ paxos.NodeID, m paxos.Message) int {
		if m.Kind() == paxos.KindHeartbeat && from == leader.id {
			select {
			case beats <- struct{}{}:
			default:
			}
		}
		return 1
	})
	for range 4 {
		<-beats
	}
	if r := <-pending[0].done; r.outcome != 0 {
		t.Errorf("a majority had stored the command: %v", r.outcome)
	}
	leader.handle.gate.Unlock()
}

func TestCatchUpFromStorage(t *testing.T) {
	c := newCluster(t, 3, nil)
	leader := c.leader()
	late := c.others(leader.id)[0]
	leader.mustWrite("x")
	crashed := c.crash(late.id)
	const missed = 300
	for i := range missed {
		leader.mustWrite(fmt.Sprint("command ", i))
	}
	back := c.start(late.id, crashed.disk)
	back.machine.waitCount(missed + 1)
}

// gatedReads holds up Read.
type gatedReads struct {
	*handle
	gate sync.Mutex
}

func (g *gatedReads) Read(from, through paxos.Slot, maxBytes int) ([]paxos.Record, error) {
	g.gate.Lock()
	defer g.gate.Unlock()
	return g.handle.Read(from, through, maxBytes)
}

func TestLoadingLastsUntilTheStateIsRestored(t *testing.T) {
	c := newCluster(t, 1, nil)
	for i := range 10 {
		c.nodes[1].mustWrite(fmt.Sprint("command ", i))
	}
	d := c.crash(1).disk
	d.boot++
	restored := d.restored()
	if restored.Chosen == 0 {
		t.Fatal("no hint was stored")
	}
	storage := &gatedReads{handle: newHandle(d)}
	storage.gate.Lock()
	machine := newRecorder()
	g, err := Open(c.config(1, d.boot), restored, storage, port{c.net, 1}, machine, SystemClock{})
	if err != nil {
		t.Fatal(err)
	}
	if loading, done, total := g.Loading(); !loading || done != 0 || total != uint64(restored.Chosen) {
		t.Errorf("loading %v, %d of %d", loading, done, total)
	}
	g.Receive(2, []paxos.Message{paxos.Learn{From: 1}}) // must not block
	storage.gate.Unlock()
	n := &node{cluster: c, id: 1, machine: machine, group: g}
	n.client.lane = g.NewLane(&n.client)
	if r := n.write("after"); r.outcome != 0 || r.seen != 10 {
		t.Errorf("after the load: %+v", r)
	}
	if loading, _, _ := g.Loading(); loading {
		t.Error("still loading")
	}
	if err := g.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestLoadRefusesAMissingSlot(t *testing.T) {
	c := newCluster(t, 1, nil)
	for i := range 10 {
		c.nodes[1].mustWrite(fmt.Sprint("command ", i))
	}
	d := c.crash(1).disk
	delete(d.records, 3)
	n := c.start(1, d)
	<-n.group.Done()
	if err := n.group.Err(); err == nil || !strings.Contains(err.Error(), "slot 3 is missing") {
		t.Error(err)
	}
}
