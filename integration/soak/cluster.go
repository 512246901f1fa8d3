package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"github.com/paxredis/paxredis/integration/process"
)

// size is the number of nodes.
const size = 3

// serving is what a node logs once it takes clients.
var serving = regexp.MustCompile(`msg="serving clients"`)

// cluster is three nodes. It belongs to one goroutine; what it hands out does not.
type cluster struct {
	nodes []*node
}

// node is one server process, over all its restarts.
type node struct {
	id      int
	program string
	args    []string
	dir     string // its data
	log     *os.File
	client  *redis.Client
	process *process.Process // nil while it does not run
}

// startCluster starts three nodes and waits until they serve. What it returns must be stopped, also after an error.
func startCluster(o options, dir string) (*cluster, error) {
	key := filepath.Join(dir, "cluster.key")
	if out, err := exec.Command(o.paxredis, "keygen", key).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%s keygen: %w\n%s", o.paxredis, err, out)
	}
	address := func(port, i int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port+i)) }
	peers := make([]string, size)
	for i := range peers {
		peers[i] = fmt.Sprintf("%d=%s", i+1, address(o.basePort+1000, i))
	}
	c := &cluster{}
	for i := range size {
		n := &node{id: i + 1, program: o.paxredis, dir: filepath.Join(dir, "node-"+strconv.Itoa(i+1))}
		n.args = append([]string{"server", "--id", strconv.Itoa(n.id), "--listen", address(o.basePort, i), "--data-dir", n.dir,
			"--peers", strings.Join(peers, ","), "--cluster-key-file", key}, strings.Fields(o.flags)...)
		n.client = redis.NewClient(&redis.Options{Addr: address(o.basePort, i), MaxRetries: -1, ReadTimeout: time.Minute, WriteTimeout: time.Minute,
			MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}})
		var err error
		if n.log, err = os.Create(filepath.Join(dir, fmt.Sprintf("node-%d.log", n.id))); err != nil {
			return c, err
		}
		c.nodes = append(c.nodes, n)
		if err := n.start(); err != nil {
			return c, err
		}
	}
	for _, n := range c.nodes {
		if err := n.awaitServing(context.Background()); err != nil {
			return c, err
		}
	}
	return c, nil
}

func (c *cluster) stop() error {
	var errs []error
	for _, n := range c.nodes {
		if n.process != nil {
			errs = append(errs, n.process.Stop())
		}
		errs = append(errs, n.client.Close(), n.log.Close())
	}
	return errors.Join(errs...)
}

func (n *node) start() (err error) {
	n.process, _, err = process.Start(fmt.Sprint("node ", n.id), exec.Command(n.program, n.args...), serving, n.log)
	return err
}

func (n *node) kill() error {
	err := n.process.Kill()
	n.process = nil
	return err
}

// servingEvery is how often a node that loads is asked again.
const servingEvery = 2 * time.Millisecond

// servingLimit is how long a node may take to serve.
const servingLimit = 10 * time.Minute

// awaitServing waits until the node answers a linearizable read.
func (n *node) awaitServing(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, servingLimit)
	defer cancel()
	tick := time.NewTicker(servingEvery)
	defer tick.Stop()
	for {
		err := n.client.DBSize(ctx).Err()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("node %d does not serve: %w", n.id, err)
		case <-tick.C:
		}
	}
}

// checkpoint has the cluster take a checkpoint, and returns once this node has published it.
func (n *node) checkpoint(ctx context.Context) error {
	if err := n.client.Do(ctx, "PAXOS", "CHECKPOINT", "NEW").Err(); err != nil {
		return fmt.Errorf("node %d: a checkpoint: %w", n.id, err)
	}
	return nil
}

// info is a field of the node's INFO.
func (n *node) info(ctx context.Context, section, field string) (uint64, error) {
	text, err := n.client.Info(ctx, section).Result()
	if err != nil {
		return 0, fmt.Errorf("node %d: INFO: %w", n.id, err)
	}
	for line := range strings.Lines(text) {
		if value, found := strings.CutPrefix(strings.TrimSpace(line), field+":"); found {
			return strconv.ParseUint(value, 10, 64)
		}
	}
	return 0, fmt.Errorf("node %d: INFO %s has no %s", n.id, section, field)
}
