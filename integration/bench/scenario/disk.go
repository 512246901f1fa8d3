package scenario

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/paxredis/paxredis/integration/bench/cluster"
	"github.com/paxredis/paxredis/integration/bench/traffic"
)

// diskKeys is how many keys are overwritten.
const diskKeys = 100_000

// disk overwrites keys for long, and measures what must not grow with the number of writes: what checkpoints and the log take on the
// disk, and memory.
func disk(ctx context.Context, e Env) (figures []Figure, err error) {
	writes := pick(e, 10_000_000, 500_000)
	live := float64(diskKeys) * (float64(len(traffic.Key(0))) + valueBytes)
	err = withCluster(ctx, e, cluster.Options{}, func(c *cluster.Cluster) error {
		e.say("%d writes of %d keys", writes, diskKeys)
		addrs := cluster.Addrs(c.Nodes[:]...)
		peaks := c.WatchPeaks(ctx)
		began := time.Now()
		result, err := traffic.Run(ctx, traffic.Options{Addrs: addrs, Connections: fillConnections, Pipeline: fillPipeline, Requests: writes,
			Command: traffic.Set(diskKeys, valueBytes)})
		most, peaksErr := peaks.Stop()
		if err := errors.Join(err, peaksErr); err != nil {
			return err
		}
		e.say("after %v", time.Since(began).Round(time.Second))
		if err := c.Nodes[0].Checkpoint(ctx); err != nil {
			return err
		}
		now, err := c.Sample()
		if err != nil {
			return err
		}
		figures = append(diskFigures(live, now, most), single("writes", "a second", result.PerSecond).noting("%d writes, through all nodes", writes))
		return nil
	})
	return figures, err
}

// diskFigures compares what the nodes use with the live data, in bytes.
func diskFigures(live float64, now, most cluster.Sample) []Figure {
	ofLive := func(bytes [cluster.Size]int64) []float64 {
		return each(bytes, func(n int64) float64 { return float64(n) / live })
	}
	inMiB := func(bytes [cluster.Size]int64) []float64 { return each(bytes, mebibytes) }
	return []Figure{
		{Name: "checkpoints at the end, by node", Unit: "times the live data", Values: ofLive(now.State), Goal: "max <= 4",
			Note: fmt.Sprintf("live data: %.1f MiB", live/(1<<20))},
		{Name: "checkpoints at their most, by node", Unit: "times the live data", Values: ofLive(most.State)},
		{Name: "log at the end, by node", Unit: "MiB", Values: inMiB(now.Journal), Note: "its bound is --checkpoint-journal-bytes, whatever the live data"},
		{Name: "log at its most, by node", Unit: "MiB", Values: inMiB(most.Journal)},
		{Name: "resident at the end, by node", Unit: "MiB", Values: inMiB(now.Resident)},
		{Name: "resident at its most, by node", Unit: "MiB", Values: inMiB(most.Resident)},
	}
}

func each(values [cluster.Size]int64, of func(int64) float64) []float64 {
	all := make([]float64, len(values))
	for i, v := range values {
		all[i] = of(v)
	}
	return all
}
