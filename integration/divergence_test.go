package integration

import (
	"sync"
	"testing"
)

// brokenBinary breaks the rule that PAXREDIS_TEST_BREAK names.
var brokenBinary = sync.OnceValues(func() (string, error) { return build("paxredis-broken", "-tags", "mutation") })

// TestANodeWhoseStateDiffersTakesItselfOut: a node whose program is wrong has another state at the same slot than the majority. It stops
// with an error that says so, the others serve on and name it, and with the right program it fetches the state from them.
func TestANodeWhoseStateDiffersTakesItselfOut(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 3, oftenCheckpoints...)
	wrong, right := c.nodes[2], c.nodes[:2]
	wrong.program, wrong.env = mustBuild(t, brokenBinary), []string{"PAXREDIS_TEST_BREAK=SessionsKept"}
	c.start()
	c.awaitServing()
	fill(t, right[0], 1000, 1000, 100)
	takeCheckpoint(t, right[0])
	if code := wrong.awaitExit(); code != 1 {
		t.Errorf("exit code %d, want 1", code)
	}
	wrong.awaitLog(`this node's state at slot \d+ differs from the one that a majority holds, so this node takes itself out of service`)
	for _, n := range right {
		n.awaitInfo("persistence", "paxos_differing_nodes", func(ids string) bool { return ids == "3" })
		expect(t, n, "OK", "SET", "meanwhile", "v")
	}

	fill(t, right[0], 4000, 1000, 1000)
	awaitCut(t, right) // so that its own journal is not enough
	wrong.program, wrong.env = c.program, nil
	wrong.start()
	wrong.awaitServing()
	wrong.awaitLog(`msg="state replaced by a peer's checkpoint"`)
	expect(t, wrong, "v", "GET", "meanwhile")
	c.awaitSameCheckpoint(takeCheckpoint(t, wrong))
	c.awaitEqual()
}
