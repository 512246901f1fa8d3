package sim

import (
	"errors"
	"strconv"
)

var errTooMany = errors.New("a chunk had more commands run than it holds")

// recorded is a reply as RESP2 encodes it. It implements statemachine.Reply.
type recorded struct{ encoded []byte }

func (r *recorded) head(kind byte, n int) {
	r.encoded = append(strconv.AppendInt(append(r.encoded, kind), int64(n), 10), "\r\n"...)
}

func (r *recorded) line(kind byte, text string) {
	r.encoded = append(append(append(r.encoded, kind), text...), "\r\n"...)
}

func (r *recorded) Status(s string)   { r.line('+', s) }
func (r *recorded) Error(text string) { r.line('-', text) }
func (r *recorded) Int(n int64)       { r.line(':', strconv.FormatInt(n, 10)) }
func (r *recorded) Bulk(b []byte) {
	r.head('$', len(b))
	r.encoded = append(append(r.encoded, b...), "\r\n"...)
}
func (r *recorded) BulkString(s string) { r.Bulk([]byte(s)) }
func (r *recorded) Null()               { r.head('$', -1) }
func (r *recorded) NullArray()          { r.head('*', -1) }
func (r *recorded) Array(n int)         { r.head('*', n) }
func (r *recorded) Map(n int)           { r.head('*', 2*n) }
func (r *recorded) Set(n int)           { r.head('*', n) }
func (r *recorded) Push(n int)          { r.head('*', n) }
func (r *recorded) Double(f float64)    { r.BulkString(strconv.FormatFloat(f, 'g', 17, 64)) }
func (r *recorded) Bool(b bool) {
	if b {
		r.Int(1)
		return
	}
	r.Int(0)
}
func (r *recorded) Verbatim(_, text string) { r.BulkString(text) }
func (r *recorded) Raw(encoded []byte)      { r.encoded = append(r.encoded, encoded...) }
func (r *recorded) Protocol() int           { return 2 }
