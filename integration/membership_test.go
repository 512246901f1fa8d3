package integration

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// startOne runs a cluster of one node that others can join.
func startOne(t *testing.T, flags ...string) *cluster {
	t.Helper()
	c := newCluster(t, 0, flags...)
	peer := loopback(freePort(t))
	n := newNode(t, 1, c.program, append([]string{"--peers", "1=" + peer, "--cluster-key-file", c.keyFile}, flags...)...)
	n.peer = peer
	c.nodes = []*node{n}
	c.start()
	c.awaitServing()
	return c
}

// TestGrowingAndShrinkingUnderLoad grows a cluster from one node to five and shrinks it to one again, with clients on every
// node: none of them sees an error but those of the nodes removed, and nothing acknowledged is lost.
func TestGrowingAndShrinkingUnderLoad(t *testing.T) {
	t.Parallel()
	c := startOne(t, oftenCheckpoints...)
	l := newLoad(t)
	l.on(c.nodes[0])
	fill(t, c.nodes[0], 3000, 100, 500) // a joiner has to fetch a checkpoint
	for id := 2; id <= 5; id++ {
		l.on(c.join(id))
		l.awaitProgress(20)
	}
	first := c.nodes[0]
	for _, gone := range []*node{c.leader(), first, c.nodes[1], c.nodes[4], c.nodes[3]} {
		if c.node(gone.id) == nil || len(c.nodes) == 1 {
			continue // the leader was one of them
		}
		l.leaving(gone)
		c.remove(gone)
		expectRemoved(t, gone)
		l.ended(gone)
		l.awaitProgress(20)
		gone.stop()
	}
	if len(c.nodes) != 1 {
		t.Fatalf("%d nodes are left", len(c.nodes))
	}
	l.stop(c.nodes...)
}

// expectRemoved waits until a removed node tells its clients so.
func expectRemoved(t *testing.T, n *node) {
	t.Helper()
	await(t, "the removed node to say so", func() error {
		err := n.rdb().Set(t.Context(), "to-a-removed-node", "v", 0).Err()
		if err == nil {
			return errNotYet
		}
		if want := "CLUSTERDOWN this node was removed from the cluster: not applied"; err.Error() != want {
			return err
		}
		return nil
	})
	n.awaitInfo("paxos", "paxos_role", func(role string) bool { return role == "removed" })
}

// TestReplacingEveryNodeUnderLoad replaces the nodes of a running cluster one after another, the leader among them.
func TestReplacingEveryNodeUnderLoad(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 3, oftenCheckpoints...)
	l := newLoad(t)
	l.on(c.nodes...)
	fill(t, c.nodes[0], 3000, 100, 500)
	for _, old := range slices.Clone(c.nodes) {
		rest := c.others(old)
		next := c.joiner(old.id+3, "")
		if err := rest[0].change("REPLACE", old.id, next.id, next.peer); err != nil {
			t.Fatalf("replacing node %d: %v", old.id, err)
		}
		l.leaving(old)
		next.start()
		c.nodes = rest
		c.awaitVoter(next)
		for _, n := range rest {
			n.awaitMember(old.id, "none")
		}
		c.nodes = append(c.nodes, next)
		expectRemoved(t, old)
		l.ended(old)
		l.on(next)
		l.awaitProgress(20)
		old.stop()
	}
	l.stop(c.nodes...)
	c.awaitEqual()
	c.killAll()
	c.start()
	c.awaitServing()
	c.awaitEqual()
}

