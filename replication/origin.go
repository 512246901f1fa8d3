package replication

import (
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/google/uuid"

	"github.com/paxredis/paxredis/replication/paxos"
)

// flight is a chunk on its way, or the opening of the session.
type flight struct {
	section section
	// replies is nil once the wait is over, one way or the other; the section stays until it is applied.
	replies  Replies
	deadline int64 // Instant.Mono
	left     departure
	// idle: the chunk has no commands. It runs once it is the oldest flight and slot is applied, which a read round
	// found, or right before the next flight behind it, whichever is first: either way it sees everything that was
	// acknowledged anywhere before it was handed over.
	idle, ready bool
	slot        paxos.Slot
}

// origin is this boot's session as its own node sees it: the flights in the order of their numbers, from the first
// send until they are applied, and a large command beside them (fragments.go). The loop appends, the applier removes.
type origin struct {
	node    paxos.NodeID
	uuid    string // of the data directory
	session uuid.UUID
	boot    uint64

	mu      sync.Mutex
	flights []*flight
	removed uint64 // flights[0] has this position
	waiting int    // flights with replies
	bytes   int
	next    uint64 // number of the next command
	applied uint64 // of the newest command applied
	opened  bool   // the session's opening is applied

	large       *largeFlight // nil without one
	largeNumber uint64       // of the newest
	hasLarge    atomic.Bool  // large is there: to be looked at without mu
}

func newOrigin(cfg *Config) *origin {
	o := &origin{node: cfg.Self, uuid: cfg.UUID, session: cfg.Session, boot: cfg.Boot, next: 1}
	opening := section{node: o.node, session: o.session, boot: o.boot, open: true}
	o.flights = []*flight{{section: opening}}
	return o
}

// isOwn reports whether a section belongs to this boot.
func (o *origin) isOwn(s *section) bool { return s.node == o.node && s.session == o.session }

// add numbers a chunk that leaves now, and appends it.
func (o *origin) add(c *Chunk, deadline int64, left departure) *flight {
	f := &flight{replies: c.Replies, deadline: deadline, idle: c.Count == 0, left: left}
	o.mu.Lock()
	defer o.mu.Unlock()
	if !f.idle {
		f.section = section{node: o.node, session: o.session, first: o.next, count: uint32(c.Count), commands: c.Commands,
			voids: o.voidUncertain()}
		o.next += uint64(c.Count)
		o.bytes += len(c.Commands)
	}
	if f.replies != nil {
		o.waiting++
	}
	o.flights = append(o.flights, f)
	return f
}

// from returns the flights from a position on, and the position of the first of them: those before are applied.
func (o *origin) from(position uint64) (flights []*flight, first uint64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	first = max(position, o.removed)
	return append(flights, o.flights[first-o.removed:]...), first
}

// progress returns how far the flights are: the oldest one's position, and the one behind the newest.
func (o *origin) progress() (oldest, end uint64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.removed, o.removed + uint64(len(o.flights))
}

// hasRoom reports whether a chunk of that many bytes may join the flights.
func (o *origin) hasRoom(bytes, window int) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.bytes == 0 || o.bytes+bytes <= window
}

// load returns the flights' number, how many have somebody who waits, and their bytes.
func (o *origin) load() (flights, waiting, bytes int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	flights, bytes = len(o.flights), o.bytes
	if o.large != nil {
		flights, bytes = flights+1, bytes+len(o.large.commands)
	}
	return flights, o.waiting, bytes
}

// makeReady lets idle flights run once slot is applied.
func (o *origin) makeReady(flights []*flight, slot paxos.Slot) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, f := range flights {
		f.ready, f.slot = true, slot
	}
}

// failed is what a flight that waits no longer is told.
type failed struct {
	replies Replies
	outcome Outcome
}

// expire ends the wait of the flights whose deadline is at or before mono. Their numbers stay theirs: they may still be
// applied, which sent is to say. An idle flight has nothing that could be.
func (o *origin) expire(mono int64, idle, sent Outcome) []failed {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.waiting == 0 {
		return nil
	}
	ended := o.expireLarge(mono, idle, sent)
	for _, f := range o.flights {
		if f.replies == nil || f.deadline > mono {
			continue
		}
		outcome := sent
		if f.idle {
			outcome = idle
		}
		ended = append(ended, failed{f.replies, outcome})
		o.endWait(f)
	}
	return ended
}

func (o *origin) endWait(f *flight) {
	f.replies = nil
	o.waiting--
}

// remove takes the oldest flight out and returns who waits for it.
func (o *origin) remove() Replies {
	f := o.flights[0]
	o.flights[0] = nil
	o.flights = o.flights[1:]
	o.removed++
	o.bytes -= len(f.section.commands)
	o.opened = o.opened || f.section.open
	if f.section.count > 0 {
		o.applied = f.section.last()
		o.endVoided(&f.section)
	}
	replies := f.replies
	if replies != nil {
		o.endWait(f)
	}
	return replies
}

// removeIdle takes the oldest flight out if it is an idle one whose turn it is: it always is when the flight behind it
// is about to be applied.
func (o *origin) removeIdle(applied paxos.Slot, always bool) (replies Replies, ok bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.flights) == 0 {
		return nil, false
	}
	f := o.flights[0]
	if !f.idle || !always && f.replies != nil && !(f.ready && f.slot <= applied) {
		return nil, false
	}
	return o.remove(), true
}

// removeApplied takes the flight of a section that is being applied out, and returns with who waits for it when it left; idle ones before it are gone already.
func (o *origin) removeApplied(s *section) (replies Replies, left departure, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.flights) > 0 {
		oldest := o.flights[0]
		f := &oldest.section
		if f.open == s.open && f.first == s.first && f.count == s.count {
			return o.remove(), oldest.left, nil
		}
	}
	return nil, departure{}, o.strange("commands", s.first, s.last())
}

// strange is the error of an own section that this node has not sent.
func (o *origin) strange(what string, first, last uint64) error {
	return fmt.Errorf("session %v: %s %d to %d were chosen, but are not what this node sent next", o.session, what, first, last)
}

// removeThrough takes the opening and the flights up to the command of that number out, without their replies: they were
// applied elsewhere. Reads among them have missed their turn.
func (o *origin) removeThrough(last uint64) []failed {
	o.mu.Lock()
	defer o.mu.Unlock()
	covered := 0
	for i, f := range o.flights {
		if !f.idle && (f.section.open || f.section.last() <= last) {
			covered = i + 1
		}
	}
	var ended []failed
	for range covered {
		outcome := Uncertain
		if o.flights[0].idle {
			outcome = NoLeader
		}
		if replies := o.remove(); replies != nil {
			ended = append(ended, failed{replies, outcome})
		}
	}
	return ended
}
