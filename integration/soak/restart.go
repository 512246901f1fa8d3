package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// fillKeys writes the keys that restarts and catch-ups are about.
func fillKeys(ctx context.Context, nodes []*node, o options) error {
	l := &load{nodes: nodes, keys: o.restartKeys, value: o.value, clients: o.clients, pipeline: o.pipeline, inOrder: true, prefix: "restart:"}
	return l.run(ctx, o.restartKeys)
}

// restarts kills a node with many keys and measures until it serves again.
func restarts(ctx context.Context, c *cluster, o options) error {
	if err := c.nodes[0].client.FlushAll(ctx).Err(); err != nil {
		return err
	}
	if err := fillKeys(ctx, c.nodes, o); err != nil {
		return err
	}
	n := c.nodes[size-1]
	fmt.Printf("A node with %d keys, killed with SIGKILL and started again:\n\n"+
		"| restart | log since the checkpoint MiB | seconds until it takes clients | seconds until it answers a linearizable read |\n|---:|---:|---:|---:|\n", o.restartKeys)
	for i := range o.restarts {
		if i == o.restarts-1 { // at best there is hardly any log to be read
			if err := n.checkpoint(ctx); err != nil {
				return err
			}
		}
		log, err := n.info(ctx, "persistence", "paxos_journal_bytes")
		if err != nil {
			return err
		}
		if err := n.kill(); err != nil {
			return err
		}
		began := time.Now()
		if err := n.start(); err != nil {
			return err
		}
		taking := time.Since(began)
		if err := n.awaitServing(ctx); err != nil {
			return err
		}
		fmt.Printf("| %d | %s | %.2f | %.2f |\n", i+1, mib(int64(log)), taking.Seconds(), time.Since(began).Seconds())
	}
	fmt.Println()
	return nil
}

// catchUp measures the latency of SETs at the other nodes before and while a node fetches a checkpoint.
func catchUp(ctx context.Context, c *cluster, o options) error {
	n, up := c.nodes[size-1], c.nodes[:size-1]
	behind, err := n.info(ctx, "paxos", "paxos_chosen_slot")
	if err != nil {
		return err
	}
	before, err := latencies(ctx, up, o, within(o.latencyTime))
	if err != nil {
		return err
	}
	if err := n.kill(); err != nil {
		return err
	}
	if err := cutBeyond(ctx, up, behind, o); err != nil {
		return err
	}
	down, err := latencies(ctx, up, o, within(o.latencyTime))
	if err != nil {
		return err
	}
	began := time.Now()
	if err := n.start(); err != nil {
		return err
	}
	var took time.Duration
	during, err := latencies(ctx, up, o, func(ctx context.Context) error {
		err := n.awaitServing(ctx)
		took = time.Since(began)
		return err
	})
	if err != nil {
		return err
	}
	after, err := latencies(ctx, up, o, within(o.latencyTime))
	if err != nil {
		return err
	}
	fmt.Printf("SETs at two nodes while the third, with %d keys, catches up by a checkpoint (%.1f s until it serves):\n\n"+
		"| | SETs | p50 ms | p99 ms | most ms |\n|---|---:|---:|---:|---:|\n", o.restartKeys, took.Seconds())
	for _, row := range []struct {
		name string
		all  []time.Duration
	}{{"three nodes, before", before}, {"one of them down", down}, {"it catches up", during}, {"three nodes, after", after}} {
		fmt.Printf("| %s | %d | %s | %s | %s |\n", row.name, len(row.all), at(row.all, 0.5), at(row.all, 0.99), at(row.all, 1))
	}
	return nil
}

// cutBeyond overwrites until no node that runs has the log that the one which is down needs.
func cutBeyond(ctx context.Context, up []*node, slot uint64, o options) error {
	for {
		if err := fillKeys(ctx, up, o); err != nil {
			return err
		}
		enough := true
		for _, n := range up {
			if err := n.checkpoint(ctx); err != nil {
				return err
			}
			first, err := n.info(ctx, "paxos", "paxos_first_slot")
			if err != nil {
				return err
			}
			enough = enough && first > slot+1
		}
		if enough {
			return nil
		}
	}
}

// within lets time pass.
func within(d time.Duration) func(context.Context) error {
	return func(ctx context.Context) error {
		timer := time.NewTimer(d)
		defer timer.Stop()
		select {
		case <-timer.C:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// probes is how many clients, each with one command at a time, measure a node.
const probes = 4

// probeEvery is how often each of them does: a cluster that is as busy as it can be shows only its queues.
const probeEvery = 2 * time.Millisecond

// latencies measures SETs at nodes while something goes on, and returns them sorted.
func latencies(ctx context.Context, nodes []*node, o options, while func(context.Context) error) ([]time.Duration, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	results := make([][]time.Duration, probes*len(nodes))
	errs := make([]error, len(results)+1)
	var all sync.WaitGroup
	for i := range results {
		all.Go(func() { results[i], errs[i] = probe(ctx, nodes[i%len(nodes)].client, i, o.value) })
	}
	errs[len(results)] = while(ctx)
	cancel()
	all.Wait()
	sorted := slices.Concat(results...)
	slices.Sort(sorted)
	return sorted, errors.Join(errs...)
}

// probe measures until ctx ends.
func probe(ctx context.Context, client *redis.Client, id, size int) (took []time.Duration, err error) {
	value := make([]byte, size)
	key := fmt.Sprint("probe:", id)
	tick := time.NewTicker(probeEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return took, nil
		case <-tick.C:
		}
		began := time.Now()
		if err := client.Set(context.WithoutCancel(ctx), key, value, 0).Err(); err != nil {
			return took, fmt.Errorf("a SET: %w", err)
		}
		took = append(took, time.Since(began))
	}
}

// at is a quantile in milliseconds.
func at(sorted []time.Duration, q float64) string {
	if len(sorted) == 0 {
		return "-"
	}
	return fmt.Sprintf("%.2f", float64(sorted[int(q*float64(len(sorted)-1)+0.5)])/float64(time.Millisecond))
}
