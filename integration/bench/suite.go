package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/paxredis/paxredis/integration/bench/machine"
	"github.com/paxredis/paxredis/integration/bench/report"
	"github.com/paxredis/paxredis/integration/bench/scenario"
	"github.com/paxredis/paxredis/integration/bench/system"
)

// Names of paxredis in tables, by its read mode.
const (
	quorumName = "paxredis quorum"
	leaseName  = "paxredis lease"
)

// scenarioPorts is how far the ports of scenarios lie above the others.
const scenarioPorts = 100

// runSuite measures what was chosen, and writes a report of what there is in any case.
func runSuite(ctx context.Context, args []string, log io.Writer) (err error) {
	started := time.Now()
	o, err := parseSuite(args, log, started)
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
	size := o.size()
	facts, err := factsBefore(ctx, dir, size.syncs)
	if err != nil {
		return err
	}
	chosen := slices.DeleteFunc(parts(size), func(p part) bool { return !o.parts.has(p.name) })
	scenarios := chosenScenarios(o)
	targets, absent, err := chooseTargets(o, size)
	if err != nil {
		return err
	}
	b := newBench(dir, o.basePort, size, newProgress(log, measurements(chosen, targets, size.rounds), size.scenario*time.Duration(len(scenarios))))
	b.problems = append(b.problems, absent...)
	b.run(ctx, chosen, targets)
	results := b.runScenarios(ctx, o, scenarios)
	after, err := b.conclude(ctx, started, targets)
	if err != nil {
		return err
	}
	r := report.Report{Title: "paxredis compared with " + system.RedisName, About: aboutSuite(o, size), Facts: slices.Concat(facts, versions(ctx, o.paxredis), after),
		Problems: b.problems, Samples: b.samples, Reference: system.RedisName, Goals: goalsByCell(), Scenarios: results,
		Parts: reported(chosen)}
	return finish(log, &r, o.out, len(b.problems)-len(absent))
}

// conclude says what there is to say after the last measurement.
func (b *bench) conclude(ctx context.Context, started time.Time, targets []target) ([]machine.Fact, error) {
	if ctx.Err() != nil {
		b.problem("it was interrupted: what came later is missing")
	}
	return b.factsAfter(started, targets)
}

// reported are parts as a report has them.
func reported(parts []part) []report.Part {
	var all []report.Part
	for _, p := range parts {
		all = append(all, report.Part{Name: p.name, Title: p.title, About: p.about})
	}
	return all
}

// finish writes the report, and fails if anything went wrong on the way.
func finish(log io.Writer, r *report.Report, dir string, problems int) error {
	if err := r.Write(dir); err != nil {
		return err
	}
	fmt.Fprintf(log, "bench: %s/%s\n", dir, report.MarkdownFile)
	if problems > 0 {
		return fmt.Errorf("%d problems, listed in the report", problems)
	}
	return nil
}

func aboutSuite(o suiteOptions, s size) string {
	text := fmt.Sprintf("Three paxredis nodes, one redis-server with `appendonly yes` and `appendfsync always`, and three etcd nodes, all of them and their clients on "+
		"one machine. Rounds: %d, of etcd %d. %s Ratios are those within a round.", s.rounds, min(s.rounds, s.etcdRounds), aboutTurns(s))
	if o.quick {
		text += " **A quick run: it shows that everything works, its figures are rough.**"
	}
	return text
}

// aboutTurns says how the systems take turns.
func aboutTurns(s size) string {
	return fmt.Sprintf("One system runs at a time: it is started anew, filled, and measured under up to %d workloads for about %g s each, then the next one has its turn; "+
		"every second round goes in the reverse order.", s.together, s.seconds)
}

// chooseTargets lists the systems, and says which are left out and why. Without redis-server's tools nothing can be measured.
func chooseTargets(o suiteOptions, s size) (targets []target, absent []string, err error) {
	for _, program := range []string{"redis-server", "redis-benchmark"} {
		if why := machine.Missing(program); why != "" {
			return nil, nil, errors.New(why)
		}
	}
	if o.systems.has(systemRedis) {
		targets = append(targets, target{system.Redis(), s.rounds})
	}
	if o.systems.has(systemQuorum) {
		targets = append(targets, target{system.Paxredis(quorumName, o.paxredis), s.rounds})
	}
	if o.systems.has(systemLease) {
		targets = append(targets, target{system.Paxredis(leaseName, o.paxredis, "--read-mode", "lease"), s.rounds})
	}
	if o.systems.has(systemEtcd) {
		if why := machine.Missing("etcd"); why != "" {
			return targets, append(absent, why+", so it was left out."+reason(o.missing)), nil
		}
		targets = append(targets, target{system.Etcd(), s.etcdRounds})
	}
	return targets, nil, nil
}

// reason is what the installation has said, if it was told to write that down.
func reason(file string) string {
	if file == "" {
		return ""
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return " " + err.Error()
	}
	if why := strings.TrimSpace(string(text)); why != "" {
		return " The installation said: " + why
	}
	return ""
}

// chosenScenarios are those that were chosen, if their part was.
func chosenScenarios(o suiteOptions) []scenario.Scenario {
	if !o.parts.has(partScenarios) {
		return nil
	}
	return slices.DeleteFunc(scenario.All(), func(s scenario.Scenario) bool { return !o.scenarios.has(s.Name) })
}

// runScenarios runs one after the other, each with a directory of its own.
func (b *bench) runScenarios(ctx context.Context, o suiteOptions, all []scenario.Scenario) []report.Scenario {
	var results []report.Scenario
	for i, s := range all {
		if ctx.Err() != nil {
			break
		}
		b.progress.later = b.size.scenario * time.Duration(len(all)-i)
		b.progress.say(fmt.Sprintf("scenario %d of %d: %s", i+1, len(all), s.Title))
		figures, err := b.runScenario(ctx, o, s)
		if err != nil && ctx.Err() == nil {
			b.problem("scenario %s: %v", s.Name, err)
		}
		results = append(results, report.Scenario{Name: s.Name, Title: s.Title, Figures: figures, Err: err})
	}
	return results
}

func (b *bench) runScenario(ctx context.Context, o suiteOptions, s scenario.Scenario) (figures []scenario.Figure, err error) {
	dir, err := os.MkdirTemp(b.dir, "scenario-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if err := os.MkdirAll(o.out, 0o755); err != nil {
		return nil, err
	}
	return s.Run(ctx, scenario.Env{Paxredis: o.paxredis, Dir: dir, Results: o.out, BasePort: b.port + scenarioPorts, Quick: o.quick, Log: b.progress.out})
}