// TestLosingTheMajorityByRemovalIsRefused: unless it is forced. The last voter stays in any case.
func TestLosingTheMajorityByRemovalIsRefused(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 3)
	expect(t, c.nodes[0], "OK", "SET", "k", "v")
	down, gone := c.nodes[1], c.nodes[2]
	leader := c.leader()
	if leader == down {
		down, gone = gone, down
	}
	down.kill()
	through := c.others(down)[0]
	if through == gone {
		through = c.others(down)[1]
	}
	err := through.change("REMOVE", gone.id)
	if err == nil || !strings.Contains(err.Error(), "can be reached") || !strings.Contains(err.Error(), fmt.Sprint("not reached: ", down.id)) {
		t.Fatalf("removing a node without which there is no majority: %v", err)
	}
	expect(t, through, "v", "GET", "k")
	if err := through.change("REMOVE", down.id); err != nil {
		t.Fatalf("removing the node that is down: %v", err)
	}
	c.nodes = c.others(down)
	if err := through.change("REMOVE", gone.id); err != nil {
		t.Fatalf("removing one of two: %v", err)
	}
	c.nodes = []*node{through}
	expectRemoved(t, gone)
	if err := through.change("REMOVE", through.id, "FORCE"); err == nil || !strings.Contains(err.Error(), "last voter") {
		t.Errorf("removing the last voter: %v", err)
	}
	expect(t, through, "OK", "SET", "k", "w")
}

// TestForcedRemovalMayLoseTheMajority: what would leave one node of two is refused with the reason, and done when forced.
func TestForcedRemovalMayLoseTheMajority(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 4, "--commit-timeout", "2s")
	leader := c.leader()
	rest := c.others(leader)
	down, gone, stays := rest[0], rest[1], rest[2]
	down.kill()
	if err := leader.change("REMOVE", gone.id); err != nil { // leaves two of three
		t.Fatal(err)
	}
	c.nodes = []*node{leader, stays, down}
	err := leader.change("REMOVE", stays.id)
	if err == nil || !strings.Contains(err.Error(), "--force") {
		t.Fatalf("leaving one of two: %v", err)
	}
	// Forced, it is chosen by the majority there is, and what is left waits for the node that is down.
	forced := make(chan error, 1)
	waiting := newClient(leader.address)
	defer waiting.Close()
	go func() {
		forced <- waiting.Do(context.Background(), "PAXOS", "MEMBER", "REMOVE", stays.id, "FORCE").Err()
	}()
	expectRemoved(t, stays)
	c.nodes = []*node{leader, down}
	await(t, "the cluster to stop", func() error {
		err := leader.rdb().Set(t.Context(), "k", "w", 0).Err()
		if err == nil {
			t.Fatal("a write succeeds without a majority")
		}
		if !strings.HasPrefix(err.Error(), "CLUSTERDOWN ") {
			return err
		}
		return nil
	})
	down.start()
	c.awaitServing()
	if err := <-forced; err != nil {
		t.Errorf("the forced change, once the node is there: %v", err)
	}
	c.awaitEqual()
}

// TestLeaderRemovesItself: it hands leadership over first, and no client of another node notices.
func TestLeaderRemovesItself(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 4)
	l := newLoad(t)
	l.on(c.nodes...)
	leader := c.leader()
	l.leaving(leader)
	if err := leader.change("REMOVE", leader.id); err != nil {
		t.Fatal(err)
	}
	c.nodes = c.others(leader)
	expectRemoved(t, leader)
	l.ended(leader)
	l.awaitProgress(20)
	if now := c.leader(); now == leader {
		t.Error("the node removed leads")
	}
	leader.kill()
	leader.start() // what it knows of itself survives a restart
	await(t, "the removed node to say so after a restart", func() error {
		err := leader.rdb().Get(t.Context(), "k").Err()
		if err == nil || !strings.Contains(err.Error(), "removed") {
			return fmt.Errorf("got %v", err)
		}
		return nil
	})
	l.stop(c.nodes...)
	c.awaitEqual()
}

// TestMovingANode gives a follower and then the leader another peer address.
func TestMovingANode(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 3)
	l := newLoad(t)
	for _, moved := range []*node{c.follower(), c.leader()} {
		l.on(c.others(moved)...)
		moved.stop()
		moved.peer = loopback(freePort(t))
		through := c.others(moved)[0]
		if err := through.change("MOVE", moved.id, moved.peer); err != nil {
			t.Fatal(err)
		}
		moved.start("--peer-listen", moved.peer)
		moved.awaitServing()
		info, err := infoPaxos(through)
		if err != nil || !slices.ContainsFunc([]string{info["paxos_member_0"], info["paxos_member_1"], info["paxos_member_2"]},
			func(m string) bool { return strings.Contains(m, "address="+moved.peer) }) {
			t.Errorf("INFO does not know the address %s: %v, %v", moved.peer, info, err)
		}
		l.awaitProgress(10)
		l.off(c.others(moved)...)
	}
	l.stop(c.nodes...)
	// The node with the highest id dials the others: they are found at their new addresses, too. They were told those once.
	c.killAll()
	c.start()
	c.awaitServing()
	c.awaitEqual()
}

