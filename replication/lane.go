package replication

import (
	"sync/atomic"
	"time"
)

// Chunk is an ordered run of one lane's commands on their way into the log. Whoever holds it between Lane.Begin and
// Lane.End may append to it.
type Chunk struct {
	// Commands are encoded commands, back to back.
	Commands []byte
	// Count is how many commands Commands holds. A chunk may have none and yet have Replies: what waits behind them
	// takes its turn once everything the lane handed over before is applied.
	Count int
	// Replies is the owner's; nil in a fresh chunk.
	Replies Replies

	born     int64  // Instant.Mono of the fresh chunk
	position uint64 // in the lane, from 1
}

func (c *Chunk) isEmpty() bool { return c.Count == 0 && c.Replies == nil }

func (c *Chunk) fail(o Outcome) {
	if c.Replies != nil {
		c.Replies.Fail(o)
	}
}

// LaneListener is told about a lane's reads. Its methods run on goroutines of the group, or within AskRead or End of any lane, and must
// not block.
type LaneListener interface {
	// ReadsReady says that the reads that asked with a ticket up to through may run now, against the local state.
	ReadsReady(through uint64)
	// ReadsFailed says that the reads that asked with a ticket up to through got no read slot in time.
	ReadsFailed(through uint64, outcome Outcome)
}

// Lane is where one event loop hands over its commands and asks for read slots. There is no lock, channel operation
// or allocation per command: the loop takes the open chunk with one atomic swap, appends whatever it has parsed, and
// puts it back with another; the group takes the chunk the same way when it has room for a batch.
// All methods but the group's own belong to the loop's goroutine.
type Lane struct {
	group    *Group
	listener LaneListener
	open     atomic.Pointer[Chunk]
	full     chan *Chunk
	large    atomic.Pointer[Chunk] // that waits to be begun
	asked    atomic.Uint64
	// openBorn is the birth of the chunk last put into open, so that the group can tell without taking it.
	openBorn atomic.Int64
	// waiting is how many bytes have been handed over and not been collected, about; answering is how many chunks' replies are being written.
	waiting, answering atomic.Int64

	// The event loop's own.
	spare     *Chunk // empty, given back unused
	positions uint64
	lastSize  int // of chunks lately: a fresh one has that much room

	// The group's loop's own: chunks taken and not yet numbered, oldest first, and what it knows of the reads.
	held  []*Chunk
	reads laneReads
}

// NewLane returns a lane for one event loop. Lanes live as long as the group. Safe for use by several goroutines.
func (g *Group) NewLane(listener LaneListener) *Lane {
	l := &Lane{group: g, listener: listener, full: make(chan *Chunk, g.cfg.Bounds.LaneChunks)}
	g.lanesMu.Lock()
	defer g.lanesMu.Unlock()
	lanes := append([]*Lane(nil), *g.lanes.Load()...)
	lanes = append(lanes, l)
	g.lanes.Store(&lanes)
	return l
}

// Begin takes the open chunk, or a fresh one. Each Begin is followed by one End.
func (l *Lane) Begin() *Chunk {
	if c := l.open.Swap(nil); c != nil {
		return c
	}
	c := l.spare
	l.spare = nil
	if c == nil {
		c = &Chunk{Commands: make([]byte, 0, l.lastSize)}
	}
	l.positions++
	c.position = l.positions
	c.born = l.group.clock.Now().Mono
	return c
}

// End puts the chunk back and wakes the group. While the lane is full it waits for room; it fails the chunk when the
// group stops or the chunk's deadline passes.
func (l *Lane) End(c *Chunk) {
	switch {
	case c.isEmpty():
		l.spare = c
		return
	case l.group.refusing.Load():
		c.fail(Stopping)
		return
	case len(c.Commands) < l.group.cfg.Bounds.ChunkBytes:
		l.lastSize = max(len(c.Commands), l.lastSize-l.lastSize/8)
		l.openBorn.Store(c.born)
		l.waiting.Store(int64(len(c.Commands) + 1))
		l.open.Store(c)
	default:
		l.lastSize = min(cap(c.Commands), l.group.cfg.Bounds.ChunkBytes)
		l.close(c)
	}
	if l.group.swept.Load() {
		l.failAll(Stopping) // the group took its last look at the lanes before the chunk was there
		return
	}
	if l.group.wantsChunks.Load() || l.waiting.Load() >= grownBytes && l.group.wantsGrown.Load() {
		l.group.inbox.poke()
	}
}

