package integration

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
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

// wound is a fault of such a cluster, which is over when run returns.
type wound struct {
	name string
	run  func(*testing.T, *faultyCluster, *recording)
}

// healable is a fault that heal ends. What begin returns, if anything, waits until it shows that the fault is there.
type healable struct {
	name  string
	begin func(*faultyCluster) (shows func())
}

// run has the clients get on under the fault, which must have met something, and ends it.
func (f *healable) run(t *testing.T, c *faultyCluster, r *recording) {
	t.Helper()
	before := c.suffered()
	shows := f.begin(c)
	if shows != nil {
		shows()
	}
	r.awaitWrites(writesUnderFault)
	c.awaitSuffered(before)
	c.heal()
	c.awaitServing()
}

// startFaulty runs a cluster without faults, and waits until every node serves.
func startFaulty(t *testing.T, size int, flags ...string) *faultyCluster {
	t.Helper()
	c := newFaulty(t, size, flags...)
	c.start()
	c.awaitServing()
	return c
}

// newFaulty prepares such a cluster; start runs it.
func newFaulty(t *testing.T, size int, flags ...string) *faultyCluster {
	t.Helper()
	dir, err := os.MkdirTemp("", "faults-") // a socket's path must be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	c := &faultyCluster{newClusterOf(t, mustBuild(t, faultyBinary), size, flags...), dir}
	for _, n := range c.nodes {
		c.equip(n)
	}
	return c
}

// equip has a node that is not started yet listen to what it is told.
func (c *faultyCluster) equip(n *node) { n.env = []string{"PAXREDIS_TEST_FAULTS=" + c.socket(n)} }

// socket is named by the address for clients, since a node that joins does not know its id.
func (c *faultyCluster) socket(n *node) string {
	_, port, err := net.SplitHostPort(n.address)
	if err != nil {
		c.t.Fatal(err)
	}
	return filepath.Join(c.sockets, port)
}

// without is the same cluster for faults that leave a node alone.
func (c *faultyCluster) without(n *node) *faultyCluster {
	rest := *c.cluster
	rest.nodes = c.others(n)
	return &faultyCluster{&rest, c.sockets}
}

// tell has a node's process do something, and returns once it holds. A process that is started again has no faults.
func (c *faultyCluster) tell(n *node, words ...any) {
	c.t.Helper()
	if answer := c.ask(n, words...); answer != "ok" {
		c.t.Fatalf("node %d was told %v, and answered %q", n.id, words, answer)
	}
}

// ask waits for a process that was started a moment ago.
func (c *faultyCluster) ask(n *node, words ...any) (answer string) {
	c.t.Helper()
	line := strings.TrimSpace(fmt.Sprintln(words...))
	await(c.t, fmt.Sprintf("node %d to be told %q", n.id, line), func() error {
		if !n.running() {
			c.t.Fatalf("node %d is to be told %q and does not run; its log ends with:\n%s", n.id, line, n.logTail(20))
		}
		conn, err := net.Dial("unix", c.socket(n))
		if err != nil {
			return err
		}
		defer conn.Close()
		if _, err := fmt.Fprintln(conn, line); err != nil {
			return err
		}
		answer, err = bufio.NewReader(conn).ReadString('\n')
		return err
	})
	return strings.TrimSpace(answer)
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

// suffered is how many messages and writes have met a fault, since the nodes that run were started.
func (c *faultyCluster) suffered() (count int) {
	c.t.Helper()
	for _, n := range c.nodes {
		if !n.running() {
			continue
		}
		some, err := strconv.Atoi(c.ask(n, "count"))
		if err != nil {
			c.t.Fatal(err)
		}
		count += some
	}
	return count
}

// awaitSuffered waits until something has met a fault since suffered said so many.
func (c *faultyCluster) awaitSuffered(before int) {
	c.t.Helper()
	await(c.t, "something to meet the fault", func() error {
		if c.suffered() <= before {
			return errNotYet
		}
		return nil
	})
}
