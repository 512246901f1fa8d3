package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"

	"github.com/paxredis/paxredis/integration/bench/machine"
	"github.com/paxredis/paxredis/integration/bench/report"
)

// factsBefore describe the machine before anything is measured.
func factsBefore(ctx context.Context, dir string, syncs int) ([]machine.Fact, error) {
	facts, err := machine.Facts(dir)
	if err != nil {
		return nil, err
	}
	load, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return nil, err
	}
	minute, _, _ := strings.Cut(string(load), " ")
	sync, err := syncFact("before", dir, syncs)
	if err != nil {
		return nil, err
	}
	return append(facts, machine.Fact{Name: "load average of the minute before", Value: minute}, sync), ctx.Err()
}

// factsAfter say how the run went.
func (b *bench) factsAfter(started time.Time, targets []target) ([]machine.Fact, error) {
	sync, err := syncFact("after", b.dir, b.size.syncs)
	if err != nil {
		return nil, err
	}
	facts := []machine.Fact{sync, {Name: "begun", Value: started.UTC().Format(time.DateTime) + " UTC"},
		{Name: "took", Value: time.Since(started).Round(time.Second).String()}}
	if idle := b.idleText(targets); idle != "" {
		facts = append(facts, machine.Fact{Name: "CPU of an idle system, % of a core", Value: idle})
	}
	if len(b.samples) > 0 {
		facts = append(facts, machine.Fact{Name: "CPU of other programs and kernel threads during a measurement, % of a core", Value: b.othersText()})
	}
	return facts, nil
}

// idleText tells what the systems use when idle, in a fixed order.
func (b *bench) idleText(targets []target) string {
	var all []string
	for _, t := range targets {
		if part, known := b.idle[t.system.Name]; known {
			all = append(all, fmt.Sprintf("%s %.1f %%", t.system.Name, 100*part))
		}
	}
	return strings.Join(all, ", ")
}

// othersText tells how alone the measurements were.
func (b *bench) othersText() string {
	var all []float64
	for _, s := range b.samples {
		all = append(all, s.Others)
	}
	spread := report.SpreadOf(all)
	return fmt.Sprintf("median %.1f %%, most %.1f %%", 100*spread.Median, 100*spread.High)
}

func syncFact(when, dir string, count int) (machine.Fact, error) {
	p50, p99, err := machine.SyncLatency(dir, count)
	if err != nil {
		return machine.Fact{}, fmt.Errorf("measuring syncs: %w", err)
	}
	ms := func(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
	return machine.Fact{Name: "4 kB write and fdatasync, " + when, Value: fmt.Sprintf("p50 %.2f ms, p99 %.2f ms", ms(p50), ms(p99))}, nil
}

// versions are those of all programs. They are asked for when the run may have been interrupted, which must not end the asking.
func versions(ctx context.Context, paxredis string) []machine.Fact {
	ctx = context.WithoutCancel(ctx)
	facts := []machine.Fact{
		{Name: "paxredis", Value: machine.Version(ctx, paxredis, "version") + "; git describe: " + describe(ctx, "--dirty")},
		{Name: "redis-server", Value: machine.Version(ctx, "redis-server", "--version")},
	}
	if machine.Missing("etcd") == "" {
		facts = append(facts, machine.Fact{Name: "etcd", Value: machine.Version(ctx, "etcd", "--version")})
	}
	return append(facts, machine.Fact{Name: "Go", Value: runtime.Version()})
}

// describe names a commit of the source tree that the suite is run in, by default the one that is checked out.
func describe(ctx context.Context, args ...string) string {
	return machine.Version(ctx, "git", append([]string{"describe", "--always", "--tags", "--abbrev=10"}, args...)...)
}

// git runs a command that prints one line.
func git(ctx context.Context, args ...string) (string, error) {
	out, err := exec.CommandContext(ctx, "git", args...).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("git %s: %w\n%s", strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out)), nil
}
