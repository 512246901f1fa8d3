package replication

import (
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/paxredis/paxredis/replication/paxos"
)

func TestReadsSeeEveryAcknowledgedWriteOnEveryNode(t *testing.T) {
	c := newCluster(t, 3, nil)
	for i := range 30 {
		text := fmt.Sprint("command ", i)
		c.nodes[c.all[i%3]].mustWrite(text)
		for _, id := range c.all {
			if log, outcome := c.nodes[id].read(); outcome != 0 || !slices.Contains(log, text) {
				t.Fatalf("node %v read %q (%v) after %q was acknowledged", id, log, outcome, text)
			}
		}
	}
}

func TestWaitingReadsShareARound(t *testing.T) {
	c := newCluster(t, 3, nil)
	leader := c.leader()
	follower := c.others(leader.id)[0]
	follower.mustWrite("x")
	var asks atomic.Int64
	release := make(chan struct{})
	c.net.setFilter(func(from, _ paxos.NodeID, m paxos.Message) int {
		if m.Kind() == paxos.KindReadAsk && from == follower.id {
			asks.Add(1)
			select {
			case <-release:
			default:
				return 0
			}
		}
		return 1
	})
	var last uint64
	for range 500 {
		last = follower.askRead()
	}
	close(release)
	follower.client.mu.Lock()
	for follower.client.ready < last {
		follower.client.reads.Wait()
	}
	follower.client.mu.Unlock()
	if n := asks.Load(); n > 100 {
		t.Errorf("%d requests for 500 reads", n)
	}
}

// A read behind commands of its own lane runs after them, though no slot is taken for it.
func TestChunkWithoutCommandsRunsInItsPlace(t *testing.T) {
	c := newCluster(t, 3, nil)
	for _, id := range c.all {
		n := c.nodes[id]
		before := n.mustWrite(fmt.Sprint("first ", id))
		if r := <-n.submit("")[0].done; r.outcome != 0 || r.seen < before.seen+1 {
			t.Errorf("node %v: read saw %d commands (%v), want at least %d", id, r.seen, r.outcome, before.seen+1)
		}
		var all []*item
		for i := range 50 {
			all = append(all, n.submit(fmt.Sprint(id, " ", i))...)
			all = append(all, n.submit("")...)
		}
		seen := 0
		for i, it := range all {
			r := <-it.done
			if r.outcome != 0 {
				t.Fatalf("item %d: %v", i, r.outcome)
			}
			if i%2 == 1 && r.seen < seen+1 {
				t.Fatalf("read %d saw %d commands, the write before it was number %d", i, r.seen, seen+1)
			}
			seen = r.seen
		}
	}
}

func TestReadsBetweenCommandsOfAChunkSeeThatVeryPoint(t *testing.T) {
	c := newCluster(t, 1, nil)
	all := c.nodes[1].submit("", "a", "", "b", "")
	for i, want := range []int{0, 0, 1, 1, 2} {
		if r := <-all[i].done; r.seen != want {
			t.Errorf("item %d saw %d commands, want %d", i, r.seen, want)
		}
	}
}

func TestStaleModeReadsAtOnceEverywhere(t *testing.T) {
	c := newCluster(t, 3, func(cfg *Config) { cfg.ReadMode = ReadStale })
	for _, id := range c.all {
		g := c.nodes[id].group
		for g.loading.active.Load() {
			c.nodes[id].mustWrite("loaded")
		}
		if grant, ok := g.ReadNow(); !ok || !g.StillValid(grant) {
			t.Errorf("node %v refuses a stale read", id)
		}
		if r := <-c.nodes[id].submit("")[0].done; r.outcome != 0 {
			t.Error(r.outcome)
		}
	}
}

func TestQuorumModeNeverReadsAtOnce(t *testing.T) {
	c := newCluster(t, 1, nil)
	c.nodes[1].mustWrite("x")
	if _, ok := c.nodes[1].group.ReadNow(); ok {
		t.Error("a read without a round")
	}
}

