package resp

import (
	"context"
	"errors"
	"io"
	"os"
	"syscall"
	"time"

	"github.com/panjf2000/gnet/v2"
	"golang.org/x/sys/unix"
)

// lingerTime bounds how long a client that is to be closed may take to read the rest of its replies.
const lingerTime = 30 * time.Second

// adopt makes a connection a client of this loop.
func (l *eventLoop) adopt(c *Client, conn gnet.Conn) {
	c.id = l.server.nextID.Add(1)
	c.conn, c.fd = conn, conn.Fd()
	c.created = time.Now()
	c.active = c.created
	c.scanner = NewScanner(l.server.limits)
	l.clients[c] = struct{}{}
	l.server.hub.join(c)
	if l.draining {
		c.closing = true
		l.touch(c)
		l.mailbox.post(func(*mail) {}) // the end of a turn closes it
	}
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
		if !c.lingers {
			n++
		}
	}
	return n
}

// finish closes a client that has its replies, once its socket has taken them all.
func (l *eventLoop) finish(c *Client) {
	if c.half != nil {
		l.sendLast(c)
		return
	}
	if c.conn.OutboundBuffered() == 0 {
		l.closeNow(c)
		return
	}
	if c.lingers {
		return
	}
	c.lingers = true
	if err := l.linger(c); err != nil {
		l.drop(c, "its replies cannot be written: "+err.Error())
	}
}

// closeNow closes a client's socket. What gnet has not sent yet is tried once more.
func (l *eventLoop) closeNow(c *Client) {
	switch {
	case c.closed:
	case c.half != nil:
		l.logClosing(c, c.half.Close())
		l.forget(c)
		l.server.left()
	default:
		l.logClosing(c, l.events.Close(c.conn))
	}
}

func (l *eventLoop) logClosing(c *Client, err error) {
	if err != nil {
		l.server.logger.Warn("resp: closing a client", "client", c.id, "addr", c.remote, "error", err)
	}
}

// onClose lets go of a client whose socket gnet closes.
func (l *eventLoop) onClose(c *Client, err error) {
	if errors.Is(err, io.EOF) {
		if l.keepHalf(c) {
			return
		}
	} else if err != nil {
		l.server.logger.Debug("resp: connection ended", "client", c.id, "addr", c.remote, "error", err)
	}
	l.forget(c)
	l.server.left()
}

// keepHalf keeps the socket of a client that has said all it has to say, and may still listen: gnet closes a connection
// at the end of its input, but what was accepted is answered. It reports false if nothing is outstanding.
func (l *eventLoop) keepHalf(c *Client) bool {
	if c.idle() || c.heldBy != nil || c.conn.OutboundBuffered() > 0 {
		return false
	}
	fd, err := c.conn.Dup()
	if err != nil {
		l.logClosing(c, err)
		return false
	}
	c.half = os.NewFile(uintptr(fd), "client")
	c.closing = true
	c.input = input{}
	return true
}

// sendLast writes the replies of a client that has closed its half of the connection, and closes the other.
func (l *eventLoop) sendLast(c *Client) {
	file, replies := c.half, c.out.Buf
	c.out.Buf = nil
	l.stats.outputBytes.Add(uint64(len(replies)))
	l.forget(c)
	go func() {
		defer l.server.left()
		err := file.SetWriteDeadline(time.Now().Add(lingerTime))
		if err == nil {
			_, err = file.Write(replies)
		}
		if err = closeAfter(file, err); err != nil {
			l.server.logger.Debug("resp: last replies", "client", c.id, "addr", c.remote, "error", err)
		}
	}()
}

// forget lets go of what a client has. Replies that still come for it are thrown away.
func (l *eventLoop) forget(c *Client) {
	l.returns.back(c)
	c.closed = true
	if c.paused != nil {
		c.paused.end()
	}
	if c.unlinger != nil {
		c.unlinger()
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
	c.onIdle, c.unlinger, c.heldBy = nil, nil, nil
	c.waiting.clear()
	c.input = input{}
	c.out.Buf = nil
	c.tx = nil
	c.unwatch()
	delete(l.clients, c)
}

// linger waits on a goroutine until the client's socket can be written to, again and again until gnet, which writes, has
// nothing left. gnet itself does not say when that is.
func (l *eventLoop) linger(c *Client) error {
	fd, err := c.conn.Dup()
	if err != nil {
		return err
	}
	file := os.NewFile(uintptr(fd), "client")
	raw, err := file.SyscallConn()
	if err == nil {
		err = file.SetWriteDeadline(time.Now().Add(lingerTime))
	}
	if err != nil {
		return closeAfter(file, err)
	}
	ctx, stop := context.WithCancel(context.Background())
	c.unlinger = stop
	go func() {
		err := l.awaitWritten(ctx, c, raw)
		err = closeAfter(file, err)
		stop()
		l.do(func() {
			if err != nil {
				l.drop(c, "its replies cannot be written: "+err.Error())
			}
			l.closeNow(c)
		})
	}()
	return nil
}

// awaitWritten returns once gnet has written everything, or the socket takes nothing any more.
func (l *eventLoop) awaitWritten(ctx context.Context, c *Client, raw syscall.RawConn) error {
	left := make(chan int, 1)
	for {
		// The socket is asked before the runtime waits, since gnet writes meanwhile, too.
		if err := raw.Write(isWritable); err != nil {
			return err
		}
		if !l.do(func() { left <- l.flushSocket(c) }) {
			return nil
		}
		select {
		case n := <-left:
			if n == 0 {
				return nil
			}
		case <-ctx.Done():
			return nil
		}
	}
}

// isWritable reports whether a socket takes more now, or never will again.
func isWritable(fd uintptr) bool {
	poll := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLOUT}}
	n, err := unix.Poll(poll, 0)
	return n > 0 || err != nil && err != unix.EINTR
}

// flushSocket has gnet write what it holds for a client, and returns how much is left.
func (l *eventLoop) flushSocket(c *Client) int {
	if c.closed {
		return 0
	}
	if err := c.conn.Flush(); err != nil || c.closed {
		return 0
	}
	return c.conn.OutboundBuffered()
}

// closeAfter closes a file that is done with; the first error counts.
func closeAfter(file *os.File, err error) error {
	if closeErr := file.Close(); err == nil {
		err = closeErr
	}
	return err
}
