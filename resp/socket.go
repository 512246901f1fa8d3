package resp

import (
	"io"
	"os"

	"golang.org/x/sys/unix"

	"github.com/paxredis/paxredis/replication/brief"
)

// conn is what an event loop needs of a client's connection. None of it blocks, and all of it belongs to the loop's goroutine.
type conn interface {
	// Read reads what is there: less than there is room for is all there is. errNothing says that there is nothing now, io.EOF that there will not
	// be anything any more. An error beside bytes comes again when it is called again.
	Read(buf []byte) (int, error)
	// Write sends bytes, and keeps what the peer does not take yet. kept says that b itself is the connection's from now on.
	Write(b []byte) (kept bool, err error)
	// Flush sends some of what was kept.
	Flush() error
	// OutboundBuffered is how many bytes are kept.
	OutboundBuffered() int
	// IsFull reports whether the peer took no more when it was last tried: the poller tells when it does again.
	IsFull() bool
	// Close closes the connection and throws away what is kept.
	Close() error
}

// errNothing says that a socket has nothing to read now.
var errNothing error = nothingNow{}

// nothingNow is a net.Error, of which crypto/tls knows that it passes.
type nothingNow struct{}

// Error implements error.
func (nothingNow) Error() string { return "nothing to read now" }

// Timeout implements net.Error.
func (nothingNow) Timeout() bool { return true }

// Temporary implements net.Error.
func (nothingNow) Temporary() bool { return true }

// socket is a TCP or Unix connection whose descriptor does not block.
type socket struct {
	fd   int
	kept backlog
	full bool
}

// backlog is what a connection keeps until its peer takes it.
type backlog struct {
	out  []byte
	sent int // out[:sent] is gone
}

// len is how many bytes are kept.
func (k *backlog) len() int { return len(k.out) - k.sent }

// write sends bytes, and keeps what send leaves; kept says that b itself is the backlog's from now on.
func (k *backlog) write(b []byte, send func([]byte) (int, error)) (kept bool, err error) {
	if k.len() > 0 {
		if k.sent > len(k.out)/2 { // the move costs no more than what was sent
			k.out = k.out[:copy(k.out, k.out[k.sent:])]
			k.sent = 0
		}
		k.out = append(k.out, b...)
		return false, nil
	}
	n, err := send(b)
	if err != nil || n == len(b) {
		return false, err
	}
	k.out, k.sent = b, n
	return true, nil
}

// flush sends some of what is kept.
func (k *backlog) flush(send func([]byte) (int, error)) error {
	n, err := send(k.out[k.sent:])
	if k.sent += n; k.len() == 0 {
		*k = backlog{}
	}
	return err
}

// sendBytes is how much is sent at once: other clients have their turn before the rest of a large reply.
const sendBytes = 256 << 10

// Read implements conn.
func (s *socket) Read(buf []byte) (int, error) {
	for {
		n, err := brief.Read(s.fd, buf)
		switch {
		case err == unix.EINTR:
		case err == unix.EAGAIN:
			return 0, errNothing
		case err != nil:
			return 0, os.NewSyscallError("read", err)
		case n == 0 && len(buf) > 0:
			return 0, io.EOF
		default:
			return n, nil
		}
	}
}

// Write implements conn.
func (s *socket) Write(b []byte) (kept bool, err error) { return s.kept.write(b, s.send) }

// Flush implements conn.
func (s *socket) Flush() error { return s.kept.flush(s.send) }

// send sends as much as the kernel takes, within sendBytes.
func (s *socket) send(b []byte) (sent int, err error) {
	s.full = false
	b = b[:min(len(b), sendBytes)]
	for sent < len(b) {
		n, err := brief.Write(s.fd, b[sent:])
		switch {
		case err == unix.EINTR:
		case err == unix.EAGAIN:
			s.full = true
			return sent, nil
		case err != nil:
			return sent, os.NewSyscallError("write", err)
		default:
			sent += n
		}
	}
	return sent, nil
}

// IsFull implements conn.
func (s *socket) IsFull() bool { return s.full }

// OutboundBuffered implements conn.
func (s *socket) OutboundBuffered() int { return s.kept.len() }

// Close implements conn. The descriptor leaves its poller by itself: nothing else refers to the socket.
func (s *socket) Close() error {
	s.kept = backlog{}
	return os.NewSyscallError("close", unix.Close(s.fd))
}
