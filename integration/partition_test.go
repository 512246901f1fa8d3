package integration

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/paxredis/paxredis/integration/figures"
	"github.com/paxredis/paxredis/integration/history"
)

// TestHistoriesOfPartitionsAreLinearizable has clients of all nodes use all kinds of commands while what the nodes send to each other is lost,
// late, or reaches some of them only.
func TestHistoriesOfPartitionsAreLinearizable(t *testing.T) {
	t.Parallel()
	for i, run := range []struct {
		mode  string
		nodes int
	}{{"quorum", 3}, {"lease", 3}, {"quorum", 5}} {
		t.Run(fmt.Sprintf("%s of %d", run.mode, run.nodes), func(t *testing.T) {
			c := startFaulty(t, run.nodes, "--read-mode", run.mode, "--commit-timeout", commitTimeoutOfRecorded.String())
			r := startRecording(t, c.cluster, history.Options{Seed: uint64(10 + i)})
			for _, fault := range partitions {
				r.fault(fault.name)
				fault.run(t, c, r)
				r.awaitWrites(writesBetweenFaults / 5)
			}
			r.stop()
		})
	}
}

// partitions leave a majority that can go on, whoever leads.
var partitions = []healable{
	{"the leader is cut off", cutLeader},
	{"nothing that the leader sends arrives", func(c *faultyCluster) func() {
		l := c.leader()
		c.links(l, c.nodes, "drop")
		return func() { c.awaitAnotherLeads(l) }
	}},
	{"nothing arrives at the leader", func(c *faultyCluster) func() {
		l := c.leader()
		for _, n := range c.others(l) {
			c.links(n, []*node{l}, "drop")
		}
		return func() { c.awaitAnotherLeads(l) }
	}},
	{"the leader and a follower are cut off from each other", func(c *faultyCluster) func() {
		l := c.leader()
		c.cut(l, c.others(l)[0])
		return nil
	}},
	{"a follower is cut off", func(c *faultyCluster) func() {
		f := c.follower()
		c.cut(f, c.others(f)...)
		return func() { c.awaitBehind(f) }
	}},
	{"half of what a follower sends is lost", func(c *faultyCluster) func() {
		c.links(c.follower(), c.nodes, "lose", 0.5)
		return nil
	}},
	{"a tenth of everything is lost", func(c *faultyCluster) func() {
		for _, n := range c.nodes {
			c.links(n, c.nodes, "lose", 0.1)
		}
		return nil
	}},
	{"everything takes 20 ms", func(c *faultyCluster) func() {
		for _, n := range c.nodes {
			c.links(n, c.nodes, "delay", "20ms")
		}
		return nil
	}},
	{"the leader is cut off", cutLeader},
}

func cutLeader(c *faultyCluster) func() {
	l := c.leader()
	c.cut(l, c.others(l)...)
	return func() { c.awaitAnotherLeads(l) }
}

// partial are the cases of the Omni-Paxos paper (Ng, Haridi, Carbone, EuroSys 2023, figure 1 and section 2). Each leaves one node
// that reaches a majority, and returns it: it serves its clients.
var partial = []struct {
	name  string
	begin func(*faultyCluster) *node
}{
	{"quorum loss", loseQuorum},
	{"constrained election", constrainElection},
	{"chained", chain},
}

// TestPartialConnectivity has these cases with real processes. The cluster must go on, and come to rest: leadership must not go to and fro between nodes
// that do not reach each other.
func TestPartialConnectivity(t *testing.T) {
	for _, size := range []int{3, 5} {
		for _, situation := range partial {
			t.Run(fmt.Sprintf("%s of %d", situation.name, size), func(t *testing.T) {
				t.Parallel()
				c := startFaulty(t, size)
				c.awaitWritten(c.leader(), 50)
				p := &progress{ballot: c.ballot(c.leader()), since: time.Now()}
				through := situation.begin(c)
				p.awaitWritten(c, through, 800)
				if moved := p.changes - p.first; moved > mostMoves {
					t.Errorf("the leader has changed %d times while writes went on", moved)
				}
				figures.Log(t, fmt.Sprintf("%d writes, %d leader changes until the first, %d later; longest time without a successful write %v",
					p.writes, p.first, p.changes-p.first, p.pause.Round(time.Millisecond)))
				c.heal()
				for _, n := range c.nodes {
					c.awaitWritten(n, 50)
				}
				c.awaitEqual()
			})
		}
	}
}

// mostMoves are granted to a busy machine, on which a leader may be silent for a moment.
const mostMoves = 3

// progress is what one node's clients saw.
type progress struct {
	writes, changes, first int // first: changes until the first write
	ballot                 string
	since                  time.Time // of the newest write
	pause                  time.Duration
}

func (p *progress) awaitWritten(c *faultyCluster, through *node, times int) {
	c.t.Helper()
	for range times {
		c.awaitWritten(through, 1)
		p.pause, p.since = max(p.pause, time.Since(p.since)), time.Now()
		if ballot := c.ballot(through); ballot != p.ballot && ballot != "0.0" { // between two leaders it follows none
			p.changes++
			p.ballot = ballot
		}
		if p.writes++; p.writes == 1 {
			p.first = p.changes
		}
	}
}

func (c *faultyCluster) ballot(of *node) string {
	c.t.Helper()
	info, err := infoPaxos(of)
	if err != nil {
		c.t.Fatal(err)
	}
	return info["paxos_ballot"]
}

// awaitWritten waits until so many writes through a node have succeeded.
func (c *faultyCluster) awaitWritten(n *node, times int) {
	c.t.Helper()
	for i := range times {
		await(c.t, fmt.Sprintf("write %d through node %d to succeed", i, n.id), func() error {
			err := n.rdb().Set(c.t.Context(), fmt.Sprint("key:", i), i, 0).Err()
			var reply redis.Error
			if errors.As(err, &reply) && outcomeOf(err) == failed {
				c.t.Fatalf("node %d: %v", n.id, err)
			}
			return err
		})
	}
}

// loseQuorum leaves one node that reaches all others, which reach nobody else. It did not lead.
func loseQuorum(c *faultyCluster) (hub *node) {
	hub = c.follower()
	rest := c.others(hub)
	for i, n := range rest {
		c.cut(n, rest[i+1:]...)
	}
	return hub
}

// constrainElection does the same, but the hub is the one whose log is behind, and the leader is cut off altogether before the hub could learn
// from it.
func constrainElection(c *faultyCluster) (hub *node) {
	leader := c.leader()
	hub = c.others(leader)[0]
	c.cut(hub, c.others(hub)...)
	c.awaitWritten(leader, 100)
	if behind, ahead := hub.number("paxos", "paxos_applied_slot"), leader.number("paxos", "paxos_applied_slot"); behind >= ahead {
		c.t.Fatalf("the hub has applied slot %d, the leader %d", behind, ahead)
	}
	rest := slices.DeleteFunc(c.others(hub), func(n *node) bool { return n == leader })
	c.cut(leader, rest...)
	for i, n := range rest {
		c.cut(n, rest[i+1:]...)
	}
	for _, n := range rest {
		c.links(n, []*node{hub}, "pass")
		c.links(hub, []*node{n}, "pass")
	}
	return hub
}

// chain leaves each node its neighbours, with the leader at an end.
func chain(c *faultyCluster) (middle *node) {
	leader := c.leader()
	row := append([]*node{leader}, c.others(leader)...)
	for i, n := range row {
		if i+2 < len(row) {
			c.cut(n, row[i+2:]...)
		}
	}
	return row[len(row)/2]
}
