package scenario

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/paxredis/paxredis/integration/bench/chart"
	"github.com/paxredis/paxredis/integration/bench/cluster"
	"github.com/paxredis/paxredis/integration/bench/traffic"
)

// cpuKeys is how many keys the commands are about, cpuValue the size of a value, in bytes.
const (
	cpuKeys  = 100_000
	cpuValue = 128
)

// cpuLoad is commands whose cost is measured.
type cpuLoad struct {
	name     string
	clients  int
	pipeline int
	command  traffic.Command
	goal     string // of all nodes together
	budget   bool   // that of the stages is its
}

var cpuLoads = []cpuLoad{
	{"SET c=50 P=16", 50, 16, traffic.Set(cpuKeys, cpuValue), "<= 5", true},
	{"SET c=50", 50, 1, traffic.Set(cpuKeys, cpuValue), "", false},
	{"SET c=1", 1, 1, traffic.Set(cpuKeys, cpuValue), "", false},
	{"GET c=50 P=16", 50, 16, traffic.Get(cpuKeys), "", false},
	{"GET c=50", 50, 1, traffic.Get(cpuKeys), "", false},
}

// cpu measures the processor time of a command, all nodes and the kernel on their behalf together, and on which stages it is spent.
func cpu(ctx context.Context, e Env) (figures []Figure, err error) {
	references := make([]float64, len(cpuLoads))
	err = withRedis(e, cluster.AlwaysSynced, func(r *cluster.Redis) error {
		for i, l := range cpuLoads {
			cost, err := l.measure(ctx, e, r.Addr, nil, r.PID())
			if err != nil {
				return err
			}
			references[i] = cost.servers[0]
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	err = withCluster(ctx, e, cluster.Options{}, func(c *cluster.Cluster) error {
		leader, err := c.Leader(ctx)
		if err != nil {
			return err
		}
		pids := cluster.PIDs(append([]*cluster.Node{leader}, c.Others(leader)...)...)
		for i, l := range cpuLoads {
			if err := checkpointAll(ctx, c); err != nil { // of what was written before
				return err
			}
			cost, err := l.measureStages(ctx, e, leader.Addr, pids)
			if err != nil {
				return err
			}
			if err := cost.draw(e, l.name); err != nil {
				return err
			}
			figures = append(figures, cost.figures(l, references[i])...)
		}
		return nil
	})
	return figures, err
}

// cost is what a command took, in microseconds of the processor.
type cost struct {
	servers   []float64 // by process; the leader's first
	client    float64
	perSecond float64
	profile   *profile // nil without
	pids      []int
	missing   string // why there is no profile
	drawn     string // where its stacks are drawn
}

// measureStages measures with a profile, if there can be one.
func (l cpuLoad) measureStages(ctx context.Context, e Env, addr string, pids []int) (c cost, err error) {
	if _, err := exec.LookPath("perf"); err != nil {
		c, err := l.measure(ctx, e, addr, nil, pids...)
		c.missing = "; perf, of Debian's linux-perf, is not here to tell the stages"
		return c, err
	}
	dir, remove, err := e.scratch("perf")
	if err != nil {
		return c, err
	}
	defer func() { err = errors.Join(err, remove()) }()
	return l.measure(ctx, e, addr, func() (*recording, error) { return record(dir, pids...) }, pids...)
}

// measure has the clients send for a while and looks at what the processes take. profiled, unless it is nil, begins a recording.
func (l cpuLoad) measure(ctx context.Context, e Env, addr string, profiled func() (*recording, error), pids ...int) (c cost, err error) {
	busy, err := traffic.Start(ctx, traffic.Options{Addrs: []string{addr}, Connections: l.clients, Pipeline: l.pipeline, Command: l.command})
	if err != nil {
		return c, err
	}
	defer func() {
		_, stopped := busy.Stop()
		err = errors.Join(err, stopped)
	}()
	if err := pass(ctx, pick(e, 2*time.Second, 500*time.Millisecond)); err != nil {
		return c, err
	}
	var recorded *recording
	if profiled != nil {
		if recorded, err = profiled(); err != nil {
			return c, err
		}
	}
	c, err = costOf(ctx, e, busy, pids)
	if recorded != nil {
		var stopped error
		c.profile, stopped = recorded.stop(ctx)
		err = errors.Join(err, stopped)
	}
	e.say("%s at %s: %.0f a second; %.2f us a command by process, and %.2f us of the client", l.name, addr, c.perSecond, c.servers, c.client)
	if c.profile != nil {
		e.say("  most in: %s", c.profile.hottest(20))
	}
	return c, err
}

// costOf divides the processor time of a while by the commands that were answered in it.
func costOf(ctx context.Context, e Env, busy *traffic.Flow, pids []int) (c cost, err error) {
	all := append([]int{os.Getpid()}, pids...)
	before, err := times(all)
	if err != nil {
		return c, err
	}
	busy.Take()
	if err := pass(ctx, pick(e, 10*time.Second, 2*time.Second)); err != nil {
		return c, err
	}
	answered := busy.Take()
	after, err := times(all)
	if err != nil {
		return c, err
	}
	each := make([]float64, len(all))
	for i := range all {
		each[i] = float64((after[i] - before[i]).Microseconds()) / float64(answered.Count())
	}
	return cost{client: each[0], servers: each[1:], perSecond: answered.PerSecond, pids: pids}, nil
}

func times(pids []int) ([]time.Duration, error) {
	var all []time.Duration
	for _, pid := range pids {
		t, err := cluster.CPU(pid)
		if err != nil {
			return nil, err
		}
		all = append(all, t)
	}
	return all, nil
}

// figures are the sum, by node, and by stage.
func (c *cost) figures(l cpuLoad, reference float64) []Figure {
	total := single(l.name+": all nodes", "us a command", c.servers[0]).against(l.goal)
	for _, s := range c.servers[1:] {
		total.Values[0] += s
	}
	total.Reference = []float64{reference}
	figures := []Figure{total, {Name: l.name + ": by node", Unit: "us a command", Values: c.servers, Note: "the leader first"},
		single(l.name+": the client", "us a command", c.client)}
	var byStage []string
	for _, stage := range stages {
		if c.profile == nil {
			break
		}
		leader, others := c.stage(stage.name)
		if !l.budget {
			byStage = append(byStage, fmt.Sprintf("%s %.2f", stage.name, leader+others))
			continue
		}
		f := single(l.name+": "+stage.name, "us a command", leader+others).noting("%.2f at the leader, %.2f at the others together", leader, others)
		if stage.budget > 0 {
			f.Goal = fmt.Sprintf("<= %.1f", stage.budget)
		}
		figures = append(figures, f)
	}
	figures[0].Note = fmt.Sprintf("%d clients, values of %d bytes, %.0f a second%s. %s%s", l.clients, cpuValue, c.perSecond, c.missing, c.drawn, strings.Join(byStage, ", "))
	return figures
}

// draw writes a flame graph of the profile, if there is one and a place for it.
func (c *cost) draw(e Env, name string) error {
	if c.profile == nil || e.Results == "" {
		return nil
	}
	flames := chart.Flames{Title: name + ": where the nodes' processor time goes"}
	for i, pid := range c.pids {
		node := "followers"
		if i == 0 {
			node = "leader"
		}
		for _, stack := range c.profile.stacks[pid] {
			outermostFirst := append(slices.Clone(stack), node)
			slices.Reverse(outermostFirst)
			flames.Add(outermostFirst)
		}
	}
	file := "flames-" + strings.ToLower(strings.NewReplacer(" ", "-", "=", "").Replace(name)) + ".svg"
	c.drawn = "Drawn in " + file + ". "
	return os.WriteFile(filepath.Join(e.Results, file), flames.SVG(), 0o644)
}

// stage is what a stage takes, at the leader and at all others together, in microseconds a command.
func (c *cost) stage(name string) (leader, others float64) {
	for i, pid := range c.pids[1:] {
		others += c.servers[i+1] * c.profile.share(pid, name)
	}
	return c.servers[0] * c.profile.share(c.pids[0], name), others
}
