package integration

import (
	"fmt"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// What goes wrong with whole processes while a history is recorded. Each of these is over when it returns.

// crash is a fault of processes that need no test build.
type crash struct {
	name string
	run  func(*testing.T, *cluster, *recording)
}

// longerThanTheLease is some multiple of the lease a node has without flags.
const longerThanTheLease = 2 * time.Second

// killOne kills a node with SIGKILL, and starts it again while the others go on.
func killOne(which func(*cluster) *node) func(*testing.T, *cluster, *recording) {
	return func(_ *testing.T, c *cluster, r *recording) {
		n, led := c.pick(which)
		n.kill()
		if led {
			c.awaitAnotherLeads(n)
		}
		r.awaitWrites(writesBetweenFaults)
		n.start()
		n.awaitServing()
	}
}

// freezeOne stops a node's process for longer than a lease, and until the others have gone on without it.
func freezeOne(which func(*cluster) *node) func(*testing.T, *cluster, *recording) {
	return func(_ *testing.T, c *cluster, r *recording) {
		n, led := c.pick(which)
		n.freeze()
		frozen := time.Now()
		if led {
			c.awaitAnotherLeads(n)
		}
		for time.Since(frozen) < longerThanTheLease {
			r.awaitWrites(1)
		}
		n.signal(syscall.SIGCONT)
		n.awaitServing()
	}
}

// restartInALoop kills a node five times in a row: every other time while it loads or catches up, as it happens.
func restartInALoop(which func(*cluster) *node) func(*testing.T, *cluster, *recording) {
	return func(_ *testing.T, c *cluster, r *recording) {
		n, _ := c.pick(which)
		for i := range 5 {
			n.kill()
			n.start()
			if i%2 == 0 {
				n.awaitServing()
			} else {
				r.awaitWrites(int64(1 + 20*i))
			}
		}
		n.awaitServing()
	}
}

// killMajority kills the leader and others, until those that are left can do nothing, and starts all of them again.
func killMajority(t *testing.T, c *cluster, _ *recording) {
	leader := c.leader()
	killed := append([]*node{leader}, c.others(leader)[:len(c.nodes)/2]...)
	last := c.others(leader)[len(c.nodes)/2]
	for _, n := range killed {
		n.kill()
	}
	await(t, "one of those left to refuse a write", func() error {
		err := last.rdb().Set(t.Context(), "refused", "v", 0).Err()
		if outcomeOf(err) != refused {
			return fmt.Errorf("it answered %v", err)
		}
		return nil
	})
	for _, n := range killed {
		n.start()
	}
	c.awaitServing()
}

func killAll(_ *testing.T, c *cluster, _ *recording) {
	for _, n := range c.nodes {
		n.signal(syscall.SIGKILL)
	}
	for _, n := range c.nodes {
		<-n.exited
	}
	c.start()
	c.awaitServing()
}

func handOverTwice(_ *testing.T, c *cluster, r *recording) {
	for range 2 {
		from := c.leader()
		c.handOver(c.others(from)[0])
		r.awaitWrites(writesBetweenFaults / 2)
	}
}

// handOver has leadership handed over, to the node with this id if one is given. The node asked is told so once it is done; on a busy machine it
// may be refused, because a voter was not heard or did not catch up for a moment, and is asked again.
func (c *cluster) handOver(asked *node, to ...any) {
	c.t.Helper()
	await(c.t, "leadership to be handed over", func() error {
		return asked.rdb().Do(c.t.Context(), append([]any{"PAXOS", "LEADER", "TRANSFER"}, to...)...).Err()
	})
}

// pick returns a node, and whether it led a moment ago.
func (c *cluster) pick(which func(*cluster) *node) (n *node, led bool) {
	c.t.Helper()
	leader := c.leader()
	n = which(c)
	return n, n == leader
}

// awaitAnotherLeads waits until one of the other nodes is led by another than n.
func (c *cluster) awaitAnotherLeads(n *node) {
	c.t.Helper()
	await(c.t, fmt.Sprintf("another than node %d to lead", n.id), func() error {
		said := []string{}
		for _, other := range c.others(n) {
			if !other.running() {
				continue
			}
			info, err := infoPaxos(other)
			if err != nil {
				return err
			}
			if leader := info["paxos_leader_id"]; leader != "0" && leader != strconv.Itoa(n.id) {
				return nil
			}
			said = append(said, info["paxos_leader_id"])
		}
		return fmt.Errorf("the others are led by %s", strings.Join(said, ", "))
	})
}

// awaitBehind waits until n has applied less than another node.
func (c *cluster) awaitBehind(n *node) {
	c.t.Helper()
	await(c.t, fmt.Sprintf("node %d to stay behind", n.id), func() error {
		behind := n.number("paxos", "paxos_applied_slot")
		for _, other := range c.others(n) {
			if other.number("paxos", "paxos_applied_slot") > behind {
				return nil
			}
		}
		return fmt.Errorf("nobody has applied more than slot %d", behind)
	})
}
