package integration

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// cluster is several nodes that share a key.
type cluster struct {
	t       testing.TB
	nodes   []*node // the members; nodes[i] has id i+1 until members come and go
	keyFile string
	peers   string
	program string
	flags   []string // for every node
}

// newCluster prepares size nodes with these server flags; start runs them.
func newCluster(t testing.TB, size int, flags ...string) *cluster {
	t.Helper()
	return newClusterOf(t, mustBuild(t, binary), size, flags...)
}

// startCluster runs a cluster and waits until every node serves.
func startCluster(t testing.TB, size int, flags ...string) *cluster {
	t.Helper()
	c := newCluster(t, size, flags...)
	c.start()
	c.awaitServing()
	return c
}

func newClusterOf(t testing.TB, program string, size int, flags ...string) *cluster {
	t.Helper()
	needsProcesses(t)
	c := &cluster{t: t, keyFile: filepath.Join(t.TempDir(), "cluster.key"), program: program, flags: flags}
	keygen(t, program, c.keyFile)
	first := freePorts(t, size)
	list := make([]string, size)
	for i := range list {
		list[i] = strconv.Itoa(i+1) + "=" + loopback(first+i)
	}
	c.peers = strings.Join(list, ",")
	for i := range size {
		args := append([]string{"--peers", c.peers, "--cluster-key-file", c.keyFile}, flags...)
		n := newNode(t, i+1, program, args...)
		n.peer = loopback(first + i)
		c.nodes = append(c.nodes, n)
	}
	return c
}

func mustBuild(t testing.TB, build func() (string, error)) string {
	t.Helper()
	needsProcesses(t)
	path, err := build()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func keygen(t testing.TB, program, file string) {
	t.Helper()
	if out, err := exec.Command(program, "keygen", file).CombinedOutput(); err != nil {
		t.Fatalf("keygen: %v\n%s", err, out)
	}
}

// startSingle runs a single node and waits until it serves.
func startSingle(t testing.TB, flags ...string) *node {
	t.Helper()
	n := newNode(t, 1, mustBuild(t, binary), flags...)
	n.start()
	n.awaitServing()
	return n
}

func (c *cluster) start() {
	c.t.Helper()
	for _, n := range c.nodes {
		n.start()
	}
}

func (c *cluster) awaitServing() {
	c.t.Helper()
	for _, n := range c.nodes {
		if n.running() {
			n.awaitServing()
		}
	}
}

// leader waits until the running nodes agree on who leads, and returns that node.
func (c *cluster) leader() *node {
	c.t.Helper()
	var leader *node
	await(c.t, "the nodes to agree on a leader", func() error {
		id := 0
		for _, n := range c.nodes {
			if !n.running() {
				continue
			}
			info, err := infoPaxos(n)
			if err != nil {
				return fmt.Errorf("node %d: %w", n.id, err)
			}
			of, err := strconv.Atoi(info["paxos_leader_id"])
			if err != nil || of == 0 || id != 0 && of != id {
				return fmt.Errorf("node %d says %q, an earlier one %d", n.id, info["paxos_leader_id"], id)
			}
			id = of
		}
		if leader = c.node(id); leader == nil || !leader.running() {
			return fmt.Errorf("leader %d does not run", id)
		}
		return nil
	})
	return leader
}

// node is the member with this id, nil if there is none.
func (c *cluster) node(id int) *node {
	for _, n := range c.nodes {
		if n.id == id {
			return n
		}
	}
	return nil
}

// others are the nodes besides n.
func (c *cluster) others(n *node) []*node {
	rest := []*node{}
	for _, o := range c.nodes {
		if o != n {
			rest = append(rest, o)
		}
	}
	return rest
}

// follower is some running node that does not lead.
func (c *cluster) follower() *node {
	c.t.Helper()
	for _, n := range c.others(c.leader()) {
		if n.running() {
			return n
		}
	}
	c.t.Fatal("no follower runs")
	return nil
}

// awaitEqual waits until all nodes have applied the same slot, and fails the test unless their keyspaces are equal
// there. Nobody may be writing.
func (c *cluster) awaitEqual() {
	c.t.Helper()
	var digests []string
	await(c.t, "all nodes to stand at the same applied slot", func() error {
		before, err := c.appliedSlots()
		if err != nil {
			return err
		}
		if digests, err = c.digests(); err != nil {
			return err
		}
		after, err := c.appliedSlots()
		if err != nil {
			return err
		}
		if before[0] != after[0] || !allEqual(before) || !allEqual(after) {
			return fmt.Errorf("applied slots %v, then %v", before, after)
		}
		return nil
	})
	if !allEqual(digests) {
		c.t.Fatalf("at the same applied slot the nodes' digests differ: %v", digests)
	}
}

func (c *cluster) appliedSlots() ([]string, error) {
	return c.each(func(n *node) (string, error) {
		info, err := infoPaxos(n)
		return info["paxos_applied_slot"], err
	})
}

func (c *cluster) digests() ([]string, error) {
	return c.each(func(n *node) (string, error) {
		return n.rdb().Do(context.Background(), "DEBUG", "DIGEST").Text()
	})
}

func (c *cluster) each(ask func(*node) (string, error)) ([]string, error) {
	answers := make([]string, len(c.nodes))
	for i, n := range c.nodes {
		var err error
		if answers[i], err = ask(n); err != nil {
			return nil, fmt.Errorf("node %d: %w", n.id, err)
		}
		if answers[i] == "" {
			return nil, fmt.Errorf("node %d: empty answer", n.id)
		}
	}
	return answers, nil
}

func allEqual(values []string) bool {
	for _, v := range values {
		if v != values[0] {
			return false
		}
	}
	return true
}

// runCommand runs the paxredis binary to its end and returns its output and exit code.
func runCommand(t testing.TB, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	cmd := exec.Command(mustBuild(t, binary), args...)
	cmd.Env = environment()
	cmd.Dir = t.TempDir()
	var out, errOut bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errOut
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("paxredis %v: %v", args, err)
	}
	return out.String(), errOut.String(), cmd.ProcessState.ExitCode()
}

// isRoot reports whether the test may mount file systems.
func isRoot() bool { return os.Geteuid() == 0 }
