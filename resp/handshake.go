package resp

import (
	"container/list"
	"crypto/tls"
	"errors"
	"net"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// handshakeTime bounds how long a client may take to agree on a TLS connection.
	handshakeTime = 10 * time.Second
	// maxHandshakes bounds how many clients may be about it: one more takes the place of the one that has been for longest.
	maxHandshakes = 1024
)

// handshakes are those that are under way. Each has a goroutine, which blocks; event loops get connections that are agreed on. Few of them compute at a
// time, so that a crowd that comes back at once, some hundred microseconds of signatures each, leaves processors to the clients that are there.
type handshakes struct {
	certificates *certificates
	computing    chan struct{} // has an element for each that computes

	mu       sync.Mutex
	time     time.Duration // handshakeTime, and
	most     int           // maxHandshakes, but for tests
	underWay list.List     // of net.Conn, the oldest first
	closed   bool

	done, failed, displaced atomic.Uint64
}

// errDisplaced ends a handshake in whose place another one began, and errTLSClosing one that the server's end cut short.
var (
	errDisplaced  = errors.New("more clients are about a TLS handshake than may be: the one that has been for longest is closed")
	errTLSClosing = errors.New("the server is shutting down")
)

func newHandshakes(c *certificates) *handshakes {
	return &handshakes{certificates: c, time: handshakeTime, most: maxHandshakes, computing: make(chan struct{}, max(1, runtime.GOMAXPROCS(0)/2))}
}

// shake has a client agree on a TLS connection. The caller closes conn, with or without an error.
func (h *handshakes) shake(conn net.Conn) (*tls.Conn, *tlsWire, error) {
	wire := &tlsWire{Conn: conn, computing: h.computing}
	agreed, err := h.agree(conn, wire)
	if err != nil {
		h.failed.Add(1)
		return nil, nil, err
	}
	h.done.Add(1)
	return agreed, wire, nil
}

func (h *handshakes) agree(conn net.Conn, wire *tlsWire) (*tls.Conn, error) {
	place, err := h.begin(conn)
	if err != nil {
		return nil, err
	}
	agreed := tls.Server(wire, &tls.Config{MinVersion: tls.VersionTLS12, SessionTicketsDisabled: true,
		GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) { return h.certificates.current(), nil }})
	h.computing <- struct{}{}
	err = agreed.Handshake()
	<-h.computing
	if displaced := h.end(place); err == nil {
		err = displaced
	} else if displaced != nil {
		err = errors.Join(displaced, err)
	}
	return agreed, err
}

// begin notes a handshake.
func (h *handshakes) begin(conn net.Conn) (*list.Element, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return nil, errTLSClosing
	}
	if err := conn.SetDeadline(time.Now().Add(h.time)); err != nil {
		return nil, err
	}
	if h.underWay.Len() >= h.most {
		oldest := h.underWay.Front()
		h.displaced.Add(1)
		interrupt(h.underWay.Remove(oldest).(net.Conn))
		oldest.Value = nil
	}
	return h.underWay.PushBack(conn), nil
}

// end notes that a handshake is over, and returns why, if it was cut short.
func (h *handshakes) end(place *list.Element) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case h.closed:
		return errTLSClosing
	case place.Value == nil:
		return errDisplaced
	}
	h.underWay.Remove(place)
	return nil
}

// close cuts all handshakes short.
func (h *handshakes) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = true
	for place := h.underWay.Front(); place != nil; place = place.Next() {
		interrupt(place.Value.(net.Conn))
	}
	h.underWay.Init()
}

// interrupt ends whatever waits for a connection. Its owner closes it.
func interrupt(conn net.Conn) {
	_ = conn.SetDeadline(passed) // which fails only if it is closed
}

// verifiedName is the common name of a connection's client certificate, if it has one that was verified.
func verifiedName(conn *tls.Conn) string {
	if state := conn.ConnectionState(); len(state.VerifiedChains) > 0 {
		return state.VerifiedChains[0][0].Subject.CommonName
	}
	return ""
}

func (s *Server) tlsInfo() *TLSInfo {
	h := s.handshakes
	if h == nil {
		return nil
	}
	return &TLSInfo{Done: h.done.Load(), Failed: h.failed.Load(), Displaced: h.displaced.Load()}
}

// passed is a moment in the past.
var passed = time.Unix(1, 0)
