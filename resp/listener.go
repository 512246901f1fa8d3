package resp

import (
	"errors"
	"net"
	"time"

	"github.com/panjf2000/gnet/v2"
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
		if s.admit(conn) {
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

// enroll hands a connection to an event loop, which calls OnOpen.
func (s *Server) enroll(conn net.Conn) {
	defer s.opening.Done()
	addr := conn.RemoteAddr()
	if tcp, ok := conn.(*net.TCPConn); ok {
		if err := tcp.SetKeepAliveConfig(s.settings.keepAlive()); err != nil {
			s.logger.Debug("resp: keep-alive", "addr", addr, "error", err)
		}
	}
	client := &Client{remote: addr, local: conn.LocalAddr(), proto: 2}
	if _, err := s.engine.EnrollContext(conn, client); err != nil {
		s.logger.Warn("resp: cannot serve a connection", "addr", addr, "error", err)
		s.left()
	}
}

// handler takes gnet's calls to the eventLoop they belong to.
type handler struct {
	gnet.BuiltinEventEngine
	server *Server
}

// OnOpen implements gnet.EventHandler.
func (h *handler) OnOpen(conn gnet.Conn) (out []byte, action gnet.Action) {
	c, ok := conn.Context().(*Client)
	if !ok {
		return nil, gnet.Close
	}
	c.loop = h.server.loopFor(conn.EventLoop())
	c.loop.adopt(c, conn)
	return nil, gnet.None
}

// OnTraffic implements gnet.EventHandler.
func (h *handler) OnTraffic(conn gnet.Conn) gnet.Action {
	c, ok := conn.Context().(*Client)
	if !ok {
		return gnet.Close
	}
	// All of it is taken at once: bytes left in gnet's buffer would be copied again each time more come.
	data, err := conn.Next(-1)
	if err != nil {
		return gnet.Close
	}
	c.loop.receive(c, data)
	return gnet.None
}

// OnClose implements gnet.EventHandler.
func (h *handler) OnClose(conn gnet.Conn, err error) gnet.Action {
	if c, ok := conn.Context().(*Client); ok && c.loop != nil {
		c.loop.onClose(c, err)
	}
	return gnet.None
}
