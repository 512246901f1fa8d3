package peer

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"syscall"

	"github.com/paxredis/paxredis/replication/brief"
)

const (
	// recordHeaderBytes is the size of a TLS record's header; the last two of its bytes are the length of the rest.
	recordHeaderBytes = 5
	// maxRecordBytes is the most plaintext a TLS record holds.
	maxRecordBytes = 16 << 10
	// readAheadBytes is how much is read from the socket at once after the hello.
	readAheadBytes = 64 << 10
)

// rawConn is the connection beneath TLS. It bounds what may be read before the peer has proved who it is, and reads
// ahead, so that one system call fetches many small records; it hands them to TLS one at a time, and can thus tell
// whether another one can be had without waiting. Reads belong to one goroutine at a time. What TLS writes it gathers, once the
// hello has been judged, for one system call (gathered).
type rawConn struct {
	net.Conn
	gathered
	buf        []byte
	start, end int
	reading    reading
	look       func(fd uintptr) bool // lookAtSocket, made once
	// left is what remains of the record that is being handed on.
	left int
	// allowance is what may still be read; negative means everything.
	allowance int
}

func newRawConn(conn net.Conn, allowance int) *rawConn {
	return &rawConn{Conn: conn, buf: make([]byte, min(allowance, readAheadBytes)), allowance: allowance}
}

// trust lifts the bound, once the hello has been judged, and has what is written gathered from now on.
func (c *rawConn) trust() {
	c.gather(c.Conn)
	c.look = c.lookAtSocket
	buf := make([]byte, readAheadBytes)
	c.end = copy(buf, c.buf[c.start:c.end])
	c.buf, c.start, c.allowance = buf, 0, -1
}

// Read implements net.Conn. It never returns bytes of two records.
func (c *rawConn) Read(p []byte) (int, error) {
	if c.left == 0 {
		if err := c.nextRecord(); err != nil {
			return 0, err
		}
	}
	if c.start == c.end {
		if err := c.fill(); err != nil {
			return 0, err
		}
	}
	n := copy(p, c.buf[c.start:min(c.end, c.start+c.left)])
	c.start += n
	c.left -= n
	return n, nil
}

func (c *rawConn) nextRecord() error {
	for c.end-c.start < recordHeaderBytes {
		if err := c.fill(); err != nil {
			return err
		}
	}
	c.left = recordSize(c.buf[c.start:])
	return nil
}

func recordSize(b []byte) int {
	return recordHeaderBytes + int(binary.BigEndian.Uint16(b[recordHeaderBytes-2:]))
}

// fill reads once from the socket.
func (c *rawConn) fill() error {
	if c.start > 0 {
		c.end = copy(c.buf, c.buf[c.start:c.end])
		c.start = 0
	}
	room := c.buf[c.end:]
	if c.allowance >= 0 && len(room) > c.allowance {
		room = room[:c.allowance]
	}
	if len(room) == 0 {
		return errTooMuch
	}
	n, err := c.readOnce(room)
	c.end += n
	if c.allowance >= 0 {
		c.allowance -= n
	}
	if n > 0 {
		return nil
	}
	return err
}

// readOnce reads what the socket has, and waits for it to have something.
func (c *rawConn) readOnce(room []byte) (int, error) {
	if c.system == nil {
		return c.Conn.Read(room)
	}
	c.reading = reading{room: room}
	err := c.system.Read(c.look)
	n, failed := c.reading.n, c.reading.err
	c.reading = reading{}
	return n, errors.Join(err, failed)
}

// reading is a read of the socket that is under way.
type reading struct {
	room []byte
	n    int
	err  error
}

// lookAtSocket makes one system call, and reports whether the socket had anything to tell.
func (c *rawConn) lookAtSocket(fd uintptr) (done bool) {
	r := &c.reading
	for {
		switch r.n, r.err = brief.Read(int(fd), r.room); {
		case errors.Is(r.err, syscall.EINTR):
			continue
		case errors.Is(r.err, syscall.EAGAIN):
			r.n, r.err = 0, nil
			return false
		case r.err == nil && r.n == 0:
			r.err = io.EOF
		}
		return true
	}
}

// hasRecord reports whether a whole record can be read without waiting.
func (c *rawConn) hasRecord() bool {
	held := c.buf[c.start:c.end]
	return c.left == 0 && len(held) >= recordHeaderBytes && len(held) >= recordSize(held)
}
