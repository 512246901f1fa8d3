package sim

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/paxredis/paxredis/integration/figures"
)

// TestMain gives the garbage collector less to do: a history keeps little and throws away much, and it took a third of the time.
func TestMain(m *testing.M) {
	debug.SetGCPercent(1000)
	os.Exit(m.Run())
}

// historiesOfTest is how many histories a test run does.
const historiesOfTest = 2000

// operationsOfTest is how many operations each of them has at least.
const operationsOfTest = 500

// TestHistories runs many histories, one a core at a time.
func TestHistories(t *testing.T) {
	var (
		next  atomic.Uint64
		mu    sync.Mutex
		total Counts
		there Figures
		sums  struct{ histories, operations, slots, events uint64 }
		ended sync.WaitGroup
	)
	for range runtime.GOMAXPROCS(0) {
		ended.Go(func() {
			for seed := next.Add(1); seed <= historiesOfTest && !t.Failed(); seed = next.Add(1) {
				r := Run(seed, Options{})
				if r.Violation != nil {
					t.Errorf("seed %d: %v", seed, r.Violation)
				} else if r.Answered < operationsOfTest {
					t.Errorf("seed %d: %d operations came to an outcome, and there must be %d", seed, r.Answered, operationsOfTest)
				}
				mu.Lock()
				sums.histories++
				sums.operations += uint64(r.Operations)
				sums.slots += uint64(r.Slots)
				sums.events += r.Events
				total.Add(&r.Faults)
				there.Add(&r.Figures)
				mu.Unlock()
			}
		})
	}
	ended.Wait()
	figures.Log(t, fmt.Sprintf("%d histories, %d operations, %d slots, %d events, %v; faults: %v",
		sums.histories, sums.operations, sums.slots, sums.events, there, total))
	for f, n := range total {
		if n == 0 {
			t.Errorf("no fault of the kind %v", Fault(f))
		}
	}
	for i, n := range []int{there.Received, there.Published, there.Rewritten, there.Spoilt, there.Uncertain, there.Compared, there.Configurations,
		there.HandOvers, there.DiskFailures, there.SyncFailures, there.Refusals, there.FrozenReads, there.Large} {
		if n == 0 {
			t.Errorf("something, number %d, never happened: %v", i, there)
		}
	}
}

// hashesOf is what the child process of TestASeedIsAHistory is asked by.
const hashesOf = "PAXREDIS_SIM_HASHES"

// hashes runs a few histories, and returns what identifies them.
func hashes() string {
	var lines []string
	for seed := range uint64(8) {
		r := Run(seed, Options{})
		lines = append(lines, fmt.Sprintf("seed %d: %016x after %d events, %v", seed, r.Hash, r.Events, r.Violation))
	}
	return strings.Join(lines, "\n")
}

// TestASeedIsAHistory runs the same seeds twice in this process, and in another one.
func TestASeedIsAHistory(t *testing.T) {
	if os.Getenv(hashesOf) != "" {
		fmt.Println(hashes())
		return
	}
	here := hashes()
	if again := hashes(); again != here {
		t.Fatalf("the same seeds gave\n%s\nand then\n%s", here, again)
	}
	child := exec.Command(os.Args[0], "-test.run=^TestASeedIsAHistory$")
	child.Env = append(os.Environ(), hashesOf+"=1")
	out, err := child.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if !strings.HasPrefix(string(out), here+"\n") {
		t.Errorf("the same seeds gave\n%s\nhere, and in another process\n%s", here, out)
	}
}

// TestAPanicIsAViolation shows that a panic ends its own history alone, which is then reported, replayed and shrunk by its seed.
func TestAPanicIsAViolation(t *testing.T) {
	w := newWorld(1, Options{})
	w.after(second, func() { panic("out of order") })
	w.guard(w.play)
	w.guard(w.stop)
	r := w.report()
	if r.Violation == nil || !strings.Contains(r.Violation.Error(), "panic: out of order\n") || !strings.Contains(r.Violation.Error(), "sim_test.go") {
		t.Errorf("%v", r.Violation)
	}
	if r.Seed != 1 || r.Events == 0 {
		t.Errorf("seed %d, %d events", r.Seed, r.Events)
	}
}
