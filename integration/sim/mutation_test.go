//go:build mutation

package sim

import (
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/paxredis/paxredis/replication"
	"github.com/paxredis/paxredis/replication/paxos"
)

// mutant is a broken rule, and how the simulator is to find it.
type mutant struct {
	mutation paxos.Mutation
	// within is the number of seeds, from 1 on, of which at least one must show it.
	within uint64
	// options are those of every history; why says what they are for, if they are not the defaults.
	options Options
	why     string
}

// TestEveryBrokenRuleIsFound breaks one rule after the other, and has the simulator find each: a check that has never failed on broken code
// is no check.
func TestEveryBrokenRuleIsFound(t *testing.T) {
	tested := map[paxos.Mutation]bool{paxos.BreakNothing: true}
	for _, m := range mutants {
		tested[m.mutation] = true
		if only := os.Getenv("PAXREDIS_MUTATION"); only != "" && !strings.Contains(","+only+",", ","+m.mutation.String()+",") {
			continue
		}
		t.Run(m.mutation.String(), m.test)
	}
	for m := range paxos.Mutation(paxos.Mutations) {
		if !tested[m] {
			t.Errorf("nothing tests %v", m)
		}
	}
}

func (m *mutant) test(t *testing.T) {
	paxos.Break(m.mutation)
	defer paxos.Break(paxos.BreakNothing)
	began := time.Now()
	within := m.within
	if s := os.Getenv("PAXREDIS_WITHIN"); s != "" {
		within, _ = strconv.ParseUint(s, 10, 64)
	}
	seed, violation := firstViolation(within, m.options)
	if violation == "" {
		t.Fatalf("not found in %d histories", within)
	}
	t.Logf("MUT %-20v %4d of %4d seeds, %5.1fs: %.260s", m.mutation, seed, within, time.Since(began).Seconds(), violation)
}

// firstViolation runs the histories of the seeds from 1 on, one a core at a time, and returns the lowest that ends with a violation, and the
// violation's first line.
func firstViolation(within uint64, o Options) (seed uint64, violation string) {
	var (
		next  atomic.Uint64
		mu    sync.Mutex
		ended sync.WaitGroup
	)
	isOver := func(s uint64) bool {
		mu.Lock()
		defer mu.Unlock()
		return s > within || seed != 0 && s > seed
	}
	for range runtime.GOMAXPROCS(0) {
		ended.Go(func() {
			for s := next.Add(1); !isOver(s); s = next.Add(1) {
				found := violationOf(s, o)
				mu.Lock()
				if found != "" && (seed == 0 || s < seed) {
					seed, violation = s, found
				}
				mu.Unlock()
			}
		})
	}
	ended.Wait()
	return seed, violation
}

// violationOf runs a history, and returns the first line of its violation.
func violationOf(seed uint64, o Options) (violation string) {
	if err := Run(seed, o).Violation; err != nil {
		violation, _, _ = strings.Cut(err.Error(), "\n")
	}
	return violation
}

var (
	contended = paxos.Limits{Lease: 100 * time.Millisecond, ElectionMin: 120 * time.Millisecond, ElectionMax: 250 * time.Millisecond}.WithDefaults()
	lasting   = paxos.Limits{Lease: 2 * time.Second, ElectionMin: 2100 * time.Millisecond, ElectionMax: 2500 * time.Millisecond}.WithDefaults()
	drifting  = paxos.Limits{DriftPPM: 400_000, ElectionMin: 450 * time.Millisecond, ElectionMax: 500 * time.Millisecond}.WithDefaults()
	inParts   = paxos.Limits{Lease: 100 * time.Millisecond, ElectionMin: 120 * time.Millisecond, ElectionMax: 250 * time.Millisecond, LearnBytes: 64}.WithDefaults()
)

var mutants = []mutant{
	{mutation: paxos.BreakPromised, within: 400},
	{mutation: paxos.BreakAccepted, within: 400},
	{mutation: paxos.BreakFence, within: 400},
	{mutation: paxos.BreakBallots, within: 400, options: Options{Nodes: 3, Limits: contended, Faults: Only(FaultCrash, FaultCrashAll, FaultIsolate, FaultSplit, FaultSlowLinks)}},
	{mutation: paxos.BreakAdopt, within: 400, options: Options{Nodes: 3, Limits: contended, Faults: Only(FaultCrash, FaultCrashAll, FaultIsolate, FaultSplit, FaultSlowLinks)}},
	{mutation: paxos.BreakParts, within: 400, options: Options{Nodes: 3, Limits: inParts, Faults: Only(FaultCrash, FaultCrashAll, FaultLoss)}},
	{mutation: paxos.BreakVotes, within: 400, options: Options{Nodes: 5, Limits: contended, Faults: Only(FaultSlowLinks, FaultRepeat, FaultOneWay, FaultPartial)}},
	{mutation: paxos.BreakLearned, within: 400, options: Options{Limits: contended, Faults: Only(FaultCrash, FaultCrashAll, FaultIsolate, FaultSplit, FaultSlowLinks)}},
	{mutation: paxos.BreakL3, within: 400, options: Options{Limits: lasting, ReadMode: replication.ReadLease, ReadModeSet: true, Faults: Only(FaultCrash, FaultIsolate, FaultPartial)}},
	{mutation: paxos.BreakL4Sent, within: 400, options: Options{Limits: contended, ReadMode: replication.ReadLease, ReadModeSet: true, Faults: Only(FaultFreeze, FaultSlowLinks, FaultOneWay)}},
	{mutation: paxos.BreakL4Drift, within: 400, options: Options{Limits: drifting, ReadMode: replication.ReadLease, ReadModeSet: true, Faults: Only(FaultIsolate, FaultLinkBreak, FaultOneWay)}},
	{mutation: paxos.BreakL6Fresh, within: 400, options: Options{Limits: contended, ReadModeSet: true, Faults: Only(FaultFreeze, FaultSlowLinks)}},
	{mutation: paxos.BreakM1, within: 400, options: Options{Faults: Only(FaultLoss, FaultAdd, FaultRemove, FaultReplace)}},
	{mutation: paxos.BreakM1Base, within: 400, options: Options{Limits: contended, Faults: Only(FaultAdd, FaultReplace, FaultCrash, FaultIsolate)}},
	{mutation: paxos.BreakM3, within: 400, options: Options{Faults: Only(FaultAdd, FaultRemove, FaultReplace, FaultCrash)}},
	{mutation: paxos.BreakInstall, within: 400, options: Options{Faults: Only(FaultIsolate, FaultCrash, FaultCheckpoint, FaultSlowDisk)}},
	{mutation: paxos.BreakCut, within: 400, options: Options{Faults: Only(FaultCrash, FaultCrashAll, FaultCheckpoint, FaultCrashInDisk)}},
}
