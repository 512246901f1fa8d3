package resp

import (
	"os"
	"time"
)

// lingerTime bounds how long a client that is to be closed may take to read the rest of its replies.
const lingerTime = 30 * time.Second

// adopt makes a connection a client of this loop.
func (l *eventLoop) adopt(c *Client, fd int, connection conn) {
	c.id = l.server.nextID.Add(1)
	c.loop, c.conn, c.fd = l, connection, fd
	c.created = time.Now()
	c.active = c.created
	c.scanner = NewScanner(l.server.limits)
	l.clients[c] = struct{}{}
	l.sockets[fd] = c
	if err := l.poller.add(fd); err != nil {
		l.drop(c, "its socket cannot be watched: "+err.Error())
		return
	}
	l.server.hub.join(c)
	if l.begin(c); c.closed {
		return
	}
	if l.draining {
		c.closing = true
		l.touch(c)
	}
	l.enqueueTurn(c)
}

// drain has every client closed as soon as what it has sent so far is answered.
func (l *eventLoop) drain() {
	l.draining = true
	for c := range l.clients {
		c.closing = true
		if c.paused != nil {
			c.paused.hurry()
		}
		l.touch(c)
	}
	l.followHalt() // nobody waits for the end of a pause
}

// unanswered counts the clients that are not done: one that lingers has all its replies, and does not take them.
func (l *eventLoop) unanswered() (n int) {
	for c := range l.clients {
		if c.lingers == nil {
			n++
		}
	}
	return n
}

// finish closes a client that has its replies, once its socket has taken them all.
func (l *eventLoop) finish(c *Client) {
	if c.conn.OutboundBuffered() == 0 {
		l.closeNow(c)
		return
	}
	l.linger(c)
}

// linger waits for a client that is to be closed to take its replies, but not for ever.
func (l *eventLoop) linger(c *Client) {
	if c.lingers == nil {
		c.lingers = time.AfterFunc(lingerTime, func() {
			l.do(func() { l.drop(c, "it does not take its last replies") })
		})
	}
}

// ended closes a client whose connection has failed.
func (l *eventLoop) ended(c *Client, err error) {
	l.server.logger.Debug("resp: connection ended", "client", c.id, "addr", c.remote, "error", err)
	l.closeNow(c)
}

// closeNow closes a client's socket, whatever it is owed.
func (l *eventLoop) closeNow(c *Client) {
	if c.closed {
		return
	}
	l.forget(c) // before its peer can know: who is gone is no subscriber any more
	if err := c.conn.Close(); err != nil {
		l.server.logger.Warn("resp: closing a client", "client", c.id, "addr", c.remote, "error", err)
	}
	l.server.left(l)
}

// forget lets go of what a client has. Replies that still come for it are thrown away.
func (l *eventLoop) forget(c *Client) {
	l.back(c)
	c.closed = true
	if c.paused != nil {
		c.paused.end()
	}
	if c.lingers != nil {
		c.lingers.Stop()
	}
	if c.softTimer != nil {
		c.softTimer.Stop()
	}
	l.server.hub.part(c)
	c.draft = nil
	l.forgetPostponed(c)
	l.stopMonitor(c)
	if c.holdsCheckpoint {
		if release := l.server.holds.forget(c); release != nil {
			l.server.errands.always(release)
		}
	}
	c.onIdle, c.heldBy = nil, nil
	c.waiting.clear()
	c.input = input{}
	c.out.Buf = nil
	c.tx = nil
	c.unwatch()
	l.account(c)
	delete(l.clients, c)
	delete(l.sockets, c.fd)
}

// closeAfter closes a file that is done with; the first error counts.
func closeAfter(file *os.File, err error) error {
	if closeErr := file.Close(); err == nil {
		err = closeErr
	}
	return err
}
