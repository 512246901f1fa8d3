package paxos

import (
	"testing"
	"time"
)

// rig is one core under a test that plays everything around it: time, disk and the other voters.
type rig struct {
	t      *testing.T
	core   *Core
	cfg    Config
	now    Instant
	stored uint64
	newest uint64 // sequence of the newest effects
}

const (
	testHeartbeat = 50 * time.Millisecond
	testLease     = 400 * time.Millisecond
	testElection  = 1000 * time.Millisecond // the longest timeout
)

func votersOf(n int) Configuration {
	var c Configuration
	for id := 1; id <= n; id++ {
		c.Voters = append(c.Voters, Member{ID: NodeID(id)})
	}
	return c
}

// newRig starts node self of n voters from what was restored. Options change the configuration of the core.
func newRig(t *testing.T, self NodeID, n int, restored Restored, options ...func(*Config)) *rig {
	t.Helper()
	r := &rig{t: t, cfg: Config{Self: self, Configuration: votersOf(n), Seed: 7}, now: Instant{Mono: 1e12, Boot: 2e12, Real: 3e12}}
	for _, option := range options {
		option(&r.cfg)
	}
	r.start(restored)
	return r
}

func withLease(c *Config) { c.Lease = true }

func withLimits(l Limits) func(*Config) { return func(c *Config) { c.Limits = l } }

func (r *rig) start(restored Restored) {
	r.t.Helper()
	core, err := New(r.cfg, restored, r.now)
	if err != nil {
		r.t.Fatal(err)
	}
	r.core, r.stored, r.newest = core, 0, 0
}

func (r *rig) step(ev Event) *Effects {
	r.t.Helper()
	fx := r.core.Step(r.now, ev)
	if fx.Fatal != nil {
		r.t.Fatalf("%v: %v", ev, fx.Fatal)
	}
	r.newest = fx.Sequence
	return fx
}

func (r *rig) receive(from NodeID, m Message) *Effects {
	r.t.Helper()
	return r.step(Received{From: from, Message: m})
}

// wait lets time pass without a tick.
func (r *rig) wait(d time.Duration) {
	r.now.Mono += int64(d)
	r.now.Boot += int64(d)
	r.now.Real += int64(d)
}

func (r *rig) tickAfter(d time.Duration) *Effects {
	r.t.Helper()
	r.wait(d)
	return r.step(Ticked{})
}

// store brings everything written to stable storage.
func (r *rig) store() *Effects {
	r.t.Helper()
	r.stored = r.newest
	return r.step(Stored{Sequence: r.stored})
}

// canvass waits until the node canvasses and returns its number.
func (r *rig) canvass() uint64 {
	r.t.Helper()
	fx := r.tickAfter(testElection)
	for _, envelope := range fx.Send {
		if c, ok := envelope.Message.(Canvass); ok {
			return c.Number
		}
	}
	r.t.Fatalf("no canvass: %v", fx)
	return 0
}

// campaign makes the node a candidate with its own promise stored, and returns its ballot.
func (r *rig) campaign() Ballot {
	r.t.Helper()
	number := r.canvass()
	for _, id := range r.others() {
		if r.core.role == RoleFollower {
			r.receive(id, CanvassReply{Number: number, Granted: true})
		}
	}
	r.wantRole(RoleCandidate)
	r.store()
	return r.core.candidate.ballot
}

// elect makes the node a leader that is not ready yet: the voters that promise have accepted nothing.
func (r *rig) elect() Ballot {
	r.t.Helper()
	ballot := r.campaign()
	for _, id := range r.others() {
		if r.core.role == RoleCandidate {
			r.receive(id, Promise{Ballot: ballot, Parts: 1})
		}
	}
	r.wantRole(RoleLeader)
	return ballot
}

// lead makes the node a leader whose own no-op is chosen.
func (r *rig) lead() Ballot {
	r.t.Helper()
	ballot := r.elect()
	r.settle()
	if _, _, ready := r.core.Leader(); !ready {
		r.t.Fatal("the leader is not ready")
	}
	return ballot
}

// settle stores all writes and has every other voter accept what is in flight and answer the newest heartbeat.
func (r *rig) settle() {
	r.t.Helper()
	r.store()
	flight := append([]proposal(nil), r.core.leader.inFlight...)
	for _, id := range r.others() {
		for _, p := range flight {
			r.receive(id, Accepted{Ballot: p.record.Ballot, Slot: p.record.Slot})
		}
	}
	r.ackAll()
}

// ackAll has every other voter answer the newest heartbeat.
func (r *rig) ackAll() {
	r.t.Helper()
	for _, id := range r.others() {
		if r.core.role == RoleLeader {
			r.ack(id, r.core.leader.number)
		}
	}
}

func (r *rig) ack(id NodeID, number uint64) *Effects {
	r.t.Helper()
	ballot := r.core.leader.ballot
	return r.receive(id, HeartbeatAck{Ballot: ballot, Number: number, Chosen: r.core.log.chosen, Synced: r.core.log.chosen})
}

func (r *rig) others() []NodeID {
	var ids []NodeID
	for _, m := range r.cfg.Configuration.Voters {
		if m.ID != r.cfg.Self {
			ids = append(ids, m.ID)
		}
	}
	return ids
}

func (r *rig) propose(payload string) *Effects {
	r.t.Helper()
	return r.step(Proposed{Entry: batch(payload)})
}

func (r *rig) wantRole(role Role) {
	r.t.Helper()
	if r.core.role != role {
		r.t.Fatalf("node is a %v, want a %v", r.core.role, role)
	}
}

func (r *rig) wantChosen(s Slot) {
	r.t.Helper()
	if r.core.Chosen() != s {
		r.t.Fatalf("chosen through %v, want %v", r.core.Chosen(), s)
	}
}

// want compares effects with their one-line form.
func (r *rig) want(fx *Effects, line string) {
	r.t.Helper()
	if fx.String() != line {
		r.t.Fatalf("effects:\n got %v\nwant %v", fx, line)
	}
}

// sent returns the messages of one type in a list of envelopes.
func sent[M Message](envelopes []Envelope) []M {
	var found []M
	for _, envelope := range envelopes {
		if m, ok := envelope.Message.(M); ok {
			found = append(found, m)
		}
	}
	return found
}

// one returns the only message of its type.
func one[M Message](t *testing.T, envelopes []Envelope) M {
	t.Helper()
	found := sent[M](envelopes)
	if len(found) != 1 {
		t.Fatalf("%d messages of type %T in %v, want one", len(found), *new(M), envelopes)
	}
	return found[0]
}

func batch(payload string) Entry { return Entry{Kind: EntryBatch, Payload: []byte(payload)} }

func noop() Entry { return Entry{Kind: EntryNoop} }

func ballot(round Round, node NodeID) Ballot { return Ballot{Round: round, Node: node} }

func record(s Slot, b Ballot, payload string) Record {
	return Record{Slot: s, Ballot: b, Entry: batch(payload)}
}
