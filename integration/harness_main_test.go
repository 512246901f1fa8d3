package integration

import (
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// binDir holds the binaries of this run.
var binDir string

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(runTests(m))
}

func runTests(m *testing.M) int {
	dir, err := os.MkdirTemp("", "paxredis-integration-")
	if err != nil {
		fmt.Fprintln(os.Stderr, "integration:", err)
		return 1
	}
	binDir = dir
	defer os.RemoveAll(dir)
	return m.Run()
}

// binary returns the path of the paxredis binary, built on the first call.
var binary = sync.OnceValues(func() (string, error) { return build("paxredis") })

// raceBinary is the same with the race detector inside: some ten times slower, so a few tests use it.
var raceBinary = sync.OnceValues(func() (string, error) { return build("paxredis-race", "-race") })

func build(name string, flags ...string) (string, error) {
	if err := noteSources(); err != nil {
		return "", err
	}
	path := filepath.Join(binDir, name)
	args := append(append([]string{"build", "-o", path}, flags...), "github.com/paxredis/paxredis/cmd/paxredis")
	out, err := exec.Command("go", args...).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("go %s: %w\n%s", strings.Join(args, " "), err, out)
	}
	return path, nil
}

// noteSources looks at every source file of the product, because go test remembers which files a test looked at: without
// it, a result would be taken from the cache although the binary has changed.
func noteSources() error {
	return filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".go" {
			return err
		}
		_, err = os.Stat(path)
		return err
	})
}

// needsProcesses skips a test that starts processes when -short was given.
func needsProcesses(t testing.TB) {
	t.Helper()
	if testing.Short() {
		t.Skip("starts real processes; left out with -short")
	}
}

// needsTool returns the path of a program that may not be installed, and skips the test without it.
func needsTool(t testing.TB, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("%s is not installed (see .ci/install-test-tools)", name)
	}
	return path
}

// limit is how long any condition may take to come true on a machine that is slow and busy. It is no statement about
// the product.
const limit = 60 * time.Second

// pollEvery is how often a condition of another process is looked at again.
const pollEvery = 10 * time.Millisecond

// await waits until condition returns nil, and fails the test with its last error if it does not within limit.
// Conditions of other processes send no events, so they are looked at again and again.
func await(t testing.TB, what string, condition func() error) {
	t.Helper()
	err := awaitErr(limit, condition)
	if err != nil {
		t.Fatalf("waited %v for %s: %v", limit, what, err)
	}
}

func awaitErr(limit time.Duration, condition func() error) error {
	deadline := time.NewTimer(limit)
	defer deadline.Stop()
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		err := condition()
		if err == nil {
			return nil
		}
		select {
		case <-deadline.C:
			return err
		case <-tick.C:
		}
	}
}

// errNotYet is a condition that has nothing more to say.
var errNotYet = errors.New("not yet")
