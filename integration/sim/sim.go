package sim

import (
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"time"

	"github.com/paxredis/paxredis/replication"
	"github.com/paxredis/paxredis/replication/paxos"
)

// fill fills in what the seed says.
func (w *world) fill() {
	o := &w.options
	nodes, lease := 3, w.chance(400)
	if w.chance(300) {
		nodes = 5
	}
	if o.Nodes == 0 {
		o.Nodes = nodes
	}
	if !o.ReadModeSet && lease {
		o.ReadMode = replication.ReadLease
	}
	o.ReadModeSet = true
	orDefault(&o.Clients, 8)
	orDefault(&o.Operations, 500)
	orDefault(&o.CommitTimeout, 3*time.Second)
	orDefault(&o.Bounds, w.bounds())
	// Simulated machines are quick, and the more slots are on their way at once, the more can go wrong.
	orDefault(&o.Bounds.BatchGrowth, time.Millisecond)
	orDefault(&o.Bounds.BatchAlone, time.Millisecond)
	orDefault(&o.Limits, w.limits())
	w.pauses = []int{20, 60, 150}[w.rng.IntN(3)]
}

// bounds are small, so that checkpoints are taken, logs are cut and members fall behind them all the time.
func (w *world) bounds() (b replication.Bounds) {
	b.CheckpointBytes = []int{4 << 10, 16 << 10, 64 << 10}[w.rng.IntN(3)]
	b.PartBytes = []int{64, 512, 4096}[w.rng.IntN(3)]
	b.CheckpointInterval = []time.Duration{500 * time.Millisecond, 3 * time.Second, time.Minute}[w.rng.IntN(3)]
	b.FetchBytesPerSecond = 1 << 20
	b.BatchesInFlight = []int{2, 4, 32}[w.rng.IntN(3)]
	b.ForwardsInFlight = b.BatchesInFlight
	if pieces := rand.New(rand.NewPCG(w.seed, 0x1a26e)); pieces.IntN(2) == 0 { // chance of its own: the other histories stay as they were
		b.LargeBytes = []int{1, 24, 40}[pieces.IntN(3)]
		b.FragmentBytes = []int{3, 8, 24}[pieces.IntN(3)]
		b.FragmentsInFlight = []int{1, 4}[pieces.IntN(2)]
	}
	return b
}

// timings are those of production, and others at which rare coincidences are not rare.
var timings = []struct {
	perMille int
	limits   paxos.Limits
}{
	{400, paxos.Limits{}},
	// Leaders change all the time, in the middle of everything.
	{200, paxos.Limits{Lease: 100 * time.Millisecond, ElectionMin: 120 * time.Millisecond, ElectionMax: 250 * time.Millisecond}},
	// A leader that reaches nobody leads on for long after another one may.
	{200, paxos.Limits{Lease: 100 * time.Millisecond, ElectionMin: 2 * time.Second, ElectionMax: 2500 * time.Millisecond}},
	// Leases outlast restarts.
	{100, paxos.Limits{Lease: 2 * time.Second, ElectionMin: 2100 * time.Millisecond, ElectionMax: 2500 * time.Millisecond}},
	// Clocks that differ.
	{100, paxos.Limits{DriftPPM: 200_000}},
}

// limits are mostly not those of production. Small ones make messages come in parts, and pipelines fill.
func (w *world) limits() paxos.Limits {
	at := w.rng.IntN(1000)
	i := 0
	for ; at >= timings[i].perMille; i++ {
		at -= timings[i].perMille
	}
	l := timings[i].limits
	if w.chance(300) {
		l.LearnBytes = 256
	}
	if w.chance(200) {
		l.PipelineSlots = 8
	}
	return l.WithDefaults()
}

func orDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// longest is how long the part of a history with faults may take: then no more operations are begun.
const longest = 120 * second

// begin founds the cluster, and has clients and faults begin.
func (w *world) begin() {
	w.fill()
	w.checks = newChecks(w)
	var err error
	w.workload, err = newWorkload(rand.New(rand.NewPCG(w.seed, 0xc11e)))
	w.violated(err)
	w.found(w.options.Nodes)
	w.plan = newFaultPlan(w, w.seed)
	for _, n := range w.nodes {
		w.after(w.between(0, 100*millisecond), n.restart)
	}
	for i := range w.options.Clients {
		c := &client{world: w, id: i + 1, bursts: (i+1)%burstingOf == 0}
		w.clients = append(w.clients, c)
		c.next()
	}
	w.plan.begin(w)
}

// stop lets go of what a history holds.
func (w *world) stop() {
	for _, n := range w.nodes {
		if n.isUp() {
			n.group.Crash()
		}
	}
}

// Run runs the history of a seed.
func Run(seed uint64, o Options) Report {
	w := newWorld(seed, o)
	w.guard(w.play)
	w.guard(w.stop)
	return w.report()
}

// guard takes a panic for a violation: whoever runs many histories learns its seed, and it can be shrunk like any other.
func (w *world) guard(do func()) {
	defer func() {
		if p := recover(); p != nil {
			w.violated(fmt.Errorf("panic: %v\n%s", p, debug.Stack()))
		}
	}()
	do()
}

// play lets the history happen.
func (w *world) play() {
	w.begin()
	w.runUntil(longest, func() bool { return w.issued >= w.options.Operations })
	if w.violation == nil {
		w.settle()
	}
	if w.violation == nil {
		w.violated(w.checks.end())
	}
}

// figures counts what there was.
func (w *world) figures() Figures {
	f := w.figuresSoFar
	f.Uncertain, f.Compared, f.Configurations = w.checks.uncertain, w.checks.compared, len(w.checks.ledger.chain)-1
	for _, done := range w.handOvers {
		f.HandOvers += int(boolean(done))
	}
	for _, n := range w.nodes {
		published, rewritten, received, spoilt := n.disk.Checkpoints()
		f.Published += published
		f.Rewritten += rewritten
		f.Spoilt += spoilt
		f.Received += received
		f.Boots += int(n.boots)
		f.Ballots = max(f.Ballots, int(n.vows.promised.Round))
	}
	return f
}

func (w *world) report() Report {
	return Report{
		Seed: w.seed, Happened: w.happened, Options: w.options, Hash: w.trace.hash.Sum64(), Events: w.trace.events, Operations: w.issued, Answered: w.answered, Slots: w.checks.slots(),
		Simulated: time.Duration(w.now), Faults: w.faults, Figures: w.figures(), Violation: w.violation, TraceError: w.trace.err,
	}
}

// wantsOperations reports whether clients are to begin operations.
func (w *world) wantsOperations() bool { return !w.calm && w.issued < w.options.Operations }
