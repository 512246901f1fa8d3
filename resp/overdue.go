package resp

import "time"

// errNoRoom is the error of a write that was refused because the log has taken nothing for so long.
const errNoRoom = "CLUSTERDOWN the log has had no room for the command within the commit timeout: not applied"

// A client's write waits for room in the log (turns.go): what is on its way is bounded, and nothing is applied while there is no majority, or a slow one. It does not
// wait for longer than a command in the log does. Then it is refused, and so are those behind it, until there is room again.

// isOverdue reports whether a client's write has waited for too long for room, and notes since when it waits.
func (l *eventLoop) isOverdue(c *Client) bool {
	if c.awaitsSince.IsZero() {
		c.awaitsSince = l.now
		if l.overdueTimer == nil {
			l.lookForOverdue(l.server.limits.RoomTime)
		}
		return false
	}
	return l.now.Sub(c.awaitsSince) >= l.server.limits.RoomTime
}

// refuseOverdue answers a write that has waited for too long, or the EXEC of a transaction with one.
func (l *eventLoop) refuseOverdue(c *Client) {
	c.quiet = c.replyOff || c.skipNext
	c.skipNext = false
	if c.tx != nil {
		l.abort(c, errNoRoom)
		return
	}
	l.refuse(c, nil, errNoRoom)
}

// lookForOverdue has the loop look, after some time, who has waited for too long.
func (l *eventLoop) lookForOverdue(in time.Duration) {
	l.overdueTimer = time.AfterFunc(in, func() { l.do(l.serveOverdue) })
}

// serveOverdue gives clients that have waited for too long a turn without room, which refuses their writes.
func (l *eventLoop) serveOverdue() {
	l.overdueTimer = nil
	wait := func(c *Client) time.Duration { return l.server.limits.RoomTime - l.now.Sub(c.awaitsSince) }
	next := l.turns.awaiting.rotate(wait, l.turns.old.push)
	if large := l.turns.large.rotate(wait, l.turns.old.push); next == 0 || large > 0 && large < next {
		next = large
	}
	if next > 0 && !l.draining {
		l.lookForOverdue(next)
	}
}

// rotate removes the clients whose wait is over, has each given to over, and returns the shortest wait of the others; 0: there are none.
func (q *clientQueue) rotate(wait func(*Client) time.Duration, over func(*Client)) (next time.Duration) {
	for range len(q.clients) - q.head {
		c := q.pop()
		if c == nil {
			break
		}
		left := wait(c)
		if left <= 0 {
			over(c)
			continue
		}
		q.push(c)
		if next == 0 || left < next {
			next = left
		}
	}
	return next
}
