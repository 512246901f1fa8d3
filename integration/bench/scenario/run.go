package scenario

import (
	"context"
	"errors"
	"os"
	"time"

	"github.com/paxredis/paxredis/integration/bench/cluster"
	"github.com/paxredis/paxredis/integration/bench/traffic"
)

// redisPort is how far the port of redis-server lies above the first node's.
const redisPort = 10

// scratch makes an empty directory, and says how to remove it.
func (e Env) scratch(name string) (dir string, remove func() error, err error) {
	dir, err = os.MkdirTemp(e.Dir, name+"-")
	return dir, func() error { return os.RemoveAll(dir) }, err
}

// withCluster runs three nodes for the time of a function, and removes their data. Of the options, what Env says is filled in.
func withCluster(ctx context.Context, e Env, o cluster.Options, use func(*cluster.Cluster) error) (err error) {
	var remove func() error
	if o.Dir, remove, err = e.scratch("paxredis"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, remove()) }()
	if o.Paxredis == "" {
		o.Paxredis = e.Paxredis
	}
	o.BasePort = e.BasePort
	c, err := cluster.Start(ctx, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Stop()) }()
	return use(c)
}

// withRedis runs a redis-server for the time of a function, and removes its data.
func withRedis(e Env, flags []string, use func(*cluster.Redis) error) (err error) {
	dir, remove, err := e.scratch("redis")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, remove()) }()
	r, err := cluster.StartRedis(dir, e.BasePort+redisPort, flags...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Stop()) }()
	return use(r)
}

// valueBytes is the size of values unless something else is said.
const valueBytes = 100

// How keys are written in large numbers: by a few connections, with pipelines that keep the servers busy.
const (
	fillConnections = 6
	fillPipeline    = 500
)

// fill writes that many keys in order, as often as it takes for so many writes.
func fill(ctx context.Context, addrs []string, keys, writes int) error {
	_, err := traffic.Run(ctx, traffic.Options{Addrs: addrs, Connections: fillConnections, Pipeline: fillPipeline, Requests: writes,
		Command: traffic.SetInOrder(keys, valueBytes)})
	return err
}

// pass lets time pass.
func pass(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
