package integration

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// faultyBinary loses and delays what it sends to its peers, and sets its clock, as it is told (cmd/paxredis/faults_on.go).
var faultyBinary = sync.OnceValues(func() (string, error) { return build("paxredis-faults", "-tags", "faults") })

// faultyCluster is a cluster whose links, disks and clocks a test has in its hand.
type faultyCluster struct {
	*cluster
	sockets string // the directory of the nodes' sockets
}

// startFaulty runs a cluster without faults, and waits until every node serves.
func startFaulty(t *testing.T, size int, flags ...string) *faultyCluster {
	t.Helper()
	dir, err := os.MkdirTemp("", "faults-") // a socket's path must be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	c := &faultyCluster{newClusterOf(t, mustBuild(t, faultyBinary), size, flags...), dir}
	for _, n := range c.nodes {
		n.env = []string{"PAXREDIS_TEST_FAULTS=" + c.socket(n)}
	}
	c.start()
	c.awaitServing()
	return c
}

func (c *faultyCluster) socket(n *node) string { return filepath.Join(c.sockets, fmt.Sprint(n.id)) }

// tell has a node's process do something, and returns once it holds. A process that is started again has no faults.
func (c *faultyCluster) tell(n *node, words ...any) {
	c.t.Helper()
	line := strings.TrimSpace(fmt.Sprintln(words...))
	conn, err := net.Dial("unix", c.socket(n))
	if err != nil {
		c.t.Fatalf("node %d cannot be told %q: %v", n.id, line, err)
	}
	defer conn.Close()
	if _, err := fmt.Fprintln(conn, line); err != nil {
		c.t.Fatalf("node %d cannot be told %q: %v", n.id, line, err)
	}
	if answer, err := bufio.NewReader(conn).ReadString('\n'); answer != "ok\n" {
		c.t.Fatalf("node %d was told %q, and answered %q, %v", n.id, line, answer, err)
	}
}

// links says what becomes of what one node sends to others.
func (c *faultyCluster) links(from *node, to []*node, fault ...any) {
	c.t.Helper()
	for _, other := range to {
		if other != from {
			c.tell(from, append([]any{"link", other.id}, fault...)...)
		}
	}
}

// cut cuts nodes off from each other, both ways.
func (c *faultyCluster) cut(one *node, others ...*node) {
	c.t.Helper()
	c.links(one, others, "drop")
	for _, other := range others {
		c.links(other, []*node{one}, "drop")
	}
}

// heal ends the faults of all links and disks.
func (c *faultyCluster) heal() {
	c.t.Helper()
	for _, n := range c.nodes {
		c.links(n, c.nodes, "pass")
		c.tell(n, "disk", "0s")
	}
}
