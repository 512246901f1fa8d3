package integration

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func TestRedisCLI(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 3)
	n := c.follower()
	for _, step := range []struct {
		want string
		args []string
	}{
		{"PONG\n", []string{"PING"}},
		{"OK\n", []string{"SET", "greeting", "hello world"}},
		{"hello world\n", []string{"GET", "greeting"}},
		{"hello world\n", []string{"-3", "GET", "greeting"}},
		{"1\n", []string{"INCR", "n"}},
		{"OK\n7\n", []string{"SET", "v", "x", "VER", "7", "WITHVER"}},
		{"\n", []string{"GET", "missing"}},
		{"ERR unknown command 'NOSUCH', with args beginning with: 'a' \n\n", []string{"NOSUCH", "a"}},
	} {
		if got := redisCLI(t, n, "", step.args...); got != step.want {
			t.Errorf("redis-cli %v: got %q, want %q", step.args, got, step.want)
		}
	}
	got := redisCLI(t, n, "MULTI\nSET a 1\nINCR a\nEXEC\n")
	if want := "OK\nQUEUED\nQUEUED\nOK\n2\n"; got != want {
		t.Errorf("redis-cli from a script: got %q, want %q", got, want)
	}
	for _, args := range [][]string{{"INFO"}, {"COMMAND", "DOCS"}, {"CONFIG", "GET", "save"}, {"CLIENT", "LIST"}} {
		if got := redisCLI(t, n, "", args...); strings.HasPrefix(got, "ERR") {
			t.Errorf("redis-cli %v: %s", args, got)
		}
	}
	if got := redisCLI(t, n, "", "--scan", "--pattern", "g*"); got != "greeting\n" {
		t.Errorf("redis-cli --scan: got %q", got)
	}
}

// TestRedisCLIInteractiveHints types into redis-cli as a person would; its hints come from COMMAND DOCS.
func TestRedisCLIInteractiveHints(t *testing.T) {
	t.Parallel()
	cli, script := needsTool(t, "redis-cli"), needsTool(t, "script")
	n := startSingle(t)
	command := "stty cols 100 rows 30; exec " + cli + " -p " + portOf(t, n.address)
	session := startProgram(t, script, "-qfec", command, filepath.Join(t.TempDir(), "typescript"))
	session.awaitText(`> `)
	session.enter("set k")
	session.awaitText(`key value .*NX`) // the hint
	session.enter(" v\r")
	session.awaitText(`(?s)\nOK.*> `) // what is typed before the next prompt is thrown away
	session.enter("get k withver\r")
	session.awaitText(`1\) "v"\s+2\) \(integer\) \d`)
	session.enter("quit\r")
	await(t, "redis-cli to end", session.over)
}

func TestRedisCLIMassInsertion(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 3)
	const count = 20_000
	var input strings.Builder
	for i := range count {
		key, value := fmt.Sprintf("mass:%d", i), fmt.Sprint(i)
		fmt.Fprintf(&input, "*3\r\n$3\r\nSET\r\n$%d\r\n%s\r\n$%d\r\n%s\r\n", len(key), key, len(value), value)
	}
	got := redisCLI(t, c.follower(), input.String(), "--pipe")
	if want := fmt.Sprintf("errors: 0, replies: %d", count); !strings.Contains(got, want) {
		t.Errorf("no %q in:\n%s", want, got)
	}
	for _, n := range c.nodes {
		expect(t, n, fmt.Sprint(count), "DBSIZE")
	}
	c.awaitEqual()
}

func TestRedisBenchmarkRuns(t *testing.T) {
	benchmark := needsTool(t, "redis-benchmark")
	c := startCluster(t, 3)
	for _, n := range []*node{c.leader(), c.follower()} {
		for _, args := range []string{"-t set,get,incr,mset -n 2000 -c 20 -d 128", "-t set,get -n 5000 -c 10 -P 16 -r 1000"} {
			ctx, cancel := context.WithTimeout(context.Background(), limit)
			cmd := exec.CommandContext(ctx, benchmark, append([]string{"-p", portOf(t, n.address), "--csv"}, strings.Fields(args)...)...)
			out, err := cmd.CombinedOutput()
			cancel()
			if err != nil || regexp.MustCompile(`(?i)error`).Match(out) || !strings.Contains(string(out), `"GET"`) {
				t.Errorf("redis-benchmark %s: %v\n%s", args, err, out)
			}
		}
	}
	c.awaitEqual()
}
