package resp

import (
	"crypto/tls"
	"errors"
	"net"
	"time"
)

// sealBytes is how much of a reply is encrypted at once: what the peer does not take of it is kept encrypted.
const sealBytes = 64 << 10

// tlsSocket is a TLS connection whose handshake is done, on a descriptor that does not block. crypto/tls runs on the loop's goroutine: a Read
// that finds only a part of a record is told errNothing by the wire below, keeps that part, and goes on from there the next time; a Write
// never finds the wire full, since the wire takes whatever is sealed, and is given more only when the socket has taken that.
type tlsSocket struct {
	wire *tlsWire
	tls  *tls.Conn
	kept backlog // not encrypted
}

// serve makes the socket of a connection whose handshake is done. sealed is a buffer that all sockets of the loop share.
func (w *tlsWire) serve(conn *tls.Conn, fd int, sealed *[]byte) *tlsSocket {
	w.Conn, w.socket, w.sealed = nil, &socket{fd: fd}, sealed
	return &tlsSocket{wire: w, tls: conn}
}

// Read implements conn. It reads until buf is full or there is no more, since the poller tells of records only that have not been received yet.
func (s *tlsSocket) Read(buf []byte) (n int, err error) {
	s.wire.drained = false
	for n < len(buf) && err == nil {
		var more int
		more, err = s.tls.Read(buf[n:])
		n += more
	}
	// TLS has answers of its own: to a change of keys, and to what is no TLS.
	if sendErr := s.wire.send(); sendErr != nil && (err == nil || errors.Is(err, errNothing)) {
		return n, sendErr
	}
	if n > 0 && errors.Is(err, errNothing) {
		return n, nil
	}
	return n, err
}

// Write implements conn.
func (s *tlsSocket) Write(b []byte) (kept bool, err error) { return s.kept.write(b, s.seal) }

// Flush implements conn.
func (s *tlsSocket) Flush() error {
	if s.wire.socket.OutboundBuffered() > 0 {
		if err := s.wire.socket.Flush(); err != nil {
			return err
		}
	}
	return s.kept.flush(s.seal)
}

// seal encrypts as much as the socket takes, within sendBytes, and a piece more.
func (s *tlsSocket) seal(b []byte) (taken int, err error) {
	b = b[:min(len(b), sendBytes)]
	for taken < len(b) && s.wire.socket.OutboundBuffered() == 0 {
		n, err := s.tls.Write(b[taken:min(len(b), taken+sealBytes)])
		if taken += n; err != nil {
			return taken, err
		}
		if err := s.wire.send(); err != nil {
			return taken, err
		}
	}
	return taken, nil
}

// IsFull implements conn.
func (s *tlsSocket) IsFull() bool { return s.wire.socket.IsFull() }

// OutboundBuffered implements conn.
func (s *tlsSocket) OutboundBuffered() int {
	return s.kept.len() + s.wire.socket.OutboundBuffered()
}

// Close implements conn. A peer that has been sent everything is told that this is the end, so that it can tell it from a connection that was cut.
func (s *tlsSocket) Close() error {
	if s.OutboundBuffered() == 0 && s.tls.CloseWrite() == nil {
		_ = s.wire.send() // who is gone needs not be told
	}
	s.kept = backlog{}
	*s.wire.sealed = (*s.wire.sealed)[:0] // what an error has left there is not for others
	return s.wire.socket.Close()
}

// tlsWire is what is below crypto/tls: during the handshake a connection that blocks, and from then on the socket of an event loop.
type tlsWire struct {
	net.Conn                // nil once the handshake is done
	computing chan struct{} // a place for each handshake that computes; see handshakes

	socket  *socket
	sealed  *[]byte // what is to be sent; empty but for moments
	drained bool    // the socket has nothing more, as far as was known when Read of the tlsSocket began
}

// Read implements net.Conn.
func (w *tlsWire) Read(b []byte) (n int, err error) {
	if w.socket == nil {
		<-w.computing // others may compute while this one waits for its peer
		n, err = w.Conn.Read(b)
		w.computing <- struct{}{}
		return n, err
	}
	if w.drained {
		return 0, errNothing
	}
	n, err = w.socket.Read(b)
	// Less than there was room for is all there was; the poller tells of more.
	w.drained = err == nil && n < len(b)
	return n, err
}

// Write implements net.Conn.
func (w *tlsWire) Write(b []byte) (int, error) {
	if w.socket == nil {
		return w.Conn.Write(b)
	}
	*w.sealed = append(*w.sealed, b...)
	return len(b), nil
}

// send gives the socket what is sealed.
func (w *tlsWire) send() error {
	if len(*w.sealed) == 0 {
		return nil
	}
	kept, err := w.socket.Write(*w.sealed)
	if *w.sealed = (*w.sealed)[:0]; kept {
		*w.sealed = nil
	}
	return err
}

// SetWriteDeadline implements net.Conn. crypto/tls sets one for its last message, which does not block here.
func (w *tlsWire) SetWriteDeadline(t time.Time) error {
	if w.socket == nil {
		return w.Conn.SetWriteDeadline(t)
	}
	return nil
}
