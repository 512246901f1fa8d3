package resp

import (
	"bytes"
	"time"

	"github.com/paxredis/paxredis/statemachine"
)

// flushBytes is when replies go to the socket in the middle of a turn.
const flushBytes = 256 << 10

// maxSpareBuffers is how many output buffers a loop keeps for clients that have something to say.
const maxSpareBuffers = 64

// outBuffer sees to it that the client has memory for replies: as much as it may be owed besides what it has not read yet.
func (l *eventLoop) outBuffer(c *Client) *Writer {
	if c.out.Buf == nil {
		c.out.Most, c.out.overrun = max(1, l.server.settings.outputLimit()-c.conn.OutboundBuffered()), false
		if n := len(l.spareOut); n > 0 {
			c.out.Buf = l.spareOut[n-1]
			l.spareOut = l.spareOut[:n-1]
		} else {
			c.out.Buf = make([]byte, 0, 512)
		}
	}
	c.out.Proto = c.proto
	return &c.out
}

// flush writes the client's replies to its socket; what the peer does not take is kept, up to the output limit.
func (l *eventLoop) flush(c *Client) {
	if len(c.out.Buf) == 0 {
		return
	}
	if !c.closed {
		unread := c.conn.OutboundBuffered()
		switch {
		case c.out.overrun:
			l.dropFor(overOutput, c, "its replies are beyond the output buffer limit")
		case unread > 0 && unread+len(c.out.Buf) > l.server.settings.outputLimit():
			l.dropFor(overOutput, c, "its unread replies are beyond the output buffer limit")
		}
	}
	if len(c.out.Buf) == 0 {
		return // dropped just now
	}
	buf := c.out.Buf
	c.out.Buf = nil
	if !c.closed {
		l.stats.outputBytes.Add(uint64(len(buf)))
		l.stats.writes.Add(1)
		raise(&l.stats.maxOutput, c.conn.OutboundBuffered()+len(buf))
		kept, err := c.conn.Write(buf)
		switch {
		case err != nil:
			l.ended(c, err)
		case c.conn.OutboundBuffered() > l.server.settings.outputLimit():
			l.dropFor(overOutput, c, "its unread replies are beyond the output buffer limit")
		default:
			l.judgeUnread(c)
		}
		if kept {
			return
		}
	}
	if cap(buf) <= maxKeptBytes && len(l.spareOut) < maxSpareBuffers {
		l.spareOut = append(l.spareOut, buf[:0])
	}
}

// deliver hands the replies of an applied or failed chunk to their clients.
func (l *eventLoop) deliver(s *submission) {
	l.underWay -= s.bytes
	l.hasLarge = l.hasLarge && !s.isLarge
	start, revision, slow := 0, 0, s.slow
	for i := range s.items {
		it := &s.items[i]
		reply := s.out.Buf[start:it.end]
		start = it.end
		var revisions []uint64
		if it.kind == kindWatch && it.failed == 0 && !it.tooMuch {
			revisions = s.revisions[revision : revision+it.argc-1]
			revision += it.argc - 1
		}
		it.client.pending--
		if it.kind == kindWrite && s.slot > 0 {
			it.client.lastSlot = s.slot
		}
		for ; len(slow) > 0 && slow[0].item == i; slow = slow[1:] {
			stages := slowStages{}
			if it.kind == kindWrite {
				stages = s.slowStages()
			}
			l.server.slow.keep(it.client, slow[0].args, slow[0].nanos, l.now, stages)
		}
		l.answered(it, s.argsOf(it), reply, revisions)
	}
	if s.stages.finished > 0 {
		l.finishedAt = append(l.finishedAt, s.stages.finished)
	}
	if l.tracer != nil {
		l.tracer.take(s)
	}
	l.recycle(s)
}

// countReplies counts how long the replies of the wake-up's chunks took to come to their sockets, and how long clients have waited for them.
func (l *eventLoop) countReplies() {
	if len(l.finishedAt) == 0 && len(l.waits) == 0 {
		return
	}
	now := l.server.nanos()
	for _, at := range l.finishedAt {
		l.server.replying.Add(uint64(max(0, now-at)))
	}
	l.finishedAt = l.finishedAt[:0]
	l.endWaits(now)
}

// slowStages is what the slow log keeps of the way of a write, whose replies are about to be written.
func (s *submission) slowStages() slowStages {
	st := &s.stages
	return slowStages{queue: st.queue, replicate: st.replicate, sync: st.sync, apply: st.apply, reply: time.Duration(s.loop.server.nanos() - st.finished)}
}

