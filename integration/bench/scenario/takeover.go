package scenario

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/paxredis/paxredis/integration/bench/cluster"
	"github.com/paxredis/paxredis/integration/bench/traffic"
)

// takeoverConnections is how many clients write while the leader is killed, over all nodes.
const takeoverConnections = 48

// takeoverWarm is how long they write before.
const takeoverWarm = 500 * time.Millisecond

// takeover kills the leader again and again, under load, and measures the time until writes succeed at the others.
func takeover(ctx context.Context, e Env) ([]Figure, error) {
	var first, every []float64
	err := withCluster(ctx, e, cluster.Options{}, func(c *cluster.Cluster) error {
		for kill := range pick(e, 30, 3) {
			took, err := takeOver(ctx, c)
			if err != nil {
				return err
			}
			first = append(first, milliseconds(slices.Min(took)))
			every = append(every, milliseconds(slices.Max(took)))
			e.say("kill %d: writes again after %.0f ms, at both others after %.0f ms", kill+1, first[kill], every[kill])
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return []Figure{
		{Name: "until writes succeed at both other nodes", Unit: "ms", Values: every, Goal: "p99 < 1000",
			Note: "each kill: from kill -9 to the reply of the first write that was begun after it, one write at a time, at the later of the two nodes"},
		{Name: "until a write succeeds at one of them", Unit: "ms", Values: first},
	}, nil
}

// takeOver kills the leader, returns how long each of the others took to have a write acknowledged, and starts it again.
func takeOver(ctx context.Context, c *cluster.Cluster) (took []time.Duration, err error) {
	leader, err := c.Leader(ctx)
	if err != nil {
		return nil, err
	}
	others := c.Others(leader)
	busy, err := traffic.Start(ctx, traffic.Options{Addrs: cluster.Addrs(c.Nodes[:]...), Connections: takeoverConnections,
		Command: traffic.Set(100_000, valueBytes), Tolerant: true})
	if err != nil {
		return nil, err
	}
	if took, err = killUnderLoad(ctx, leader, others); err != nil {
		_, stopped := busy.Stop()
		return nil, errors.Join(err, stopped)
	}
	if _, err := busy.Stop(); err != nil {
		return nil, err
	}
	return took, errors.Join(leader.Start(), leader.AwaitServing(ctx))
}

func killUnderLoad(ctx context.Context, leader *cluster.Node, others []*cluster.Node) ([]time.Duration, error) {
	if err := pass(ctx, takeoverWarm); err != nil {
		return nil, err
	}
	type answer struct {
		took time.Duration
		err  error
	}
	answers := make(chan answer, len(others))
	began := time.Now()
	if err := leader.Kill(); err != nil {
		return nil, err
	}
	for _, n := range others {
		go func() {
			err := awaitWrite(ctx, n)
			answers <- answer{time.Since(began), err}
		}()
	}
	var took []time.Duration
	var errs []error
	for range others {
		a := <-answers
		took = append(took, a.took)
		errs = append(errs, a.err)
	}
	return took, errors.Join(errs...)
}

// awaitWrite writes at a node, one write at a time, until one succeeds.
func awaitWrite(ctx context.Context, n *cluster.Node) error {
	return cluster.Await(ctx, time.Minute, func() error { return n.Client().Set(ctx, "takeover", "v", 0).Err() })
}
