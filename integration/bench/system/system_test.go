package system

import (
	"os"
	"os/exec"
	"testing"
)

func TestLeaderOf(t *testing.T) {
	if leader, err := leaderOf("# Paxos\r\npaxos_node_id:1\r\npaxos_leader_id:3\r\n"); err != nil || leader != 2 {
		t.Errorf("got %d, %v", leader, err)
	}
	for _, info := range []string{"", "paxos_leader_id:0\r\n", "paxos_leader_id:4\r\n", "paxos_leader_id:none\r\n"} {
		if leader, err := leaderOf(info); err == nil {
			t.Errorf("%q: %d leads", info, leader)
		}
	}
}

func TestCPUOfATreeGrows(t *testing.T) {
	before, err := cpuOfTree(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	// A child of a child, which has ended, counts.
	if out, err := exec.Command("sh", "-c", `sh -c 'i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done'`).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	after, err := cpuOfTree(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	if after <= before {
		t.Errorf("%v, then %v", before, after)
	}
}
