package scenario

import (
	"context"
	"fmt"
	"time"

	"github.com/paxredis/paxredis/integration/bench/cluster"
)

// restart kills a follower with many keys again and again, and measures until it serves.
func restart(ctx context.Context, e Env) ([]Figure, error) {
	keys := pick(e, 1_000_000, 100_000)
	var taking, serving, journal []float64
	err := withCluster(ctx, e, cluster.Options{}, func(c *cluster.Cluster) error {
		e.say("%d keys", keys)
		if err := fill(ctx, cluster.Addrs(c.Nodes[:]...), keys, keys); err != nil {
			return err
		}
		const restarts = 3
		for i := range restarts {
			leader, err := c.Leader(ctx)
			if err != nil {
				return err
			}
			n := follower(c, leader) // an election is what take-over measures
			if i == restarts-1 {     // at best there is hardly any log to be read
				if err := n.Checkpoint(ctx); err != nil {
					return err
				}
			}
			bytes, err := n.Number(ctx, "persistence", "paxos_journal_bytes")
			if err != nil {
				return err
			}
			clients, reads, err := restartNode(ctx, n)
			if err != nil {
				return err
			}
			taking, serving = append(taking, clients.Seconds()), append(serving, reads.Seconds())
			journal = append(journal, mebibytes(int64(bytes)))
			e.say("with %.1f MiB of log it took clients after %v and answered a read after %v", journal[i], clients, reads)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return []Figure{
		{Name: fmt.Sprintf("%d keys: until a linearizable read is answered", keys), Unit: "s", Values: serving, Goal: "max <= 5",
			Note: "the last with a checkpoint taken just before"},
		{Name: "until clients are taken", Unit: "s", Values: taking, Note: "commands are told LOADING from then on"},
		{Name: "log since the checkpoint", Unit: "MiB", Values: journal},
	}, nil
}

// restartNode kills a node and starts it again.
func restartNode(ctx context.Context, n *cluster.Node) (clients, reads time.Duration, err error) {
	if err := n.Kill(); err != nil {
		return 0, 0, err
	}
	began := time.Now()
	err = n.Start()
	clients = time.Since(began)
	if err == nil {
		err = n.AwaitServing(ctx)
	}
	return clients, time.Since(began), err
}
