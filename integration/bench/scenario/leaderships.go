package scenario

import (
	"context"
	"fmt"

	"github.com/paxredis/paxredis/integration/bench/cluster"
)

// leaderships counts those that were lost.
type leaderships struct {
	lost int
	how  string // what went on, and the ballots before and after
}

// kept looks, around a function, whether the leader still has the ballot it had. The function is given the leader.
func (l *leaderships) kept(ctx context.Context, c *cluster.Cluster, what string, run func(leader *cluster.Node) error) error {
	leader, before, err := ballot(ctx, c)
	if err != nil {
		return err
	}
	if err := run(leader); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	if err := c.AwaitServing(ctx); err != nil {
		return err
	}
	_, after, err := ballot(ctx, c)
	if err != nil {
		return err
	}
	if after != before {
		l.lost++
		l.how += fmt.Sprintf("; %s: ballot %s before, %s after", what, before, after)
	}
	return nil
}

// ballot is the leader's, with the leader.
func ballot(ctx context.Context, c *cluster.Cluster) (leader *cluster.Node, ballot string, err error) {
	if leader, err = c.Leader(ctx); err != nil {
		return nil, "", err
	}
	ballot, err = leader.Info(ctx, "paxos", "paxos_ballot")
	return leader, ballot, err
}

func (l *leaderships) figure() Figure {
	return single("leaderships lost in all of these", "", float64(l.lost)).against("<= 0").noting("by INFO's paxos_ballot%s", l.how)
}

// follower is one of the nodes that do not lead, always the same.
func follower(c *cluster.Cluster, leader *cluster.Node) *cluster.Node { return c.Others(leader)[0] }
