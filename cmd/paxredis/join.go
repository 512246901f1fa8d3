package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/paxredis/paxredis/peer"
)

const (
	// joinPause is between two rounds over the members asked. There is no event to wait for: the cluster does not know this
	// node, and why it was refused may have to be mended by people first.
	joinPause = 2 * time.Second
	// joinLogEvery is after how long the same reason is logged again.
	joinLogEvery = time.Minute
)

// join asks the members at these addresses in turn until one has added the node, or ctx ends. It says what it waits for.
func join(ctx context.Context, addresses []string, c peer.JoinConfig, log *slog.Logger) (peer.JoinAnswer, error) {
	said := map[string]time.Time{}
	pause := time.NewTicker(joinPause)
	defer pause.Stop()
	log.Info("asking to join a cluster", "at", addresses, "address", c.Member.Address)
	for {
		for _, c.Address = range addresses {
			answer, err := peer.Join(ctx, c)
			if err == nil {
				log.Info("joined the cluster", "by", c.Address, "node", answer.Member.ID, "cluster", answer.ClusterUUID)
				return answer, nil
			}
			if ctx.Err() != nil {
				break
			}
			if now := time.Now(); now.Sub(said[err.Error()]) >= joinLogEvery {
				said[err.Error()] = now
				log.Warn(joinTrouble(err), "at", c.Address, "error", err)
			}
		}
		select {
		case <-pause.C:
		case <-ctx.Done():
			return peer.JoinAnswer{}, fmt.Errorf("stopped before the node had joined a cluster: %w", context.Cause(ctx))
		}
	}
}

// joinTrouble says what is waited for.
func joinTrouble(err error) string {
	if errors.Is(err, peer.ErrRefused) {
		return "not admitted yet; this node goes on asking"
	}
	return "no member answers yet; this node goes on asking"
}
