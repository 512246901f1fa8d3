package peer

import (
	"errors"
	"net"
	"sync"
	"syscall"
	"time"

	"github.com/paxredis/paxredis/replication/brief"
)

// gathered is what TLS has sealed and the socket has not taken yet. TLS would make a system call for each of its records, and might
// wait in it; here all that is sealed at once leaves by one, and only drain waits.
type gathered struct {
	conn net.Conn // nil until gather
	// system is the socket beneath conn, nil if there is none to be had.
	system syscall.RawConn
	try    func(fd uintptr) bool

	mu      sync.Mutex // TLS may write from the reader's side, too
	out     []byte
	written int // of out, by push
	failed  error
}

// gather has what is written from now on wait for push or drain.
func (g *gathered) gather(conn net.Conn) {
	g.conn, g.try = conn, g.writeOnce
	if c, ok := conn.(syscall.Conn); ok {
		if system, err := c.SyscallConn(); err == nil {
			g.system = system
		}
	}
}

// Write implements net.Conn for TLS.
func (c *rawConn) Write(p []byte) (int, error) {
	g := &c.gathered
	if g.conn == nil {
		return c.Conn.Write(p)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.out = append(g.out, p...)
	return len(p), nil
}

// push writes as much as the socket takes without waiting, and reports whether that was all.
func (g *gathered) push() (all bool, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.pushLocked()
}

func (g *gathered) pushLocked() (all bool, err error) {
	if g.system != nil && len(g.out) > 0 {
		if err := g.system.Write(g.try); err != nil {
			return false, err
		}
		if g.failed != nil {
			return false, g.failed
		}
	}
	if g.written < len(g.out) {
		return false, nil
	}
	g.empty()
	return true, nil
}

// writeOnce makes one system call. It never has the caller wait for the socket.
func (g *gathered) writeOnce(fd uintptr) (done bool) {
	for {
		n, err := brief.Write(int(fd), g.out[g.written:])
		g.written += max(n, 0)
		switch {
		case errors.Is(err, syscall.EINTR):
			continue
		case err != nil && !errors.Is(err, syscall.EAGAIN):
			g.failed = err
		}
		return true
	}
}

func (g *gathered) empty() {
	g.written = 0
	if g.out = g.out[:0]; cap(g.out) > keptBytes {
		g.out = nil
	}
}

// drain writes everything, and waits for the socket for at most the time given.
func (g *gathered) drain(atMost time.Duration) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if all, err := g.pushLocked(); all || err != nil {
		return err
	}
	if err := g.conn.SetWriteDeadline(time.Now().Add(atMost)); err != nil {
		return err
	}
	if _, err := g.conn.Write(g.out[g.written:]); err != nil {
		return err
	}
	g.empty()
	return g.conn.SetWriteDeadline(time.Time{})
}