// close queues a chunk that is big enough behind the others.
func (l *Lane) close(c *Chunk) {
	l.waiting.Store(grownBytes)
	select {
	case l.full <- c:
		return
	default:
	}
	l.group.inbox.poke()
	left := l.group.cfg.CommitTimeout - time.Duration(l.group.clock.Now().Mono-c.born)
	deadline := time.NewTimer(left)
	defer deadline.Stop()
	select {
	case l.full <- c:
	case <-l.group.refused:
		c.fail(Stopping)
	case <-deadline.C:
		c.fail(NoLeader)
	}
}

// LargeBytes is the size of one command beyond which it is to be handed over by Large.
func (l *Lane) LargeBytes() int { return l.group.cfg.Bounds.LargeBytes }

// TakesLarge reports whether Large may be called: there is room for one command.
func (l *Lane) TakesLarge() bool { return l.large.Load() == nil }

// Large hands a chunk over that holds one large command and is not of Begin. It goes through the log in pieces, beside everything else, so it has no
// order with other chunks: nothing whose order with it matters may be on its way, or handed over before it has its outcome. It does not wait.
func (l *Lane) Large(c *Chunk) {
	c.born = l.group.clock.Now().Mono
	if l.group.refusing.Load() {
		c.fail(Stopping)
		return
	}
	l.large.Store(c)
	if l.group.swept.Load() {
		l.failAll(Stopping) // as in End
		return
	}
	l.group.inbox.poke()
}

// AskRead asks for a read slot for all reads with tickets up to this one. Tickets increase.
func (l *Lane) AskRead(ticket uint64) {
	l.asked.Store(ticket)
	if l.group.swept.Load() {
		l.group.readers.failLane(l, ticket, Stopping)
		return
	}
	if l.group.wantsReads.Load() {
		l.group.inbox.poke()
	}
}

// collect moves what waits in the lane to held, oldest first. It runs on the group's loop, only while held is empty,
// so that held is bounded by the lane itself.
func (l *Lane) collect() {
	l.waiting.Store(0)
	open := l.open.Swap(nil)
	// Chunks closed before the open one are in the channel by now, and there are no more of them than it has room for.
	for range cap(l.full) {
		select {
		case c := <-l.full:
			if open != nil && c.position > open.position {
				l.held = append(l.held, open)
				open = nil
			}
			l.held = append(l.held, c)
			continue
		default:
		}
		break
	}
	if open != nil {
		l.held = append(l.held, open)
	}
}

// collectOverdue does the same if a chunk may have waited for longer than it may.
func (l *Lane) collectOverdue(bornBefore int64) {
	born := l.openBorn.Load()
	if len(l.held) == 0 && (len(l.full) > 0 || born != 0 && born <= bornBefore) {
		l.openBorn.CompareAndSwap(born, 0)
		l.collect()
	}
}

// dropHeld removes the oldest held chunk.
func (l *Lane) dropHeld() {
	l.held[0] = nil
	if l.held = l.held[1:]; len(l.held) == 0 {
		l.held = nil
	}
}

// failHeld fails the held chunks, and the large one, born at or before a moment: nobody was sent any of them.
func (l *Lane) failHeld(bornBefore int64, o Outcome) {
	for len(l.held) > 0 && l.held[0].born <= bornBefore {
		l.held[0].fail(o)
		l.dropHeld()
	}
	if c := l.large.Load(); c != nil && c.born <= bornBefore && l.large.CompareAndSwap(c, nil) {
		c.fail(o)
	}
}

// failAll fails whatever is in the lane. Each chunk is seen by one caller only, whoever calls.
func (l *Lane) failAll(o Outcome) {
	if c := l.open.Swap(nil); c != nil {
		c.fail(o)
	}
	if c := l.large.Swap(nil); c != nil {
		c.fail(o)
	}
	for {
		select {
		case c := <-l.full:
			c.fail(o)
		default:
			return
		}
	}
}

// IsFull reports whether End would wait with a chunk that is big enough to be closed. It is for who must not wait.
func (l *Lane) IsFull() bool { return len(l.full) == cap(l.full) }

// isIdle reports whether nothing waits in the lane.
func (l *Lane) isIdle() bool {
	return l.open.Load() == nil && len(l.full) == 0 && len(l.held) == 0 && l.large.Load() == nil
}
