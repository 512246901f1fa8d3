package resp

import (
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// How long the listener rests after an error such as too many open files: it doubles from the one to the other.
const (
	minAcceptRest = 5 * time.Millisecond
	maxAcceptRest = time.Second
)

// farewell bounds how long a connection that is turned away may take to be told.
const farewell = 100 * time.Millisecond

// accept takes connections of an endpoint until that is closed.
func (s *Server) accept(e *endpoint) {
	defer s.opening.Done()
	rest := minAcceptRest
	for {
		conn, err := e.listener.Accept()
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil:
			s.logger.Error("resp: cannot accept a connection; trying again", "in", rest, "error", err)
			select {
			case <-time.After(rest):
			case <-s.closing:
			}
			rest = min(2*rest, maxAcceptRest)
			continue
		}
		rest = minAcceptRest
		s.opening.Add(1)
		// On a goroutine of its own, since a loop that waits for room in its lane takes no connection meanwhile. How many
		// there are is bounded by the limit of clients.
		if !s.turnsAway(conn) && s.admit(e, conn) {
			go s.enroll(e, conn)
		} else {
			s.opening.Done()
		}
	}
}

// admit counts a connection in, or turns it away.
func (s *Server) admit(e *endpoint, conn net.Conn) bool {
	if s.open.Add(1) <= int64(s.settings.maxClients()) {
		s.accepted.Add(1)
		return true
	}
	s.open.Add(-1)
	s.turnedAway.Add(1)
	var err error
	if e.kind != endpointTLS { // as in Redis: to tell it there would take a handshake
		err = conn.SetWriteDeadline(time.Now().Add(farewell))
		if err == nil {
			_, err = conn.Write([]byte("-" + errMaxClients + "\r\n"))
		}
	}
	if err = errors.Join(err, conn.Close()); err != nil {
		s.logger.Debug("resp: turning a connection away", "addr", conn.RemoteAddr(), "error", err)
	}
	return false
}

// enroll hands a connection to an event loop.
func (s *Server) enroll(e *endpoint, conn net.Conn) {
	defer s.opening.Done()
	client := &Client{kind: e.kind, proto: 2}
	client.remote, client.local = e.addresses(conn)
	wrap, err := s.prepare(client, conn)
	if err != nil {
		// On no higher level: whoever reaches the port could fill the log.
		s.logger.Debug("resp: no TLS connection", "addr", client.remote, "error", err)
		if err := conn.Close(); err != nil {
			s.logger.Debug("resp: closing a connection", "addr", client.remote, "error", err)
		}
		s.gone()
		return
	}
	l := s.leastBusy()
	fd, err := takeOver(conn)
	if err == nil {
		if tcp, ok := conn.(*net.TCPConn); ok {
			err = tcp.SetKeepAliveConfig(s.settings.keepAlive())
		}
		if err != nil {
			s.logger.Debug("resp: keep-alive", "addr", client.remote, "error", err)
		}
		err = conn.Close() // which was duplicated
	}
	if err == nil && l.do(func() { l.adopt(client, fd, wrap(l, fd)) }) {
		return
	}
	s.logger.Warn("resp: cannot serve a connection", "addr", client.remote, "error", err)
	s.left(l)
}

// prepare does what a client's connection needs before a loop can serve it, and returns what makes the loop's conn of its descriptor.
func (s *Server) prepare(client *Client, from net.Conn) (func(l *eventLoop, fd int) conn, error) {
	if client.kind != endpointTLS {
		return func(_ *eventLoop, fd int) conn { return &socket{fd: fd} }, nil
	}
	agreed, wire, err := s.handshakes.shake(from)
	if err != nil {
		return nil, err
	}
	client.certificateName = verifiedName(agreed)
	client.readable = true // something may have come behind the handshake, of which the poller does not know
	return func(l *eventLoop, fd int) conn { return wire.serve(agreed, fd, &l.sealed) }, nil
}

// takeOver returns a descriptor of a connection that is nobody else's.
func takeOver(conn net.Conn) (fd int, err error) {
	c, ok := conn.(syscall.Conn)
	if !ok {
		return 0, fmt.Errorf("a connection of type %T has no descriptor", conn)
	}
	raw, err := c.SyscallConn()
	if err != nil {
		return 0, err
	}
	if closed := raw.Control(func(of uintptr) { fd, err = unix.FcntlInt(of, unix.F_DUPFD_CLOEXEC, 0) }); closed != nil {
		return 0, closed
	}
	return fd, os.NewSyscallError("fcntl", err)
}
