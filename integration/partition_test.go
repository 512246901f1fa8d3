package integration

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/paxredis/paxredis/integration/history"
)

// TestHistoriesOfPartitionsAreLinearizable has clients of all nodes use all kinds of commands while what the nodes send to each other is lost,
// late, or reaches some of them only.
func TestHistoriesOfPartitionsAreLinearizable(t *testing.T) {
	for i, run := range []struct {
		mode  string
		nodes int
	}{{"quorum", 3}, {"lease", 3}, {"quorum", 5}} {
		t.Run(fmt.Sprintf("%s of %d", run.mode, run.nodes), func(t *testing.T) {
			c := startFaulty(t, run.nodes, "--read-mode", run.mode, "--commit-timeout", commitTimeoutOfRecorded.String())
			r := startRecording(t, c.cluster, history.Options{Seed: uint64(10 + i)})
			for _, fault := range partitions {
				t.Log(fault.name)
				fault.run(t, c, r)
				r.awaitWrites(writesBetweenFaults / 5)
			}
			r.stop()
		})
	}
}

// healable is a fault that heal ends.
type healable struct {
	name  string
	begin func(*faultyCluster)
}

// run has the clients get on under the fault, and ends it.
func (f *healable) run(t *testing.T, c *faultyCluster, r *recording) {
	t.Helper()
	f.begin(c)
	r.awaitWrites(writesBetweenFaults)
	c.heal()
	c.awaitServing()
}

// partitions leave a majority that can go on, whoever leads.
var partitions = []healable{
	{"the leader is cut off", func(c *faultyCluster) { l := c.leader(); c.cut(l, c.others(l)...) }},
	{"nothing that the leader sends arrives", func(c *faultyCluster) { l := c.leader(); c.links(l, c.nodes, "drop") }},
	{"nothing arrives at the leader", func(c *faultyCluster) {
		l := c.leader()
		for _, n := range c.others(l) {
			c.links(n, []*node{l}, "drop")
		}
	}},
	{"the leader and a follower are cut off from each other", func(c *faultyCluster) { l := c.leader(); c.cut(l, c.others(l)[0]) }},
	{"a follower is cut off", func(c *faultyCluster) { f := c.follower(); c.cut(f, c.others(f)...) }},
	{"half of what a follower sends is lost", func(c *faultyCluster) { c.links(c.follower(), c.nodes, "lose", 0.5) }},
	{"a tenth of everything is lost", func(c *faultyCluster) {
		for _, n := range c.nodes {
			c.links(n, c.nodes, "lose", 0.1)
		}
	}},
	{"everything takes 20 ms", func(c *faultyCluster) {
		for _, n := range c.nodes {
			c.links(n, c.nodes, "delay", "20ms")
		}
	}},
	{"the leader is cut off again", func(c *faultyCluster) { l := c.leader(); c.cut(l, c.others(l)...) }},
}

// TestPartialConnectivity are the cases of the Omni-Paxos paper (Ng, Haridi, Carbone, EuroSys 2023, figure 1 and section 2), with real processes: a
// node that reaches a majority exists, and the cluster must go on. The node that a case names serves its clients.
func TestPartialConnectivity(t *testing.T) {
	for _, size := range []int{3, 5} {
		for name, begin := range map[string]func(*faultyCluster) *node{
			"quorum loss":          loseQuorum,
			"constrained election": constrainElection,
			"chained":              chain,
		} {
			t.Run(fmt.Sprintf("%s of %d", name, size), func(t *testing.T) {
				t.Parallel()
				c := startFaulty(t, size)
				c.awaitWritten(c.leader(), 50)
				through := begin(c)
				c.awaitWritten(through, 300)
				c.heal()
				for _, n := range c.nodes {
					c.awaitWritten(n, 50)
				}
				c.awaitEqual()
			})
		}
	}
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
