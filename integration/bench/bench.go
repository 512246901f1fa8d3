package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/paxredis/paxredis/integration/bench/chart"
	"github.com/paxredis/paxredis/integration/bench/report"
	"github.com/paxredis/paxredis/integration/bench/system"
)

// bench is measurements of several systems that take turns. Only one of them runs at a time: three idle nodes use some percent of a
// core, which would be missing to the others.
type bench struct {
	dir      string // for data
	port     int
	size     size
	progress *progress
	// rates are the operations a second of the newest measurement, and idle the part of a core that an idle system uses.
	rates    map[report.Cell]float64
	idle     map[string]float64
	samples  report.Samples
	problems []string
}

// target is a system that takes part in the first rounds.
type target struct {
	system system.System
	rounds int
}

func newBench(dir string, port int, size size, progress *progress) *bench {
	return &bench{dir: dir, port: port, size: size, progress: progress, rates: map[report.Cell]float64{}, idle: map[string]float64{}}
}

// run measures all parts on all targets in each round. What goes wrong with one of them is noted and does not end the others, but ctx does.
func (b *bench) run(ctx context.Context, parts []part, targets []target) {
	for round := 1; round <= b.size.rounds; round++ {
		for _, p := range parts {
			for workloads := range slices.Chunk(p.workloads, b.size.together) {
				turn := p
				turn.workloads = workloads
				b.turns(ctx, round, turn, inOrder(targets, round))
			}
		}
	}
}

// turns gives each target its turn.
func (b *bench) turns(ctx context.Context, round int, p part, targets []target) {
	for _, t := range targets {
		if ctx.Err() != nil {
			return
		}
		planned := b.progress.done + len(p.of(t.system))
		err := b.runBlock(ctx, round, p, t.system)
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			b.problem("round %d, %s, %s: %v", round, p.title, t.system.Name, err)
		}
		b.progress.skip(planned - b.progress.done)
	}
}

// inOrder lists who takes part in a round: in every second one the other way round, so that what comes before does not always do so.
func inOrder(targets []target, round int) []target {
	all := slices.DeleteFunc(slices.Clone(targets), func(t target) bool { return round > t.rounds })
	if round%2 == 0 {
		slices.Reverse(all)
	}
	return all
}

// measurements counts what a run will do.
func measurements(parts []part, targets []target, rounds int) int {
	n := 0
	for _, t := range targets {
		for _, p := range parts {
			n += min(rounds, t.rounds) * len(p.of(t.system))
		}
	}
	return n
}

// add notes a sample.
func (b *bench) add(round int, p part, s report.Sample) {
	b.samples = append(b.samples, s)
	b.rates[report.Cell{Part: s.Part, Workload: s.Workload, System: s.System}] = s.PerSecond
	b.progress.step(fmt.Sprintf("round %d of %d, %s: %s, %s: %s op/s, p99 %s ms", round, b.size.rounds, p.name, s.System, s.Workload,
		chart.Short(s.PerSecond), chart.Short(s.P99)))
}

// problemLength is how many bytes of what went wrong a report has: programs may have said much.
const problemLength = 600

// problem notes what went wrong or is missing.
func (b *bench) problem(format string, args ...any) {
	text := strings.TrimSpace(fmt.Sprintf(format, args...))
	b.progress.say(text)
	if len(text) > problemLength {
		text = text[:problemLength] + " ..."
	}
	b.problems = append(b.problems, strings.ToValidUTF8(text, ""))
}
