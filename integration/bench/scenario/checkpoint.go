package scenario

import (
	"context"
	"fmt"
	"time"

	"github.com/paxredis/paxredis/integration/bench/cluster"
)

// changedKeys is how many keys a checkpoint that is measured has to write.
const changedKeys = 100_000

// checkpoint measures what clients notice of checkpoints, in which every node writes down the keys that have changed.
func checkpoint(ctx context.Context, e Env) ([]Figure, error) {
	keys := pick(e, 1_000_000, changedKeys)
	var runs []around
	err := withCluster(ctx, e, cluster.Options{}, func(c *cluster.Cluster) error {
		e.say("%d keys", keys)
		if err := fill(ctx, cluster.Addrs(c.Nodes[:]...), keys, keys); err != nil {
			return err
		}
		if err := checkpointAll(ctx, c); err != nil {
			return err
		}
		for range pick(e, 3, 1) {
			if err := fill(ctx, cluster.Addrs(c.Nodes[:]...), changedKeys, changedKeys); err != nil {
				return err
			}
			r, err := watching{addrs: cluster.Addrs(c.Nodes[:]...), keys: keys, after: true}.around(ctx, e, func(func()) error { return checkpointAll(ctx, c) })
			if err != nil {
				return err
			}
			e.say("a checkpoint of %d changed keys took %v", changedKeys, r.took.Round(time.Millisecond))
			runs = append(runs, r)
		}
		return nil
	})
	return figuresAround(fmt.Sprintf("the checkpoint, of %d changed keys of %d", changedKeys, keys), runs), err
}

// checkpointAll has the cluster take a checkpoint, and returns once every node is done with it. A node that still writes an earlier one
// leaves it out.
func checkpointAll(ctx context.Context, c *cluster.Cluster) error {
	if err := c.Nodes[0].Checkpoint(ctx); err != nil {
		return err
	}
	for _, n := range c.Running() {
		err := cluster.Await(ctx, 10*time.Minute, func() error {
			slot, err := n.Number(ctx, "persistence", "paxos_checkpoint_running_slot")
			if err == nil && slot != 0 {
				err = fmt.Errorf("node %d writes the checkpoint of slot %d", n.ID, slot)
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}
