package integration

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/redis/go-redis/v9"
)

// node is one server process, over all its restarts.
type node struct {
	t       testing.TB
	id      int
	program string
	address string   // for clients
	peer    string   // for the other nodes; empty for a single node
	dir     string   // its data
	args    []string // after "server"
	env     []string
	logPath string

	cmd    *exec.Cmd
	exited chan struct{} // closed when cmd is over
	client *redis.Client
}

// newNode prepares a node; start runs it. It is killed and its log examined at the end of the test.
func newNode(t testing.TB, id int, program string, args ...string) *node {
	t.Helper()
	n := &node{
		t: t, id: id, program: program,
		address: loopback(freePort(t)),
		dir:     filepath.Join(t.TempDir(), "data"),
		logPath: filepath.Join(t.TempDir(), "log"),
	}
	n.args = append([]string{"--id", strconv.Itoa(id), "--listen", n.address, "--data-dir", n.dir}, args...)
	t.Cleanup(n.cleanup)
	return n
}

// start runs the node's process. It does not wait for anything.
func (n *node) start(extra ...string) {
	n.t.Helper()
	log, err := os.OpenFile(n.logPath, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		n.t.Fatal(err)
	}
	defer log.Close()
	cmd := exec.Command(n.program, append(append([]string{"server"}, n.args...), extra...)...)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.Env = append(environment(), n.env...)
	if err := cmd.Start(); err != nil {
		n.t.Fatalf("node %d: %v", n.id, err)
	}
	exited := make(chan struct{})
	n.cmd, n.exited = cmd, exited
	go func() {
		defer close(exited)
		_ = cmd.Wait() // its result is in cmd.ProcessState
	}()
}

// environment is this process's without any setting for paxredis.
func environment() []string {
	kept := []string{}
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "PAXREDIS_") {
			kept = append(kept, v)
		}
	}
	return kept
}

// running reports whether the process has been started and is not over.
func (n *node) running() bool {
	if n.cmd == nil {
		return false
	}
	select {
	case <-n.exited:
		return false
	default:
		return true
	}
}

// signal sends s to the process, and to nothing else.
func (n *node) signal(s syscall.Signal) {
	n.t.Helper()
	if err := n.cmd.Process.Signal(s); err != nil && !errors.Is(err, os.ErrProcessDone) {
		n.t.Fatalf("node %d: %v: %v", n.id, s, err)
	}
}

// freeze stops the process with SIGSTOP and waits until each of its threads stands still: the signal alone comes back
// while some of them go on for a moment, and may acknowledge a write.
func (n *node) freeze() {
	n.t.Helper()
	n.signal(syscall.SIGSTOP)
	await(n.t, fmt.Sprintf("node %d to stand still", n.id), func() error {
		stats, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", n.cmd.Process.Pid))
		if err != nil || len(stats) == 0 {
			return fmt.Errorf("no threads to look at: %v", err)
		}
		for _, path := range stats {
			stat, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			// The state follows the name, which is in parentheses and may hold anything.
			if _, state, _ := strings.Cut(string(stat[strings.LastIndexByte(string(stat), ')'):]), " "); !strings.HasPrefix(state, "T") {
				return fmt.Errorf("a thread is not stopped: %s", stat)
			}
		}
		return nil
	})
}

// kill ends the process with SIGKILL and waits until it is gone.
func (n *node) kill() {
	n.t.Helper()
	n.signal(syscall.SIGKILL)
	<-n.exited
}

// stop ends the process gracefully; a failure of that fails the test.
func (n *node) stop() {
	n.t.Helper()
	n.signal(syscall.SIGTERM)
	if code := n.awaitExit(); code != 0 {
		n.t.Fatalf("node %d stopped with exit code %d, not 0", n.id, code)
	}
}

// awaitExit waits until the process is over by itself and returns its exit code.
func (n *node) awaitExit() int {
	n.t.Helper()
	await(n.t, fmt.Sprintf("node %d to exit", n.id), func() error {
		if n.running() {
			return errors.New("it runs")
		}
		return nil
	})
	return n.cmd.ProcessState.ExitCode()
}

// rdb is a client of this node that never retries: a test sees each outcome as it was.
func (n *node) rdb() *redis.Client {
	if n.client == nil {
		n.client = newClient(n.address)
	}
	return n.client
}

// awaitServing waits until the node answers a linearizable read.
func (n *node) awaitServing() {
	n.t.Helper()
	await(n.t, fmt.Sprintf("node %d to serve reads", n.id), func() error {
		if !n.running() {
			n.t.Fatalf("node %d is not running; its log ends with:\n%s", n.id, n.logTail(20))
		}
		return n.rdb().DBSize(context.Background()).Err()
	})
}

// log is everything the node has logged, over all its starts.
func (n *node) log() string {
	text, err := os.ReadFile(n.logPath)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		n.t.Fatal(err)
	}
	return string(text)
}

// awaitLog waits until the log matches pattern.
func (n *node) awaitLog(pattern string) {
	n.t.Helper()
	re := regexp.MustCompile(pattern)
	await(n.t, fmt.Sprintf("node %d to log %q", n.id, pattern), func() error {
		if !re.MatchString(n.log()) {
			return fmt.Errorf("its log ends with:\n%s", n.logTail(20))
		}
		return nil
	})
}

func (n *node) logTail(lines int) string {
	all := strings.Split(strings.TrimRight(n.log(), "\n"), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}

// brokenLog matches what no node may ever print.
var brokenLog = regexp.MustCompile(`(?m)^(panic: |fatal error: |WARNING: DATA RACE)`)

func (n *node) cleanup() {
	if n.client != nil {
		_ = n.client.Close()
	}
	if n.running() {
		_ = n.cmd.Process.Signal(syscall.SIGCONT) // a stopped process would not die before its files are removed
		_ = n.cmd.Process.Kill()
		<-n.exited
	}
	if at := brokenLog.FindStringIndex(n.log()); at != nil {
		n.t.Errorf("node %d:\n%s", n.id, firstLines(n.log()[at[0]:], 60))
	}
	if n.t.Failed() {
		n.t.Logf("node %d (%s): end of its log:\n%s", n.id, n.address, n.logTail(40))
	}
}

func firstLines(text string, count int) string {
	lines := strings.Split(text, "\n")
	return strings.Join(lines[:min(count, len(lines))], "\n")
}
