package main

import (
	"context"
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/paxredis/paxredis/replication"
)

// errUncertain says that a request was sent and nobody said what became of it.
var errUncertain = errors.New("no answer in time: it may or may not be done, and asking again does no harm")

// cluster is a running cluster as commands reach it: by its clients' port at any of several nodes.
type cluster struct {
	addresses addressList
	timeout   time.Duration
	security  clientSecurity
}

// clusterFlags binds what commands to a running cluster have in common.
func clusterFlags(fs *flag.FlagSet, timeout time.Duration) *cluster {
	c := &cluster{addresses: addressList{"127.0.0.1:6379"}, timeout: timeout}
	c.security.flags(fs)
	fs.Var(&c.addresses, "addr", "client `addresses` of nodes, tried in turn: host:port[,host:port...]")
	fs.DurationVar(&c.timeout, "timeout", c.timeout, "`time` to wait for the answer")
	return c
}

// ask sends a command to the first node that takes it, and returns the reply and who gave it. A node that cannot be reached, or
// is loading, is passed over; a refusal of the cluster is final.
func (c *cluster) ask(ctx context.Context, args ...any) (reply any, by string, err error) {
	security, err := c.security.config()
	if err != nil {
		return nil, "", err
	}
	var failures []error
	for _, address := range c.addresses {
		reply, err := askNode(ctx, address, c.timeout, security, args...)
		if err == nil {
			return reply, address, nil
		}
		if ctx.Err() != nil {
			return nil, address, fmt.Errorf("%s: interrupted: %w", address, ctx.Err())
		}
		if !isElsewhereBetter(err) {
			return nil, address, fmt.Errorf("%s: %w", address, asUncertain(err))
		}
		failures = append(failures, fmt.Errorf("%s: %w", address, err))
	}
	return nil, "", fmt.Errorf("no node could be asked: %w", errors.Join(failures...))
}

// askNode sends one command to one node.
func askNode(ctx context.Context, address string, timeout time.Duration, security *tls.Config, args ...any) (any, error) {
	client := newClientWithin(address, timeout, security)
	defer client.Close()
	defer context.AfterFunc(ctx, func() { _ = client.Close() })() // ends what waits for the answer
	return client.Do(ctx, args...).Result()
}

// isElsewhereBetter reports whether another node may do what this one did not: it was not reached, went away, or has no state.
func isElsewhereBetter(err error) bool {
	var refused redis.Error
	if errors.As(err, &refused) {
		return strings.HasPrefix(refused.Error(), "LOADING") || strings.Contains(refused.Error(), "shutting down") ||
			strings.Contains(refused.Error(), replication.ErrNoMember.Error())
	}
	return !isTimeout(err)
}

func isTimeout(err error) bool {
	var timeout net.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.As(err, &timeout) && timeout.Timeout()
}

// asUncertain marks an error after which nobody knows what became of the request.
func asUncertain(err error) error {
	if isTimeout(err) {
		return fmt.Errorf("%w (%w)", errUncertain, err)
	}
	return err
}

// fieldsOf reads a map of a reply, which RESP2 has as an array of names and values.
func fieldsOf(reply any) map[string]any {
	flat, ok := reply.([]any)
	if !ok {
		return nil
	}
	fields := make(map[string]any, len(flat)/2)
	for i := 0; i+1 < len(flat); i += 2 {
		if name, ok := flat[i].(string); ok {
			fields[name] = flat[i+1]
		}
	}
	return fields
}

// numberIn and textIn are a field of such a map, zero if it is missing or something else.
func numberIn(fields map[string]any, name string) uint64 {
	n, ok := fields[name].(int64)
	if !ok || n < 0 {
		return 0
	}
	return uint64(n)
}

func textIn(fields map[string]any, name string) string {
	text, ok := fields[name].(string)
	if !ok {
		return ""
	}
	return text
}
