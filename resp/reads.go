package resp

import (
	"slices"

	"github.com/paxredis/paxredis/replication"
	"github.com/paxredis/paxredis/statemachine"
)

// maxViewReads is how many reads share a view. It keeps the state locked, so a long pipeline must let the applier in.
const maxViewReads = 256

// openView returns a view of the state as it is now, or the one that is open. stale readers are content with the log's
// time, and so never need a tick.
func (l *eventLoop) openView(stale bool) *statemachine.View {
	if l.view != nil && (l.viewIsStale != stale || l.viewReads >= maxViewReads) {
		l.closeView()
	}
	if l.view == nil {
		var nowMS int64
		if !stale {
			nowMS = l.server.now().UnixMilli()
		}
		l.view, l.viewIsStale, l.viewReads = l.server.machine.Read(nowMS), stale, 0
	}
	l.viewReads++
	return l.view
}

// closeView lets the applier go on.
func (l *eventLoop) closeView() {
	if l.view != nil {
		l.view.Close()
		l.view = nil
	}
	l.granted, l.confirmed = false, false
}

// allowed reports whether a read of the client may run at once: it asked for stale reads, or the group says so. One
// question serves all reads of a view: all of them had arrived before it.
func (l *eventLoop) allowed(c *Client) bool {
	if c.stale {
		return true
	}
	if l.granted && l.view != nil && l.viewReads < maxViewReads {
		return true
	}
	l.closeView() // the state must be at least as new as the answer
	l.grant, l.granted = l.server.node.ReadNow()
	return l.granted
}

// stillAllowed reports whether what the open view shows may be sent. What is read of a view was so when the view was opened, since
// nothing changes the state meanwhile: to ask once after that, as rule L4 wants it after a value is read, serves all reads of a view.
func (l *eventLoop) stillAllowed(c *Client) bool {
	if c.stale || l.confirmed {
		return true
	}
	l.confirmed = l.server.node.StillValid(l.grant)
	return l.confirmed
}

// read answers a command that reads, or a WATCH or transaction of reads, at once or later.
func (l *eventLoop) read(c *Client, it item, args [][]byte) {
	if !c.idle() || !l.allowed(c) {
		l.enqueue(it, args)
		return
	}
	it.stamp()
	it.argc = len(args)
	q := itemQueue{args: args}
	if done, _ := l.answer(c, &q, &it, true); !done {
		l.enqueue(it, args) // where a due key is seen to
	}
}

// answer runs an item that is not a write against the state and queues its reply for the socket. It does nothing if the
// permission, where it is needed, is over, or if a key is due.
func (l *eventLoop) answer(c *Client, q *itemQueue, it *item, byGrant bool) (done, due bool) {
	w := l.outBuffer(c)
	start := len(w.Buf)
	began := l.server.nanos()
	var view *statemachine.View
	if it.failed == 0 {
		// Under the view nothing is replaced. A state that is about to be, or has been emptied for the new one already, is told from the
		// outside only: dispatch has looked, but that may be long ago.
		if view = l.openView(c.stale); l.server.isLoading() {
			it.failed = replication.Loading
		}
	}
	switch {
	case it.failed != 0:
		q.fail(it, w, it.failed)
	case byGrant && !l.stillAllowed(c):
		l.closeView()
		return false, false
	default:
		if l.viewReads%statemachine.MostWarm == 1 {
			l.lookAhead(c, view, q.argsOf(it), byGrant)
		}
		if it.tx != nil {
			l.times.begin(l.server, w, it.tx, began)
		}
		if l.revisions, due = q.run(it, view, w, l.revisions[:0]); due {
			l.times.slow = l.times.slow[:0] // all of it runs again
			w.truncate(start)
			l.closeView()
			return false, true
		}
	}
	l.clock = l.server.nanos()
	it.nanos = l.clock - began
	if it.call != nil {
		reply := slices.Clone(w.Buf[start:])
		w.truncate(start)
		it.call.answered(reply)
		return true, false
	}
	l.complete(it, q.argsOf(it), w.Buf[start:], l.revisions)
	if it.tx != nil {
		l.times.end(func(args []string, nanos int64) { l.server.slow.keep(c, args, nanos, l.now, slowStages{}) })
	}
	if it.quiet {
		w.truncate(start)
	}
	if len(w.Buf) > l.server.settings.outputLimit() {
		l.dropFor(overOutput, c, "its replies are beyond the output buffer limit")
	}
	return true, false
}

