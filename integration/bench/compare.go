package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"

	"github.com/paxredis/paxredis/integration/bench/machine"
	"github.com/paxredis/paxredis/integration/bench/report"
	"github.com/paxredis/paxredis/integration/bench/system"
)

// compareOptions are the flags of a comparison.
type compareOptions struct {
	common
	ref   string
	modes list
}

func parseCompare(args []string, out io.Writer, started time.Time) (compareOptions, error) {
	modes := []string{"quorum", "lease"}
	o := compareOptions{modes: list{modes, modes}}
	fs := flag.NewFlagSet("bench compare", flag.ContinueOnError)
	fs.SetOutput(out)
	o.define(fs)
	fs.StringVar(&o.ref, "base", "", "the git `ref` to compare with")
	fs.Var(&o.modes, "read-modes", "read modes that are measured")
	if err := fs.Parse(args); err != nil {
		return o, err
	}
	if o.ref == "" {
		return o, errors.New("-base must name a git ref")
	}
	return o, o.finish(fs, started)
}

// compareSize has many short rounds: they are what tells a difference from chance.
func compareSize() size {
	return size{rounds: 10, etcdRounds: 1, seconds: 1, keys: 100_000, together: 2, quiet: 200 * time.Millisecond, idle: time.Second, syncs: 500}
}

// runCompare measures the given binary and one of another commit in turns.
func runCompare(ctx context.Context, args []string, log io.Writer) (err error) {
	started := time.Now()
	o, err := parseCompare(args, log, started)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp(o.dir, "paxredis-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	binary := filepath.Join(dir, "paxredis-base")
	commit, err := buildRef(ctx, o.ref, dir, binary)
	if err != nil {
		return err
	}
	size := compareSize()
	o.apply(&size)
	facts, err := factsBefore(ctx, dir, size.syncs)
	if err != nil {
		return err
	}
	c := comparison{compareOptions: o, binary: binary, base: "base " + describe(ctx, commit), head: "head " + describe(ctx, "--dirty")}
	chosen := modeParts(o, size)
	b := newBench(dir, o.basePort, size, newProgress(log, measurements(chosen, c.pair("", size.rounds), size.rounds), 0))
	for _, p := range chosen {
		b.run(ctx, []part{p}, c.pair(p.name, size.rounds))
	}
	return c.report(ctx, log, b, facts, started)
}

// comparison is of two states, with their names in tables, and the binary of the older one.
type comparison struct {
	compareOptions
	binary, base, head string
}

// pair is both states in a read mode.
func (c *comparison) pair(mode string, rounds int) []target {
	return []target{{system.Paxredis(c.base, c.binary, "--read-mode", mode), rounds}, {system.Paxredis(c.head, c.paxredis, "--read-mode", mode), rounds}}
}

// modeParts is the table, once for each read mode.
func modeParts(o compareOptions, s size) []part {
	data := dataset{s.keys, tableValue}
	var all []part
	for _, mode := range o.modes.chosen {
		all = append(all, part{name: mode, title: "SET and GET, read mode " + mode, role: system.Leader, workloads: table(data),
			about: fmt.Sprintf("redis-benchmark, %d-byte values, %d keys.", data.value, data.keys)})
	}
	return all
}

// report writes what was found out, and prints the differences.
func (c *comparison) report(ctx context.Context, log io.Writer, b *bench, facts []machine.Fact, started time.Time) error {
	after, err := b.conclude(ctx, started, c.pair("", b.size.rounds))
	if err != nil {
		return err
	}
	about := fmt.Sprintf("Two states of paxredis on one machine, in %d rounds. %s", b.size.rounds, aboutTurns(b.size))
	r := report.Report{Title: "paxredis compared with " + c.ref, About: about, Facts: slices.Concat(facts, versions(ctx, c.paxredis), after),
		Problems: b.problems, Samples: b.samples, Reference: c.base, Significance: true,
		Parts: reported(modeParts(c.compareOptions, b.size))}
	for _, line := range r.Differences() {
		fmt.Fprintln(log, "bench:", line)
	}
	return finish(log, &r, c.out, len(b.problems))
}

// buildRef builds paxredis as it is at a ref of the repository that the suite is run in, and names the commit.
func buildRef(ctx context.Context, ref, dir, binary string) (commit string, err error) {
	if commit, err = git(ctx, "rev-parse", "--verify", "--end-of-options", ref+"^{commit}"); err != nil {
		return "", err
	}
	tree := filepath.Join(dir, "base")
	if _, err := git(ctx, "worktree", "add", "--detach", tree, commit); err != nil {
		return "", err
	}
	defer func() {
		_, failed := git(context.WithoutCancel(ctx), "worktree", "remove", "--force", tree)
		err = errors.Join(err, failed)
	}()
	cmd := exec.CommandContext(ctx, "go", "build", "-o", binary, "./cmd/paxredis")
	cmd.Dir = tree
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building %s: %w\n%s", ref, err, out)
	}
	return commit, nil
}
