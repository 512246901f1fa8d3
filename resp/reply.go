package resp

import (
	"strconv"

	"github.com/tidwall/redcon"

	"github.com/paxredis/paxredis/statemachine"
)

// Writer appends replies to Buf in the RESP version Proto (2 or 3; 0 means 2). It implements statemachine.Reply, with the
// very bytes that Redis 7 sends. It belongs to one goroutine.
//
// A reply can be far larger than what it is made of: MGET of one large value, a million times. So once Buf is longer than
// Most, nothing is appended any more, and the reply is of no use: whoever set Most looks at overrun.
type Writer struct {
	Buf   []byte
	Proto int
	// Most, if not 0, is how long Buf may become, and the last element of a reply beyond it.
	Most    int
	overrun bool // something was left out
	// call, if not nil, is the command at hand, which may have to wait for a key.
	call *blockedCall
	// times, if not nil, times the commands of the transaction at hand.
	times *execTimes
}

var (
	_ statemachine.Reply   = (*Writer)(nil)
	_ statemachine.Blocker = (*Writer)(nil)
	_ statemachine.Stepper = (*Writer)(nil)
)

// Reset empties the buffer and keeps its memory.
func (w *Writer) Reset() { w.truncate(0) }

// truncate takes back what is behind the first n bytes.
func (w *Writer) truncate(n int) {
	w.Buf = w.Buf[:n]
	w.overrun = w.overrun && n > w.Most
}

// isFull reports whether the element at hand is to be left out.
func (w *Writer) isFull() bool {
	if w.Most > 0 && len(w.Buf) > w.Most {
		w.overrun = true
	}
	return w.overrun
}

// Protocol implements statemachine.Reply.
func (w *Writer) Protocol() int {
	if w.Proto == 3 {
		return 3
	}
	return 2
}

// Status implements statemachine.Reply. Line ends become spaces.
func (w *Writer) Status(s string) {
	if !w.isFull() {
		w.Buf = redcon.AppendString(w.Buf, s)
	}
}

// Error implements statemachine.Reply. Line ends become spaces.
func (w *Writer) Error(text string) {
	if !w.isFull() {
		w.Buf = redcon.AppendError(w.Buf, text)
	}
}

// Int implements statemachine.Reply.
func (w *Writer) Int(n int64) {
	if !w.isFull() {
		w.Buf = redcon.AppendInt(w.Buf, n)
	}
}

// Bulk implements statemachine.Reply.
func (w *Writer) Bulk(b []byte) {
	if !w.isFull() {
		w.Buf = redcon.AppendBulk(w.Buf, b)
	}
}

// BulkString implements statemachine.Reply.
func (w *Writer) BulkString(s string) {
	if !w.isFull() {
		w.Buf = redcon.AppendBulkString(w.Buf, s)
	}
}

// Null implements statemachine.Reply.
func (w *Writer) Null() { w.either("_\r\n", "$-1\r\n") }

// NullArray implements statemachine.Reply.
func (w *Writer) NullArray() { w.either("_\r\n", "*-1\r\n") }

// Bool implements statemachine.Reply.
func (w *Writer) Bool(b bool) {
	if b {
		w.either("#t\r\n", ":1\r\n")
	} else {
		w.either("#f\r\n", ":0\r\n")
	}
}

// either appends the encoding of the client's protocol.
func (w *Writer) either(resp3, resp2 string) {
	switch {
	case w.isFull():
	case w.Proto == 3:
		w.Buf = append(w.Buf, resp3...)
	default:
		w.Buf = append(w.Buf, resp2...)
	}
}

// Array implements statemachine.Reply.
func (w *Writer) Array(n int) { w.header('*', n) }

// Map implements statemachine.Reply: an array of keys and values in RESP2.
func (w *Writer) Map(n int) {
	if w.Proto == 3 {
		w.header('%', n)
	} else {
		w.header('*', 2*n)
	}
}

// Set implements statemachine.Reply: an array in RESP2.
func (w *Writer) Set(n int) {
	if w.Proto == 3 {
		w.header('~', n)
	} else {
		w.header('*', n)
	}
}

// Push implements statemachine.Reply: an array in RESP2.
func (w *Writer) Push(n int) {
	if w.Proto == 3 {
		w.header('>', n)
	} else {
		w.header('*', n)
	}
}

func (w *Writer) header(kind byte, n int) {
	if w.isFull() {
		return
	}
	w.Buf = strconv.AppendInt(append(w.Buf, kind), int64(n), 10)
	w.Buf = append(w.Buf, lineEnd...)
}

// Double implements statemachine.Reply: a bulk string in RESP2.
func (w *Writer) Double(f float64) {
	var scratch [32]byte
	text := statemachine.AppendDouble(scratch[:0], f)
	switch {
	case w.Proto != 3:
		w.Bulk(text)
	case !w.isFull():
		w.Buf = append(append(append(w.Buf, ','), text...), lineEnd...)
	}
}

// Verbatim implements statemachine.Reply: a bulk string in RESP2. format has three letters.
func (w *Writer) Verbatim(format, text string) {
	if w.Proto != 3 {
		w.BulkString(text)
		return
	}
	if w.isFull() {
		return
	}
	w.header('=', len("txt:")+len(text))
	w.Buf = append(w.Buf, (format + "   ")[:3]...)
	w.Buf = append(append(append(w.Buf, ':'), text...), lineEnd...)
}

// Raw implements statemachine.Reply.
func (w *Writer) Raw(encoded []byte) {
	if !w.isFull() {
		w.Buf = append(w.Buf, encoded...)
	}
}
