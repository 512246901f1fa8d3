package integration

import (
	"strconv"
	"strings"
	"testing"

	"github.com/paxredis/paxredis/integration/history"
)

// TestHistoriesOfSlowDisksAreLinearizable has writes to some of the disks take long, or not end at all, while clients of all nodes go on.
func TestHistoriesOfSlowDisksAreLinearizable(t *testing.T) {
	t.Parallel()
	for i, mode := range []string{"quorum", "lease"} {
		t.Run(mode, func(t *testing.T) {
			c := startFaulty(t, 3, "--read-mode", mode, "--commit-timeout", commitTimeoutOfRecorded.String())
			r := startRecording(t, c.cluster, history.Options{Seed: uint64(30 + i)})
			for _, fault := range slowDisks {
				r.fault(fault.name)
				fault.run(t, c, r)
			}
			r.stop()
		})
	}
}

var slowDisks = []healable{
	{"the leader's disk is slow", func(c *faultyCluster) func() {
		l := c.leader()
		c.tell(l, "disk", "50ms")
		return func() {
			l.awaitInfo("paxos", "paxos_sync_p99_usec", func(value string) bool {
				micros, err := strconv.Atoi(value)
				return err == nil && micros >= 50_000
			})
		}
	}},
	{"a follower's disk is slow", func(c *faultyCluster) func() {
		c.tell(c.follower(), "disk", "300ms")
		return nil
	}},
	{"the disks of a majority are slow", func(c *faultyCluster) func() {
		for _, n := range c.others(c.leader()) {
			c.tell(n, "disk", "30ms")
		}
		return nil
	}},
	// Its links are well, so that it could go on leading without ever storing anything.
	{"the leader's disk stands still", func(c *faultyCluster) func() {
		l := c.leader()
		c.tell(l, "disk", limit)
		return func() { c.awaitAnotherLeads(l) }
	}},
	{"a follower's disk stands still", func(c *faultyCluster) func() {
		f := c.follower()
		c.tell(f, "disk", limit)
		return nil
	}},
}

// diskFailures end a node, which is started again.
var diskFailures = []wound{
	{name: "the leader's disk fails", run: failDisk((*cluster).leader, "fails", "sync the journal: input/output error")},
	{name: "a follower's disk fails", run: failDisk((*cluster).follower, "fails", "sync the journal: input/output error")},
	{name: "the leader's disk is full", run: failDisk((*cluster).leader, "full", "no space left on device")},
	{name: "a follower's disk is full", run: failDisk((*cluster).follower, "full", "no space left on device")},
}

// TestHistoryOfFailingDisksIsLinearizable has writes to the disk of one node after the other fail.
func TestHistoryOfFailingDisksIsLinearizable(t *testing.T) {
	t.Parallel()
	c := startFaulty(t, 3, "--commit-timeout", commitTimeoutOfRecorded.String())
	r := startRecording(t, c.cluster, history.Options{Seed: 41})
	for _, fault := range diskFailures {
		r.fault(fault.name)
		fault.run(t, c, r)
	}
	r.stop()
}

// TestHistoryOfAFullDiskIsLinearizable fills the disk of one node, which stops; with room again it comes back.
func TestHistoryOfAFullDiskIsLinearizable(t *testing.T) {
	needsProcesses(t)
	disk := newSmallDisk(t, "24m")
	c := newFaulty(t, 3, "--journal-segment-bytes", "4mb", "--min-free-disk", "0", "--commit-timeout", commitTimeoutOfRecorded.String())
	full := c.nodes[0]
	disk.give(c, full)
	c.start()
	c.awaitServing()
	r := startRecording(t, c.cluster, history.Options{Seed: 40})
	value := strings.Repeat("v", 100_000)
	r.fault("a disk is filled")
	disk.awaitFull(t, func() {
		_ = c.nodes[1].rdb().Set(t.Context(), "large", value, 0).Err() // the leader may be the one that meets the full disk
	})
	r.awaitWrites(writesBetweenFaults)
	disk.enlarge(t)
	full.start()
	full.awaitServing()
	r.awaitWrites(writesBetweenFaults)
	r.stop()
}
