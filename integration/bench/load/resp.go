package load

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
)

// Source makes the commands of one client. It belongs to that client's goroutine.
type Source interface {
	// Append adds the next command to buf, as AppendCommand does.
	Append(buf []byte) []byte
	// Check says what is wrong with the reply to the command that was appended first of those not yet checked. A reply is given by its
	// first line without the line's end: its kind is the first byte, and an integer or a length follows. Errors do not come here.
	Check(reply []byte) error
}

// AppendCommand adds a command in Redis's protocol to buf.
func AppendCommand(buf []byte, args ...[]byte) []byte {
	buf = appendLength(buf, '*', len(args))
	for _, arg := range args {
		buf = appendLength(buf, '$', len(arg))
		buf = append(append(buf, arg...), '\r', '\n')
	}
	return buf
}

func appendLength(buf []byte, kind byte, n int) []byte {
	return append(strconv.AppendInt(append(buf, kind), int64(n), 10), '\r', '\n')
}

// DialRedis connects clients in Redis's protocol to an address, each with a source of its own.
func DialRedis(address string, source func(client int) Source) Dial {
	return func(ctx context.Context, client int) (Conn, error) {
		var d net.Dialer
		conn, err := d.DialContext(ctx, "tcp", address)
		if err != nil {
			return nil, err
		}
		return &redisConn{conn: conn, in: bufio.NewReaderSize(conn, readBuffer), source: source(client)}, nil
	}
}

// readBuffer holds the replies of a pipeline, in bytes.
const readBuffer = 16 << 10

// redisConn is a connection in version 2 of Redis's protocol.
type redisConn struct {
	conn   net.Conn
	in     *bufio.Reader
	out    []byte
	source Source
}

func (c *redisConn) Close() error { return c.conn.Close() }

func (c *redisConn) Do(requests int) error {
	c.out = c.out[:0]
	for range requests {
		c.out = c.source.Append(c.out)
	}
	if _, err := c.conn.Write(c.out); err != nil {
		return err
	}
	for range requests {
		if err := c.reply(); err != nil {
			return err
		}
	}
	return nil
}

// reply reads one reply and has it checked.
func (c *redisConn) reply() error {
	line, err := c.line()
	if err != nil {
		return err
	}
	if line[0] == '-' {
		return errors.New("the server answers " + string(line))
	}
	if err := c.source.Check(line); err != nil {
		return err
	}
	return c.skip(line)
}

// skip reads what belongs to a reply behind its first line.
func (c *redisConn) skip(line []byte) error {
	switch line[0] {
	case '+', '-', ':':
		return nil
	case '$':
		n, err := strconv.Atoi(string(line[1:]))
		if err != nil || n < 0 {
			return err // of a missing value nothing follows
		}
		_, err = c.in.Discard(n + 2)
		return err
	case '*':
		n, err := strconv.Atoi(string(line[1:]))
		if err != nil {
			return err
		}
		for range n {
			element, err := c.line()
			if err != nil {
				return err
			}
			if err := c.skip(element); err != nil {
				return err
			}
		}
		return nil
	}
	return fmt.Errorf("a reply that begins with %q", line)
}

// line reads a line, which is valid until the next read, without its end.
func (c *redisConn) line() ([]byte, error) {
	line, err := c.in.ReadSlice('\n')
	if err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return nil, err
	}
	if len(line) < 3 || line[len(line)-2] != '\r' {
		return nil, fmt.Errorf("a reply with the line %q", line)
	}
	return line[:len(line)-2], nil
}
