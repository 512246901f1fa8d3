package report

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/paxredis/paxredis/integration/bench/load"
	"github.com/paxredis/paxredis/integration/bench/machine"
	"github.com/paxredis/paxredis/integration/bench/scenario"
)

var rewrite = flag.Bool("rewrite", false, "write the expected reports anew")

// example is a report with something of everything.
func example() *Report {
	sample := func(round int, workload, system string, perSecond float64) Sample {
		return Sample{Round: round, Part: "table", Workload: workload, System: system, CPU: 100 * time.Millisecond, CPUAfter: 20 * time.Millisecond, Others: 0.125,
			Figures: load.Figures{Requests: 10_000, PerSecond: perSecond, P50: 1000 / perSecond, P99: 2000 / perSecond, Max: 12.5}}
	}
	return &Report{
		Title: "paxredis compared with redis-server", About: "Two rounds.",
		Facts:    []machine.Fact{{Name: "CPU", Value: "a CPU | of some kind"}, {Name: "cores", Value: "2"}},
		Problems: []string{"etcd ended:\nit was killed"},
		Parts:    []Part{{"table", "SET and GET", "c is the number of clients."}, {"values", "Larger values", "Of these nothing was measured."}},
		Samples: Samples{
			sample(1, "SET c=1", "redis-server", 2000), sample(1, "SET c=1", "paxredis quorum", 1800), sample(1, "SET c=1", "etcd", 500),
			sample(1, "GET c=1", "redis-server", 20_000), sample(1, "GET c=1", "paxredis quorum", 19_000),
			sample(2, "SET c=1", "paxredis quorum", 1500), sample(2, "SET c=1", "redis-server", 2000),
			sample(2, "GET c=1", "paxredis quorum", 21_000), sample(2, "GET c=1", "redis-server", 20_000),
		},
		Reference: "redis-server",
		Goals:     map[Cell]float64{{"table", "SET c=1", "paxredis quorum"}: 0.8, {"table", "GET c=1", "paxredis quorum"}: 1.5},
		Scenarios: []Scenario{
			{Name: "memory", Title: "Resident bytes a key", Figures: []scenario.Figure{
				{Name: "1 M keys", Unit: "B", Values: []float64{210, 200, 220}, Reference: []float64{150}, Goal: "<= 1.5x redis", Note: "mean of three nodes"},
				{Name: "time to write them", Unit: "s", Values: []float64{4}},
			}},
			{Name: "takeover", Title: "Take-over", Err: errors.New("interrupted")},
		},
	}
}

func TestAReportIsWritten(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "results", "now")
	if err := example().Write(dir); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{MarkdownFile, MeasurementsFile, ScenariosFile} {
		got, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		golden(t, name, got)
	}
	for _, name := range []string{"table-ratio.svg", "table-throughput.svg", "scenario-memory.svg", "scenario-memory-2.svg"} {
		if got, err := os.ReadFile(filepath.Join(dir, name)); err != nil || !strings.HasPrefix(string(got), "<svg") {
			t.Errorf("%s: %.20q, %v", name, got, err)
		}
	}
	if files, err := os.ReadDir(dir); err != nil || len(files) != 7 {
		t.Errorf("files %v, %v", files, err)
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *rewrite {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != string(want) {
		t.Errorf("%s is not as in testdata (-rewrite writes it anew):\n%s", name, got)
	}
}

func TestDifferencesBeyondChanceAreTold(t *testing.T) {
	r := &Report{Reference: "base", Significance: true, Parts: []Part{{Name: "quorum"}}}
	for workload, ratio := range map[string]func(round int) float64{
		"slower": func(round int) float64 { return 0.9 + float64(round)/1000 },
		"faster": func(round int) float64 { return 1.1 + float64(round)/1000 },
		"equal":  func(round int) float64 { return 0.9 + 0.2*float64(round%2) },
	} {
		for round := range 10 {
			r.Samples = append(r.Samples,
				Sample{Round: round, Part: "quorum", Workload: workload, System: "base", Figures: load.Figures{Requests: 1, PerSecond: 1000}},
				Sample{Round: round, Part: "quorum", Workload: workload, System: "head", Figures: load.Figures{Requests: 1, PerSecond: 1000 * ratio(round)}})
		}
	}
	want := map[string]string{"slower": "; slower (p = 0.002)", "faster": "; faster (p = 0.002)", "equal": "; within the noise"}
	lines := r.Differences()
	if len(lines) != len(want) {
		t.Errorf("%q", lines)
	}
	for _, line := range lines {
		workload := strings.TrimPrefix(line[:strings.Index(line, ":")], "quorum, ")
		if !strings.Contains(line, want[workload]) {
			t.Errorf("%s: not %q", line, want[workload])
		}
	}
	if got := significance([]float64{0.5, 0.6, 0.7}); got != "slower in every round, too few to be sure" {
		t.Errorf("three rounds: %s", got)
	}
	if !strings.Contains(string(r.markdown()), "**slower** (p = 0.002)") {
		t.Error("the report says nothing of it")
	}
}

func TestGoalsAreJudged(t *testing.T) {
	values := []float64{1, 2, 3, 4, 10}
	for goal, want := range map[string]string{
		"<= 3 s":            "met",
		"<= 2.9 s":          "missed",
		"p99 <= 9 s":        "missed",
		"max <= 10":         "met",
		"min > 1":           "missed",
		">= 3":              "met",
		"< 3":               "missed",
		"<= 1.5x redis":     "met",
		"<= 1.4x redis":     "missed",
		"p50 <= 1.5x redis": "met",
		"as fast as it can": "",
		"":                  "",
	} {
		if got := judge(scenario.Figure{Values: values, Reference: []float64{2}, Goal: goal}); got != want {
			t.Errorf("%q: %q, not %q", goal, got, want)
		}
	}
	if got := judge(scenario.Figure{Values: values, Goal: "<= 1.5x redis"}); got != "" {
		t.Errorf("without a reference: %q", got)
	}
	if got := judge(scenario.Figure{Goal: "<= 1"}); got != "" {
		t.Errorf("without values: %q", got)
	}
}
