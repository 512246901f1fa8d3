package replication

import (
	"sync"
	"sync/atomic"

	"github.com/paxredis/paxredis/replication/paxos"
)

// maxRounds bounds the read rounds this node has asked the core for; what comes meanwhile shares the next one.
// maxUnappliedRounds bounds those that have a slot and wait for it to be applied.
const (
	maxRounds          = 2
	maxUnappliedRounds = 16
)

// laneReads is what the group knows of one lane's reads. The loop owns it, but for answered.
type laneReads struct {
	covered uint64 // the newest ticket that a round was asked for
	marks   []readMark
	// answered is the newest ticket that was told ready or failed; readers.mu guards it.
	answered uint64
}

// readMark says when reads up to a ticket were first seen.
type readMark struct {
	through uint64
	born    int64 // Instant.Mono
}

// readRound is one read slot for everything that waited when it was asked for.
type readRound struct {
	id      uint64
	slot    paxos.Slot
	tickets []laneTicket
	idle    []*flight
}

type laneTicket struct {
	lane    *Lane
	through uint64
}

// readers are the rounds that have a slot which is not applied yet. The loop adds, the applier removes.
type readers struct {
	mu      sync.Mutex
	rounds  []readRound
	waiting atomic.Int64
}

// add tells the reads of a round as soon as its slot is applied: now, if appliedNow says so, else by applied.
func (r *readers) add(round readRound, appliedNow func() paxos.Slot) {
	if len(round.tickets) == 0 {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.rounds = append(r.rounds, round)
	// The applier looks at waiting after it has published the slot, and here it is the other way round: one of the
	// two sees the other.
	r.waiting.Store(int64(len(r.rounds)))
	r.release(appliedNow())
}

// applied tells the reads whose slot is applied. On the applier's goroutine, after the slot is published.
func (r *readers) applied(slot paxos.Slot) {
	if r.waiting.Load() == 0 {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.release(slot)
}

func (r *readers) release(applied paxos.Slot) {
	kept := r.rounds[:0]
	for _, round := range r.rounds {
		if round.slot > applied && !paxos.BreakL5Applied.On() {
			kept = append(kept, round)
			continue
		}
		for _, t := range round.tickets {
			if t.through > t.lane.reads.answered {
				t.lane.reads.answered = t.through
				t.lane.listener.ReadsReady(t.through)
			}
		}
	}
	clear(r.rounds[len(kept):])
	r.rounds = kept
	r.waiting.Store(int64(len(kept)))
}

// failLane ends the wait of a lane's reads up to a ticket, but for those that were told already.
func (r *readers) failLane(l *Lane, through uint64, o Outcome) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if through > l.reads.answered {
		l.reads.answered = through
		l.listener.ReadsFailed(through, o)
	}
}

// answered returns the newest ticket of a lane that was told its outcome.
func (r *readers) answered(l *Lane) uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return l.reads.answered
}

// reading is the loop's side of the reads.
type reading struct {
	lastID uint64
	asked  []readRound // by the core, oldest first
	idle   []*flight   // chunks without commands that wait for the next round
}

// startReads asks the core for a read slot for everything that waits, if there is room for another round.
func (l *loop) startReads() {
	if l.g.removed.Load() {
		return // refuseRemoved sees to them
	}
	room := len(l.reading.asked) < maxRounds && l.g.readers.waiting.Load() < maxUnappliedRounds
	l.g.wantsReads.Store(room)
	if !room {
		return
	}
	round := readRound{id: l.reading.lastID + 1, idle: l.reading.idle}
	for _, lane := range l.lanes() {
		if asked := l.noteAsked(lane); asked > lane.reads.covered {
			lane.reads.covered = asked
			round.tickets = append(round.tickets, laneTicket{lane, asked})
		}
	}
	if len(round.tickets) == 0 && len(round.idle) == 0 {
		return
	}
	// The turn's clock was read before these reads were looked for. Had the process stood still in between, the lease
	// would be judged by a moment from before they arrived (rules L4, L5).
	l.now = l.g.clock.Now()
	l.reading.lastID, l.reading.idle = round.id, nil
	l.reading.asked = append(l.reading.asked, round)
	l.step(paxos.ReadAsked{ID: round.id})
}

// markEvery is into how many parts the commit timeout is cut when births of reads are noted.
const markEvery = 64

// noteAsked returns the newest ticket a lane has asked with, and notes when it was first seen.
func (l *loop) noteAsked(lane *Lane) uint64 {
	asked, r := lane.asked.Load(), &lane.reads
	n := len(r.marks)
	switch {
	case n > 0 && r.marks[n-1].through >= asked, n == 0 && asked <= r.covered:
	case n > 0 && l.now.Mono-r.marks[n-1].born < int64(l.g.cfg.CommitTimeout)/markEvery:
		r.marks[n-1].through = asked
	default:
		r.marks = append(r.marks, readMark{asked, l.now.Mono})
	}
	return asked
}

// readReady takes the core's answer to a round.
func (l *loop) readReady(ready paxos.ReadReady) {
	for len(l.reading.asked) > 0 && l.reading.asked[0].id <= ready.ID {
		round := l.reading.asked[0]
		l.reading.asked = l.reading.asked[1:]
		round.slot = ready.Slot
		if len(round.idle) > 0 {
			l.g.origin.makeReady(round.idle, ready.Slot)
			l.g.applier.queue.kick()
		}
		l.g.readers.add(round, func() paxos.Slot { return paxos.Slot(l.g.applier.applied.Load()) })
	}
}

// expireReads fails the reads seen at or before a moment.
func (l *loop) expireReads(bornBefore int64, o Outcome) {
	for _, lane := range l.lanes() {
		l.noteAsked(lane)
		answered := l.g.readers.answered(lane)
		r := &lane.reads
		for len(r.marks) > 0 && (r.marks[0].through <= answered || r.marks[0].born <= bornBefore) {
			if r.marks[0].through > answered {
				l.g.readers.failLane(lane, r.marks[0].through, o)
			}
			r.marks = r.marks[1:]
		}
	}
}
