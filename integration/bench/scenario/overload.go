package scenario

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/paxredis/paxredis/integration/bench/cluster"
	"github.com/paxredis/paxredis/integration/bench/traffic"
)

// overloadKeys is how many keys all clients use.
const overloadKeys = 100_000

// floods are what the clients send.
var floods = []struct {
	name    string
	command traffic.Command
}{{"SETs", traffic.Set(overloadKeys, valueBytes)}, {"GETs", traffic.Get(overloadKeys)}}

// overload has many clients send commands as fast as they are taken, and never read a reply. It measures what the nodes' memory comes to,
// and what clients that behave notice, and the same of a redis-server.
func overload(ctx context.Context, e Env) ([]Figure, error) {
	var figures []Figure
	for _, f := range floods {
		var reference, own flooded
		err := withRedis(e, cluster.AlwaysSynced, func(r *cluster.Redis) (err error) {
			reference, err = floodServers(ctx, e, []string{r.Addr}, []int{r.PID()}, f.command)
			return err
		})
		if err != nil {
			return figures, err
		}
		err = withCluster(ctx, e, cluster.Options{}, func(c *cluster.Cluster) (err error) {
			own, err = floodServers(ctx, e, cluster.Addrs(c.Nodes[:]...), cluster.PIDs(c.Nodes[:]...), f.command)
			return err
		})
		if err != nil {
			return figures, err
		}
		figures = append(figures, own.figures(f.name, &reference)...)
	}
	return figures, nil
}

// flooded is what came of a flood.
type flooded struct {
	around
	connections  int
	before, most []int64 // resident bytes, by server
	sent         int64   // bytes
	closed       int     // connections, by the servers
}

func floodServers(ctx context.Context, e Env, addrs []string, pids []int, command traffic.Command) (r flooded, err error) {
	r.connections = pick(e, 2000, 200)
	if err := fill(ctx, addrs, overloadKeys, overloadKeys); err != nil {
		return r, err
	}
	if r.before, err = cluster.ResidentOf(pids); err != nil {
		return r, err
	}
	r.around, err = watching{addrs: addrs, keys: overloadKeys, patient: true}.around(ctx, e, func(over func()) error {
		f, err := traffic.StartFlood(addrs, r.connections, command)
		if err != nil {
			return err
		}
		r.most, err = mostResident(ctx, pids, pick(e, 20*time.Second, 5*time.Second))
		over()
		r.sent, r.closed = f.Sent(), f.Closed()
		return errors.Join(err, f.Stop())
	})
	e.say("%d connections at %v: SET p99 %.0f ms, GET p99 %.0f ms, %.1f%% of what others ask; %.0f MiB resident at most, %.0f before; %.0f MiB were sent",
		r.connections, addrs, r.during.setP99(), r.during.getP99(), 100*r.answers(), allMebibytes(r.most), allMebibytes(r.before), mebibytes(r.sent))
	return r, err
}

// mostResident is the highest of what processes take in a while, in bytes.
func mostResident(ctx context.Context, pids []int, during time.Duration) ([]int64, error) {
	const every = 200 * time.Millisecond
	most := make([]int64, len(pids))
	for end := time.Now().Add(during); time.Now().Before(end); {
		now, err := cluster.ResidentOf(pids)
		if err != nil {
			return nil, err
		}
		for i := range most {
			most[i] = max(most[i], now[i])
		}
		if err := pass(ctx, every); err != nil {
			return nil, err
		}
	}
	return most, nil
}

func (r *flooded) figures(name string, reference *flooded) []Figure {
	name = fmt.Sprintf("%d clients of %s: ", r.connections, name)
	of := func(figure, unit string, of func(*flooded) float64, note string) Figure {
		return Figure{Name: name + figure, Unit: unit, Values: []float64{of(r)}, Reference: []float64{of(reference)}, Note: note}
	}
	before := &r.around.before
	return []Figure{
		{Name: name + "resident at most", Unit: "MiB", Values: allMebibytes(r.most), Reference: allMebibytes(reference.most), Goal: "bounded",
			Note: fmt.Sprintf("by node; %.0f before; %.0f MiB were sent; %d connections were closed by the nodes", allMebibytes(r.before), mebibytes(r.sent), r.closed)},
		of("SET p99 of others", "ms", func(f *flooded) float64 { return f.during.setP99() }, fmt.Sprintf("%.2f ms before%s", before.setP99(), r.during.failures()+r.foreign)),
		of("GET p99 of others", "ms", func(f *flooded) float64 { return f.during.getP99() }, fmt.Sprintf("%.2f ms before", before.getP99())),
		of("longest of others", "ms", func(f *flooded) float64 { return f.during.longest() }, ""),
		of("answers to others", "of those before", (*flooded).answers, "each sends its next command when the one before is answered"),
	}
}

// answers are those that others got, as a part of those before.
func (r *flooded) answers() float64 {
	before := &r.around.before
	return (r.during.sets.PerSecond + r.during.gets.PerSecond) / (before.sets.PerSecond + before.gets.PerSecond)
}
