package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	// devPoll is how often a starting node is asked again whether it has joined.
	devPoll = 50 * time.Millisecond
	// devStopLimit is how long the nodes may take to stop before they are killed.
	devStopLimit = 20 * time.Second
)

// devNode is one server process.
type devNode struct {
	id   int
	cmd  *exec.Cmd
	over bool
}

// devCluster is the processes of a development cluster. It belongs to the goroutine that made it.
type devCluster struct {
	config devConfig
	dir    *devDir
	out    *console
	nodes  []*devNode
	ended  chan endedNode
}

// endedNode says that a process is over.
type endedNode struct {
	node *devNode
	err  error
}

// startCluster starts all nodes. After an error, stop still ends those that were started.
func startCluster(c devConfig, dir *devDir, out *console) (*devCluster, error) {
	d := &devCluster{config: c, dir: dir, out: out, ended: make(chan endedNode, c.nodes)}
	program, err := os.Executable()
	if err != nil {
		return d, fmt.Errorf("dev: cannot find the program itself: %w", err)
	}
	out.notef("starting %d nodes, data in %s", c.nodes, dir.path)
	for id := 1; id <= c.nodes; id++ {
		cmd := exec.Command(program, d.serverArgs(id)...)
		log := out.node(id)
		cmd.Stdout, cmd.Stderr = log, log
		cmd.Env = withoutKey(os.Environ())
		stopWithParent(cmd)
		if err := cmd.Start(); err != nil {
			return d, fmt.Errorf("dev: starting node %d: %w", id, err)
		}
		n := &devNode{id: id, cmd: cmd}
		d.nodes = append(d.nodes, n)
		go func() { d.ended <- endedNode{n, cmd.Wait()} }()
	}
	return d, nil
}

func (d *devCluster) serverArgs(id int) []string {
	args := []string{"server",
		"--id", strconv.Itoa(id),
		"--listen", d.config.clientAddress(id),
		"--peer-listen", d.config.peerAddress(id),
		"--http-listen", d.config.httpAddress(id),
		"--data-dir", d.dir.dataDir(id),
		"--peers", d.config.peers(),
		"--cluster-key-file", d.dir.keyFile(),
	}
	return append(args, d.config.serverFlags...)
}

// withoutKey removes a key of the environment: the cluster has its own.
func withoutKey(environment []string) []string {
	kept := make([]string, 0, len(environment))
	for _, v := range environment {
		if !strings.HasPrefix(v, keyVariable+"=") {
			kept = append(kept, v)
		}
	}
	return kept
}

// stopWithParent keeps a Ctrl-C of the terminal away from the child, which is stopped in order instead, and has the
// kernel stop it, where it can, if this program dies without doing so.
func stopWithParent(cmd *exec.Cmd) {
	cmd.SysProcAttr = childOfDev()
}

// serve waits for a leader, says how to connect, and watches the nodes until a signal. It fails when a node ends
// before there is a leader, and when the last one has ended.
func (d *devCluster) serve(signals <-chan os.Signal) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	ready := make(chan string, 1)
	go func() { d.awaitLeader(ctx, ready) }()
	up := false
	for {
		select {
		case <-signals:
			return nil
		case leader := <-ready:
			up = true
			d.welcome(leader)
		case e := <-d.ended:
			d.noteEnd(e)
			if !up {
				return fmt.Errorf("dev: node %d ended before the cluster was up: %w", e.node.id, endReason(e.err))
			}
			if d.running() == 0 {
				return errors.New("dev: every node has ended")
			}
		}
	}
}

// awaitLeader sends the leader's id once every node serves linearizable reads, or nothing when ctx ends first.
func (d *devCluster) awaitLeader(ctx context.Context, ready chan<- string) {
	leaders := make([]string, d.config.nodes)
	var all sync.WaitGroup
	for i := range leaders {
		all.Go(func() { leaders[i] = awaitServing(ctx, d.config.clientAddress(i+1)) })
	}
	all.Wait()
	if ctx.Err() == nil {
		ready <- leaders[0]
	}
}

