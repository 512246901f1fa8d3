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

// accept takes connections until the listener is closed.
func (s *Server) accept() {
	defer s.opening.Done()
	rest := minAcceptRest
	for {
		conn, err := s.listener.Accept()
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
		if !s.turnsAway(conn) && s.admit(conn) {
			go s.enroll(conn)
		} else {
			s.opening.Done()
		}
	}
}

// admit counts a connection in, or turns it away.
func (s *Server) admit(conn net.Conn) bool {
	if s.open.Add(1) <= int64(s.settings.maxClients()) {
		s.accepted.Add(1)
		return true
	}
	s.open.Add(-1)
	s.turnedAway.Add(1)
	err := conn.SetWriteDeadline(time.Now().Add(farewell))
	if err == nil {
		_, err = conn.Write([]byte("-" + errMaxClients + "\r\n"))
	}
	if err = errors.Join(err, conn.Close()); err != nil {
		s.logger.Debug("resp: turning a connection away", "addr", conn.RemoteAddr(), "error", err)
	}
	return false
}

// enroll hands a connection to an event loop.
func (s *Server) enroll(conn net.Conn) {
	defer s.opening.Done()
	client := &Client{remote: conn.RemoteAddr(), local: conn.LocalAddr(), proto: 2}
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
	if err == nil && l.do(func() { l.adopt(client, fd) }) {
		return
	}
	s.logger.Warn("resp: cannot serve a connection", "addr", client.remote, "error", err)
	s.left(l)
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
