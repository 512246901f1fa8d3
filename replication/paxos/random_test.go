package paxos_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/paxredis/paxredis/replication/paxos"
	"github.com/paxredis/paxredis/replication/paxos/paxostest"
)

var (
	seedFlag      = flag.Int64("seed", -1, "replay the random history of this seed and print it")
	historiesFlag = flag.Int("histories", 3000, "random histories to run; the race detector gets a thirtieth, -short a tenth")
)

// simLimits are small times and bounds, so that a short history sees many elections, full pipelines, split promises
// and catch-ups in several requests. The election timeout is hardly above the lease, so that what makes a lease too
// long shows.
func simLimits() paxos.Limits {
	return paxos.Limits{
		Heartbeat: 25 * time.Millisecond, Lease: 120 * time.Millisecond,
		ElectionMin: 122 * time.Millisecond, ElectionMax: 160 * time.Millisecond,
		LeaseMargin: 2 * time.Millisecond, PipelineSlots: 4, PipelineBytes: 64, LearnBytes: 24,
	}
}

// history is one random run: faults for a while, then none, when the cluster must go on.
type history struct {
	seed    uint64
	env     *paxostest.Env
	random  *rand.Rand
	weather weather
	paused  map[paxos.NodeID]int64 // until that real time
	apart   paxos.NodeID           // last cut off from another node; it may be canvassing the rest
	batch   int
	err     error
	healed  time.Duration // how long it took to serve again once the faults stopped
}

// weather is how bad things are in one history; the numbers are probabilities in percent, a round or a message.
type weather struct {
	loss, duplicate, delay, late int // per message
	slowDisk                     int // that a node with writes under way does not sync in a pass
	crash, bounce, restart       int // per round; a bounce is a crash and a start at once
	cut, mend, pause             int // per round
	handOver, hint, wall         int
	propose, read                int
	members, compact, lose       int // per round: the members change, a log is cut, a node that starts has lost its state
}

func someWeather(r *rand.Rand) weather {
	pick := func(values ...int) int { return values[r.IntN(len(values))] }
	return weather{
		loss: pick(0, 0, 2, 10), duplicate: pick(0, 2, 10), delay: pick(5, 20, 60), late: pick(0, 1, 4),
		slowDisk: pick(0, 30, 80), crash: pick(0, 1, 3), bounce: pick(0, 2, 5), restart: pick(5, 20),
		cut: pick(0, 1, 5), mend: pick(3, 10), pause: pick(0, 2, 6),
		handOver: pick(0, 1, 4), hint: pick(0, 1), wall: pick(0, 2), propose: pick(10, 60), read: pick(5, 40),
		members: pick(0, 3, 10), compact: pick(0, 2, 10), lose: pick(0, 20),
	}
}

func newHistory(seed uint64, log func(string)) *history {
	h := &history{seed: seed, random: rand.New(rand.NewPCG(seed, 1)), paused: map[paxos.NodeID]int64{}}
	env, err := paxostest.New(paxostest.Options{
		Nodes: 3 + 2*int(seed%2), Spares: 3, Lease: seed/2%2 == 0, Limits: simLimits(), Seed: seed, Log: log,
	})
	h.env, h.err = env, err
	if err != nil {
		return h
	}
	h.weather = someWeather(h.random)
	drift := int64(4900) // what DriftPPM allows between two nodes, halved
	if seed/2%2 != 0 {
		drift = 300_000 // without leases nothing rests on clocks
	}
	for _, id := range env.IDs() {
		env.SetClock(id, h.random.Int64N(2*drift+1)-drift)
	}
	env.Route = h.route
	return h
}

func (h *history) isPaused(id paxos.NodeID) bool { return h.env.Now() < h.paused[id] }

func (h *history) chance(percent int) bool { return h.random.IntN(100) < percent }

func (h *history) anyNode() paxos.NodeID {
	return paxos.NodeID(1 + h.random.IntN(len(h.env.IDs())))
}

// route loses, repeats and delays messages.
func (h *history) route(p paxostest.Packet) {
	if h.chance(h.weather.loss) {
		return
	}
	copies := 1
	if h.chance(h.weather.duplicate) {
		copies = 2
	}
	for range copies {
		due := p
		if h.chance(h.weather.delay) {
			due.Due += h.random.Int64N(int64(40 * time.Millisecond))
		}
		if h.chance(h.weather.late) {
			due.Due += h.random.Int64N(int64(600 * time.Millisecond))
		}
		h.env.Enqueue(due)
	}
}

// round lets ten milliseconds or so pass, and whatever happens in them.
func (h *history) round() {
	h.env.Advance(time.Duration(5+h.random.Int64N(10)) * time.Millisecond)
	tickIn := h.random.Perm(3) // which nodes tick in which pass
	for pass := range 3 {
		for _, id := range h.env.IDs() {
			if tickIn[int(id)%3] == pass && !h.isPaused(id) {
				h.env.Tick(id)
			}
		}
		h.work()
		h.deliverDue()
		h.syncSome()
		h.fetchSome()
	}
}

