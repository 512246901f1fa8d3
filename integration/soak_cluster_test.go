package integration

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/paxredis/paxredis/integration/figures"
	"github.com/paxredis/paxredis/integration/history"
)

var (
	soakDuration = flag.Duration("soak.duration", 0, "how long TestSoakCluster goes on; 0 skips it")
	soakSeed     = flag.Uint64("soak.seed", 1, "seed of the first round's faults and commands")
)

const faultsOfASoakRound = 15

// TestSoakCluster goes on for as long as it is told, a cluster of 3 or 5 nodes a round: all kinds of faults in a random order, also two at a
// time, every history checked. It stops at the first round that fails.
func TestSoakCluster(t *testing.T) {
	if *soakDuration == 0 {
		t.Skip("run it by make soak-cluster")
	}
	total := soakTotal{faults: make(tally)}
	for began, seed := time.Now(), *soakSeed; time.Since(began) < *soakDuration && !t.Failed(); seed++ {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) { total.add(soakRound(t, seed)) })
		t.Log(&total)
	}
	figures.Log(t, total.String())
}

// soakRound has a cluster's clients record a history under faults drawn by the seed, and checks it.
func soakRound(t *testing.T, seed uint64) (*history.Report, tally) {
	random := rand.New(rand.NewPCG(seed, 0))
	size, mode := 3+2*random.IntN(2), []string{"quorum", "lease"}[random.IntN(2)]
	c := startFaulty(t, size, append([]string{"--read-mode", mode, "--commit-timeout", commitTimeoutOfRecorded.String()}, oftenCheckpoints...)...)
	r := startRecording(t, c.cluster, history.Options{Seed: seed, ClockDifference: 2 * soakClockOff})
	t.Logf("%d nodes, %s reads", size, mode)
	all, behind := soakFaults(), &background{t: t, random: random, whole: c, r: r}
	for range faultsOfASoakRound {
		rest := behind.step()
		fault := all[random.IntN(len(all))]
		r.fault(fault.name)
		fault.run(t, rest, r)
		r.awaitWrites(writesBetweenFaults / 5)
		behind.keep(rest)
	}
	behind.end()
	return r.stop(), r.faults
}

const soakClockOff = 2 * time.Second

// soakFaults are all kinds, each over when it returns.
func soakFaults() []wound {
	all := []wound{
		{name: "leadership is handed over twice", run: whole(handOverTwice)},
		{name: "the leader is killed", run: whole(killOne((*cluster).leader))},
		{name: "a follower is killed", run: whole(killOne((*cluster).follower))},
		{name: "the leader is frozen", run: whole(freezeOne((*cluster).leader))},
		{name: "a follower is frozen", run: whole(freezeOne((*cluster).follower))},
		{name: "the leader is restarted in a loop", run: whole(restartInALoop((*cluster).leader))},
		{name: "a follower is restarted in a loop", run: whole(restartInALoop((*cluster).follower))},
		{name: "a majority is killed", run: whole(killMajority)},
		{name: "all are killed", run: whole(killAll)},
		{name: "the leader's clock is ahead", run: setClock((*cluster).leader, soakClockOff)},
		{name: "a follower's clock is back", run: setClock((*cluster).follower, -soakClockOff)},
	}
	all = append(append(all, diskFailures...), replacements[:2]...)
	for _, fault := range slices.Concat(partitions, slowDisks) {
		all = append(all, wound{name: fault.name, run: fault.run})
	}
	for _, situation := range partial {
		all = append(all, wound{name: situation.name, run: func(_ *testing.T, c *faultyCluster, r *recording) {
			c.awaitWritten(situation.begin(c), 100)
			r.awaitWrites(writesBetweenFaults)
			c.heal()
			c.awaitServing()
		}})
	}
	return all
}

// whole makes a fault of processes one of a test build's.
func whole(run func(*testing.T, *cluster, *recording)) func(*testing.T, *faultyCluster, *recording) {
	return func(t *testing.T, c *faultyCluster, r *recording) { run(t, c.cluster, r) }
}

func setClock(which func(*cluster) *node, off time.Duration) func(*testing.T, *faultyCluster, *recording) {
	return func(_ *testing.T, c *faultyCluster, r *recording) {
		n := which(c.cluster)
		c.setClock(n, off)
		r.awaitWrites(writesBetweenFaults)
		c.setClock(n, 0)
	}
}

// soakTotal is what all rounds had.
type soakTotal struct {
	rounds, histories, violations int
	operations, unknown           int64
	faults                        tally
	withoutWrite                  time.Duration
}

func (s *soakTotal) add(report *history.Report, faults tally) {
	s.rounds++
	s.histories += report.Histories
	s.violations += len(report.Violations)
	s.operations += report.Operations
	s.unknown += report.Unknown
	s.withoutWrite = max(s.withoutWrite, report.WithoutWrite)
	for name, times := range faults {
		s.faults[name] += times
	}
}

func (s *soakTotal) String() string {
	return fmt.Sprintf("%d rounds: %d operations (%d unknown), faults: %v; %d histories checked, %d violations; longest time without a successful write %v",
		s.rounds, s.operations, s.unknown, s.faults, s.histories, s.violations, s.withoutWrite.Round(time.Millisecond))
}
