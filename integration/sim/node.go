package sim

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"github.com/paxredis/paxredis/integration/sim/disk"
	"github.com/paxredis/paxredis/integration/sim/store"
	"github.com/paxredis/paxredis/replication"
	"github.com/paxredis/paxredis/replication/paxos"
	"github.com/paxredis/paxredis/statemachine"
	"github.com/paxredis/paxredis/storage/journal"
)

// node is a member: a machine with a clock and a disk, and now and then a process on it.
type node struct {
	world *world
	id    paxos.NodeID
	uuid  uuid.UUID
	clock *clock
	disk  *store.Machine
	// first is the configuration it was started with.
	first paxos.Configuration
	// boots counts the processes there were.
	boots uint64
	// knows is up to which slot its disk says for sure that all are chosen, holds the highest it has on it, in the log or in a checkpoint.
	knows, holds paxos.Slot
	// gone: its directory is lost, or it left; it is not started again.
	gone bool
	// damaged: something of what its disk holds was altered, or lost, and it was not started since.
	damaged bool
	// diskSlower is a factor of how long its disk takes.
	diskSlower overlap
	// appliesSlowly is how many milliseconds applying a slot takes at most.
	appliesSlowly overlap
	// full: there is no room for checkpoints.
	full        overlap
	frozenUntil moment
	// freezeInRead is for how long the process is to stand still in the middle of a read, 0 when it is not; suspendInRead: the machine, too.
	freezeInRead  moment
	suspendInRead bool

	// Of the process that runs.
	group   *replication.Stepped
	store   *store.Store
	machine *statemachine.Machine
	// applying is the slot that is being applied, sections what of it was run.
	applying paxos.Slot
	sections []sectionRecord
	// vows are what the node has said of what its disk holds.
	vows vows
	// prepared are the ballots it has asked for promises at, and the boots it did in.
	prepared map[paxos.Ballot]uint64
	members  paxos.Configuration // as the group told its transport
	front    *front
	turning  bool
	gates    [replication.Actors]moment // before which an actor is not stepped
	closing  bool
}

func (n *node) isUp() bool { return n.group != nil }

func (n *node) isFrozen() bool { return n.frozenUntil > n.world.now }

// mostAfterThaw is how long after the end of a freeze a process comes to look at what has come meanwhile.
const mostAfterThaw = 5 * millisecond

// thaw is when a process that stands still comes to look at one of the things that wait for it. Which it sees first, of its timers and of
// all that came on its links and from its clients, is chance, as it is where each has a thread of its own.
func (n *node) thaw() moment { return n.frozenUntil + n.world.between(0, mostAfterThaw) }

// port is a process's way into the network; it is dead after that.
type port struct {
	node *node
	boot uint64
}

func (p port) Send(to paxos.NodeID, m paxos.Message) {
	if p.node.boots == p.boot && int(to) <= len(p.node.world.nodes) {
		p.node.world.checks.sent(p.node, m)
		p.node.world.network.send(p.node.id, to, m)
	}
}

func (p port) SendAll(all []paxos.Envelope) {
	for _, e := range all {
		p.Send(e.To, e.Message)
	}
}

func (p port) SetMembers(c paxos.Configuration) {
	if p.node.boots == p.boot {
		w := p.node.world
		p.node.members = c
		w.violated(w.checks.ledger.adopts(p.node.id, c, w.checks.reference.newest()))
		w.adopt(&c)
		w.configured(p.node, &c)
	}
}

// clusterUUID is that of every simulated cluster.
var clusterUUID = uuid.UUID{0: 'c'}

// segmentBytes is the size of the journals' segments: the smallest there may be, so that histories fill many.
const segmentBytes = journal.MinSegmentBytes

// boot starts a process on what the disk holds.
func (n *node) boot() {
	w := n.world
	n.boots++
	w.trace.note(n.id, "boots", n.boots)
	opened, restored, err := store.Open(n.disk, store.Options{Cluster: clusterUUID, Node: n.uuid, NodeID: n.id, SegmentBytes: segmentBytes})
	if err != nil {
		n.refuse(err)
		return
	}
	n.store = opened
	n.machine = newMachine()
	n.members, n.closing, n.sections = n.first, false, nil
	n.gates = [replication.Actors]moment{}
	port := port{n, n.boots}
	group, err := replication.OpenStepped(n.config(), restored, &witness{opened, n}, port, machine{n.machine, n}, n.clock, n.seed())
	if err != nil {
		w.violated(fmt.Errorf("node %v does not start: %w", n.id, err))
		return
	}
	n.group = group
	boot := n.boots
	group.Watch(func(r *paxos.Record) { w.checks.applied(n, r) })
	n.front = newFront(n)
	w.checks.booted(n, restored)
	n.wake()
	n.tick(boot)
	w.network.dialAll(n.id)
}

