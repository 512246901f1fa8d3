package paxos_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/paxredis/paxredis/replication/paxos"
	"github.com/paxredis/paxredis/replication/paxos/paxostest"
)

// electionTimeout is the longest one of the default limits.
const electionTimeout = time.Second

type pairs = [][2]paxos.NodeID

// cut is one case of partial connectivity, after node 1 was elected: Ng et al., "Omni-Paxos", section 2.
type cut struct {
	name   string
	nodes  int
	lacks  paxos.NodeID // misses what is chosen last, before the cut
	links  pairs        // those that are left
	crash  bool         // the leader is gone altogether
	leader paxos.NodeID // who must lead; 0: anybody who can
}

var cuts = []cut{
	{name: "quorum loss", nodes: 5, links: pairs{{2, 1}, {2, 3}, {2, 4}, {2, 5}}, leader: 2},
	{name: "quorum loss", nodes: 3, links: pairs{{2, 3}}},
	{name: "constrained election", nodes: 5, lacks: 2, links: pairs{{2, 3}, {2, 4}, {2, 5}}, leader: 2},
	{name: "constrained election", nodes: 3, lacks: 2, links: pairs{{2, 3}}},
	{name: "constrained election, leader gone", nodes: 5, lacks: 2, links: pairs{{2, 3}, {2, 4}, {2, 5}}, crash: true, leader: 2},
	{name: "chained", nodes: 3, links: pairs{{1, 2}, {2, 3}}, leader: 1},
	{name: "chained, leader at the end", nodes: 5, links: pairs{{1, 2}, {2, 3}, {3, 4}, {4, 5}}},
	{name: "chained, leader in the middle", nodes: 5, links: pairs{{2, 3}, {3, 1}, {1, 4}, {4, 5}}, leader: 1},
}

// TestPartialConnectivity: whenever some node can talk to a majority there is a new leader at work within four election
// timeouts, and from then on leadership stays where it is.
func TestPartialConnectivity(t *testing.T) {
	seeds := uint64(20)
	if raceEnabled {
		seeds = 3
	}
	for _, c := range cuts {
		for seed := uint64(1); seed <= seeds; seed++ {
			t.Run(fmt.Sprintf("%s, %d nodes, seed %d", c.name, c.nodes, seed), func(t *testing.T) { c.run(t, seed) })
		}
	}
}

func (c cut) run(t *testing.T, seed uint64) {
	env, err := paxostest.New(paxostest.Options{Nodes: c.nodes, Seed: seed, Lease: true})
	if err != nil {
		t.Fatal(err)
	}
	c.prepare(t, env)

	chosen := env.Announced()
	env.RunFor(4*electionTimeout, nil)
	leader := env.ReadyLeader()
	if leader == 0 || c.leader != 0 && leader != c.leader {
		t.Fatalf("after four election timeouts node %v leads", leader)
	}
	if !env.Propose(leader, "at work") {
		t.Fatalf("leader %v cannot propose", leader)
	}
	env.RunFor(100*time.Millisecond, nil)
	if env.Announced() <= chosen {
		t.Fatalf("leader %v chooses nothing", leader)
	}

	terms := env.Stats.Leaders
	env.RunFor(10*electionTimeout, nil)
	if env.Stats.Leaders != terms || env.ReadyLeader() != leader {
		t.Fatalf("leadership moves: %d more times", env.Stats.Leaders-terms)
	}
	if terms > 2 {
		t.Fatalf("%d leaderships, want the first and at most one more", terms)
	}
	if err := env.Err(); err != nil {
		t.Fatal(err)
	}
}

// prepare elects node 1, has something chosen, and cuts the links.
func (c cut) prepare(t *testing.T, env *paxostest.Env) {
	env.Advance(electionTimeout)
	env.Tick(1)
	env.Stabilize(nil)
	if c.lacks != 0 {
		env.Isolate(c.lacks)
	}
	if !env.Propose(1, "before the cut") {
		t.Fatal("node 1 does not lead")
	}
	env.Stabilize(nil)
	env.OnlyLinks(c.links...)
	if c.crash {
		env.Crash(1, 0)
	}
}

// TestNodeBackFromAPartitionDoesNotDepose: the leader goes on, at the same ballot, through the absence and return of a
// node.
func TestNodeBackFromAPartitionDoesNotDepose(t *testing.T) {
	for seed := uint64(1); seed <= 5; seed++ {
		env, err := paxostest.New(paxostest.Options{Nodes: 3, Seed: seed})
		if err != nil {
			t.Fatal(err)
		}
		env.Advance(electionTimeout)
		env.Tick(1)
		env.Stabilize(nil)
		before := env.Status(1).Ballot
		env.Isolate(3)
		env.RunFor(10*electionTimeout, nil)
		env.Heal()
		env.RunFor(electionTimeout, nil)
		for _, id := range env.IDs() {
			if s := env.Status(id); s.Leader != 1 || s.Ballot != before {
				t.Fatalf("seed %d: node %v follows %v at %v, want 1 at %v", seed, id, s.Leader, s.Ballot, before)
			}
		}
	}
}

// TestL3_LeaseHoldsThroughTheRestartOfItsOnlyWitness: node 3 has lost the leader and canvasses; node 2, whose grant
// alone carries the leader's lease, forgets it in a restart. Package paxostest checks that nobody else gets in.
func TestL3_LeaseHoldsThroughTheRestartOfItsOnlyWitness(t *testing.T) {
	env, err := paxostest.New(paxostest.Options{Nodes: 3, Seed: 1, Lease: true})
	if err != nil {
		t.Fatal(err)
	}
	env.Advance(electionTimeout)
	env.Tick(1)
	env.Stabilize(nil)
	env.CutBoth(1, 3)
	env.RunFor(2*electionTimeout, nil)

	env.Crash(2, 0)
	if err := env.Restart(2, 0); err != nil {
		t.Fatal(err)
	}
	for range 30 { // 300 ms, in which the leader is silent
		env.Advance(10 * time.Millisecond)
		env.Tick(3)
		env.Stabilize(nil)
	}
	if err := env.Err(); err != nil {
		t.Fatal(err)
	}
	if !env.Status(1).Lease {
		t.Fatal("the lease ended too early for this test to show anything")
	}
}
