package integration

import (
	"fmt"
	"testing"
	"time"

	"github.com/paxredis/paxredis/integration/history"
)

// TestHistoriesOfWrongClocksAreLinearizable sets the nodes' wall clocks ahead and back, while leadership goes from one to the other: what is
// not told to live for so long is never lost or old.
func TestHistoriesOfWrongClocksAreLinearizable(t *testing.T) {
	t.Parallel()
	const off = time.Second
	for i, mode := range []string{"quorum", "lease"} {
		t.Run(mode, func(t *testing.T) {
			c := startFaulty(t, 3, "--read-mode", mode, "--commit-timeout", commitTimeoutOfRecorded.String())
			r := startRecording(t, c.cluster, history.Options{Seed: uint64(20 + i), ClockDifference: 2 * off})
			for _, fault := range []struct {
				name           string
				leader, others time.Duration
			}{
				{"the leader's clock is ahead", off, 0},
				{"the leader's clock is back", -off, 0},
				{"the others' clocks are ahead", 0, off},
				{"the leader's clock is back, the others' ahead", -off, off},
				{"all clocks are ahead", off, off},
				{"all clocks are right again", 0, 0},
			} {
				r.fault(fault.name)
				leader := c.leader()
				c.setClock(leader, fault.leader)
				for _, n := range c.others(leader) {
					c.setClock(n, fault.others)
				}
				if fault.leader > 0 {
					c.awaitLogAhead(leader, fault.leader)
				}
				r.awaitWrites(writesBetweenFaults)
				handOverTwice(t, c.cluster, r)
			}
			r.stop()
		})
	}
}

// setClock sets a node's wall clock so much ahead of what it would be, which the node's own time shows.
func (c *faultyCluster) setClock(n *node, ahead time.Duration) {
	c.t.Helper()
	c.tell(n, "clock", ahead)
	before := time.Now().Truncate(time.Microsecond)
	told, err := n.rdb().Time(c.t.Context()).Result()
	if err != nil {
		c.t.Fatal(err)
	}
	if real := told.Add(-ahead); real.Before(before) || real.After(time.Now()) {
		c.t.Errorf("node %d, whose clock is to be %v ahead, says %v at %v", n.id, ahead, told, before)
	}
}

// awaitLogAhead waits until the log's time, by which keys expire, is ahead like the leader's clock.
func (c *faultyCluster) awaitLogAhead(leader *node, ahead time.Duration) {
	c.t.Helper()
	const life = time.Hour
	await(c.t, "the log's time to be ahead", func() error {
		called := time.Now().Truncate(time.Millisecond)
		if err := leader.rdb().Set(c.t.Context(), "mortal", "v", life).Err(); err != nil {
			return err
		}
		deadline, err := leader.rdb().PExpireTime(c.t.Context(), "mortal").Result() // since 1970
		if err != nil {
			return err
		}
		if at := time.UnixMilli(deadline.Milliseconds()); at.Before(called.Add(life + ahead)) {
			return fmt.Errorf("what is to live for %v from %v on ends at %v", life, called, at)
		}
		return nil
	})
}
