package system

import (
	"os"
	"os/exec"
	"testing"
	"time"
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

func TestCPUOfStat(t *testing.T) {
	stat := "42 (a ) b) S 1 42 42 0 -1 4194304 1 2 3 4 100 20 3 1 20 0 9 0 1 2 3\n"
	if used, err := cpuOfStat(stat); err != nil || used != 1240*time.Millisecond {
		t.Errorf("got %v, %v", used, err)
	}
	for _, stat := range []string{"", "42 (a) S 1", "42 (a) S 1 42 42 0 -1 4194304 1 2 3 4 100 x 3 1 20"} {
		if used, err := cpuOfStat(stat); err == nil {
			t.Errorf("%q: %v", stat, used)
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

func TestChildrenAreFound(t *testing.T) {
	child := exec.Command("cat")
	in, err := child.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	children, err := childrenOf(os.Getpid())
	if err != nil || len(children) == 0 {
		t.Errorf("children %v, %v", children, err)
	}
	if err := in.Close(); err != nil {
		t.Error(err)
	}
	if err := child.Wait(); err != nil {
		t.Error(err)
	}
}
