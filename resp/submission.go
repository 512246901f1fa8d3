package resp

import (
	"time"

	"github.com/paxredis/paxredis/replication"
	"github.com/paxredis/paxredis/statemachine"
)

// submission is what a loop keeps of a chunk: who waits for which of its commands, and what is to be answered between
// them. While the chunk is on its way the submission belongs to the group and the applier; afterwards it is the loop's
// again. It implements replication.Replies and statemachine.Replies.
type submission struct {
	loop *eventLoop
	itemQueue
	// tallies are how many bytes of replies each client has got here, so that the output limit holds here, too.
	tallies    []int
	generation uint64

	bytes     int // of its commands, unless it is a large one
	isLarge   bool
	out       Writer
	at        int // the item whose turn it is
	running   bool
	began     int64
	slow      []slowCall // in order
	times     execTimes
	revisions []uint64 // of the WATCHes, in order
	slot      uint64   // where it was applied; 0 if it failed
	stages    chunkStages
	sent      int64 // when it was handed over, by the server's nanos; only where a loop traces
}

// slowCall is a command of an item that is one for the slow log: a write, whose arguments only the log has, or one of a transaction.
type slowCall struct {
	item  int
	args  []string
	nanos int64
}

// chunkStages are how long a chunk was on its way, for how much of replicate the journal was at work, and when its replies were there by the server's nanos; 0: it failed.
type chunkStages struct {
	queue, replicate, sync, apply time.Duration
	began, finished               int64
}

// Waited implements replication.StageReplies.
func (s *submission) Waited(queue, replicate, sync time.Duration) {
	s.stages = chunkStages{queue: queue, replicate: replicate, sync: sync, began: s.loop.server.nanos()}
}

// add appends an item for a client; args are copied.
func (s *submission) add(it item, args [][]byte) {
	c := it.client
	if c.tallyOf != s.generation {
		c.tallyOf, c.tally = s.generation, len(s.tallies)
		s.tallies = append(s.tallies, 0)
	}
	it.tally = c.tally
	s.push(it, args)
}

// Next implements statemachine.Replies.
func (s *submission) Next(_ int, view *statemachine.View) statemachine.Reply {
	s.endWrite(view)
	s.runDeferred(view)
	hub := s.loop.server.hub
	hub.writer, hub.caches = nil, false
	if s.at == len(s.items) {
		// More commands than were submitted: nobody waits for this one.
		return statemachine.Discard
	}
	s.running = true
	s.began = s.loop.server.nanos()
	it := &s.items[s.at]
	hub.writer, hub.caches = it.tracker, it.caches
	if s.tallies[it.tally] > s.loop.server.settings.outputLimit() {
		it.tooMuch = true
		return statemachine.Discard
	}
	s.out.Proto = int(it.proto)
	s.out.expect(it.call, view)
	if it.tx != nil {
		s.times.begin(s.loop.server, &s.out, it.tx, s.began)
	}
	s.limit()
	return &s.out
}

// limit keeps the next reply from growing far beyond the output limit, where its client is dropped.
func (s *submission) limit() {
	s.out.Most, s.out.overrun = len(s.out.Buf)+s.loop.server.settings.outputLimit(), false
}

// Finish implements statemachine.Replies.
func (s *submission) Finish(slot uint64, view *statemachine.View) {
	s.endWrite(view)
	s.runDeferred(view)
	s.slot = slot
	if s.stages.began > 0 {
		s.stages.finished = s.loop.server.nanos()
		s.stages.apply = time.Duration(s.stages.finished - s.stages.began)
	}
	s.loop.finished(s)
}

// Fail implements replication.Replies.
func (s *submission) Fail(outcome replication.Outcome) {
	s.out.Most, s.out.overrun = 0, false // all of these are short
	for ; s.at < len(s.items); s.at++ {
		it := &s.items[s.at]
		if it.failed == 0 {
			it.failed = outcome
		}
		s.fail(it, &s.out, it.failed)
		it.end = len(s.out.Buf)
	}
	s.loop.finished(s)
}

// endWrite notes where the reply of the write that has just run ends.
func (s *submission) endWrite(view *statemachine.View) {
	if !s.running {
		return
	}
	s.running = false
	it := &s.items[s.at]
	it.nanos = s.loop.server.nanos() - s.began
	if it.user != nil {
		it.client.noteScript(view.Denials())
	}
	switch {
	case it.tx != nil:
		s.keepSlowQueued()
	case s.loop.server.slow.wants(it.row, it.nanos):
		args := view.LastArgs()
		if it.argc > 0 { // the log has something else in place of what was asked for
			args = s.argsOf(it)
		}
		s.slow = append(s.slow, slowCall{s.at, slowArguments(it.row, args), it.nanos})
	}
	s.end()
}

// keepSlowQueued keeps what was slow of the transaction that has just run.
func (s *submission) keepSlowQueued() {
	s.times.end(func(args []string, nanos int64) { s.slow = append(s.slow, slowCall{s.at, args, nanos}) })
}

// runDeferred answers the items up to the next write.
func (s *submission) runDeferred(view *statemachine.View) {
	for s.at < len(s.items) && s.items[s.at].kind > kindTick {
		it := &s.items[s.at]
		s.limit()
		switch {
		case it.failed != 0:
			s.fail(it, &s.out, it.failed)
		case s.tallies[it.tally] > s.loop.server.settings.outputLimit():
			it.tooMuch = true
		default:
			began := s.loop.server.nanos()
			if it.tx != nil {
				s.times.begin(s.loop.server, &s.out, it.tx, began)
			}
			s.revisions, _ = s.run(it, view, &s.out, s.revisions)
			it.nanos = s.loop.server.nanos() - began
			s.keepSlowQueued()
		}
		s.end()
	}
}

// end closes the reply of the item at hand and goes on to the next.
func (s *submission) end() {
	it := &s.items[s.at]
	start := 0
	if s.at > 0 {
		start = s.items[s.at-1].end
	}
	if it.quiet && !it.guard {
		s.out.truncate(start)
	}
	it.end = len(s.out.Buf)
	s.tallies[it.tally] += it.end - start
	s.at++
}

// reset makes the submission ready for another chunk.
func (s *submission) reset(generation uint64) {
	s.itemQueue.reset()
	s.tallies, s.revisions, s.generation = s.tallies[:0], s.revisions[:0], generation
	s.at, s.running, s.slot, s.slow, s.bytes, s.sent, s.isLarge = 0, false, 0, nil, 0, 0, false
	s.stages = chunkStages{}
	s.out.Reset()
	if cap(s.out.Buf) > maxKeptBytes {
		s.out.Buf = nil
	}
}
