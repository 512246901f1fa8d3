package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// askTimeout bounds each step of a question to a node: the dial, the request, the reply.
const askTimeout = 2 * time.Second

// newClient returns a client for the questions of status and dev: it asks once, without retries of its own.
func newClient(address string) *redis.Client {
	logging.Disable() // what it has to say comes back as an error
	return redis.NewClient(&redis.Options{
		Addr:                     address,
		Protocol:                 2,
		PoolSize:                 1,
		MaxRetries:               -1,
		DialerRetries:            1,
		DialTimeout:              askTimeout,
		ReadTimeout:              askTimeout,
		WriteTimeout:             askTimeout,
		DisableIdentity:          true,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	})
}

// paxosInfo is a node's section "# Paxos" of INFO, by field.
type paxosInfo map[string]string

// askPaxos fetches that section.
func askPaxos(ctx context.Context, client *redis.Client) (paxosInfo, error) {
	text, err := client.Info(ctx, "paxos").Result()
	if err != nil {
		return nil, err
	}
	info := paxosInfo{}
	for line := range strings.Lines(text) {
		if name, value, found := strings.Cut(strings.TrimSpace(line), ":"); found {
			info[name] = value
		}
	}
	if info["paxos_node_id"] == "" {
		return nil, fmt.Errorf("its INFO has no section # Paxos: not a paxredis node")
	}
	return info, nil
}

// number is a field as a number, 0 when it is missing or not one.
func (p paxosInfo) number(field string) uint64 {
	n, err := strconv.ParseUint(p[field], 10, 64)
	if err != nil {
		return 0
	}
	return n
}
