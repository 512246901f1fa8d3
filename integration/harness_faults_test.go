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

// faultyCluster is a cluster whose links and clocks a test has in its hand.
type faultyCluster struct {
	*cluster
	sockets map[*node]net.Conn
	answers map[*node]*bufio.Scanner
}

// startFaulty runs a cluster without faults, and waits until every node serves.
func startFaulty(t *testing.T, size int, flags ...string) *faultyCluster {
	t.Helper()
	c := &faultyCluster{newClusterOf(t, mustBuild(t, faultyBinary), size, flags...), make(map[*node]net.Conn), make(map[*node]*bufio.Scanner)}
	dir, err := os.MkdirTemp("", "faults-") // a socket's path must be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	for _, n := range c.nodes {
		n.env = []string{"PAXREDIS_TEST_FAULTS=" + c.socket(dir, n)}
	}
	c.start()
	c.awaitServing()
	for _, n := range c.nodes {
		conn, err := net.Dial("unix", c.socket(dir, n))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		c.sockets[n], c.answers[n] = conn, bufio.NewScanner(conn)
	}
	return c
}

func (c *faultyCluster) socket(dir string, n *node) string {
	return filepath.Join(dir, fmt.Sprint(n.id))
}

// tell has a node's process do something, and returns once it holds.
func (c *faultyCluster) tell(n *node, words ...any) {
	c.t.Helper()
	line := strings.TrimSpace(fmt.Sprintln(words...))
	_, err := fmt.Fprintln(c.sockets[n], line)
	if err != nil || !c.answers[n].Scan() || c.answers[n].Text() != "ok" {
		c.t.Fatalf("node %d was told %q: %v %q", n.id, line, err, c.answers[n].Text())
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

// heal ends the faults of all links.
func (c *faultyCluster) heal() {
	c.t.Helper()
	for _, n := range c.nodes {
		c.links(n, c.nodes, "pass")
	}
}
