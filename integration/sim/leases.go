package sim

import (
	"fmt"

	"github.com/paxredis/paxredis/replication"
	"github.com/paxredis/paxredis/replication/paxos"
)

// looked looks at what a node is by itself after each of its steps, and at the leases there are.
func (c *checks) looked(n *node) {
	c.removed(n)
	if c.world.options.ReadMode != replication.ReadLease {
		return
	}
	var holder *node
	var newest paxos.Ballot
	for _, other := range c.world.nodes {
		if !other.isUp() {
			continue
		}
		ballot, held := other.lease()
		if !held {
			continue
		}
		c.granted(other, ballot)
		if other.isFrozen() {
			continue // it looks at its clock again before it answers anybody
		}
		if holder != nil {
			c.world.violated(fmt.Errorf("nodes %v and %v hold a lease at the same moment, of ballots %v and %v", holder.id, other.id, newest, ballot))
		}
		holder, newest = other, ballot
	}
}

// lease is the one that a process holds at this moment.
func (n *node) lease() (paxos.Ballot, bool) {
	ballot, sent, lasts, ok := n.group.Lease()
	return ballot, ok && n.clock.Now().Elapsed(sent) < lasts
}

// granted demands that what a lease rests on is there: a majority of the voters that answer nobody else's Prepare. It is looked at although no
// client sees the lack of it, since whoever does needs an election in the very moment in which a lease is too long.
func (c *checks) granted(n *node, ballot paxos.Ballot) {
	grants := 0
	for i := range n.members.Voters {
		if id := n.members.Voters[i].ID; int(id) > len(c.world.nodes) || c.world.node(id).refusesAllBut(n.id) {
			grants++
		}
	}
	if grants < paxos.Majority(len(n.members.Voters)) {
		c.world.violated(fmt.Errorf("node %v holds a lease of ballot %v, and only %d of its %d voters would answer nobody else", n.id, ballot, grants,
			len(n.members.Voters)))
	}
}

// refusesAllBut reports whether a node answers no Prepare but that of one other. One that is down does not, and will not for the time of a
// lease once it is started again.
func (n *node) refusesAllBut(leader paxos.NodeID) bool {
	return !n.isUp() || n.group.RefusesAllBut(leader)
}