// answered takes in the reply of an item that was in a chunk. args are those of one that is no write.
func (l *eventLoop) answered(it *item, args statemachine.Args, reply []byte, revisions []uint64) {
	c := it.client
	if c.closed {
		if it.call != nil {
			it.call.answered(nil)
		}
		return
	}
	l.touch(c)
	switch {
	case it.call != nil && !it.tooMuch:
		it.call.answered(reply)
		return
	case it.kind == kindTick:
		return
	case it.tooMuch:
		l.dropFor(overOutput, c, "its replies are beyond the output buffer limit")
		return
	case it.kind != kindWrite:
		c.owed -= it.cost
	default:
		l.returns.expect(&c.returnsIn)
	}
	l.complete(it, args, reply, revisions)
	if it.quiet {
		return
	}
	w := l.outBuffer(c)
	if len(w.Buf)+len(reply) > w.Most {
		l.dropFor(overOutput, c, "its replies are beyond the output buffer limit")
		return
	}
	w.Buf = append(w.Buf, reply...)
}

// complete notes that an item is answered: the figures, and what the client waited for. args are those of one that is no write.
func (l *eventLoop) complete(it *item, args statemachine.Args, reply []byte, revisions []uint64) {
	l.replied(it.row, it.since)
	if it.kind == kindLiteral {
		return // all else was done when the reply was made
	}
	c := it.client
	l.stats.count(it.row, reply, it.nanos)
	if it.kind == kindWrite {
		l.server.spike(it.row, it.nanos, l.now) // the applier has looked whether it is one for the slow log
	} else {
		l.server.timed(c, it.row, args, it.nanos, l.now)
	}
	if it.kind == kindWatch {
		c.release()
		if it.failed == 0 {
			c.watched(revisions)
		}
	}
	if it.holds {
		c.release()
	}
	if it.guard {
		c.release()
		happened := it.failed == 0 && !isNullArray(reply)
		if !happened {
			c.db = c.execDB
		}
		c.settleDraft(happened)
	}
}

func isNullArray(reply []byte) bool {
	return bytes.Equal(reply, []byte("*-1\r\n")) || bytes.Equal(reply, []byte("_\r\n"))
}

// reply answers a command that needs neither the log nor the state, behind whatever is outstanding. r may be nil: the
// command is not in the table.
func (l *eventLoop) reply(c *Client, r *row, write func(w *Writer)) {
	if c.idle() {
		w := l.outBuffer(c)
		start := len(w.Buf)
		write(w)
		l.stats.count(r, w.Buf[start:], 0)
		l.replied(r, l.since)
		if c.quiet {
			w.truncate(start)
		}
		return
	}
	l.scratch.Buf, l.scratch.Proto = l.scratch.Buf[:0], c.proto
	write(&l.scratch)
	l.stats.count(r, l.scratch.Buf, 0)
	l.queueLiteral(c, r, l.scratch.Buf)
	if cap(l.scratch.Buf) > maxKeptBytes {
		l.scratch.Buf = nil
	}
}

// queueLiteral puts a ready reply behind what is outstanding.
func (l *eventLoop) queueLiteral(c *Client, r *row, reply []byte) {
	if len(reply) > 0 && !c.quiet {
		l.enqueue(item{client: c, row: r, kind: kindLiteral}, [][]byte{reply})
	}
}

// overLimit is a limit that clients are closed for, as INFO counts them.
type overLimit uint8

const (
	overOutput overLimit = iota // of replies or messages
	overQuery                   // of input that is not complete
	overMemory                  // of what all clients take
	overLimits                  // how many there are
)

// dropFor closes a client that is beyond a limit, and counts it.
func (l *eventLoop) dropFor(limit overLimit, c *Client, why string) {
	if !c.closed {
		l.stats.dropped[limit].Add(1)
	}
	l.drop(c, why)
}

// drop closes a client at once, and says why in the log.
func (l *eventLoop) drop(c *Client, why string) {
	if c.closed {
		return
	}
	raise(&l.stats.maxOutput, c.conn.OutboundBuffered()+len(c.out.Buf))
	l.server.logger.Warn("resp: client closed: "+why, "client", c.id, "addr", c.remote, "name", c.name)
	l.closeNow(c)
}
