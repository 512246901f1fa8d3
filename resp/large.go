package resp

import (
	"time"

	"github.com/paxredis/paxredis/replication"
	"github.com/paxredis/paxredis/statemachine"
)

// A large command (replication.Lane.Large) goes through the log in pieces, beside all others. So it is alone on its connection: it begins once
// everything before it is answered, and nothing behind it is looked at before it is. A loop has one on its way at a time, since each has a copy of
// its bytes; further ones stay in the input of their clients, which take turns.

// isLarge reports whether a command of so many bytes of input, or the transaction that it is the end of, is a large one for the log.
func (l *eventLoop) isLarge(c *Client, args statemachine.Args, bytes int) bool {
	if bytes <= l.largeBytes && (c.tx == nil || c.tx.bytes <= l.largeBytes) {
		return false
	}
	return l.isForLog(c, args, statemachine.Write|statemachine.MayReplicate|statemachine.Recorded)
}

// takesLarge reports whether a large command may be handed over.
func (l *eventLoop) takesLarge() bool { return !l.hasLarge && l.lane.TakesLarge() }

// lacksRoom reports whether there is no room for a command, which is a large one or not.
func (l *eventLoop) lacksRoom(c *Client, args statemachine.Args, large bool) bool {
	if !large {
		return l.needsRoom(c, args)
	}
	if !l.takesLarge() {
		return true
	}
	c.awaitsSince = time.Time{}
	return false
}

// writeLarge hands a large command over.
func (l *eventLoop) writeLarge(c *Client, it item, encode func(dst []byte) []byte) {
	s := l.newSubmission()
	s.isLarge, l.hasLarge, c.alone = true, true, true
	it.stamp()
	s.add(it, nil)
	c.pending++
	l.lane.Large(&replication.Chunk{Commands: encode(nil), Count: 1, Replies: s})
}
