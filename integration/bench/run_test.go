package main

import (
	"bytes"
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/paxredis/paxredis/integration/bench/machine"
	"github.com/paxredis/paxredis/integration/bench/report"
	"github.com/paxredis/paxredis/integration/bench/scenario"
	"github.com/paxredis/paxredis/integration/bench/system"
)

// freePort is a port that nothing listens at.
func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	}()
	return l.Addr().(*net.TCPAddr).Port
}

// TestTheSuiteMeasuresRedis runs the whole way to a report, on redis-server alone.
func TestTheSuiteMeasuresRedis(t *testing.T) {
	for _, program := range []string{"redis-server", "redis-benchmark"} {
		if why := machine.Missing(program); why != "" {
			t.Skip(why)
		}
	}
	out := filepath.Join(t.TempDir(), "report")
	var log bytes.Buffer
	err := runSuite(t.Context(), []string{"-quick", "-seconds", "0.01", "-systems", "redis", "-parts", "table,mixed", "-dir", t.TempDir(),
		"-out", out, "-base-port", strconv.Itoa(freePort(t))}, &log)
	if err != nil {
		t.Fatalf("%v\n%s", err, &log)
	}
	text, err := os.ReadFile(filepath.Join(out, report.MeasurementsFile))
	if err != nil {
		t.Fatal(err)
	}
	if lines := bytes.Count(text, []byte("\n")); lines != 1+8+3 {
		t.Errorf("%d lines:\n%s", lines, text)
	}
	page, err := os.ReadFile(filepath.Join(out, report.MarkdownFile))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"| SET c=50 P=16 | redis-server |", "| DEL VER c=50 | redis-server |", "fdatasync", "![operations a second](mixed-throughput.svg)"} {
		if !strings.Contains(string(page), want) {
			t.Errorf("no %q in\n%s", want, page)
		}
	}
}

func TestWhatGoesWrongIsReported(t *testing.T) {
	var log bytes.Buffer
	b := newBench(t.TempDir(), freePort(t), quickSize(), newProgress(&log, 11, 0))
	all := parts(quickSize())
	b.run(t.Context(), []part{all[0], all[3]}, []target{{system.Paxredis("broken", filepath.Join(t.TempDir(), "none")), 1}})
	if len(b.problems) != 2 || !strings.Contains(b.problems[0], "SET and GET, broken") || b.progress.done != 11 {
		t.Errorf("%d of 11 done, problems %q", b.progress.done, b.problems)
	}
	left, err := os.ReadDir(b.dir)
	if err != nil || len(left) > 0 {
		t.Errorf("left %v, %v", left, err)
	}
	b.problem("%s", strings.Repeat("ü", problemLength))
	if got := b.problems[2]; !strings.HasSuffix(got, "ü ...") || len(got) > problemLength+4 {
		t.Errorf("%d bytes: %q", len(got), got)
	}
}

func TestScenariosRunOneAfterTheOther(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	figures := []scenario.Figure{{Name: "a figure", Values: []float64{1}}}
	all := []scenario.Scenario{
		{Name: "good", Run: func(_ context.Context, env scenario.Env) ([]scenario.Figure, error) {
			return figures, errors.Join(os.WriteFile(filepath.Join(env.Dir, "data"), nil, 0o600), os.WriteFile(filepath.Join(env.Results, "picture"), nil, 0o600))
		}},
		{Name: "bad", Run: func(context.Context, scenario.Env) ([]scenario.Figure, error) { return nil, errors.New("no") }},
		{Name: "last", Run: func(context.Context, scenario.Env) ([]scenario.Figure, error) { cancel(); return figures, nil }},
		{Name: "never", Run: func(context.Context, scenario.Env) ([]scenario.Figure, error) {
			t.Error("it runs after the end")
			return nil, nil
		}},
	}
	b := newBench(t.TempDir(), 1, quickSize(), newProgress(&bytes.Buffer{}, 0, 0))
	out := filepath.Join(t.TempDir(), "results")
	results := b.runScenarios(ctx, suiteOptions{common: common{out: out}}, all)
	if len(results) != 3 || results[0].Err != nil || len(results[0].Figures) != 1 || results[1].Err == nil || results[2].Name != "last" {
		t.Errorf("results %+v", results)
	}
	if _, err := os.Stat(filepath.Join(out, "picture")); err != nil {
		t.Error(err)
	}
	if len(b.problems) != 1 || b.problems[0] != "scenario bad: no" {
		t.Errorf("problems %q", b.problems)
	}
	if left, err := os.ReadDir(b.dir); err != nil || len(left) > 0 {
		t.Errorf("left %v, %v", left, err)
	}
}

func TestWhyEtcdIsMissingIsTold(t *testing.T) {
	file := filepath.Join(t.TempDir(), "missing")
	if err := os.WriteFile(file, []byte("no etcd (installing needs root)\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := reason(file); got != " The installation said: no etcd (installing needs root)" {
		t.Errorf("got %q", got)
	}
	if got := reason(""); got != "" {
		t.Errorf("without a file: %q", got)
	}
	if got := reason(file + "-none"); !strings.Contains(got, "no such file") {
		t.Errorf("with another file: %q", got)
	}
}

// TestAnOlderStateIsBuilt builds a program of a commit that is not the newest one.
func TestAnOlderStateIsBuilt(t *testing.T) {
	if why := machine.Missing("git"); why != "" {
		t.Skip(why)
	}
	repository := t.TempDir()
	t.Chdir(repository)
	run := func(args ...string) {
		t.Helper()
		if _, err := git(t.Context(), append([]string{"-c", "user.name=n", "-c", "user.email=e"}, args...)...); err != nil {
			t.Fatal(err)
		}
	}
	write := func(name, text string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	run("init", "--quiet")
	write("go.mod", "module example.org/old\n\ngo 1.26\n")
	for _, state := range []string{"old", "new"} {
		write("cmd/paxredis/main.go", "package main\n\nfunc main() { print(\""+state+"\") }\n")
		run("add", ".")
		run("commit", "--quiet", "-m", state)
	}
	dir := t.TempDir()
	binary := filepath.Join(dir, "binary")
	commit, err := buildRef(t.Context(), "HEAD^", dir, binary)
	if err != nil || len(commit) < 40 {
		t.Fatalf("%q, %v", commit, err)
	}
	if out, err := exec.Command(binary).CombinedOutput(); err != nil || string(out) != "old" {
		t.Errorf("it prints %q, %v", out, err)
	}
	if trees, err := git(t.Context(), "worktree", "list"); err != nil || strings.Contains(trees, "\n") {
		t.Errorf("worktrees %q, %v", trees, err)
	}
	if _, err := buildRef(t.Context(), "no-such-ref", dir, binary); err == nil {
		t.Error("a ref that is not there is built")
	}
}
