package integration

import (
	"fmt"
	"testing"
)

var replacements = []wound{
	{name: "the leader is replaced", run: replaceOne((*cluster).leader)},
	{name: "a follower is replaced", run: replaceOne((*cluster).follower)},
	{name: "the leader is replaced", run: replaceOne((*cluster).leader)},
}

// replaceOne has a new member take a node's place while the clients of all of them go on: those of the node that leaves until it has stopped.
func replaceOne(which func(*cluster) *node) func(*testing.T, *faultyCluster, *recording) {
	return func(t *testing.T, c *faultyCluster, r *recording) {
		next := c.joiner(0, "")
		c.equip(next)
		next.start()
		c.awaitVoter(next)
		old := which(c.cluster)
		c.nodes = append(c.nodes, next)
		r.on(next)
		r.awaitWrites(writesBetweenFaults / 2)
		c.removeUnderFaults(old)
		expectRemoved(t, old)
		old.stop()
		r.off(old)
		r.awaitWrites(writesBetweenFaults / 2)
	}
}

// removeUnderFaults takes a member out through another node, which is asked again whatever it answers: while something else goes wrong, a
// voter may seem to be away, a leader may go, and an answer may be lost.
func (c *faultyCluster) removeUnderFaults(gone *node) {
	c.t.Helper()
	c.nodes = c.others(gone)
	asked := c.nodes[0]
	await(c.t, fmt.Sprintf("node %d to be removed", gone.id), func() error {
		if members, err := asked.members(); err == nil && members[gone.id] == "" {
			return nil
		}
		return asked.change("REMOVE", gone.id)
	})
	for _, n := range c.nodes {
		n.awaitMember(gone.id, "none")
	}
}
