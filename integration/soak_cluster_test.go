package integration

import (
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/paxredis/paxredis/integration/history"
)

var (
	soakDuration = flag.Duration("soak.duration", 0, "how long TestSoakCluster goes on; 0 skips it")
	soakSeed     = flag.Uint64("soak.seed", 1, "seed of the first round's faults and commands")
)

const faultsOfASoakRound = 15

// TestSoakCluster goes on for as long as it is told, a cluster of 3 or 5 nodes a round: all kinds of faults in a random order, every
// history checked. It stops at the first round that fails.
func TestSoakCluster(t *testing.T) {
	if *soakDuration == 0 {
		t.Skip("run it by make soak-cluster")
	}
	var total soakTotal
	for began, seed := time.Now(), *soakSeed; time.Since(began) < *soakDuration && !t.Failed(); seed++ {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) { total.add(soakRound(t, seed)) })
		t.Log(&total)
	}
}

// soakRound has a cluster's clients record a history under faults drawn by the seed, and checks it.
func soakRound(t *testing.T, seed uint64) (*history.Report, map[string]int) {
	random := rand.New(rand.NewPCG(seed, 0))
	size, mode := 3+2*random.IntN(2), []string{"quorum", "lease"}[random.IntN(2)]
	c := startFaulty(t, size, append([]string{"--read-mode", mode, "--commit-timeout", commitTimeoutOfRecorded.String()}, oftenCheckpoints...)...)
	r := startRecording(t, c.cluster, history.Options{Seed: seed, ClockDifference: 2 * soakClockOff})
	drawn, all := make(map[string]int), soakFaults()
	for range faultsOfASoakRound {
		fault := all[random.IntN(len(all))]
		drawn[fault.name]++
		fault.run(t, c, r)
		r.awaitWrites(writesBetweenFaults / 5)
	}
	t.Logf("%d nodes, %s reads: %v", size, mode, drawn)
	return r.stop(), drawn
}

type soakFault struct {
	name string
	run  func(*testing.T, *faultyCluster, *recording)
}

const soakClockOff = 2 * time.Second

// soakFaults are all kinds, each over when it returns.
func soakFaults() []soakFault {
	whole := func(run func(*testing.T, *cluster, *recording)) func(*testing.T, *faultyCluster, *recording) {
		return func(t *testing.T, c *faultyCluster, r *recording) { run(t, c.cluster, r) }
	}
	all := []soakFault{
		{"the leader is killed", whole(killOne((*cluster).leader))},
		{"a follower is killed", whole(killOne((*cluster).follower))},
		{"the leader is frozen", whole(freezeOne((*cluster).leader))},
		{"a follower is frozen", whole(freezeOne((*cluster).follower))},
		{"leadership is handed over", whole(handOverTwice)},
		{"all are killed", whole(killAll)},
		{"the leader's clock is ahead", setClock((*cluster).leader, soakClockOff)},
		{"a follower's clock is back", setClock((*cluster).follower, -soakClockOff)},
	}
	for _, fault := range slices.Concat(partitions, slowDisks) {
		all = append(all, soakFault{fault.name, fault.run})
	}
	return all
}

func setClock(which func(*cluster) *node, off time.Duration) func(*testing.T, *faultyCluster, *recording) {
	return func(_ *testing.T, c *faultyCluster, r *recording) {
		n := which(c.cluster)
		c.tell(n, "clock", off)
		r.awaitWrites(writesBetweenFaults)
		c.tell(n, "clock", time.Duration(0))
	}
}

// soakTotal is what all rounds had.
type soakTotal struct {
	rounds, histories, violations int
	operations, unknown           int64
	faults                        map[string]int
	withoutWrite                  time.Duration
}

func (s *soakTotal) add(report *history.Report, faults map[string]int) {
	s.rounds++
	s.histories += report.Histories
	s.violations += len(report.Violations)
	s.operations += report.Operations
	s.unknown += report.Unknown
	s.withoutWrite = max(s.withoutWrite, report.WithoutWrite)
	if s.faults == nil {
		s.faults = make(map[string]int)
	}
	for name, times := range faults {
		s.faults[name] += times
	}
}

func (s *soakTotal) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d rounds: %d operations (%d unknown), %d histories checked, %d violations; longest time without a successful write %v; faults:",
		s.rounds, s.operations, s.unknown, s.histories, s.violations, s.withoutWrite.Round(time.Millisecond))
	for _, name := range slices.Sorted(maps.Keys(s.faults)) {
		fmt.Fprintf(&b, " %s %d,", name, s.faults[name])
	}
	return strings.TrimSuffix(b.String(), ",")
}
