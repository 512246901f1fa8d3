//go:build mutation

package sim

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
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

// violationOf runs a history, and returns the first line of its violation. With a rule broken a program may also come to an end.
func violationOf(seed uint64, o Options) (violation string) {
	defer func() {
		if problem := recover(); problem != nil {
			violation = fmt.Sprintf("panic: %v", problem)
			if os.Getenv("PAXREDIS_STACK") != "" {
				violation += string(debug.Stack())
			}
		}
	}()
	if err := Run(seed, o).Violation; err != nil {
		violation, _, _ = strings.Cut(err.Error(), "\n")
	}
	return violation
}

var mutants = []mutant{
	{mutation: paxos.BreakD1Promise, within: 200},
	{mutation: paxos.BreakD1Accepted, within: 200},
	{mutation: paxos.BreakD1Prepare, within: 200},
	{mutation: paxos.BreakD1OwnVote, within: 200},
	{mutation: paxos.BreakD1Repeat, within: 200},
	{mutation: paxos.BreakD2Sync, within: 200},
	{mutation: paxos.BreakD3Damage, within: 200},
	{mutation: paxos.BreakD3Frontier, within: 200},
	{mutation: paxos.BreakD4Directory, within: 200},
	{mutation: paxos.BreakPromised, within: 200},
	{mutation: paxos.BreakAccepted, within: 200},
	{mutation: paxos.BreakBallots, within: 200},
	{mutation: paxos.BreakAdopt, within: 200},
	{mutation: paxos.BreakNoop, within: 200},
	{mutation: paxos.BreakParts, within: 200},
	{mutation: paxos.BreakTold, within: 200},
	{mutation: paxos.BreakMajority, within: 200},
	{mutation: paxos.BreakVotes, within: 200},
	{mutation: paxos.BreakC1, within: 200},
	{mutation: paxos.BreakC2, within: 200},
	{mutation: paxos.BreakLearned, within: 200},
	{mutation: paxos.BreakL1, within: 200},
	{mutation: paxos.BreakL2, within: 200},
	{mutation: paxos.BreakL2HandOver, within: 200},
	{mutation: paxos.BreakL3, within: 200},
	{mutation: paxos.BreakL4Sent, within: 200},
	{mutation: paxos.BreakL4Clock, within: 200},
	{mutation: paxos.BreakL4Drift, within: 200},
	{mutation: paxos.BreakL4GiveUp, within: 200},
	{mutation: paxos.BreakL5Ready, within: 200},
	{mutation: paxos.BreakL5Applied, within: 200},
	{mutation: paxos.BreakL6Round, within: 200},
	{mutation: paxos.BreakL6Fresh, within: 200},
	{mutation: paxos.BreakM1, within: 200},
	{mutation: paxos.BreakM1Phase1, within: 200},
	{mutation: paxos.BreakM1Base, within: 200},
	{mutation: paxos.BreakM2Id, within: 200},
	{mutation: paxos.BreakM2CaughtUp, within: 200},
	{mutation: paxos.BreakM2Learner, within: 200},
	{mutation: paxos.BreakM3, within: 200},
	{mutation: paxos.BreakRepeat, within: 200},
	{mutation: paxos.BreakGap, within: 200},
	{mutation: paxos.BreakFence, within: 200},
	{mutation: paxos.BreakBoot, within: 200},
	{mutation: paxos.BreakUncertain, within: 200},
	{mutation: paxos.BreakOwn, within: 200},
	{mutation: paxos.BreakTime, within: 200},
	{mutation: paxos.BreakTimeKept, within: 200},
	{mutation: paxos.BreakSessionsKept, within: 200},
	{mutation: paxos.BreakCut, within: 200},
	{mutation: paxos.BreakFreeze, within: 200},
	{mutation: paxos.BreakInstall, within: 200},
	{mutation: paxos.BreakServe, within: 200},
}