// enqueue puts a deferred item behind what is outstanding of its client: into the open chunk if that is bound for the
// log anyway, else onto the client's own list. There a read needs a slot that was asked for after it came, even if
// earlier writes of the client are still on their way: those may be older than what others were told meanwhile.
func (l *eventLoop) enqueue(it item, args [][]byte) {
	c := it.client
	it.stamp()
	if c.pending > 0 && c.waiting.empty() {
		if chunk, s := l.openChunk(); chunk.Count > 0 {
			s.add(it, args)
			c.pending++
			c.owed += s.items[len(s.items)-1].cost
			return
		}
	}
	if it.kind != kindLiteral {
		it.ticket = l.ticket + 1
		l.wantsReads = true
	}
	c.waiting.push(it, args)
	c.owed += c.waiting.items[len(c.waiting.items)-1].cost
	if !c.isReader {
		c.isReader = true
		l.readers = append(l.readers, c)
	}
}

// runWaiting answers the items of a client whose turn it is, as long as a bite may take.
func (l *eventLoop) runWaiting(c *Client) (progress bool) {
	c.hasReady = false
	if c.waiting.empty() {
		return false
	}
	l.clock = l.server.nanos()
	ends := l.clock + biteNanos
	for c.pending == 0 && !c.waiting.empty() && !c.closed && !c.stuck {
		it := c.waiting.front()
		if it.ticket > l.readyThrough {
			break
		}
		if l.clock >= ends {
			c.hasReady = true
			break
		}
		if it.kind == kindList {
			begins, args := *it, copyArgs(c.waiting.argsOf(it))
			c.owed -= it.cost
			c.waiting.pop()
			l.closeView()
			l.startList(c.paused, begins, args)
			progress = true
			continue
		}
		if it.kind == kindLiteral {
			w := l.outBuffer(c)
			w.Raw(c.waiting.argsOf(it)[0])
			l.replied(it.row, it.since)
		} else if _, due := l.answer(c, &c.waiting.itemQueue, it, false); due {
			l.tick(c)
			l.moveWaiting(c)
			return true
		}
		if c.closed {
			return true
		}
		if it.kind != kindLiteral {
			l.reading.returns.expect(&c.readReturnsIn)
		}
		c.owed -= it.cost
		c.waiting.pop()
		progress = true
		if len(c.out.Buf) > flushBytes {
			l.flush(c)
		}
	}
	return progress
}

// tick has the log's time catch up with the clock, so that what is read behind it sees that a key has expired.
func (l *eventLoop) tick(c *Client) {
	l.closeView()
	chunk, s := l.openChunk()
	chunk.Commands = statemachine.AppendTick(chunk.Commands)
	chunk.Count++
	s.add(item{client: c, kind: kindTick}, nil)
	c.pending++
}

// moveWaiting takes what waits on the loop into the open chunk, where it runs at that point of the log.
func (l *eventLoop) moveWaiting(c *Client) {
	_, s := l.openChunk()
	for !c.waiting.empty() {
		it := *c.waiting.front()
		s.add(it, c.waiting.argsOf(&it))
		c.pending++
		c.waiting.pop()
	}
}

// readsAnswered takes in which read slots have come, and which never will.
func (l *eventLoop) readsAnswered(m mail) {
	before := l.readyThrough
	l.readyThrough = max(l.readyThrough, m.ready)
	if m.failed > l.readyThrough {
		for _, c := range l.readers {
			for i := c.waiting.head; i < len(c.waiting.items); i++ {
				if it := &c.waiting.items[i]; it.ticket > l.readyThrough && it.ticket <= m.failed {
					it.failed = m.outcome
				}
			}
		}
		l.readyThrough = m.failed
	}
	if l.readyThrough == before {
		return
	}
	readers := l.readers
	l.readers = l.readers[:0]
	for _, c := range readers {
		c.isReader = false
		if !c.waiting.empty() {
			c.isReader = true
			l.readers = append(l.readers, c)
			l.touch(c)
		}
	}
	clear(readers[len(l.readers):])
}

// write appends a command to the chunk, behind everything that is outstanding of its client. encode appends its log
// encoding.
func (l *eventLoop) write(c *Client, it item, encode func(dst []byte) []byte) {
	l.writeFor(c, it, nil, encode)
}

// writeFor is write for a command that the log does not have as it was asked for. asked is how that was, for the slow log.
func (l *eventLoop) writeFor(c *Client, it item, asked statemachine.Args, encode func(dst []byte) []byte) {
	l.closeView()
	if l.writesLarge {
		l.writeLarge(c, it, encode)
		return
	}
	chunk, s := l.openChunk()
	l.moveWaiting(c)
	before := len(chunk.Commands)
	chunk.Commands = encode(chunk.Commands)
	chunk.Count++
	added := len(chunk.Commands) - before
	s.bytes += added
	l.underWay += added
	it.stamp()
	s.add(it, asked)
	c.pending++
	if len(chunk.Commands) >= chunkBytes {
		l.handOver()
	}
}