// awaitServing returns the leader that the node at address follows, as soon as it answers a read. The read itself waits
// in the node until there is a leader; what is asked again is only a node that does not listen yet.
func awaitServing(ctx context.Context, address string) string {
	client := newClient(address, nil)
	defer client.Close()
	tick := time.NewTicker(devPoll)
	defer tick.Stop()
	for {
		if client.DBSize(ctx).Err() == nil {
			if info, err := askPaxos(ctx, client); err == nil && info.number("paxos_leader_id") != 0 {
				return info["paxos_leader_id"]
			}
		}
		select {
		case <-ctx.Done():
			return ""
		case <-tick.C:
		}
	}
}

// welcome says how to connect and what to try.
func (d *devCluster) welcome(leader string) {
	var text strings.Builder
	fmt.Fprintf(&text, "\npaxredis is up: %d nodes, node %s leads.\n\n", d.config.nodes, leader)
	victim := d.nodes[0]
	for _, n := range d.nodes {
		fmt.Fprintf(&text, "  node %d   %s   pid %d\n", n.id, d.config.clientAddress(n.id), n.cmd.Process.Pid)
		if strconv.Itoa(n.id) == leader {
			victim = n
		}
	}
	other := victim.id%d.config.nodes + 1
	port := func(id int) int { return d.config.basePort + id - 1 }
	fmt.Fprintf(&text, "\nConnect to any of them:\n  redis-cli -p %d\n\nTry:\n", port(1))
	fmt.Fprintf(&text, "  redis-cli -p %d SET greeting hello VER 1 WITHVER\n", port(1))
	fmt.Fprintf(&text, "  redis-cli -p %d GET greeting WITHVER\n", port(other))
	if d.config.nodes > 2 {
		fmt.Fprintf(&text, "  kill -9 %d                         # node %d, the leader\n", victim.cmd.Process.Pid, victim.id)
		fmt.Fprintf(&text, "  redis-cli -p %d SET greeting again  # the others go on\n", port(other))
	}
	fmt.Fprintf(&text, "  curl http://%s/cluster          # what the cluster does, in JSON\n", d.config.httpAddress(other))
	text.WriteString("\nCtrl-C stops all.\n")
	d.out.notef("%s", text.String())
}

// noteEnd says that a node is over, and how to start it again by hand.
func (d *devCluster) noteEnd(e endedNode) {
	e.node.over = true
	d.out.notef("\nnode %d (pid %d) has ended: %v. It is not restarted; %d of %d nodes are running. To start it again:\n  %s\n",
		e.node.id, e.node.cmd.Process.Pid, endReason(e.err), d.running(), d.config.nodes, strings.Join(e.node.cmd.Args, " "))
}

func endReason(err error) error {
	if err == nil {
		return errors.New("stopped on request")
	}
	return err
}

// running counts the nodes that have not ended.
func (d *devCluster) running() int {
	count := 0
	for _, n := range d.nodes {
		if !n.over {
			count++
		}
	}
	return count
}

// stop ends all nodes gracefully and waits for them. A signal meanwhile, or the limit, kills them: what they
// acknowledged is on disk.
func (d *devCluster) stop(signals <-chan os.Signal) error {
	if d.running() == 0 {
		return nil
	}
	d.out.notef("stopping %d nodes", d.running())
	errs := d.signal(syscall.SIGTERM)
	limit := time.NewTimer(devStopLimit)
	defer limit.Stop()
	for d.running() > 0 {
		select {
		case e := <-d.ended:
			e.node.over = true
			if e.err != nil {
				errs = append(errs, fmt.Errorf("dev: node %d did not stop cleanly: %w", e.node.id, e.err))
			}
		case <-signals:
			errs = append(errs, d.signal(syscall.SIGKILL)...)
		case <-limit.C:
			errs = append(errs, fmt.Errorf("dev: %d nodes did not stop within %v and are killed", d.running(), devStopLimit))
			errs = append(errs, d.signal(syscall.SIGKILL)...)
		}
	}
	return errors.Join(errs...)
}

// signal sends s to every node that is running. One that has just ended is no error.
func (d *devCluster) signal(s syscall.Signal) []error {
	var errs []error
	for _, n := range d.nodes {
		if n.over {
			continue
		}
		if err := n.cmd.Process.Signal(s); err != nil && !errors.Is(err, os.ErrProcessDone) {
			errs = append(errs, fmt.Errorf("dev: node %d: %w", n.id, err))
		}
	}
	return errs
}
