package integration

import (
	"testing"
	"time"

	"github.com/paxredis/paxredis/integration/history"
)

// TestHistoriesOfWrongClocksAreLinearizable sets the nodes' wall clocks ahead and back, while leadership goes from one to the other: what is
// not told to live for so long is never lost or old.
func TestHistoriesOfWrongClocksAreLinearizable(t *testing.T) {
	const off = 3 * time.Second
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
				c.tell(leader, "clock", fault.leader)
				for _, n := range c.others(leader) {
					c.tell(n, "clock", fault.others)
				}
				r.awaitWrites(writesBetweenFaults)
				handOverTwice(t, c.cluster, r)
			}
			r.stop()
		})
	}
}
