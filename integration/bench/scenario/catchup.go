package scenario

import (
	"context"
	"fmt"
	"time"

	"github.com/paxredis/paxredis/integration/bench/cluster"
)

// catchUp measures what the clients of two nodes notice while the third, which was down for long, fetches a checkpoint of one of them.
func catchUp(ctx context.Context, e Env) ([]Figure, error) {
	keys := pick(e, 1_000_000, 100_000)
	var runs []around
	err := withCluster(ctx, e, cluster.Options{}, func(c *cluster.Cluster) error {
		e.say("%d keys", keys)
		if err := fill(ctx, cluster.Addrs(c.Nodes[:]...), keys, keys); err != nil {
			return err
		}
		leader, err := c.Leader(ctx)
		if err != nil {
			return err
		}
		late := c.Others(leader)[0]
		if err := leaveBehind(ctx, c, late, keys); err != nil {
			return err
		}
		r, err := watching{addrs: cluster.Addrs(c.Others(late)...), keys: keys, after: true}.around(ctx, e, func(func()) error {
			if err := late.Start(); err != nil {
				return err
			}
			return late.AwaitServing(ctx)
		})
		runs = append(runs, r)
		return err
	})
	return figuresAround(fmt.Sprintf("the catch-up, with %d keys", keys), runs), err
}

// leaveBehind kills a node, and has the others write until none of them has the log any more that it needs.
func leaveBehind(ctx context.Context, c *cluster.Cluster, late *cluster.Node, keys int) error {
	behind, err := late.Number(ctx, "paxos", "paxos_chosen_slot")
	if err != nil {
		return err
	}
	if err := late.Kill(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Minute)
	defer cancel()
	up := c.Others(late)
	for {
		if err := fill(ctx, cluster.Addrs(up...), keys, keys); err != nil {
			return err
		}
		enough := true
		for _, n := range up {
			if err := n.Checkpoint(ctx); err != nil {
				return err
			}
			first, err := n.Number(ctx, "paxos", "paxos_first_slot")
			if err != nil {
				return err
			}
			enough = enough && first > behind+1
		}
		if enough {
			return nil
		}
	}
}