func (h *history) fetchSome() {
	for _, id := range h.env.IDs() {
		if h.env.Fetching(id) && !h.isPaused(id) && h.chance(30) {
			h.env.FinishFetch(id)
		}
	}
}

func (h *history) deliverDue() {
	now := h.env.Now()
	due := h.env.TakePackets(func(p paxostest.Packet) bool { return p.Due <= now && !h.isPaused(p.To) })
	h.random.Shuffle(len(due), func(i, j int) { due[i], due[j] = due[j], due[i] })
	for _, p := range due {
		h.env.Arrive(p)
	}
}

func (h *history) syncSome() {
	for _, id := range h.env.IDs() {
		if n := h.env.Unsynced(id); n > 0 && !h.isPaused(id) && !h.chance(h.weather.slowDisk) {
			h.env.Sync(id, 1+h.random.IntN(n))
		}
	}
}

func (h *history) work() {
	for _, id := range h.env.IDs() {
		if h.env.Core(id) == nil || h.isPaused(id) {
			continue
		}
		if h.chance(h.weather.propose) {
			h.batch++
			h.env.Propose(id, fmt.Sprintf("batch %d", h.batch))
		}
		if h.chance(h.weather.read) && h.env.WaitingReads(id) < 20 {
			h.env.AskRead(id)
		}
	}
}

// faults does what goes wrong in a round, or is put right again.
func (h *history) faults() {
	a, b := h.anyNode(), h.anyNode()
	if leader := h.env.ReadyLeader(); leader != 0 && h.chance(30) {
		a = leader // where it hurts most
	}
	w := h.weather
	switch {
	case h.chance(w.crash) && h.env.Core(a) != nil:
		h.crash(a)
	case h.chance(w.bounce):
		h.bounceAllBut(h.env.ReadyLeader(), h.apart)
	case h.chance(w.pause):
		h.paused[a] = h.env.Now() + h.random.Int64N(int64(400*time.Millisecond))
	case h.chance(w.cut) && a != b:
		h.cutSome(a, b)
	case h.chance(w.mend) && a != b:
		h.env.Connect(a, b)
	case h.chance(w.handOver):
		h.env.Step(a, paxos.HandOverAsked{To: paxos.NodeID(h.random.IntN(len(h.env.IDs()) + 1))})
	case h.chance(w.wall):
		h.env.SetWall(a, time.Duration(h.random.Int64N(int64(2*time.Second)))-time.Second)
	case h.chance(1) && a != b:
		h.env.Step(a, paxos.LinkUp{Peer: b})
	}
	if h.chance(w.restart) {
		h.restart(a)
	}
	if h.chance(w.members) {
		h.change()
	}
	if h.chance(w.compact) {
		h.env.Compact(a, paxos.Slot(h.random.IntN(8)))
	}
	h.joinSome()
}

// crash stops a node; its peers notice a broken link at once, or they do not.
func (h *history) crash(id paxos.NodeID) {
	h.env.Crash(id, h.random.IntN(3))
	delete(h.paused, id)
	if h.chance(50) {
		h.linksDown(id)
	}
}

// bounceAllBut restarts at once most of the nodes that grant the leader its lease: what they forget must not let
// another in.
func (h *history) bounceAllBut(leader, other paxos.NodeID) {
	for _, id := range h.env.IDs() {
		if id != leader && id != other && h.env.Core(id) != nil && h.chance(80) {
			h.crash(id)
			h.restart(id)
		}
	}
}

func (h *history) linksDown(id paxos.NodeID) {
	for _, other := range h.env.IDs() {
		if other != id {
			h.env.Step(other, paxos.LinkDown{Peer: id})
			h.env.Step(id, paxos.LinkDown{Peer: other})
		}
	}
}

func (h *history) cutSome(a, b paxos.NodeID) {
	switch h.random.IntN(3) {
	case 0:
		h.env.Cut(a, b)
	case 1:
		h.env.CutBoth(a, b)
		h.apart = b
		h.env.Step(a, paxos.LinkDown{Peer: b})
		h.env.Step(b, paxos.LinkDown{Peer: a})
	default:
		h.env.Isolate(a)
		if h.chance(50) {
			h.linksDown(a)
		}
	}
}

func (h *history) restart(id paxos.NodeID) {
	if h.env.Core(id) != nil || h.err != nil || !h.env.HasJoined(id) {
		return
	}
	h.loseState(id)
	forget := paxos.Slot(0)
	if h.weather.hint > 0 {
		forget = paxos.Slot(h.random.IntN(6))
	}
	h.err = h.env.Restart(id, forget)
	for _, other := range h.env.IDs() {
		if other != id && h.chance(50) { // or only once it has something to say: nothing rests on the event
			h.env.Step(other, paxos.LinkUp{Peer: id})
		}
	}
}

