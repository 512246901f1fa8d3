//go:build mutation

package sim

import (
	"runtime"
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
	// options are those of every history.
	options Options
}

// TestEveryBrokenRuleIsFound breaks one rule after the other, and has the simulator find each: a check that has never failed on broken code
// is no check.
func TestEveryBrokenRuleIsFound(t *testing.T) {
	tested := map[paxos.Mutation]bool{paxos.BreakNothing: true}
	for _, m := range mutants {
		tested[m.mutation] = true
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
	seed, violation := firstViolation(m.within, m.options)
	if violation == "" {
		t.Fatalf("not found in %d histories", m.within)
	}
	t.Logf("%v: found in history %d of %d, %.1f s: %.200s", m.mutation, seed, m.within, time.Since(began).Seconds(), violation)
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

// The options of mutants that the faults drawn by default show too seldom: what is broken matters under some faults alone, and every other
// one takes their place.
var (
	inParts  = Options{Limits: quick(paxos.Limits{LearnBytes: 64}), Nodes: 3, Faults: Only(FaultCrash, FaultCrashAll, FaultLoss)}
	crashing = Options{Limits: quick(paxos.Limits{}), Nodes: 3, FaultEvery: 80 * time.Millisecond, FaultLasts: 150 * time.Millisecond,
		Faults: Only(FaultCrash, FaultCrashAll, FaultIsolate, FaultSplit, FaultSlowLinks, FaultPartial)}
	members = Options{Limits: quick(paxos.Limits{}),
		Faults: Only(FaultAdd, FaultRemove, FaultReplace, FaultCrash, FaultIsolate, FaultLoss)}
	lasting = Options{Limits: paxos.Limits{Lease: 2 * time.Second, ElectionMin: 2100 * time.Millisecond, ElectionMax: 2500 * time.Millisecond}.WithDefaults(),
		ReadMode: replication.ReadLease, ReadModeSet: true, Faults: Only(FaultCrash, FaultIsolate, FaultPartial)}
	drifting = Options{Limits: paxos.Limits{DriftPPM: 400_000, ElectionMin: 450 * time.Millisecond, ElectionMax: 500 * time.Millisecond}.WithDefaults(),
		ReadMode: replication.ReadLease, ReadModeSet: true, Faults: Only(FaultIsolate, FaultLinkBreak, FaultOneWay)}
)

// late has answers come late.
var late = Options{Limits: quick(paxos.Limits{}), ReadMode: replication.ReadLease, ReadModeSet: true, FaultEvery: 150 * time.Millisecond,
	FaultLasts: 390 * time.Millisecond, Faults: Only(FaultSlowLinks, FaultOneWay, FaultIsolate, FaultFreeze)}

// thawing has processes stand still for longer than it takes to replace them, and clients that go from one to another.
var thawing = Options{Limits: quick(paxos.Limits{}), Nodes: 3, Clients: 16, ReadMode: replication.ReadQuorum, ReadModeSet: true, FaultEvery: 200 * time.Millisecond,
	FaultLasts: 390 * time.Millisecond, Faults: Only(FaultFreeze, FaultSuspend, FaultPartial)}

// heldBack has votes come late, and leaders that lose what was not synced.
var heldBack = Options{Limits: quick(paxos.Limits{}), Faults: Only(FaultCrash, FaultSlowDisk, FaultSlowLinks, FaultLoss, FaultHeldVotes)}

// islands has leaders that are cut off work on, with pipelines that have room for it.
var islands = Options{Limits: quick(paxos.Limits{}), Nodes: 3, FaultEvery: 300 * time.Millisecond, FaultLasts: 1500 * time.Millisecond,
	Bounds: replication.Bounds{BatchesInFlight: 32, ForwardsInFlight: 32}, Faults: Only(FaultIsland)}

// slowly has nodes apply slowly what they learn piece by piece, and fall behind the checkpoints of others.
var slowly = Options{Limits: quick(paxos.Limits{LearnBytes: 512}), Faults: Only(FaultIsolate, FaultCrash, FaultSlowLinks, FaultSlowApply, FaultCheckpoint),
	Bounds: replication.Bounds{CheckpointBounds: replication.CheckpointBounds{CheckpointBytes: 4 << 10, PartBytes: 4096, CheckpointInterval: 500 * time.Millisecond,
		FetchBytesPerSecond: 1 << 20}}}

// quick has leaders contend: short leases, and elections soon after them.
func quick(l paxos.Limits) paxos.Limits {
	l.Lease, l.ElectionMin, l.ElectionMax = 100*time.Millisecond, 120*time.Millisecond, 250*time.Millisecond
	return l.WithDefaults()
}

// mutants are looked for in three times as many histories as it took when they were added, and in 30 at least.
var mutants = []mutant{
	{mutation: paxos.BreakD1Promise, within: 40},
	{mutation: paxos.BreakD1Accepted, within: 30},
	{mutation: paxos.BreakD1Prepare, within: 50},
	{mutation: paxos.BreakD1OwnVote, within: 80},
	{mutation: paxos.BreakD1Repeat, within: 50},
	{mutation: paxos.BreakD2Sync, within: 30},
	{mutation: paxos.BreakD3Damage, within: 70},
	{mutation: paxos.BreakD3Frontier, within: 160},
	{mutation: paxos.BreakD4Directory, within: 30},
	{mutation: paxos.BreakPromised, within: 30},
	{mutation: paxos.BreakAccepted, within: 40},
	{mutation: paxos.BreakBallots, within: 410, options: crashing},
	{mutation: paxos.BreakAdopt, within: 410, options: crashing},
	{mutation: paxos.BreakNoop, within: 30},
	{mutation: paxos.BreakParts, within: 30, options: inParts},
	{mutation: paxos.BreakTold, within: 40},
	{mutation: paxos.BreakVotes, within: 300, options: heldBack},
	{mutation: paxos.BreakMajority, within: 30},
	{mutation: paxos.BreakC1, within: 30},
	{mutation: paxos.BreakC2, within: 30},
	{mutation: paxos.BreakL1, within: 170},
	{mutation: paxos.BreakL2, within: 40},
	{mutation: paxos.BreakL3, within: 160, options: lasting},
	{mutation: paxos.BreakL4Sent, within: 60, options: late},
	{mutation: paxos.BreakL4Clock, within: 40},
	{mutation: paxos.BreakL4Drift, within: 60, options: drifting},
	{mutation: paxos.BreakL4GiveUp, within: 30},
	{mutation: paxos.BreakL5Ready, within: 60},
	{mutation: paxos.BreakL5Applied, within: 30},
	{mutation: paxos.BreakL6Round, within: 40},
	{mutation: paxos.BreakL6Fresh, within: 300, options: thawing},
	{mutation: paxos.BreakM1, within: 70, options: members},
	{mutation: paxos.BreakM1Phase1, within: 80},
	{mutation: paxos.BreakM1Base, within: 300, options: islands},
	{mutation: paxos.BreakM2Id, within: 50},
	{mutation: paxos.BreakM2CaughtUp, within: 30},
	{mutation: paxos.BreakM2Learner, within: 30},
	{mutation: paxos.BreakM3, within: 160, options: members},
	{mutation: paxos.BreakRepeat, within: 30},
	{mutation: paxos.BreakGap, within: 40},
	{mutation: paxos.BreakFence, within: 40, options: inParts},
	{mutation: paxos.BreakBoot, within: 30},
	{mutation: paxos.BreakUncertain, within: 40},
	{mutation: paxos.BreakOwn, within: 70},
	{mutation: paxos.BreakTime, within: 30},
	{mutation: paxos.BreakTimeKept, within: 190},
	{mutation: paxos.BreakSessionsKept, within: 30},
	{mutation: paxos.BreakCut, within: 290},
	{mutation: paxos.BreakFreeze, within: 30},
	{mutation: paxos.BreakInstall, within: 300, options: slowly},
	{mutation: paxos.BreakServe, within: 130},
}
