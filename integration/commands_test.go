package integration

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

func TestUsageErrorsHaveTheirOwnExitCode(t *testing.T) {
	for _, test := range []struct {
		args []string
		code int
		want string
	}{
		{nil, 2, "no command given"},
		{[]string{"nonsense"}, 2, `unknown command "nonsense"`},
		{[]string{"server", "--no-such-flag"}, 2, "no-such-flag"},
		{[]string{"server", "--id", "0"}, 2, "--id 0: must be from 1"},
		{[]string{"server", "--id", "1", "--peers", "2=127.0.0.1:7379"}, 2, "must include this node"},
		{[]string{"server", "--read-mode", "fast"}, 2, "quorum, lease or stale"},
		{[]string{"server", "--lease", "2s"}, 2, "--lease"},
		{[]string{"server", "stray"}, 2, "stray"},
		{[]string{"dev", "--nodes", "0"}, 2, "--nodes 0"},
		{[]string{"help"}, 0, ""},
		{[]string{"server", "-h"}, 0, "--"},
		{[]string{"version"}, 0, ""},
	} {
		_, errOut, code := runCommand(t, test.args...)
		if code != test.code || test.code != 0 && !strings.Contains(errOut, test.want) {
			t.Errorf("%v: exit code %d, %s", test.args, code, errOut)
		}
	}
}

func TestStatus(t *testing.T) {
	c := startCluster(t, 3)
	leader := c.leader()
	down := c.follower()
	addresses := c.nodes[0].address + "," + c.nodes[1].address + "," + c.nodes[2].address
	down.kill()

	out, errOut, code := runCommand(t, "status", "--addr", addresses)
	if code != 0 {
		t.Fatalf("exit code %d, %s", code, errOut)
	}
	for _, want := range []string{
		fmt.Sprintf(`(?m)^%d +%s +leader +%d `, leader.id, leader.address, leader.id),
		fmt.Sprintf(`(?m)^\? +%s +unreachable`, down.address),
		`(?m) follower `,
	} {
		if !regexp.MustCompile(want).MatchString(out) {
			t.Errorf("no %s in:\n%s", want, out)
		}
	}
	out, _, _ = runCommand(t, "status", "--json", "--addr", addresses)
	var nodes []struct {
		ID      int    `json:"id"`
		Role    string `json:"role"`
		Members int    `json:"members"`
		Error   string `json:"error"`
	}
	if err := json.Unmarshal([]byte(out), &nodes); err != nil || len(nodes) != 3 || nodes[0].Members != 3 || nodes[2].Error == "" {
		t.Errorf("%v\n%s", err, out)
	}

	leader.kill()
	await(t, "status to fail without a majority", func() error {
		out, errOut, code := runCommand(t, "status", "--addr", addresses)
		if code == 0 {
			return errors.New(out)
		}
		if code != 1 || !strings.Contains(errOut, "no majority") {
			t.Fatalf("exit code %d, %s", code, errOut)
		}
		return nil
	})
}

func TestConfigurationFromFileEnvironmentAndFlags(t *testing.T) {
	program := mustBuild(t, binary)
	fromFile, fromEnvironment, fromFlag := loopback(freePort(t)), loopback(freePort(t)), loopback(freePort(t))
	file := filepath.Join(t.TempDir(), "paxredis.conf")
	if err := os.WriteFile(file, []byte("# a comment\nlisten "+fromFile+"\nlog-format json\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name, want string
		env, args  []string
	}{
		{"file", fromFile, nil, nil},
		{"environment", fromEnvironment, []string{"PAXREDIS_LISTEN=" + fromEnvironment}, nil},
		{"flag", fromFlag, []string{"PAXREDIS_LISTEN=" + fromEnvironment}, []string{"--listen", fromFlag}},
	} {
		n := newNode(t, 1, program)
		n.args = append([]string{"--config", file, "--data-dir", n.dir}, test.args...)
		n.env, n.address = test.env, test.want
		n.start()
		n.awaitServing()
		if !strings.Contains(n.log(), `{"time":`) {
			t.Errorf("%s: log-format json from the file is not in effect:\n%s", test.name, n.log())
		}
		n.stop()
	}
}

// devProcess is a running `paxredis dev`.
type devProcess struct{ *program }

func startDev(t *testing.T, args ...string) devProcess {
	t.Helper()
	return devProcess{startProgram(t, mustBuild(t, binary), append([]string{"dev"}, args...)...)}
}

func (d devProcess) interrupt() {
	d.t.Helper()
	if err := d.cmd.Process.Signal(syscall.SIGINT); err != nil {
		d.t.Fatal(err)
	}
	await(d.t, "dev to stop", func() error {
		if d.running() {
			return errNotYet
		}
		return nil
	})
	if code := d.cmd.ProcessState.ExitCode(); code != 0 {
		d.t.Errorf("dev ended with exit code %d", code)
	}
}

func TestDevRunsAClusterAndGoesOnWithKeptData(t *testing.T) {
	base := freePorts(t, 3, 1000, 2000)
	dir := filepath.Join(t.TempDir(), "kept")
	args := []string{"--keep", "--dir", dir, "--base-port", strconv.Itoa(base)}
	d := startDev(t, args...)
	d.awaitText(`paxredis is up: 3 nodes, node \d leads`)
	d.awaitText(fmt.Sprintf(`redis-cli -p %d`, base))
	pid := d.awaitText(`node 2 +\S+ +pid (\d+)`)[1]
	d.awaitText(`node 3 \| `)
	client := newClient(loopback(base + 2))
	defer client.Close()
	if err := client.Set(t.Context(), "k", "v", 0).Err(); err != nil {
		t.Fatal(err)
	}

	// A node that is killed is reported, not restarted, and the others go on.
	n, err := strconv.Atoi(pid)
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(n, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	d.awaitText(`node 2 \(pid ` + pid + `\) has ended: signal: killed`)
	if err := client.Set(t.Context(), "k", "w", 0).Err(); err != nil {
		t.Error(err)
	}
	d.interrupt()
	if !allFree(base, 3) {
		t.Error("a node still listens")
	}

	d = startDev(t, args[:3]...) // the directory remembers the ports
	d.awaitText(`paxredis is up: 3 nodes`)
	client2 := newClient(loopback(base + 1))
	defer client2.Close()
	if got, err := client2.Get(t.Context(), "k").Result(); err != nil || got != "w" {
		t.Errorf("after another start: %q, %v", got, err)
	}
	d.interrupt()
}

func TestDevLeavesNothingBehind(t *testing.T) {
	base := freePorts(t, 3, 1000, 2000)
	dir := filepath.Join(t.TempDir(), "gone")
	d := startDev(t, "--dir", dir, "--base-port", strconv.Itoa(base))
	d.awaitText(`paxredis is up`)
	d.interrupt()
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s is still there: %v", dir, err)
	}
}

func TestDevStartsNothingWhenAPortIsTaken(t *testing.T) {
	base := freePorts(t, 3, 1000, 2000)
	l, err := net.Listen("tcp", loopback(base+1001))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	out, errOut, code := runCommand(t, "dev", "--base-port", strconv.Itoa(base))
	if code != 1 || !strings.Contains(errOut, strconv.Itoa(base+1001)) || !strings.Contains(errOut, "nothing was started") {
		t.Errorf("exit code %d, %s%s", code, out, errOut)
	}
}
