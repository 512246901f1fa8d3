package integration

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/paxredis/paxredis/integration/history"
)

// TestHistoriesOfSlowDisksAreLinearizable has writes to some of the disks take long while clients of all nodes go on.
func TestHistoriesOfSlowDisksAreLinearizable(t *testing.T) {
	for i, mode := range []string{"quorum", "lease"} {
		t.Run(mode, func(t *testing.T) {
			c := startFaulty(t, 3, "--read-mode", mode, "--commit-timeout", commitTimeoutOfRecorded.String())
			r := startRecording(t, c.cluster, history.Options{Seed: uint64(30 + i)})
			for _, fault := range slowDisks {
				t.Log(fault.name)
				fault.run(t, c, r)
			}
			r.stop()
		})
	}
}

var slowDisks = []healable{
	{"the leader's disk", func(c *faultyCluster) { c.tell(c.leader(), "disk", "50ms") }},
	{"a follower's disk", func(c *faultyCluster) { c.tell(c.follower(), "disk", "300ms") }},
	{"the disks of a majority", func(c *faultyCluster) {
		for _, n := range c.others(c.leader()) {
			c.tell(n, "disk", "30ms")
		}
	}},
}

// TestHistoryOfAFullDiskIsLinearizable fills the disk of one node, which stops; with room again it comes back.
func TestHistoryOfAFullDiskIsLinearizable(t *testing.T) {
	needsProcesses(t)
	dir := mountTmpfs(t, "24m")
	c := newCluster(t, 3, "--journal-segment-bytes", "4mb", "--min-free-disk", "0", "--commit-timeout", commitTimeoutOfRecorded.String())
	full := c.nodes[0]
	full.args = append(full.args, "--data-dir", filepath.Join(dir, "data"))
	c.start()
	c.awaitServing()
	r := startRecording(t, c, history.Options{Seed: 40})
	value := strings.Repeat("v", 100_000)
	await(t, "the node with the small disk to stop", func() error {
		_ = c.nodes[1].rdb().Set(t.Context(), "large", value, 0).Err() // it may be the one that meets the full disk
		if full.running() {
			return errNotYet
		}
		return nil
	})
	r.awaitWrites(writesBetweenFaults)
	if out, err := exec.Command("mount", "-o", "remount,size=512m", dir).CombinedOutput(); err != nil {
		t.Fatal(fmt.Errorf("%w\n%s", err, out))
	}
	full.start()
	full.awaitServing()
	r.awaitWrites(writesBetweenFaults)
	r.stop()
}
