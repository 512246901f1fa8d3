// Command bench compares three paxredis nodes with one redis-server that syncs every write, and with etcd, all on this machine. The
// systems take turns, since the absolute figures of a machine drift and only ratios within one run hold. It writes a report in
// Markdown, all measurements as CSV, and plots as SVG. See docs/performance.md.
//
// As `bench compare -base REF` it compares two states of paxredis with each other instead.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	run, args := runSuite, os.Args[1:]
	if len(args) > 0 && args[0] == "compare" {
		run, args = runCompare, args[1:]
	}
	if err := run(ctx, args, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}