// seed is this boot's source of chance.
func (n *node) seed() (seed [32]byte) {
	for i := range seed {
		seed[i] = byte(n.world.rng.Uint32())
	}
	return seed
}

func (n *node) config() replication.Config {
	o := &n.world.options
	seed := n.seed()
	return replication.Config{
		Self: n.id, Configuration: n.first, Limits: o.Limits, ReadMode: o.ReadMode, CommitTimeout: o.CommitTimeout,
		TombstoneRetention: time.Duration(n.id) * time.Hour, // that of the leader counts, on every node
		Session:            uuid.UUID(seed[:16]), Boot: n.store.Boot(), Bounds: o.Bounds, Logger: n.logger(),
	}
}

// logger puts what a node logs into a readable trace.
func (n *node) logger() *slog.Logger {
	if n.world.options.Trace == nil {
		return nil
	}
	return slog.New(traceHandler{n})
}

// refuse deals with a start that failed.
func (n *node) refuse(err error) {
	w := n.world
	var corrupt *journal.Corrupt
	if n.damaged && errors.As(err, &corrupt) { // rule D3
		w.trace.note(n.id, "refuses")
		w.figuresSoFar.Refusals++
		n.gone = true
		w.replaceLost(n.id, w.newMember())
		return
	}
	if n.disk.Disk.HasFailed() || n.disk.Disk.SyncHasFailed() { // in the middle of the start
		n.disk.Crash(w.crashMode())
		w.after(w.between(10*millisecond, second), n.restart)
		return
	}
	w.violated(fmt.Errorf("node %v cannot open what its disk holds after a crash: %w", n.id, err))
}

// restart starts a process if there is none.
func (n *node) restart() {
	if !n.isUp() && !n.gone {
		n.boot()
	}
}

// tick tells a process that time has passed, again and again.
func (n *node) tick(boot uint64) {
	w := n.world
	every := moment(n.group.TickEvery())
	var again func()
	again = func() {
		if !n.isUp() || n.boots != boot {
			return
		}
		if n.isFrozen() {
			w.at(n.frozenUntil+w.between(0, every), again)
			return
		}
		n.group.Tick()
		if w.chance(500) {
			n.settle()
		}
		n.looked()
		n.wake()
		w.after(every, again)
	}
	w.after(w.between(0, every), again)
}

// settle does what the journal does in the background.
func (n *node) settle() {
	if err := n.store.Settle(); err != nil && !n.disk.Disk.HasFailed() && !n.disk.Disk.SyncHasFailed() {
		n.world.violated(fmt.Errorf("the journal of node %v cannot be synced: %w", n.id, err))
	}
}

// wake has a process go on soon.
func (n *node) wake() {
	if n.turning || !n.isUp() {
		return
	}
	n.turning = true
	w, boot := n.world, n.boots
	w.at(max(w.now, n.frozenUntil)+w.between(0, 40*microsecond), func() {
		n.turning = false
		if n.isUp() && n.boots == boot {
			n.turn()
		}
	})
}

// turn lets one actor, whichever chance picks of those that have something to do, do a bite of its work.
func (n *node) turn() {
	if n.isFrozen() {
		n.wake()
		return
	}
	w := n.world
	first := w.rng.IntN(replication.Actors)
	opens := moment(1<<63 - 1)
	for i := range replication.Actors {
		a := (first + i) % replication.Actors
		if n.gates[a] > w.now {
			opens = min(opens, n.gates[a])
			continue
		}
		if n.group.Step(replication.Actor(a)) {
			w.trace.note(n.id, "steps", uint64(a))
			n.gates[a] = w.now + n.pause(replication.Actor(a))
			if n.looked() {
				n.wake()
			}
			return
		}
	}
	if opens < 1<<63-1 { // whoever is behind a gate may have something to do
		n.wakeAt(opens)
	}
}

// wakeAt has a process go on at a moment.
func (n *node) wakeAt(at moment) {
	w, boot := n.world, n.boots
	w.at(at, func() {
		if n.isUp() && n.boots == boot {
			n.wake()
		}
	})
}

