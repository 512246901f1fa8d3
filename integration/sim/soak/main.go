// Soak runs simulated histories for as long as it is told, on all cores. It prints a line a minute, and stops at the first violation with
// the seed, a history that is as small as it could be made, and its trace.
//
//	go run ./integration/sim/soak -duration 8h
//	go run ./integration/sim/soak -seed 4711 -trace /tmp/4711.trace
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "soak:", err)
		os.Exit(1)
	}
}

// settings are what the command line says.
type settings struct {
	duration time.Duration
	workers  int
	first    uint64
	// seed is the one to replay; replay says that there is one.
	seed   uint64
	replay bool
	trace  string
	shrink time.Duration
}

func run(ctx context.Context, args []string, out io.Writer) error {
	var s settings
	flags := flag.NewFlagSet("soak", flag.ContinueOnError)
	flags.DurationVar(&s.duration, "duration", time.Hour, "for how long to run; 0: until stopped")
	flags.IntVar(&s.workers, "workers", runtime.GOMAXPROCS(0), "histories at once")
	flags.Uint64Var(&s.first, "first", uint64(time.Now().UnixNano()), "the first seed; the others follow on it")
	flags.Uint64Var(&s.seed, "seed", 0, "replay the history of this seed alone")
	flags.StringVar(&s.trace, "trace", "", "where the trace of a replayed, or of a violated history goes; empty: a file in the temporary directory")
	flags.DurationVar(&s.shrink, "shrink", 10*time.Minute, "for how long to look for a smaller history with a violation; 0: not at all")
	if err := flags.Parse(args); err != nil {
		return err
	}
	flags.Visit(func(f *flag.Flag) { s.replay = s.replay || f.Name == "seed" })
	if s.workers < 1 || flags.NArg() > 0 {
		return fmt.Errorf("-workers must be at least 1, and there are no arguments but flags: %q", flags.Args())
	}
	if s.replay {
		return replay(ctx, s, out)
	}
	return soak(ctx, s, out)
}
