// Package cluster runs the systems that benchmarks measure: three paxredis nodes, each a process of its own that can be killed, frozen, started
// again and looked at, and one redis-server to compare them with.
package cluster

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Size is the number of nodes.
const Size = 3

// peerPortOffset is how far the peer ports lie above those for clients.
const peerPortOffset = 1000

// Options say what is run.
type Options struct {
	Paxredis string   // the binary
	Dir      string   // for the key, the data and the logs; it must exist
	BasePort int      // of the first node, for clients; the others' follow, and peer ports are 1000 higher
	Flags    []string // further server flags, for every node
	Faults   bool     // the binary has the build tag faults: see Tell
}

// Cluster is three nodes. It belongs to one goroutine.
type Cluster struct {
	Nodes [Size]*Node
}

// Start runs three nodes and returns once they serve. With an error nothing is left running.
func Start(ctx context.Context, o Options) (*Cluster, error) {
	key := filepath.Join(o.Dir, "cluster.key")
	if out, err := exec.Command(o.Paxredis, "keygen", key).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%s keygen: %w\n%s", o.Paxredis, err, out)
	}
	peers := make([]string, Size)
	for i := range peers {
		peers[i] = fmt.Sprintf("%d=%s", i+1, loopback(o.BasePort+peerPortOffset+i))
	}
	c := &Cluster{}
	for i := range c.Nodes {
		c.Nodes[i] = newNode(i+1, o, "--peers", strings.Join(peers, ","), "--cluster-key-file", key)
	}
	if err := c.start(ctx); err != nil {
		return nil, errors.Join(err, c.Stop())
	}
	return c, nil
}

func (c *Cluster) start(ctx context.Context) error {
	for _, n := range c.Nodes {
		if err := n.Start(); err != nil {
			return err
		}
	}
	return c.AwaitServing(ctx)
}

func loopback(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

// AwaitServing waits until every node that runs answers a linearizable read.
func (c *Cluster) AwaitServing(ctx context.Context) error {
	for _, n := range c.Running() {
		if err := n.AwaitServing(ctx); err != nil {
			return err
		}
	}
	return nil
}

// Stop ends all nodes gracefully. Their data stays.
func (c *Cluster) Stop() error {
	var errs []error
	for _, n := range c.Nodes {
		errs = append(errs, n.stop())
	}
	return errors.Join(errs...)
}

// Running are the nodes whose processes run.
func (c *Cluster) Running() []*Node { return c.Others(nil) }

// Others are the nodes that run, without one.
func (c *Cluster) Others(than *Node) []*Node {
	var others []*Node
	for _, n := range c.Nodes {
		if n != than && n.process != nil {
			others = append(others, n)
		}
	}
	return others
}

// Addrs are where nodes serve clients.
func Addrs(nodes ...*Node) []string {
	addrs := make([]string, len(nodes))
	for i, n := range nodes {
		addrs[i] = n.Addr
	}
	return addrs
}

// PIDs are the numbers of the nodes' processes, which must run.
func PIDs(nodes ...*Node) []int {
	pids := make([]int, len(nodes))
	for i, n := range nodes {
		pids[i] = n.PID()
	}
	return pids
}

// leaderLimit is how long the nodes may take to agree on who leads.
const leaderLimit = time.Minute

// Leader waits until the nodes that run agree on who leads, and returns that node.
func (c *Cluster) Leader(ctx context.Context) (*Node, error) {
	var leader *Node
	err := Await(ctx, leaderLimit, func() error {
		ids := map[string]bool{}
		for _, n := range c.Running() {
			id, err := n.Info(ctx, "paxos", "paxos_leader_id")
			if err != nil {
				return err
			}
			ids[id] = true
			for _, m := range c.Running() {
				if strconv.Itoa(m.ID) == id {
					leader = m
				}
			}
		}
		if len(ids) != 1 || ids["0"] || leader == nil {
			return fmt.Errorf("the nodes take different nodes for their leader, or none that runs: %v", ids)
		}
		return nil
	})
	return leader, err
}

// awaitEvery is how often a condition is looked at.
const awaitEvery = 2 * time.Millisecond

// Await looks at a condition until it holds, and returns what it said last if it does not within the limit.
func Await(ctx context.Context, limit time.Duration, holds func() error) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	tick := time.NewTicker(awaitEvery)
	defer tick.Stop()
	for {
		err := holds()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return errors.Join(err, ctx.Err())
		case <-tick.C:
		}
	}
}

// Dir makes an empty directory for a cluster below another one.
func Dir(parent, name string) (string, error) {
	dir := filepath.Join(parent, name)
	return dir, errors.Join(os.RemoveAll(dir), os.MkdirAll(dir, 0o700))
}
