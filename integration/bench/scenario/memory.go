package scenario

import (
	"context"
	"fmt"
	"time"

	"github.com/paxredis/paxredis/integration/bench/cluster"
	"github.com/paxredis/paxredis/integration/bench/statistics"
)

// memory loads keys into three nodes and into a redis-server, and compares what their processes take once that has settled.
func memory(ctx context.Context, e Env) ([]Figure, error) {
	var all []Figure
	for _, keys := range pick(e, []int{1_000_000, 5_000_000}, []int{200_000}) {
		reference, err := memoryOfRedis(ctx, e, keys)
		if err != nil {
			return all, err
		}
		figures, err := memoryOfNodes(ctx, e, keys, reference)
		if err != nil {
			return all, err
		}
		all = append(all, figures...)
	}
	return all, nil
}

// memoryOfRedis is in bytes a key. Nothing is on the disk, so that nothing but the keys is in memory.
func memoryOfRedis(ctx context.Context, e Env, keys int) (perKey float64, err error) {
	err = withRedis(e, cluster.InMemory, func(r *cluster.Redis) error {
		e.say("%d keys into redis-server", keys)
		if err := fill(ctx, []string{r.Addr}, keys, keys); err != nil {
			return err
		}
		bytes, err := settled(ctx, e, func() (int64, error) { return cluster.Resident(r.PID()) })
		perKey = float64(bytes) / float64(keys)
		return err
	})
	return perKey, err
}

// memoryOfNodes is in bytes a key, too.
func memoryOfNodes(ctx context.Context, e Env, keys int, reference float64) (figures []Figure, err error) {
	err = withCluster(ctx, e, cluster.Options{}, func(c *cluster.Cluster) error {
		leader, err := c.Leader(ctx)
		if err != nil {
			return err
		}
		e.say("%d keys into paxredis", keys)
		if err := fill(ctx, cluster.Addrs(c.Nodes[:]...), keys, keys); err != nil {
			return err
		}
		_, err = settled(ctx, e, func() (int64, error) {
			all, err := cluster.ResidentOf(cluster.PIDs(c.Nodes[:]...))
			return sum(all), err
		})
		if err != nil {
			return err
		}
		var all []footprint
		for _, n := range append([]*cluster.Node{leader}, c.Others(leader)...) {
			f, err := footprintOf(ctx, n, keys)
			if err != nil {
				return err
			}
			all = append(all, f)
		}
		figures = memoryFigures(keys, all, reference)
		return nil
	})
	return figures, err
}

// footprint is what a node's process takes, in bytes a key.
type footprint struct {
	resident float64
	files    float64 // the part of it that is pages of files
	used     float64 // of Go's runtime and of the keyspace's memory
}

func footprintOf(ctx context.Context, n *cluster.Node, keys int) (f footprint, err error) {
	resident, err := cluster.Resident(n.PID())
	if err != nil {
		return f, err
	}
	files, err := cluster.ResidentOfFiles(n.PID())
	if err != nil {
		return f, err
	}
	used, err := n.Number(ctx, "memory", "used_memory")
	perKey := func(bytes int64) float64 { return float64(bytes) / float64(keys) }
	return footprint{perKey(resident), perKey(files), perKey(int64(used))}, err
}

// memoryFigures compares the nodes, of which the first leads, with a redis-server.
func memoryFigures(keys int, all []footprint, reference float64) []Figure {
	var residents []float64
	for _, f := range all {
		residents = append(residents, f.resident)
	}
	figure := func(name string, value float64) Figure {
		return single(fmt.Sprintf("%d keys: %s", keys, name), "bytes a key", value)
	}
	against := func(f Figure) Figure {
		f.Reference = []float64{reference}
		return f.against("<= 1.5x redis")
	}
	leader := all[0]
	return []Figure{
		against(figure("resident, the leader", leader.resident)).noting("%.0f of it pages of files, which the kernel takes back when it needs them", leader.files),
		against(figure("resident, the median of the nodes", statistics.Median(residents))),
		figure("used, the leader", leader.used).noting("used_memory: of Go's runtime, but for what its heap has free, and of the keyspace's memory outside it; resident without pages of files: %.0f", leader.resident-leader.files),
	}
}

func sum(all []int64) (sum int64) {
	for _, n := range all {
		sum += n
	}
	return sum
}

// Memory is settled when it has stayed the same, to a hundredth, for a while. Garbage is given back over some time after a load.
const (
	settledEvery = time.Second
	settledLooks = 10
	settledLimit = 90 // looks
)

// settled looks at an amount of memory until it is settled, or for as long as that may take, and returns it. When quick, it
// looks a few times only.
func settled(ctx context.Context, e Env, bytes func() (int64, error)) (now int64, err error) {
	since, at := 0, int64(0)
	for look := range pick(e, settledLimit, 3) {
		if now, err = bytes(); err != nil {
			return 0, err
		}
		if look == 0 || max(now-at, at-now) > at/100 {
			since, at = look, now
		}
		if look-since >= settledLooks {
			break
		}
		if err := pass(ctx, settledEvery); err != nil {
			return 0, err
		}
	}
	return now, nil
}