// TestLeadershipIsTransferred to a node that is named, and to the best one, without a client noticing.
func TestLeadershipIsTransferred(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 3)
	l := newLoad(t)
	l.on(c.nodes...)
	for range 4 {
		from := c.leader()
		to := c.others(from)[0]
		expect(t, to, "OK", "PAXOS", "LEADER", "TRANSFER", to.id)
		if now := c.leader(); now != to {
			t.Errorf("node %d leads after a transfer to node %d", now.id, to.id)
		}
		l.awaitProgress(10)
	}
	from := c.leader()
	expect(t, from, "OK", "PAXOS", "LEADER", "TRANSFER")
	if now := c.leader(); now == from {
		t.Errorf("node %d still leads", now.id)
	}
	l.stop(c.nodes...)
	c.awaitEqual()
}

// TestRollingRestartFailsNoCommand stops and starts the nodes in turn, with clients on the two that run.
func TestRollingRestartFailsNoCommand(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 3, oftenCheckpoints...)
	l := newLoad(t)
	fill(t, c.nodes[0], 3000, 1000, 500)
	for range 2 {
		for _, n := range c.nodes {
			l.on(c.others(n)...)
			l.awaitProgress(10)
			n.stop()
			l.awaitProgress(10)
			n.start()
			n.awaitServing()
			l.awaitProgress(10)
			l.off(c.others(n)...)
		}
	}
	l.stop(c.nodes...)
	c.awaitEqual()
}

// TestNodesHaveNoDataRacesWhenMembersChange runs checkpoints, a join, a fetched checkpoint, a replacement and a removal with the race
// detector inside the nodes. A report of the detector in a node's log fails the test.
func TestNodesHaveNoDataRacesWhenMembersChange(t *testing.T) {
	t.Parallel()
	flags := append([]string{"--heartbeat", "200ms", "--lease", "1500ms", "--election-timeout-min", "2s", "--election-timeout-max", "4s"}, oftenCheckpoints...)
	c := newClusterOf(t, mustBuild(t, raceBinary), 3, flags...)
	c.start()
	c.awaitServing()
	l := newLoad(t)
	l.on(c.nodes...)
	fill(t, c.nodes[0], 4000, 500, 1000)
	fourth := c.join(4)
	l.on(fourth)
	leader := c.leader()
	l.leaving(leader)
	c.remove(leader)
	expectRemoved(t, leader)
	l.ended(leader)
	leader.stop()
	down := c.follower()
	l.leaving(down)
	down.kill()
	l.ended(down)
	for range 3 {
		fill(t, c.leader(), 3000, 500, 1000)
		takeCheckpoint(t, c.leader())
	}
	down.start()
	down.awaitServing()
	l.stop(c.nodes...)
	c.awaitEqual()
	takeCheckpoint(t, down)
}

// TestMembersChangeWhileNodesAreKilled: a node joins and another is removed while the leader is killed again and again.
func TestMembersChangeWhileNodesAreKilled(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 3, oftenCheckpoints...)
	var stop atomic.Bool
	var all sync.WaitGroup
	writers := startWriters(t, c, 4, &all, &stop)
	for id := 4; id <= 6; id++ {
		next := c.joiner(id, "")
		next.start()
		leader := c.leader()
		awaitLoad(t, writers, 100)
		leader.kill()
		awaitLoad(t, writers, 100)
		leader.start()
		leader.awaitServing()
		c.awaitVoter(next)
		c.nodes = append(c.nodes, next)
		await(t, "a removal to be agreed on", func() error { return c.nodes[0].change("REMOVE", next.id) })
		c.nodes = c.others(next)
		next.kill()
	}
	stop.Store(true)
	all.Wait()
	c.awaitServing()
	c.awaitEqual()
	for _, n := range c.nodes {
		verifyWriters(t, n, writers)
	}
}