// pause is how long an actor takes for what it has just done, or is about to: those that use the disk take longer.
func (n *node) pause(a replication.Actor) moment {
	w := n.world
	switch a {
	case replication.ActorSaver, replication.ActorCheckpointer, replication.ActorPartServer:
		return w.between(20*microsecond, 400*microsecond) * n.diskSlower.strength(1)
	case replication.ActorApplier:
		if n.appliesSlowly.isOn() {
			return w.between(millisecond, n.appliesSlowly.strength(1)*millisecond)
		}
		if w.chance(20) {
			return w.between(0, 20*millisecond)
		}
	}
	return 0
}

// looked checks what must hold of a process after everything it does. It reports false if the process has ended.
func (n *node) looked() bool {
	w := n.world
	switch {
	case n.disk.Disk.HasFailed(), n.group.HasFailed() && n.disk.Disk.SyncHasFailed(): // rule D2: it has stopped by itself
		if n.disk.Disk.HasFailed() {
			w.figuresSoFar.DiskFailures++
		} else {
			w.figuresSoFar.SyncFailures++
		}
		n.crash()
		n.restartLater()
		return false
	case n.group.HasFailed():
		w.violated(fmt.Errorf("node %v has stopped by itself: %w", n.id, n.group.Err()))
		return false
	case n.group.IsEnded():
		n.end()
		return false
	}
	w.checks.looked(n)
	return true
}

// crash ends the process at once. What was not synced is lost, or torn.
func (n *node) crash() {
	if n.isUp() {
		n.crashAs(n.world.crashMode())
	}
}

func (n *node) crashAs(mode disk.Mode) {
	n.world.trace.note(n.id, "crashes", uint64(mode))
	n.group.Crash()
	n.stop()
	n.disk.Crash(mode)
}

// crashMode is how much of what was not synced a crash leaves.
func (w *world) crashMode() disk.Mode {
	return []disk.Mode{disk.Kept, disk.Dropped, disk.Torn}[w.rng.IntN(3)]
}

// stop is what the end of a process, of whatever kind, does to the rest of the world.
func (n *node) stop() {
	front := n.front
	n.group, n.store, n.machine, n.front, n.closing = nil, nil, nil, nil, false
	n.frozenUntil, n.freezeInRead = 0, 0
	n.world.network.lose(n.id)
	front.lost()
}

// close ends the process gracefully: clients get their answers, and another node leads.
func (n *node) close() {
	if n.isUp() && !n.closing {
		n.closing = true
		n.world.trace.note(n.id, "closes")
		n.group.Close()
		n.wake()
	}
}

// end is the end of a process that was closed. What it has written stays, as the system writes it out in time.
func (n *node) end() {
	w := n.world
	if err := n.store.Close(); err != nil {
		n.crash() // the disk fails at the last moment
		n.restartLater()
		return
	}
	w.trace.note(n.id, "ends")
	n.stop()
	if !n.gone {
		w.after(w.between(10*millisecond, 2*second), n.restart)
	}
}

// freeze stops the process for a while, as SIGSTOP does, or, with suspend, the whole machine.
func (n *node) freeze(d moment, suspend bool) {
	w := n.world
	if !n.isUp() || n.isFrozen() {
		return
	}
	w.trace.note(n.id, "freezes", uint64(d))
	n.frozenUntil = w.now + d
	if suspend {
		n.clock.suspended += int64(d) // nobody looks at the clock meanwhile
	}
	for _, other := range w.nodes {
		until := n.frozenUntil
		w.network.giveUpLater(n.id, other.id, func() bool { return n.frozenUntil == until && n.isFrozen() })
	}
	n.wake()
}

// freezeNow is the freeze that waited for a read to be in the middle of.
func (n *node) freezeNow() {
	d := n.freezeInRead
	n.freezeInRead = 0
	n.world.figuresSoFar.FrozenReads++
	n.freeze(d, n.suspendInRead)
}

// receive takes messages that have arrived; false if there is no room for them.
func (n *node) receive(from paxos.NodeID, ms []paxos.Message) bool {
	if !n.isUp() {
		return true
	}
	ok := n.group.Receive(from, ms)
	n.wake()
	return ok
}

// linkUp tells a process of a link.
func (n *node) linkUp(peer *node) {
	n.group.Met(peer.id, peer.uuid.String())
	n.group.Met(n.id, n.uuid.String())
	n.group.LinkUp(peer.id)
	n.wake()
}

// refuses reports whether n lets no link to a peer come about, as package peer judges it: the peer is no member of the configuration n
// works with, and works with none that is newer. The peer is told that it was removed.
func (n *node) refuses(other *node) bool {
	if n.members.IsMember(other.id) || n.members.Slot < other.members.Slot {
		return false
	}
	if n.members.Slot > other.members.Slot {
		other.group.Removed(fmt.Sprintf("node %v says so", n.id))
		other.wake()
	}
	return true
}
