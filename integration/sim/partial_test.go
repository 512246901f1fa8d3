package sim

import (
	"fmt"
	"testing"

	"github.com/paxredis/paxredis/replication/paxos"
)

// The cases of partial connectivity of the Omni-Paxos paper (Ng, Haridi, Carbone, EuroSys 2023, figure 1 and section 2): a node that
// reaches a majority exists, and the cluster must go on.

// electionTimeouts is within how many of the longest election timeouts a new leader must be at work.
const electionTimeouts = 4

// bench is a cluster that a test does things to.
type bench struct {
	*world
	t *testing.T
}

// newBench returns a cluster of that many nodes, with a leader at work and clients that write.
func newBench(t *testing.T, seed uint64, nodes int) *bench {
	t.Helper()
	b := &bench{newWorld(seed, Options{Nodes: nodes, NoFaults: true, Limits: paxos.Limits{}.WithDefaults(), Operations: 1 << 30, Clients: 10}), t}
	b.begin()
	b.pauses = 60
	if !b.runUntil(b.now+10*second, func() bool { return b.atWork() != nil }) {
		t.Fatalf("no first leader: %v%s", b.violation, b.describe())
	}
	for _, c := range b.clients {
		c.at = 0 // or all of them would stay with the node that was up first
	}
	b.run(second)
	return b
}

// run lets time pass.
func (b *bench) run(d moment) {
	b.t.Helper()
	b.runUntil(b.now+d, func() bool { return false })
	if b.violation != nil {
		b.t.Fatal(b.violation)
	}
}

// atWork returns the leader that can choose entries right now: of several that think so, the one of the highest ballot. A leader that has
// lost its majority steps down in time; until then it is not at work, since it hears of no majority.
func (b *bench) atWork() *node {
	var leader *node
	var ballot paxos.Ballot
	for _, n := range b.live() {
		s := n.group.Status()
		if s.Role == paxos.RoleLeader && s.Ready && b.reachesMajority(n) && ballot.Less(s.Ballot) {
			leader, ballot = n, s.Ballot
		}
	}
	return leader
}

func (b *bench) reachesMajority(n *node) bool {
	reached := 1
	for _, other := range b.nodes {
		if other != n && b.connected(n, other) {
			reached++
		}
	}
	return reached >= paxos.Majority(len(b.nodes))
}

func (b *bench) connected(one, other *node) bool {
	return !b.network.isBlocked(one.id, other.id) && !b.network.isBlocked(other.id, one.id)
}

// others are all nodes but those, in the order of their ids.
func (b *bench) others(but ...*node) []*node {
	var others []*node
next:
	for _, n := range b.nodes {
		for _, left := range but {
			if n == left {
				continue next
			}
		}
		others = append(others, n)
	}
	return others
}

// cutOff cuts nodes off from each other, both ways.
func (b *bench) cutOff(one *node, others ...*node) {
	for _, other := range others {
		b.network.block(one.id, other.id)
		b.network.block(other.id, one.id)
	}
}

// awaitProgress demands a leader at work, and new slots applied on all nodes that it reaches, in time.
func (b *bench) awaitProgress() *node {
	b.t.Helper()
	limit := b.now + electionTimeouts*moment(b.options.Limits.ElectionMax)
	before := b.highest()
	if !b.runUntil(limit, func() bool { return b.atWork() != nil && b.highest() > before }) {
		b.t.Fatalf("no leader at work %d election timeouts later: %v%s", electionTimeouts, b.violation, b.describe())
	}
	return b.atWork()
}

// highest is the newest slot that any node has applied.
func (b *bench) highest() (slot paxos.Slot) {
	for _, n := range b.live() {
		slot = max(slot, n.group.Status().Applied)
	}
	return slot
}

// awaitStability demands that leadership does not move on.
func (b *bench) awaitStability() {
	b.t.Helper()
	leader := b.atWork()
	ballot := leader.group.Status().Ballot
	b.run(12 * second)
	if now := b.atWork(); now == nil || now.group.Status().Ballot != ballot {
		b.t.Errorf("leadership moved on from node %v at %v%s", leader.id, ballot, b.describe())
	}
}

// everySize runs a case for clusters of 3 and 5 nodes, with a few seeds each.
func everySize(t *testing.T, run func(t *testing.T, b *bench)) {
	for _, nodes := range []int{3, 5} {
		t.Run(fmt.Sprint(nodes), func(t *testing.T) {
			for seed := range uint64(10) {
				b := newBench(t, seed, nodes)
				run(t, b)
				b.stop()
			}
		})
	}
}

// Quorum loss: the leader stays up, and so do all others, but all of them reach one node alone. With five nodes the leader has lost its
// majority, and the one in the middle must take over.
func TestPartialConnectivity_QuorumLoss(t *testing.T) {
	everySize(t, func(t *testing.T, b *bench) {
		leader := b.atWork()
		middle := b.others(leader)[0]
		for _, n := range b.others(middle) {
			b.cutOff(n, b.others(middle, n)...)
		}
		b.run(3 * second / 2) // the old leader may count as at work until it notices
		if now := b.awaitProgress(); len(b.nodes) == 5 && now != middle {
			t.Errorf("node %v leads, and only node %v reaches a majority", now.id, middle.id)
		}
		b.awaitStability()
	})
}

// Constrained election: the leader is cut off, and the only node that reaches a majority lags behind.
func TestPartialConnectivity_ConstrainedElection(t *testing.T) {
	everySize(t, func(t *testing.T, b *bench) {
		leader := b.atWork()
		middle := b.others(leader)[0]
		b.cutOff(middle, b.others(middle)...)
		b.run(3 * second)
		if leader = b.atWork(); middle.group.Status().Chosen >= leader.group.Status().Chosen {
			t.Fatal("the node in the middle does not lag behind")
		}
		for _, n := range b.others(middle, leader) {
			b.network.unblock(n.id, middle.id)
			b.network.unblock(middle.id, n.id)
			b.cutOff(n, b.others(middle, n)...)
		}
		if now := b.awaitProgress(); len(b.nodes) == 5 && now != middle {
			t.Errorf("node %v leads, and only node %v reaches a majority", now.id, middle.id)
		}
		b.awaitStability()
	})
}

// Chained: each node reaches its neighbours alone, and the leader is at one end of the chain. With three nodes it still has a majority, and
// the node at the other end, which does not hear it, must not take leadership from it again and again.
func TestPartialConnectivity_Chained(t *testing.T) {
	everySize(t, func(t *testing.T, b *bench) {
		leader := b.atWork()
		chain := append([]*node{leader}, b.others(leader)...)
		for i := range chain {
			for j := i + 2; j < len(chain); j++ {
				b.cutOff(chain[i], chain[j])
			}
		}
		now := b.awaitProgress()
		if len(b.nodes) == 3 && now != leader {
			t.Errorf("node %v leads, and node %v never lost its majority", now.id, leader.id)
		}
		b.run(electionTimeouts * moment(b.options.Limits.ElectionMax))
		b.awaitStability()
	})
}
