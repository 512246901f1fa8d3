package scenario

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/paxredis/paxredis/integration/bench/cluster"
)

// slowNode is a node of which the others should not notice anything, since they are a majority.
type slowNode struct {
	name string
	// leads says which node it is. The clients of all others are watched, and its own too if it leads: they need a majority's disks, not its own.
	leads bool
	slow  func(ctx context.Context, e Env, n *cluster.Node) error
}

var slowNodes = []slowNode{
	{"a follower with a tenth of a processor", false, func(ctx context.Context, e Env, n *cluster.Node) error { return stutter(ctx, n, disturbedFor(e)) }},
	{"a follower whose writes take 50 ms longer", false, func(ctx context.Context, e Env, n *cluster.Node) error { return slowDisk(ctx, e, n, "50ms") }},
	{"a leader whose writes take 20 ms longer", true, func(ctx context.Context, e Env, n *cluster.Node) error { return slowDisk(ctx, e, n, "20ms") }},
}

// slow has one node be slow, of a build that can be told so, and measures what clients of the others notice.
func slow(ctx context.Context, e Env) (figures []Figure, err error) {
	program, remove, err := buildWithFaults(ctx, e)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, remove()) }()
	err = withCluster(ctx, e, cluster.Options{Paxredis: program, Faults: true}, func(c *cluster.Cluster) error {
		const keys = 100_000
		if err := fill(ctx, cluster.Addrs(c.Nodes[:]...), keys, keys); err != nil {
			return err
		}
		leaderships := &leaderships{}
		for _, s := range slowNodes {
			if err := checkpointAll(ctx, c); err != nil { // or what was written before is felt
				return err
			}
			err := leaderships.kept(ctx, c, s.name, func(leader *cluster.Node) error {
				some, err := s.figures(ctx, e, c, leader, keys)
				figures = append(figures, some...)
				return err
			})
			if err != nil {
				return err
			}
		}
		figures = append(figures, leaderships.figure())
		return nil
	})
	return figures, err
}

func (s *slowNode) figures(ctx context.Context, e Env, c *cluster.Cluster, leader *cluster.Node, keys int) ([]Figure, error) {
	victim, watched := leader, c.Nodes[:]
	if !s.leads {
		victim = follower(c, leader)
		watched = c.Others(victim)
	}
	a, err := watching{addrs: cluster.Addrs(watched...), keys: keys}.around(ctx, e, func(func()) error { return s.slow(ctx, e, victim) })
	if err != nil {
		return nil, err
	}
	e.say("%s: SET p99 %.2f ms after %.2f ms, GET p99 %.2f ms after %.2f ms", s.name, a.during.setP99(), a.before.setP99(), a.during.getP99(), a.before.getP99())
	ratio := func(command string, during, before float64) Figure {
		return single(s.name+": "+command+" p99", "times before", during/before).against("<= 2").noting("%.2f ms, %.2f ms before; the longest %.1f ms, %.1f ms before%s",
			during, before, a.during.longest(), a.before.longest(), a.during.failures()+a.foreign)
	}
	return []Figure{ratio("SET", a.during.setP99(), a.before.setP99()), ratio("GET", a.during.getP99(), a.before.getP99())}, nil
}

// buildWithFaults makes a binary whose disk is as slow as it is told. It needs the source tree.
func buildWithFaults(ctx context.Context, e Env) (program string, remove func() error, err error) {
	dir, remove, err := e.scratch("build")
	if err != nil {
		return "", nil, err
	}
	program = filepath.Join(dir, "paxredis")
	out, err := exec.CommandContext(ctx, "go", "build", "-tags", "faults", "-o", program, "github.com/paxredis/paxredis/cmd/paxredis").CombinedOutput()
	if err != nil {
		return "", nil, errors.Join(fmt.Errorf("go build -tags faults, which slow disks need: %w\n%s", err, out), remove())
	}
	return program, remove, nil
}

// disturbedFor is for how long a node is slow.
func disturbedFor(e Env) time.Duration { return pick(e, 10*time.Second, 2*time.Second) }

// slowDisk has each write of a node's journal take so much longer for a while.
func slowDisk(ctx context.Context, e Env, n *cluster.Node, longer string) error {
	if err := n.Tell("disk " + longer); err != nil {
		return err
	}
	return errors.Join(pass(ctx, disturbedFor(e)), n.Tell("disk 0s"))
}

// How a process has a tenth of a processor.
const (
	stutterStopped = 90 * time.Millisecond
	stutterRunning = 10 * time.Millisecond
)

// stutter stops a node's process again and again.
func stutter(ctx context.Context, n *cluster.Node, during time.Duration) error {
	for end := time.Now().Add(during); time.Now().Before(end); {
		if err := n.Signal(syscall.SIGSTOP); err != nil {
			return err
		}
		err := pass(ctx, stutterStopped)
		if err := errors.Join(err, n.Signal(syscall.SIGCONT)); err != nil {
			return err
		}
		if err := pass(ctx, stutterRunning); err != nil {
			return err
		}
	}
	return nil
}
