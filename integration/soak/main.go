// Command soak runs scenarios of integration/bench/scenario by name, without the rest of the benchmarks, and prints their figures as Markdown.
// Without names it measures what must not grow with the number of writes: disk and memory, the time of a restart, and what clients notice of a node
// that catches up by fetching a checkpoint.
//
// Flags for every node come by the environment, such as PAXREDIS_CHECKPOINT_JOURNAL_BYTES=16mb.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/paxredis/paxredis/integration/bench/scenario"
)

// options are what is run.
type options struct {
	names []string
	env   scenario.Env
}

func main() {
	var o options
	names := flag.String("scenarios", "disk,restart,catchup", "`names` of scenarios, or all: "+strings.Join(known(), ", "))
	flag.StringVar(&o.env.Paxredis, "paxredis", "bin/paxredis", "the paxredis `binary`")
	flag.IntVar(&o.env.BasePort, "base-port", 27379, "client `port` of the first node; peer ports are 1000 higher")
	flag.BoolVar(&o.env.Quick, "quick", false, "less of everything, to see that it works")
	flag.Parse()
	o.names, o.env.Log = strings.Split(*names, ","), os.Stderr
	if *names == "all" {
		o.names = known()
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, o, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "soak:", err)
		os.Exit(1)
	}
}

func known() []string {
	var names []string
	for _, s := range scenario.All() {
		names = append(names, s.Name)
	}
	return names
}

func run(ctx context.Context, o options, out io.Writer) (err error) {
	for _, name := range o.names {
		if !slices.Contains(known(), name) {
			return fmt.Errorf("there is no scenario %q, but %s", name, strings.Join(known(), ", "))
		}
	}
	if o.env.Paxredis, err = filepath.Abs(o.env.Paxredis); err != nil {
		return err
	}
	if o.env.Dir, err = os.MkdirTemp("", "paxredis-soak-"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(o.env.Dir)) }()
	for _, s := range scenario.All() {
		if !slices.Contains(o.names, s.Name) {
			continue
		}
		figures, err := s.Run(ctx, o.env)
		if err := errors.Join(err, printFigures(out, s.Title, figures)); err != nil {
			return fmt.Errorf("scenario %s: %w", s.Name, err)
		}
	}
	return nil
}

// printFigures prints a table.
func printFigures(out io.Writer, title string, figures []scenario.Figure) error {
	text := fmt.Sprintf("\n## %s\n\n| figure | unit | paxredis | redis-server | goal | note |\n|---|---|---:|---:|---|---|\n", title)
	for _, f := range figures {
		text += fmt.Sprintf("| %s | %s | %s | %s | %s | %s |\n", f.Name, f.Unit, listed(f.Values), listed(f.Reference), f.Goal, f.Note)
	}
	_, err := io.WriteString(out, text)
	return err
}

// listed are values side by side, with three digits at least.
func listed(values []float64) string {
	var text []string
	for _, v := range values {
		switch {
		case v >= 100:
			text = append(text, fmt.Sprintf("%.0f", v))
		case v >= 10:
			text = append(text, fmt.Sprintf("%.1f", v))
		default:
			text = append(text, fmt.Sprintf("%.2f", v))
		}
	}
	return strings.Join(text, " / ")
}
