package paxostest

import (
	"github.com/paxredis/paxredis/replication/paxos"
)

// node is one core with its disk and clock.
type node struct {
	id    paxos.NodeID
	core  *paxos.Core // nil: down
	boot  uint64
	clock clock
	disk  disk
	// joined is what it knew of the members when it was first started, nil before that.
	joined   *paxos.Configuration
	fetching *paxos.Fetch
	held     []heldMessage
	applied  paxos.Slot
	reads    []read
	nextRead uint64
}

// heldMessage waits for a write to be stored.
type heldMessage struct {
	sequence uint64
	envelope paxos.Envelope
}

// read is an unanswered read and the slot it must at least see.
type read struct {
	id    uint64
	floor paxos.Slot
}

// Step lets one event happen at a node and performs what follows; a node that is down lets it pass.
func (e *Env) Step(id paxos.NodeID, ev paxos.Event) {
	n := e.node(id)
	if n.core == nil {
		return
	}
	e.Stats.Steps++
	if _, ok := ev.(paxos.HandOverAsked); ok {
		e.Stats.HandOvers++
	}
	e.perform(n, n.core.Step(n.clock.instant(e.now), ev))
	e.checkLeases()
}

func (e *Env) perform(n *node, fx *paxos.Effects) {
	if fx.Fatal != nil {
		e.violated("node %v stops: %w", n.id, fx.Fatal)
	}
	for _, envelope := range fx.Send {
		e.transmit(n, envelope)
	}
	if !fx.Write.IsEmpty() {
		e.detail("%v writes #%d %v", n.id, fx.Sequence, fx.Write)
		n.disk.pending = append(n.disk.pending, pendingWrite{fx.Sequence, fx.Write})
	}
	for _, envelope := range fx.SendAfterStore {
		e.hold(n, fx.Sequence, envelope)
	}
	for _, record := range fx.Chosen {
		e.logf("%v chosen %v", n.id, record)
		e.apply(n, record)
	}
	for _, ready := range fx.ReadReady {
		e.logf("%v %v", n.id, ready)
		e.answerRead(n, ready)
	}
	for _, serve := range fx.Serve {
		e.serve(n, serve)
	}
	if fx.Configuration != nil {
		e.logf("%v configuration: %v", n.id, *fx.Configuration)
		if want := e.ledger.configurationAfter(fx.Configuration.Slot); want.Slot != fx.Configuration.Slot {
			e.violated("node %v makes %v active, but that slot's is void: %v is active", n.id, *fx.Configuration, want)
		}
	}
	if fx.Fetch != nil {
		e.logf("%v %v", n.id, *fx.Fetch)
		n.fetching = fx.Fetch
	}
}

func (e *Env) hold(n *node, sequence uint64, envelope paxos.Envelope) {
	if sequence <= n.disk.stored {
		e.transmit(n, envelope)
		return
	}
	e.detail("%v holds until #%d %v", n.id, sequence, envelope)
	n.held = append(n.held, heldMessage{sequence, envelope})
}

func (e *Env) apply(n *node, record paxos.Record) {
	e.Stats.Applied++
	if record.Slot != n.applied+1 {
		e.violated("C2: node %v applies slot %v after %v", n.id, record.Slot, n.applied)
	}
	n.applied = record.Slot
	if err := e.ledger.apply(record); err != nil {
		e.violated("node %v: %w", n.id, err)
	}
}

func (e *Env) answerRead(n *node, ready paxos.ReadReady) {
	e.Stats.Reads++
	if len(n.reads) == 0 || n.reads[0].id != ready.ID {
		e.violated("node %v answers read %d, which is not the oldest unanswered one", n.id, ready.ID)
		return
	}
	asked := n.reads[0]
	n.reads = n.reads[1:]
	if ready.Slot < asked.floor {
		e.violated("L5: read %d of node %v is to run at slot %v, but slot %v was answered before it was asked",
			ready.ID, n.id, ready.Slot, asked.floor)
	}
	if ready.Slot > e.ledger.announced {
		e.violated("read %d of node %v is to run at slot %v, which nobody knows to be chosen", ready.ID, n.id, ready.Slot)
	}
}

// served bounds the records of one Learned, so that catching up takes several.
const served = 4

func (e *Env) serve(n *node, serve paxos.Serve) {
	var records []paxos.Record
	for s := serve.From; s <= serve.Through && len(records) < served; s++ {
		if s < n.disk.first {
			break // cut off since
		}
		record, ok := n.disk.records[s]
		if !ok {
			e.violated("D1: node %v is to serve slot %v, which it has not stored", n.id, s)
			return
		}
		records = append(records, record)
	}
	e.transmit(n, paxos.Envelope{To: serve.To, Message: paxos.Learned{Records: records, Chosen: serve.Through}})
}

// Crash stops a node. Of the writes not yet synced the first kept survive; the rest, and what waited, is lost.
func (e *Env) Crash(id paxos.NodeID, kept int) {
	n := e.node(id)
	e.Stats.Crashes++
	for range min(kept, len(n.disk.pending)) {
		e.storeOldest(n)
	}
	n.core, n.held, n.reads, n.nextRead, n.fetching = nil, nil, nil, 0, nil
	n.disk.pending = nil
	e.logf("%v crashed", id)
}

// Restart starts a node that is down from its disk. The first forget slots of the hint that says what is chosen are
// lost, which must be harmless.
func (e *Env) Restart(id paxos.NodeID, forget paxos.Slot) error {
	n := e.node(id)
	n.boot++
	n.disk.stored = 0
	n.clock = clock{startedAt: e.now, base: int64(n.boot) * 1_000_000_000, ppm: n.clock.ppm, wall: n.clock.wall}
	restored := n.disk.restored(forget)
	for s := n.disk.first; s <= restored.Chosen; s++ {
		if err := e.ledger.compare(n.disk.records[s]); err != nil {
			e.violated("node %v restarts with its hint at %v: %w", id, restored.Chosen, err)
		}
	}
	core, err := paxos.New(paxos.Config{
		Self: id, Configuration: n.knownConfiguration(restored.Chosen), Limits: e.options.Limits, Lease: e.options.Lease,
		Seed: e.seedOf(n), Observer: observer{e, id},
	}, restored, n.clock.instant(e.now))
	if err != nil {
		return err
	}
	n.core, n.applied = core, restored.Chosen
	if n.boot > 1 {
		e.logf("%v restarted: promised %v, chosen %v", id, restored.Promised, restored.Chosen)
	}
	return nil
}

// observer writes what a core says of itself to the log.
type observer struct {
	e  *Env
	id paxos.NodeID
}

func (o observer) Ignored(from paxos.NodeID, m paxos.Message, why string) {
	o.e.detail("%v ignores %v from %v: %s", o.id, m.Kind(), from, why)
}

func (o observer) Became(role paxos.Role, ballot paxos.Ballot, why string) {
	if role == paxos.RoleLeader {
		o.e.Stats.Leaders++
	}
	of := ""
	if !ballot.IsZero() {
		of = " of " + ballot.String()
	}
	o.e.logf("%v becomes %v%s: %s", o.id, role, of, why)
}
