package replication

import (
	"fmt"
	"time"

	"github.com/paxredis/paxredis/replication/paxos"
)

// leading is what a leader knows beyond its core; the zero value belongs to any other node.
type leading struct {
	// active: everything of earlier leaderships is applied here, so sessions and timeMS are what they left.
	active bool
	// readyThrough is the slot that must be applied for that; 0 until the core is ready.
	readyThrough paxos.Slot
	// sessions is the session table as it will be once everything proposed is applied, so that what is sent again
	// does not take a second place in the log.
	sessions SessionTable
	// timeMS is the time of the newest batch proposed, proposedAt the Instant.Mono of it.
	timeMS     int64
	proposedAt int64
	// forwarded are sections of other origins that wait for a batch; early are Forwards that came before active.
	forwarded     []section
	early         []earlyForward
	peers         map[paxos.NodeID]int // bytes of both, by origin
	forwardsFirst bool
	// fragments are those of other origins' large commands that wait for a batch, each of which takes one at most; fragmentsFirst says whose
	// turn it is. marking says that a checkpoint is due and waits for large commands under way, since markingSince (Instant.Mono).
	fragments      []section
	fragmentsFirst bool
	marking        bool
	markingSince   int64
	firstLane      int
	// marked is the number of the newest checkpoint proposed, markAsked says that somebody waits for another one.
	marked    uint64
	markAsked bool
}

type earlyForward struct {
	from    paxos.NodeID
	payload []byte
}

// takeLead starts proposing once the core is ready and everything before its leadership is applied.
func (l *loop) takeLead() {
	if l.active || l.leader != l.g.cfg.Self {
		return
	}
	if _, _, ready := l.core.Leader(); !ready {
		return
	}
	if l.readyThrough == 0 {
		l.readyThrough = l.core.Chosen()
	}
	if l.g.applier.applied.Load() < uint64(l.readyThrough) {
		return
	}
	l.active = true
	l.sessions, l.timeMS = l.g.applier.snapshot()
	early := l.early
	l.early, l.peers = nil, nil
	for _, f := range early {
		l.admitForward(f.from, f.payload)
	}
}

// hasRoomForBatch reports whether another batch may go now. While a few are on their way the next one grows.
func (l *loop) hasRoomForBatch() bool {
	return l.active && l.core.InFlight() < l.g.cfg.Bounds.BatchesInFlight && l.core.CanPropose(0) && !l.isBehind()
}

// propose makes batches of everything that waits.
func (l *loop) propose() {
	if l.leader != l.g.cfg.Self {
		return
	}
	for {
		room := l.mayGo(l.hasRoomForBatch(), l.core.InFlight())
		l.g.wantsChunks.Store(room)
		if !room {
			return
		}
		draft := batchDraft{limit: l.g.cfg.Bounds.BatchBytes, fits: l.core.CanPropose}
		l.gather(&draft)
		if len(draft.sections) == 0 {
			return
		}
		l.proposeBatch(draft.sections)
	}
}

// batchDraft is a batch or a Forward in the making. One section is always let through.
type batchDraft struct {
	sections []section
	bytes    int
	limit    int
	// fits says whether a payload of that size may go at all.
	fits func(bytes int) bool
}

// has reports whether a section of that size may join.
func (d *batchDraft) has(size int) bool {
	return (len(d.sections) == 0 || d.bytes+size <= d.limit) && d.fits(d.bytes+size+sectionOverhead)
}

func (d *batchDraft) add(s section) {
	d.sections = append(d.sections, s)
	d.bytes += s.size()
}

// gather fills a batch: own flights that an earlier leader may not have got first, since everything of this node comes
// behind them; then this node's and the other origins' commands, taking turns in who comes first; then a fragment of a large command.
func (l *loop) gather(d *batchDraft) {
	if !l.gatherAgain(d) {
		return
	}
	if l.forwardsFirst = !l.forwardsFirst; l.forwardsFirst {
		l.gatherForwarded(d)
		l.gatherChunks(d)
	} else {
		l.gatherChunks(d)
		l.gatherForwarded(d)
	}
	l.gatherFragment(d)
}

// gatherAgain adds the own flights that this leadership has not proposed. It reports whether all of them fit.
func (l *loop) gatherAgain(d *batchDraft) bool {
	flights, position := l.unsent()
	for _, f := range flights {
		if !f.idle {
			if !d.has(f.section.size()) {
				l.sending.position = position
				return false
			}
			if v := l.sessions.apply(&f.section); v == verdictRun || v == verdictOpened {
				d.add(f.section)
			}
		}
		position++
	}
	l.sending.position = position
	return true
}