// leaseHolder returns a leader and a right to read by its lease.
func (c *cluster) leaseHolder() (*node, ReadGrant) {
	for { // each read's round confirms the lease once more
		leader := c.leader()
		if _, outcome := leader.read(); outcome != 0 {
			c.t.Fatal(outcome)
		}
		if grant, ok := leader.group.ReadNow(); ok {
			return leader, grant
		}
	}
}

func TestL4_LeaseReadsEndBeforeAnotherNodeLeads(t *testing.T) {
	c := newCluster(t, 3, func(cfg *Config) { cfg.ReadMode = ReadLease })
	leader, grant := c.leaseHolder()
	for _, other := range c.others(leader.id) {
		if _, ok := other.group.ReadNow(); ok {
			t.Errorf("node %v does not lead and reads by lease", other.id)
		}
	}
	c.net.isolate(leader.id)
	next := c.leader(leader.id)
	next.mustWrite("the new leader's")
	if again, ok := leader.group.ReadNow(); ok && leader.group.StillValid(again) { // a right alone is no read
		t.Error("the old leader still reads by its lease")
	}
	if leader.group.StillValid(grant) {
		t.Error("the old leader's grant is still valid")
	}
}

// TestL4_LeaseIsJudgedByAClockReadAfterTheReadArrived: the process stands still in the middle of a turn of its loop, for
// longer than the lease, and a read arrives before the turn looks for reads.
func TestL4_LeaseIsJudgedByAClockReadAfterTheReadArrived(t *testing.T) {
	c := newCluster(t, 3, func(cfg *Config) { cfg.ReadMode = ReadLease })
	leader, _ := c.leaseHolder()
	c.net.isolate(leader.id)
	asked := make(chan uint64, 1)
	freeze := func() {
		leader.clock.ahead.Add(int64(time.Hour))
		asked <- leader.askRead()
	}
	leader.machine.midTurn.Store(&freeze)
	if leader.await(<-asked) == 0 {
		t.Error("a read is served by a lease that ran out before it arrived")
	}
}

func TestLeaseReadWaitsForWhatIsChosen(t *testing.T) {
	g := &Group{cfg: Config{ReadMode: ReadLease}, clock: SystemClock{}, applier: &applier{}}
	g.lease.Store(&heldLease{ballot: paxos.Ballot{Round: 1, Node: 1}, sent: g.clock.Now(), lasts: 1 << 60})
	g.chosen.Store(5)
	g.applier.applied.Store(4)
	if _, ok := g.ReadNow(); ok {
		t.Error("a chosen slot is not applied yet")
	}
	g.applier.applied.Store(5)
	grant, ok := g.ReadNow()
	if !ok || !g.StillValid(grant) {
		t.Error("lease held, all applied, and no read")
	}
	g.lease.Store(&heldLease{ballot: paxos.Ballot{Round: 3, Node: 1}, sent: g.clock.Now(), lasts: 1 << 60})
	if g.StillValid(grant) {
		t.Error("a grant outlived its leadership")
	}
}

// A follower that was cut off reads what the others wrote meanwhile as soon as its link is back, and not before.
func TestReadOfACutOffFollowerWaitsForItsLink(t *testing.T) {
	c := newCluster(t, 3, nil)
	leader := c.leader()
	follower := c.others(leader.id)[0]
	follower.mustWrite("x")
	c.net.isolate(follower.id)
	leader.mustWrite("while it was away")
	ticket := follower.askRead()
	follower.turn()
	follower.client.mu.Lock()
	if follower.client.ready >= ticket {
		t.Error("it read without the others")
	}
	follower.client.mu.Unlock()
	c.net.heal()
	if log, outcome := follower.read(); outcome != 0 || !slices.Contains(log, "while it was away") {
		t.Errorf("read %q (%v)", log, outcome)
	}
}
