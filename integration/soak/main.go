// Command soak overwrites the keys of a cluster of three real nodes for as long as it is told, and then measures what must not
// grow with the number of writes: disk and memory, the time of a restart, and what clients notice of a node that catches up by
// fetching a checkpoint. It prints Markdown tables.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// options are the bounds of a run.
type options struct {
	paxredis    string
	flags       string
	keys        int
	value       int
	writes      int
	clients     int
	pipeline    int
	restartKeys int
	restarts    int
	latencyTime time.Duration
	basePort    int
}

func main() {
	var o options
	flag.StringVar(&o.paxredis, "paxredis", "bin/paxredis", "the paxredis `binary`")
	flag.StringVar(&o.flags, "server-flags", "", "further `flags` for every node, such as \"--checkpoint-journal-bytes 16mb\"")
	flag.IntVar(&o.keys, "keys", 100_000, "different keys that are overwritten")
	flag.IntVar(&o.value, "value", 100, "bytes in a value")
	flag.IntVar(&o.writes, "writes", 10_000_000, "overwrites; 0 leaves them out")
	flag.IntVar(&o.clients, "clients", 6, "connections, over all nodes")
	flag.IntVar(&o.pipeline, "pipeline", 500, "commands in a pipeline")
	flag.IntVar(&o.restartKeys, "restart-keys", 1_000_000, "keys of a node that is restarted, and that catches up; 0 leaves both out")
	flag.IntVar(&o.restarts, "restarts", 3, "restarts that are measured")
	flag.DurationVar(&o.latencyTime, "latency-time", 10*time.Second, "`time` for which latencies are measured without a catch-up")
	flag.IntVar(&o.basePort, "base-port", 27379, "client `port` of the first node; peer ports are 1000 higher")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "soak:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options) (err error) {
	if o.keys < 1 || o.value < 1 || o.writes < 0 || o.clients < 1 || o.pipeline < 1 || o.restartKeys < 0 || o.restarts < 1 {
		return errors.New("-writes and -restart-keys must not be negative, all others at least 1")
	}
	dir, err := os.MkdirTemp("", "paxredis-soak-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	c, err := startCluster(o, dir)
	if c != nil {
		defer func() { err = errors.Join(err, c.stop()) }()
	}
	if err != nil {
		return err
	}
	if o.writes > 0 {
		if err := soak(ctx, c, o); err != nil {
			return err
		}
	}
	if o.restartKeys > 0 {
		if err := restarts(ctx, c, o); err != nil {
			return err
		}
		return catchUp(ctx, c, o)
	}
	return nil
}