// gatherChunks numbers chunks of this node's lanes and adds them.
func (l *loop) gatherChunks(d *batchDraft) {
	first := len(d.sections)
	l.takeChunks(d)
	for i := first; i < len(d.sections); i++ {
		if v := l.sessions.apply(&d.sections[i]); v != verdictRun {
			// The session table holds a newer boot of this node. The applier finds that out, too, and ends this one.
			l.g.cfg.Logger.Warn("own commands will not be applied", "why", v)
		}
	}
}

func (l *loop) gatherForwarded(d *batchDraft) {
	for len(l.forwarded) > 0 && d.has(l.forwarded[0].size()) {
		s := l.forwarded[0]
		l.forwarded[0] = section{}
		l.forwarded = l.forwarded[1:]
		l.peers[s.node] -= s.size()
		d.add(s)
	}
}

// takeChunks moves chunks of the lanes into the origin's flights and the draft, as many as fit, each lane being the
// first in turn.
func (l *loop) takeChunks(d *batchDraft) {
	lanes := l.lanes()
	if len(lanes) == 0 {
		return
	}
	l.firstLane = (l.firstLane + 1) % len(lanes)
	for i := range lanes {
		if !l.takeLane(lanes[(l.firstLane+i)%len(lanes)], d) {
			return
		}
	}
}

func (l *loop) takeLane(lane *Lane, d *batchDraft) bool {
	if len(lane.held) == 0 {
		lane.collect()
	}
	for len(lane.held) > 0 {
		c := lane.held[0]
		size := len(c.Commands) + sectionOverhead
		if c.Count > 0 && (!d.has(size) || !l.g.origin.hasRoom(len(c.Commands), l.g.cfg.Bounds.WindowBytes)) {
			return false
		}
		lane.dropHeld()
		var left departure
		if c.Count > 0 {
			left = l.g.figures.depart(time.Duration(l.now.Mono - c.born))
		}
		f := l.g.origin.add(c, c.born+int64(l.g.cfg.CommitTimeout), left)
		l.sending.position++
		if f.idle {
			l.awaitTurn(f)
			continue
		}
		d.add(f.section)
	}
	return true
}

// awaitTurn has a read round made for a chunk without commands.
func (l *loop) awaitTurn(f *flight) {
	if l.g.cfg.ReadMode == ReadStale {
		l.g.origin.makeReady([]*flight{f}, 0)
		l.g.applier.queue.kick()
		return
	}
	l.reading.idle = append(l.reading.idle, f)
}

// proposeBatch stamps sections with time and chance and has the core propose them.
func (l *loop) proposeBatch(sections []section) {
	l.timeMS = max(l.timeMS, l.now.Real/int64(time.Millisecond))
	if paxos.BreakTime.On() {
		l.timeMS = l.now.Real / int64(time.Millisecond)
	}
	l.proposedAt = l.now.Mono
	payload, err := encodeBatch(&batch{
		timeMS: l.timeMS, seed: l.seed.Uint64(), retentionMS: l.g.cfg.TombstoneRetention.Milliseconds(), sections: sections,
	})
	if err != nil {
		l.g.fail(fmt.Errorf("a batch of %d sections could not be encoded: %w", len(sections), err))
		return
	}
	l.counters.batches++
	local, commands := true, uint64(0)
	for i := range sections {
		commands += uint64(sections[i].count)
		local = local && sections[i].node == l.g.cfg.Self
	}
	l.counters.commands += commands
	l.g.figures.batchCommands.Add(commands)
	l.g.figures.batchBytes.Add(uint64(len(payload)))
	l.step(paxos.Proposed{Entry: paxos.Entry{Kind: paxos.EntryBatch, Payload: payload}, Local: local})
}

// tickEvery is the least time between two batches that do nothing but let time pass.
const tickEvery = 100 * time.Millisecond

// proposeTick lets time pass in the log when keys are due and no batch does it.
func (l *loop) proposeTick() {
	if !l.active {
		return
	}
	due := l.g.machine.NextDeadline()
	if due == 0 || l.now.Real/int64(time.Millisecond) < due || l.now.Mono-l.proposedAt < int64(tickEvery) {
		return
	}
	if l.hasRoomForBatch() && l.core.InFlight() == 0 {
		l.proposeBatch(nil)
	}
}
