package integration

import (
	"os"
	"testing"
)

// TestALearnerThatLosesItsDirectoryBeginsAnew: it has not voted, so there is nothing that it could have forgotten. It comes back under its
// id by the same command line, and is promoted.
func TestALearnerThatLosesItsDirectoryBeginsAnew(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 3, slowCatchUp...)
	fillApart(t, c.nodes[0], 2000, 2000)
	takeCheckpoint(t, c.nodes[0])
	fillApart(t, c.nodes[0], 2000, 2000)
	takeCheckpoint(t, c.nodes[0])
	awaitCut(t, c.nodes)

	learner := c.joiner(4, "")
	learner.start()
	learner.awaitInfo("persistence", "paxos_fetching_slot", func(slot string) bool { return slot != "0" && slot != "" })
	learner.kill()
	c.nodes[0].awaitMember(4, "learner")
	if err := os.RemoveAll(learner.dir); err != nil {
		t.Fatal(err)
	}
	learner.start()
	c.awaitVoter(learner)
	c.nodes = append(c.nodes, learner)
	expect(t, learner, "2000", "DBSIZE")
	expect(t, learner, "OK", "SET", "by", "the learner")
	c.awaitEqual()

	// Now that it has voted, it is kept out in the same position.
	learner.kill()
	if err := os.RemoveAll(learner.dir); err != nil {
		t.Fatal(err)
	}
	learner.start()
	learner.awaitLog(`what that one voted must not be forgotten: if it is lost, run: paxredis member replace 4`)
}