const (
	faultyRounds = 250
	// healthyRounds bounds how long a healed cluster may take to serve again, in rounds of ten milliseconds.
	healthyRounds = 375
)

func (h *history) run() error {
	for i := 0; i < faultyRounds && h.bad() == nil; i++ {
		h.faults()
		h.round()
	}
	h.calm()
	since := h.env.Now()
	marker := ""
	for i := 0; i < healthyRounds && h.bad() == nil; i++ {
		h.joinSome()
		h.round()
		if i%50 == 49 { // who has its state again from entries that nobody has any more must give it to the others
			for _, id := range h.env.IDs() {
				h.env.Compact(id, 8)
			}
		}
		if leader := h.env.ReadyLeader(); marker == "" && leader != 0 && h.env.Propose(leader, "marker") {
			marker = "proposed"
		}
		if marker != "" && h.settled() {
			h.healed = time.Duration(h.env.Now() - since)
			return h.bad()
		}
	}
	if err := h.bad(); err != nil {
		return err
	}
	return fmt.Errorf("no progress: %s", h.picture())
}

func (h *history) bad() error {
	if h.err != nil {
		return h.err
	}
	return h.env.Err()
}

// calm ends all faults: what is lost stays lost, but nothing more is.
func (h *history) calm() {
	h.weather = weather{delay: h.weather.delay}
	clear(h.paused)
	for _, id := range h.env.IDs() {
		h.restart(id)
	}
	h.env.Heal()
}

// settled reports whether all members know the same slots to be chosen, one of them leads, and every read is answered.
func (h *history) settled() bool {
	if h.env.ReadyLeader() == 0 {
		return false
	}
	configuration := h.env.Configuration()
	for _, m := range configuration.Members() {
		core := h.env.Core(m.ID)
		if core == nil || core.Chosen() != h.env.Announced() || h.env.WaitingReads(m.ID) > 0 {
			return false
		}
	}
	return true
}

func (h *history) picture() string {
	var text strings.Builder
	for _, id := range h.env.IDs() {
		if h.env.Core(id) == nil {
			continue
		}
		s := h.env.Status(id)
		fmt.Fprintf(&text, "\n  node %v %v of %v promised %v chosen %v, %d reads wait",
			id, s.Role, s.Ballot, s.Promised, s.Chosen, h.env.WaitingReads(id))
	}
	return text.String()
}

// TestRandomHistories runs the cores through faults of every kind; the invariants are those of package paxostest. One
// seed is one history: -seed N prints it.
func TestRandomHistories(t *testing.T) {
	if *seedFlag >= 0 {
		replay(t, uint64(*seedFlag))
		return
	}
	count := *historiesFlag
	switch {
	case raceEnabled: // one history is one goroutine: races are not what it looks for
		count /= 30
	case testing.Short():
		count /= 10
	}
	var (
		mu       sync.Mutex
		total    paxostest.Stats
		slowest  time.Duration
		failures int
		next     uint64
		workers  sync.WaitGroup
	)
	take := func() (uint64, bool) {
		mu.Lock()
		defer mu.Unlock()
		next++
		return next, int(next) <= count && failures < 5
	}
	report := func(h *history, err error) {
		mu.Lock()
		defer mu.Unlock()
		if err != nil {
			failures++
			t.Errorf("seed %d: %v", h.seed, err)
			return
		}
		total.Add(h.env.Stats)
		slowest = max(slowest, h.healed)
	}
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for seed, more := take(); more; seed, more = take() {
				h := newHistory(seed, nil)
				report(h, h.run())
			}
		})
	}
	workers.Wait()
	t.Logf("%d histories: %+v, healed within %v", count, total, slowest)
}

func replay(t *testing.T, seed uint64) {
	var h *history
	h = newHistory(seed, func(line string) {
		at := time.Duration(0)
		if h != nil {
			at = time.Duration(h.env.Now()) - time.Hour
		}
		t.Logf("%8s  %s", at.Round(time.Millisecond), line)
	})
	if err := h.run(); err != nil {
		t.Errorf("seed %d: %v", seed, err)
	}
}

// TestSameSeedSameHistory: a failure can be replayed only if nothing but the seed decides.
func TestSameSeedSameHistory(t *testing.T) {
	trace := func() (lines []string) {
		h := newHistory(8, func(line string) { lines = append(lines, line) })
		if err := h.run(); err != nil {
			t.Fatal(err)
		}
		return lines
	}
	first, second := trace(), trace()
	for i := range first {
		if i >= len(second) || first[i] != second[i] {
			t.Fatalf("line %d of %d differs: %q", i, len(first), first[i])
		}
	}
}
