package resp

import (
	"sync"
	"time"

	"github.com/paxredis/paxredis/replication"
	"github.com/paxredis/paxredis/statemachine"
)

// fakeNode is a Node whose log is a goroutine in this process. What it has to do waits while it is held, until the test
// lets it go on, or do one round.
type fakeNode struct {
	machine *statemachine.Machine

	mu      sync.Mutex
	changed *sync.Cond
	lanes   []*fakeLane
	held    bool
	steps   int
	rounds  int // done
	inRound bool
	stopped bool
	refuse  replication.Outcome // what becomes of chunks and reads, if not 0
	fast    bool                // ReadNow says yes
	invalid int                 // how many times StillValid says no
	loading bool
	slot    uint64
	timeMS  int64
	synced  int
	waiters map[int]fakeWaiter
	nextID  int
	reads   int // read slots asked for
	counter replication.AudienceCounter
	saved   func(took time.Duration)
	// elsewhere is what peers have of subscribers of each channel, or why they do not tell; mute that they never answer.
	elsewhere map[string]uint64
	untold    error
	mute      bool
	largeHeld bool // large commands are not applied for now
	asking    int  // how many wait for an answer that does not come

	status  replication.Status
	saving  replication.CheckpointStatus
	saves   []fakeSave // calls that wait for the test's word
	changes []fakeChange
}

type fakeWaiter struct {
	n    int
	done func(int)
}

type fakeLane struct {
	node     *fakeNode
	listener replication.LaneListener
	open     *replication.Chunk
	large    *replication.Chunk
	asked    uint64
	answered uint64
}

func newFakeNode(m *statemachine.Machine) *fakeNode {
	n := &fakeNode{machine: m, synced: 1, waiters: make(map[int]fakeWaiter)}
	n.changed = sync.NewCond(&n.mu)
	go n.run()
	return n
}

func (n *fakeNode) NewLane(l replication.LaneListener) Lane {
	n.mu.Lock()
	defer n.mu.Unlock()
	lane := &fakeLane{node: n, listener: l}
	n.lanes = append(n.lanes, lane)
	return lane
}

func (l *fakeLane) Begin() *replication.Chunk {
	l.node.mu.Lock()
	defer l.node.mu.Unlock()
	if c := l.open; c != nil {
		l.open = nil
		return c
	}
	return new(replication.Chunk)
}

func (l *fakeLane) End(c *replication.Chunk) {
	if c.Count == 0 && c.Replies == nil {
		return
	}
	l.node.mu.Lock()
	defer l.node.mu.Unlock()
	l.open = c
	l.node.changed.Broadcast()
}

// IsFull implements Lane.
func (l *fakeLane) IsFull() bool {
	l.node.mu.Lock()
	defer l.node.mu.Unlock()
	return l.open != nil && len(l.open.Commands) >= chunkBytes
}

// fakeLargeBytes is what a large command is larger than here. It is applied in one piece, after what came in the ordinary way.
const fakeLargeBytes = 64 << 10

func (l *fakeLane) LargeBytes() int { return fakeLargeBytes }

func (l *fakeLane) TakesLarge() bool {
	l.node.mu.Lock()
	defer l.node.mu.Unlock()
	return l.large == nil
}

func (l *fakeLane) Large(c *replication.Chunk) {
	l.node.set(func() {
		if l.large != nil {
			panic("a second large command was handed over")
		}
		l.large = c
	})
}

func (l *fakeLane) Answering(int) {}
func (l *fakeLane) Answered(int)  {}

func (l *fakeLane) AskRead(ticket uint64) {
	l.node.mu.Lock()
	defer l.node.mu.Unlock()
	l.asked = ticket
	l.node.reads++
	l.node.changed.Broadcast()
}

// run is the log: it applies chunks and answers reads, in rounds.
func (n *fakeNode) run() {
	n.mu.Lock()
	defer n.mu.Unlock()
	for {
		for !n.stopped && (n.held && n.steps == 0 || !n.hasWork() && n.steps == 0) {
			n.changed.Wait()
		}
		if n.stopped {
			return
		}
		if n.steps > 0 {
			n.steps--
		}
		n.inRound = true
		n.round()
		n.inRound = false
		n.rounds++
		n.changed.Broadcast()
	}
}

