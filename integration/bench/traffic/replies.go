package traffic

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
)

// replyBuffer is as much as is read at once, and more than any line of a reply.
const replyBuffer = 64 << 10

// replies reads RESP2 from a connection and keeps nothing of it but errors.
type replies struct {
	from    io.Reader
	buf     []byte // of which [at:end] is read and not looked at yet
	at, end int

	open    bool // a reply has begun and not ended
	left    int  // values of it that are still to begin
	skip    int  // bytes of the value at hand that are still to come
	failure string
}

func newReplies(from io.Reader) *replies { return &replies{from: from, buf: make([]byte, replyBuffer)} }

// arrived is what one read brought.
type arrived struct {
	replies, errors int
	failure         string // the first of the errors
}

// read reads once, and returns what replies have ended; more of them than are awaited is an error.
func (r *replies) read(awaited int) (a arrived, err error) {
	if r.end == len(r.buf) {
		return a, fmt.Errorf("a line of a reply is longer than %d bytes", len(r.buf))
	}
	n, err := r.from.Read(r.buf[r.end:])
	if err != nil {
		return a, err
	}
	r.end += n
	for a.replies < awaited {
		whole, err := r.reply()
		if err != nil || !whole {
			r.compact()
			return a, err
		}
		a.replies++
		if r.failure != "" {
			a.errors++
			if a.failure == "" {
				a.failure = r.failure
			}
		}
	}
	if r.at < r.end {
		return a, errors.New("more replies came than commands were sent")
	}
	r.at, r.end = 0, 0
	return a, nil
}

// compact makes room behind a line that is not complete.
func (r *replies) compact() {
	r.end = copy(r.buf, r.buf[r.at:r.end])
	r.at = 0
}

// reply goes on with the reply at hand and reports whether it has ended.
func (r *replies) reply() (whole bool, err error) {
	if !r.open {
		r.open, r.left, r.failure = true, 1, ""
	}
	for {
		n := min(r.skip, r.end-r.at)
		r.at += n
		r.skip -= n
		if r.skip > 0 {
			return false, nil
		}
		if r.left == 0 {
			r.open = false
			return true, nil
		}
		length := bytes.IndexByte(r.buf[r.at:r.end], '\n')
		if length < 0 {
			return false, nil
		}
		line := bytes.TrimSuffix(r.buf[r.at:r.at+length], []byte("\r"))
		r.at += length + 1
		if err := r.begin(line); err != nil {
			return false, err
		}
	}
}

// begin takes the first line of a value, in a RESP2 reply.
func (r *replies) begin(line []byte) error {
	r.left--
	kind := byte(0)
	if len(line) > 0 {
		kind = line[0]
	}
	switch kind {
	case '+', ':':
		return nil
	case '-':
		if r.failure == "" {
			r.failure = string(line[1:])
		}
		return nil
	case '$', '*':
		n, err := strconv.Atoi(string(line[1:]))
		switch {
		case err != nil:
			return fmt.Errorf("a reply has no length: %q", line)
		case n < 0: // nil
		case kind == '$':
			r.skip = n + len("\r\n")
		default:
			r.left += n
		}
		return nil
	}
	return fmt.Errorf("%q does not begin a reply", line)
}
