package differential

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// Reply is a reply of either protocol version as it came: two are equal if and only if their bytes are, but for the order in which
// RESP3's attributes come, which no server here sends.
type Reply struct {
	// Kind is the type's first byte (https://redis.io/docs/latest/develop/reference/protocol-spec/).
	Kind byte
	// Null is true for a null bulk string, a null array and RESP3's null.
	Null bool
	// Text is the value of everything that is no aggregate.
	Text string
	// Elements are an aggregate's; a map's are key, value, key, value ...
	Elements []Reply
}

// The bounds of what is read, far above any reply that a test causes.
const (
	maxReplyBytes    = 1 << 28
	maxReplyElements = 1 << 22
	maxReplyDepth    = 64
)

// preparedElements is how many elements memory is taken for before they are there.
const preparedElements = 1 << 15

var errReply = errors.New("not a reply")

// ReadReply reads one reply.
func ReadReply(r *bufio.Reader) (Reply, error) { return readReply(r, maxReplyDepth) }

func readReply(r *bufio.Reader, depth int) (Reply, error) {
	line, err := r.ReadSlice('\n') // a string of one byte, as most of PFDEBUG GETREG's 16,384 are, takes no memory
	if errors.Is(err, bufio.ErrBufferFull) {
		begin := slices.Clone(line)
		line, err = r.ReadBytes('\n')
		line = append(begin, line...)
	}
	if err != nil {
		return Reply{}, err
	}
	end := len(line) - len("\r\n")
	if end < 1 || line[end] != '\r' || depth == 0 {
		return Reply{}, fmt.Errorf("%w: %.80q", errReply, line)
	}
	line = line[:end]
	reply := Reply{Kind: line[0], Text: string(line[1:])}
	switch reply.Kind {
	case '+', '-', ':', ',', '#', '(':
		return reply, nil
	case '_':
		reply.Null = true
		return reply, nil
	case '$', '!', '=', '*', '~', '>', '%':
		n, err := strconv.Atoi(reply.Text)
		if err != nil || n < -1 || n > maxReplyBytes {
			return Reply{}, fmt.Errorf("%w: length in %.80q", errReply, line)
		}
		reply.Text = ""
		return readSized(r, reply, n, depth)
	}
	return Reply{}, fmt.Errorf("%w: %.80q", errReply, line)
}

// readSized reads the n bytes or elements of a reply.
func readSized(r *bufio.Reader, reply Reply, n, depth int) (Reply, error) {
	if n < 0 {
		reply.Null = true
		return reply, nil
	}
	switch reply.Kind {
	case '$', '!', '=':
		text := make([]byte, n+2)
		if _, err := io.ReadFull(r, text); err != nil {
			return Reply{}, err
		}
		reply.Text = string(text[:n])
		return reply, nil
	case '%':
		n *= 2
	}
	if n > maxReplyElements {
		return Reply{}, fmt.Errorf("%w: %d elements", errReply, n)
	}
	if n > 0 {
		reply.Elements = make([]Reply, 0, min(n, preparedElements))
	}
	for range n {
		element, err := readReply(r, depth-1)
		if err != nil {
			return Reply{}, err
		}
		reply.Elements = append(reply.Elements, element)
	}
	return reply, nil
}

// IsError reports whether the reply is an error.
func (r Reply) IsError() bool { return r.Kind == '-' || r.Kind == '!' }

// isQueued reports whether the reply is what a call gets within MULTI.
func (r Reply) isQueued() bool { return r.Kind == '+' && r.Text == "QUEUED" }

// isAggregate reports whether the reply has elements.
func (r Reply) isAggregate() bool {
	return !r.Null && strings.IndexByte("*~>%", r.Kind) >= 0
}

// String is the reply on one line, with its types: +OK, -ERR ..., :7, "bulk", nil (three kinds), [array], ~[set], %[map].
func (r Reply) String() string {
	switch {
	case r.Null:
		return string(r.Kind) + "nil"
	case r.Kind == '$':
		return strconv.Quote(r.Text)
	case r.Kind == '*':
		return elementsString(r.Elements)
	case r.isAggregate():
		return string(r.Kind) + elementsString(r.Elements)
	}
	return string(r.Kind) + r.Text
}

// shownElements is how many elements of an aggregate are written out.
const shownElements = 60

func elementsString(elements []Reply) string {
	words := make([]string, 0, min(len(elements), shownElements)+1)
	for i, e := range elements {
		if i == shownElements {
			words = append(words, fmt.Sprintf("and %d more", len(elements)-i))
			break
		}
		words = append(words, e.String())
	}
	return "[" + strings.Join(words, " ") + "]"
}
