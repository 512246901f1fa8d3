package replication

import (
	"errors"
	"testing"

	"github.com/paxredis/paxredis/replication/paxos"
)

// endedByALaterRelease waits for the end of a node, which must be for that reason and without giving a checkpoint up.
func (n *node) endedByALaterRelease() {
	n.cluster.t.Helper()
	<-n.group.Done()
	if err := n.group.Err(); !errors.Is(err, paxos.ErrNewerFormat) {
		n.cluster.t.Error(err)
	}
	n.disk.mu.Lock()
	defer n.disk.mu.Unlock()
	if c := &n.disk.checkpoints; len(c.discarded) > 0 {
		n.cluster.t.Errorf("discarded: %q", c.discarded)
	}
}

func TestCheckpointOfALaterReleaseIsNotGivenUp(t *testing.T) {
	c := newCluster(t, 3, nil)
	victim := c.others(c.leader().id)[0]
	c.cutLog(victim)
	crashed := c.crash(victim.id)
	crashed.disk.spoil(laterValue)
	before := crashed.disk.checkpoints.newest
	back := c.start(victim.id, crashed.disk)
	back.endedByALaterRelease()
	if back.disk.checkpoints.newest != before {
		t.Error("the checkpoint is not the newest any more")
	}
}

// A node that is too far behind for the log, and cannot read its peers' checkpoints, says so instead of asking for ever.
func TestFetchedCheckpointOfALaterReleaseEndsTheNode(t *testing.T) {
	for name, later := range map[string]func(theirs, own *disk){
		"its head": func(theirs, _ *disk) {
			theirs.checkpoints.newest.checkpoint.Group = []byte{8, FormatVersion + 1, 16, 1}
		},
		"a part": func(_, own *disk) { own.checkpoints.later = true },
	} {
		t.Run(name, func(t *testing.T) {
			c := newCluster(t, 3, nil)
			late, _ := c.fallBehind()
			for _, n := range c.nodes {
				n.disk.mu.Lock()
				later(n.disk, late.disk)
				n.disk.mu.Unlock()
			}
			c.start(late.id, late.disk).endedByALaterRelease()
		})
	}
}
