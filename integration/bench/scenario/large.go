package scenario

import (
	"context"
	"time"

	"github.com/paxredis/paxredis/integration/bench/cluster"
	"github.com/paxredis/paxredis/integration/bench/traffic"
)

// largeBytes is a value that just fits into a command of --max-command-bytes (64 MiB).
const largeBytes = 64<<20 - 1024

// longPipeline is how many commands one connection sends at once.
const longPipeline = 100_000

// largeCommand is what one client may ask without others having to wait for long.
type largeCommand struct {
	name     string
	pipeline int // commands at once
	command  traffic.Command
	loop     bool // one after another, without a pause
}

// How often each is sent: one in a time that others need to get over it, so that what is measured is one at a time; or, in a loop, as
// often as it goes.
const (
	largeTimes   = 5
	largeInALoop = 20
	largeEvery   = time.Second
)

// keysCommands are about all keys there are.
var keysCommands = []largeCommand{{name: "KEYS *", pipeline: 1, command: traffic.Fixed("KEYS", "*")}}

// largeCommands have large values, or are many.
var largeCommands = []largeCommand{
	{name: "SET of 64 MiB", pipeline: 1, command: traffic.SetKey("large", largeBytes)},
	{name: "SETs of 64 MiB in a loop", pipeline: 1, command: traffic.SetKey("large", largeBytes), loop: true},
	{name: "GET of 64 MiB", pipeline: 1, command: traffic.Fixed("GET", "large")},
	{name: "100,000 SETs at once", pipeline: longPipeline, command: traffic.Set(100_000, valueBytes)},
	{name: "100,000 GETs at once", pipeline: longPipeline, command: traffic.Get(100_000)},
}

// keys has one client list all keys again and again.
func keys(ctx context.Context, e Env) ([]Figure, error) {
	return large(ctx, e, pick(e, 1_000_000, 100_000), keysCommands)
}

// largeValues has one client write and read large values, and send many commands at once.
func largeValues(ctx context.Context, e Env) ([]Figure, error) {
	return large(ctx, e, 100_000, largeCommands)
}

// large has one client send commands to the leader, to a follower, and to a redis-server that have so many keys, and measures what others notice.
func large(ctx context.Context, e Env, keys int, commands []largeCommand) ([]Figure, error) {
	references, err := largeToRedis(ctx, e, keys, commands)
	if err != nil {
		return nil, err
	}
	var figures []Figure
	err = withCluster(ctx, e, cluster.Options{}, func(c *cluster.Cluster) error {
		e.say("%d keys into paxredis", keys)
		addrs := cluster.Addrs(c.Nodes[:]...)
		if err := fill(ctx, addrs, keys, keys); err != nil {
			return err
		}
		leaderships := &leaderships{}
		for i, l := range commands {
			for _, where := range []string{"the leader", "a follower"} {
				if err := checkpointAll(ctx, c); err != nil { // or what was written before is felt
					return err
				}
				name := l.name + " at " + where
				err := leaderships.kept(ctx, c, name, func(n *cluster.Node) error {
					if where == "a follower" {
						n = follower(c, n)
					}
					a, err := l.watch(ctx, e, addrs, n.Addr, keys)
					figures = append(figures, largeFigures(name, &a, &references[i])...)
					return err
				})
				if err != nil {
					return err
				}
			}
		}
		figures = append(figures, leaderships.figure())
		return nil
	})
	return figures, err
}

// largeToRedis is what clients of a redis-server saw of each.
func largeToRedis(ctx context.Context, e Env, keys int, commands []largeCommand) ([]around, error) {
	all := make([]around, len(commands))
	err := withRedis(e, cluster.AlwaysSynced, func(r *cluster.Redis) error {
		e.say("%d keys into redis-server", keys)
		addrs := []string{r.Addr}
		if err := fill(ctx, addrs, keys, keys); err != nil {
			return err
		}
		for i, l := range commands {
			var err error
			if all[i], err = l.watch(ctx, e, addrs, r.Addr, keys); err != nil {
				return err
			}
		}
		return nil
	})
	return all, err
}

// watch has one client send to addr, while others of all addrs are watched.
func (l *largeCommand) watch(ctx context.Context, e Env, addrs []string, addr string, keys int) (around, error) {
	times, every := pick(e, largeTimes, 1), largeEvery
	if l.loop {
		times, every = pick(e, largeInALoop, 3), 0
	}
	var large traffic.Result
	a, err := watching{addrs: addrs, keys: keys}.around(ctx, e, func(func()) (err error) {
		large, err = traffic.Run(ctx, traffic.Options{Addrs: []string{addr}, Connections: 1, Pipeline: l.pipeline, Requests: times * l.pipeline,
			Command: l.command, Every: every, Patient: true})
		return err
	})
	a.took = large.Max()
	e.say("%s, %d times, in %.2f s at most, at %s: SET p99 %.2f ms after %.2f ms, GET p99 %.2f ms after %.2f ms", l.name, times, a.took.Seconds(), addr,
		a.during.setP99(), a.before.setP99(), a.during.getP99(), a.before.getP99())
	return a, err
}

func largeFigures(name string, a, reference *around) []Figure {
	of := func(command string, p99 func(*watched) float64) Figure {
		f := single(name+": "+command+" p99 of others", "ms", p99(&a.during)).against("<= 50").noting("%.2f ms before; the longest %.1f ms; the command itself took %.2f s%s",
			p99(&a.before), a.during.longest(), a.took.Seconds(), a.during.failures()+a.foreign)
		f.Reference = []float64{p99(&reference.during)}
		return f
	}
	return []Figure{of("SET", (*watched).setP99), of("GET", (*watched).getP99)}
}
