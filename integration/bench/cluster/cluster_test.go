package cluster

import (
	"net"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/paxredis/paxredis/integration/bench/traffic"
)

// TestACluster runs three real nodes, kills the leader, and starts it again, as scenarios do.
func TestACluster(t *testing.T) {
	if testing.Short() {
		t.Skip("starts real processes; left out with -short")
	}
	dir := t.TempDir()
	program := filepath.Join(dir, "paxredis")
	if out, err := exec.Command("go", "build", "-o", program, "github.com/paxredis/paxredis/cmd/paxredis").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	c, err := Start(t.Context(), Options{Paxredis: program, Dir: dir, BasePort: freePorts(t), Flags: []string{"--commit-timeout", "20s"}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := c.Stop(); err != nil {
			t.Error(err)
		}
	}()
	write := func(nodes []*Node) {
		t.Helper()
		_, err := traffic.Run(t.Context(), traffic.Options{Addrs: Addrs(nodes...), Connections: len(nodes), Pipeline: 10, Requests: 300, Command: traffic.SetInOrder(300, 100)})
		if err != nil {
			t.Fatal(err)
		}
	}
	write(c.Nodes[:])
	leader, err := c.Leader(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := leader.Kill(); err != nil {
		t.Fatal(err)
	}
	next, err := c.Leader(t.Context())
	if err != nil || next == leader || len(c.Running()) != Size-1 {
		t.Fatalf("node %d leads after node %d was killed; %d run; %v", next.ID, leader.ID, len(c.Running()), err)
	}
	write(c.Others(leader))
	if err := leader.Start(); err != nil {
		t.Fatal(err)
	}
	if err := c.AwaitServing(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := leader.Checkpoint(t.Context()); err != nil {
		t.Fatal(err)
	}
	if keys, err := leader.Client().DBSize(t.Context()).Result(); err != nil || keys != 300 {
		t.Errorf("%d keys, %v", keys, err)
	}
	s, err := c.Sample()
	for i := range Size {
		if err != nil || s.Resident[i] == 0 || s.Journal[i] == 0 || s.State[leader.ID-1] == 0 {
			t.Errorf("node %d uses %+v, %v", i+1, s, err)
		}
	}
}

// freePorts returns the first of some ports in a row that nobody listens on, and whose neighbours for peers are free as well. They are below
// those that the kernel gives to outgoing connections.
func freePorts(t *testing.T) int {
	t.Helper()
	for first := 14000; first < 18000; first += 2 * Size {
		free := true
		for i := range Size {
			free = free && isFree(first+i) && isFree(first+peerPortOffset+i)
		}
		if free {
			return first
		}
	}
	t.Fatal("no ports are free")
	return 0
}

func isFree(port int) bool {
	l, err := net.Listen("tcp", loopback(port))
	return err == nil && l.Close() == nil
}
