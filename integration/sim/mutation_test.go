//go:build mutation

package sim

import (
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/paxredis/paxredis/replication/paxos"
)

// mutant is a broken rule, and how the simulator is to find it.
type mutant struct {
	mutation paxos.Mutation
	// within is the number of seeds, from 1 on, of which at least one must show it.
	within uint64
	// options are those of every history, nil for what the seeds say.
	options *Options
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

// test finds the broken rule; the same history with no rule broken has no violation, so that what was found is the rule.
func (m *mutant) test(t *testing.T) {
	paxos.Break(m.mutation)
	defer paxos.Break(paxos.BreakNothing)
	began := time.Now()
	seed, violation := firstViolation(m.within, m.options.orDefault())
	if violation == "" {
		t.Fatalf("not found in %d histories", m.within)
	}
	paxos.Break(paxos.BreakNothing)
	if control := violationOf(seed, m.options.orDefault()); control != "" {
		t.Fatalf("history %d has a violation with no rule broken: %s", seed, control)
	}
	t.Logf("%v: found in history %d of %d, %.1f s: %.200s", m.mutation, seed, m.within, time.Since(began).Seconds(), violation)
}

// orDefault returns the options, or those that leave all to the seeds.
func (o *Options) orDefault() Options {
	if o == nil {
		return Options{}
	}
	return *o
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

// mutants are looked for in three times as many histories as it took when they were added, and in 30 at least.
var mutants = []mutant{
	{mutation: paxos.BreakD1Promise, within: 40},
	{mutation: paxos.BreakD1Accepted, within: 30},
	{mutation: paxos.BreakD1Prepare, within: 80, options: failing},
	{mutation: paxos.BreakD1OwnVote, within: 30, options: failing},
	{mutation: paxos.BreakD1Repeat, within: 70, options: restless},
	{mutation: paxos.BreakD2Sync, within: 30},
	{mutation: paxos.BreakD3Damage, within: 30, options: damaging},
	{mutation: paxos.BreakD3Frontier, within: 30, options: damaging},
	{mutation: paxos.BreakD4Directory, within: 50},
	{mutation: paxos.BreakPromised, within: 30, options: restless},
	{mutation: paxos.BreakAccepted, within: 100, options: islands},
	{mutation: paxos.BreakBallots, within: 150, options: islands},
	{mutation: paxos.BreakAdopt, within: 30, options: islands},
	{mutation: paxos.BreakNoop, within: 30},
	{mutation: paxos.BreakParts, within: 150, options: inParts},
	{mutation: paxos.BreakTold, within: 40},
	{mutation: paxos.BreakVotes, within: 40, options: heldBack},
	{mutation: paxos.BreakMajority, within: 30},
	{mutation: paxos.BreakC1, within: 30},
	{mutation: paxos.BreakC2, within: 100},
	{mutation: paxos.BreakL1, within: 30},
	{mutation: paxos.BreakL2, within: 30},
	{mutation: paxos.BreakL3, within: 30, options: lasting},
	{mutation: paxos.BreakL4Sent, within: 30, options: late},
	{mutation: paxos.BreakL4Clock, within: 30, options: suspended},
	{mutation: paxos.BreakL4Drift, within: 30, options: drifting},
	{mutation: paxos.BreakL4GiveUp, within: 30},
	{mutation: paxos.BreakL4Recheck, within: 30, options: late},
	{mutation: paxos.BreakL5Ready, within: 120},
	{mutation: paxos.BreakL5Applied, within: 30},
	{mutation: paxos.BreakL6Round, within: 30, options: parted},
	{mutation: paxos.BreakL6Fresh, within: 470, options: thawing},
	{mutation: paxos.BreakM1, within: 60, options: growing},
	{mutation: paxos.BreakM1Phase1, within: 30, options: coming},
	{mutation: paxos.BreakM1Base, within: 30, options: islands},
	{mutation: paxos.BreakM2Id, within: 30, options: coming},
	{mutation: paxos.BreakM2CaughtUp, within: 30},
	{mutation: paxos.BreakM2Learner, within: 30},
	{mutation: paxos.BreakM3, within: 140, options: growing},
	{mutation: paxos.BreakRepeat, within: 30},
	{mutation: paxos.BreakGap, within: 30},
	{mutation: paxos.BreakFragmentRepeat, within: 30, options: inFragments},
	{mutation: paxos.BreakFragmentGap, within: 30, options: inFragments},
	{mutation: paxos.BreakFragmentsKept, within: 30, options: inFragments},
	{mutation: paxos.BreakLargeBehind, within: 30, options: mixedSizes},
	{mutation: paxos.BreakLargeVoid, within: 30, options: mixedSizes},
	{mutation: paxos.BreakFence, within: 200, options: renewed},
	{mutation: paxos.BreakBoot, within: 30},
	{mutation: paxos.BreakUncertain, within: 60},
	{mutation: paxos.BreakOwn, within: 30, options: slowly},
	{mutation: paxos.BreakTime, within: 30},
	{mutation: paxos.BreakTimeKept, within: 90, options: clocks},
	{mutation: paxos.BreakSessionsKept, within: 30},
	{mutation: paxos.BreakCut, within: 110, options: failing},
	{mutation: paxos.BreakFreeze, within: 30},
	{mutation: paxos.BreakInstall, within: 100, options: overtaken},
	{mutation: paxos.BreakServe, within: 100, options: restless},
}