func (n *fakeNode) hasWork() bool {
	for _, l := range n.lanes {
		if l.open != nil || l.asked > l.answered || l.large != nil && !n.largeHeld {
			return true
		}
	}
	return false
}

func (n *fakeNode) round() {
	outcome := n.refuse
	for _, l := range n.lanes {
		c, asked := l.open, l.asked
		l.open = nil
		if c == nil && !n.largeHeld {
			c, l.large = l.large, nil
		}
		news := asked > l.answered
		l.answered = asked
		n.slot++
		slot, now := n.slot, max(n.timeMS, time.Now().UnixMilli())
		n.timeMS = now
		n.mu.Unlock()
		switch {
		case c == nil:
		case outcome != 0:
			c.Replies.Fail(outcome)
		default:
			replies, _ := c.Replies.(statemachine.Replies)
			n.machine.Apply(slot, statemachine.Stamp{TimeMS: now, Seed: slot}, c.Commands, c.Count, replies)
		}
		switch {
		case !news:
		case outcome != 0:
			l.listener.ReadsFailed(asked, outcome)
		default:
			l.listener.ReadsReady(asked)
		}
		n.mu.Lock()
	}
}

// hold keeps everything from being applied and answered, once the round under way is over; letGo undoes it.
func (n *fakeNode) hold() {
	n.set(func() { n.held = true })
	n.until(func() bool { return !n.inRound })
}

func (n *fakeNode) letGo() { n.set(func() { n.held = false }) }
func (n *fakeNode) stop()  { n.set(func() { n.stopped = true }) }

// step does one round and waits for its end.
func (n *fakeNode) step() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.steps++
	want := n.rounds + n.steps
	n.changed.Broadcast()
	for n.rounds < want && !n.stopped {
		n.changed.Wait()
	}
}

// asked is how often a read slot was asked for.
func (n *fakeNode) asked() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.reads
}

func (n *fakeNode) applied() uint64 {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.slot
}

// until waits for a condition on the node, which is locked meanwhile.
func (n *fakeNode) until(condition func() bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for !condition() {
		n.changed.Wait()
	}
}

// set changes the node.
func (n *fakeNode) set(change func()) {
	n.mu.Lock()
	defer n.mu.Unlock()
	change()
	n.changed.Broadcast()
}

func (n *fakeNode) ReadNow() (g replication.ReadGrant, ok bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return g, n.fast && n.refuse == 0
}

func (n *fakeNode) StillValid(replication.ReadGrant) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.invalid > 0 {
		n.invalid--
		return false
	}
	return true
}

func (n *fakeNode) Loading() (loading bool, done, total uint64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.loading, 1, 2
}

func (n *fakeNode) WaitSynced(_ uint64, voters int, done func(int)) (cancel func()) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.synced >= voters {
		go done(n.synced)
		return func() {}
	}
	n.nextID++
	id := n.nextID
	n.waiters[id] = fakeWaiter{voters, done}
	n.changed.Broadcast()
	return func() {
		n.set(func() { delete(n.waiters, id) })
	}
}

func (n *fakeNode) CountAt(counter replication.AudienceCounter) {
	n.set(func() { n.counter = counter })
}

func (n *fakeNode) CountElsewhere(a replication.Audience, done func([]uint64, error)) (cancel func()) {
	n.mu.Lock()
	defer n.mu.Unlock()
	counts := make([]uint64, len(a.Names))
	for i, name := range a.Names {
		counts[i] = n.elsewhere[string(name)]
	}
	if !n.mute {
		go done(counts, n.untold)
		return func() {}
	}
	n.asking++
	n.changed.Broadcast()
	return func() { n.set(func() { n.asking-- }) }
}

func (n *fakeNode) WatchSaves(watch func(time.Duration)) { n.set(func() { n.saved = watch }) }

// sync makes it known that so many voters have everything.
func (n *fakeNode) sync(voters int) {
	n.set(func() {
		n.synced = voters
		for id, w := range n.waiters {
			if w.n <= voters {
				delete(n.waiters, id)
				go w.done(voters)
			}
		}
	})
}

func (n *fakeNode) Synced(uint64) int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.synced
}

func (n *fakeNode) Status() replication.Status {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.status
}
