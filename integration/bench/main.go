// Command bench compares three paxredis nodes with one redis-server that syncs every write (appendonly yes,
// appendfsync always), both on this machine, with redis-benchmark as the client of both. The two take turns, since the
// absolute figures of a machine drift and only ratios within one run hold. It prints medians and ratios.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
)

// options are the bounds of a run.
type options struct {
	paxredis string
	flags    string
	follower bool
	rounds   int
	requests int
	clients  int
	size     int
	keys     int
	basePort int
}

func main() {
	var o options
	flag.StringVar(&o.paxredis, "paxredis", "bin/paxredis", "the paxredis `binary`")
	flag.StringVar(&o.flags, "server-flags", "", "further `flags` for every paxredis node, such as \"--read-mode lease\"")
	flag.BoolVar(&o.follower, "follower", false, "measure through a follower instead of the leader")
	flag.IntVar(&o.rounds, "rounds", 3, "measurements of each workload on each system")
	flag.IntVar(&o.requests, "requests", 50_000, "requests of a measurement without pipelining; four times as many with")
	flag.IntVar(&o.clients, "clients", 50, "client connections")
	flag.IntVar(&o.size, "size", 128, "bytes in a value")
	flag.IntVar(&o.keys, "keys", 100_000, "different keys")
	flag.IntVar(&o.basePort, "base-port", 26379, "client `port` of the first node; redis-server takes the port below it")
	flag.Parse()
	if err := run(o); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(o options) (err error) {
	if o.rounds < 1 || o.requests < 1 || o.clients < 1 || o.size < 1 || o.keys < 1 {
		return errors.New("-rounds, -requests, -clients, -size and -keys must be at least 1")
	}
	dir, err := os.MkdirTemp("", "paxredis-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	interrupt := make(chan os.Signal, 1)
	signal.Notify(interrupt, syscall.SIGINT, syscall.SIGTERM)

	reference, err := startRedis(filepath.Join(dir, "redis"), o.basePort-1)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, reference.Stop()) }()
	subject, err := startPaxredis(o, filepath.Join(dir, "paxredis"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, subject.Stop()) }()

	results := newResults()
	for round := range o.rounds {
		for _, w := range workloads {
			for _, s := range []*server{subject, reference} {
				select {
				case <-interrupt:
					return errors.New("interrupted")
				default:
				}
				m, err := measure(s, w, o)
				if err != nil {
					return err
				}
				results.add(s, w, m)
			}
		}
		fmt.Fprintf(os.Stderr, "round %d of %d done\n", round+1, o.rounds)
	}
	through := "the leader"
	if o.follower {
		through = "a follower"
	}
	fmt.Printf("\n%d clients, %d-byte values, %d keys, medians of %d; paxredis: 3 nodes through %s %s\n\n",
		o.clients, o.size, o.keys, o.rounds, through, strings.TrimSpace(o.flags))
	return results.print(os.Stdout, subject, reference)
}
