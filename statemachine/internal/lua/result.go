package lua

import (
	"strings"

	"github.com/paxredis/paxredis/statemachine/internal/double"
)

// Reply is what a result is written to; its methods are those of statemachine.Reply.
type Reply interface {
	Status(s string)
	Error(text string)
	Int(n int64)
	BulkString(s string)
	Null()
	Array(n int)
	Map(n int)
	Set(n int)
	Double(f float64)
	Bool(b bool)
	Verbatim(format, text string)
	Raw(encoded []byte)
	Protocol() int
}

func appendDouble(f float64) []byte { return double.Append(nil, f) }

// maxReplyDepth is how deep a reply may be nested.
const maxReplyDepth = 1000

// replyBytes is what each element of a reply counts as, besides its bytes: tables in it may be many times as many as the script has made.
const replyBytes = 16

// measure counts what a reply takes, so that writing it ends.
func (in *Interp) measure(v Value, depth int) {
	in.iterate()
	in.charge(replyBytes)
	switch v := v.(type) {
	case string:
		in.charge(int64(len(v)))
	case *Table:
		if depth < maxReplyDepth {
			in.measureTable(v, depth+1)
		}
	}
}

func (in *Interp) measureTable(t *Table, depth int) {
	if fields, _ := fieldsOf(t); fields != nil {
		in.work(int64(len(fields.array) + len(fields.nodes)))
		fields.each(func(k, v Value) bool {
			in.measure(k, depth)
			in.measure(v, depth)
			return true
		})
		return
	}
	for i := 1; ; i++ {
		v := t.At(i)
		if v == nil {
			return
		}
		in.measure(v, depth)
	}
}

// fieldsOf is the table in {map=...} or {set=...}.
func fieldsOf(t *Table) (fields *Table, isMap bool) {
	if m, ok := t.Field("map").(*Table); ok {
		return m, true
	}
	s, _ := t.Field("set").(*Table)
	return s, false
}

// Write writes the result as Redis does: what a script returned, or its error and where it was.
func (r *Result) Write(reply Reply) {
	if r.text != "" {
		reply.Error(oneLine(r.text) + r.place)
		return
	}
	r.write(reply, r.value, 0)
}

var lineEnds = strings.NewReplacer("\r", " ", "\n", " ")

func oneLine(s string) string { return lineEnds.Replace(s) }

func (r *Result) write(reply Reply, v Value, depth int) {
	switch v := v.(type) {
	case string:
		reply.BulkString(v)
	case float64:
		reply.Int(Integer(v))
	case bool:
		switch {
		case r.resp == 3:
			reply.Bool(v)
		case v:
			reply.Int(1)
		default:
			reply.Null()
		}
	case *Table:
		if depth == maxReplyDepth {
			reply.Error("ERR reached lua stack limit")
			return
		}
		r.writeTable(reply, v, depth+1)
	default:
		reply.Null()
	}
}

// writeTable writes a table: of those that mean something else than a list the first field that says so counts.
func (r *Result) writeTable(reply Reply, t *Table, depth int) {
	if s, ok := t.Field("err").(string); ok {
		reply.Error(oneLine(s))
		return
	}
	if s, ok := t.Field("ok").(string); ok {
		reply.Status(oneLine(s))
		return
	}
	if f, ok := t.Field("double").(float64); ok {
		reply.Double(f)
		return
	}
	if fields, isMap := fieldsOf(t); fields != nil {
		r.writeFields(reply, fields, isMap, depth)
		return
	}
	if s, ok := t.Field("big_number").(string); ok {
		writeBigNumber(reply, oneLine(s))
		return
	}
	if v, ok := t.Field("verbatim_string").(*Table); ok {
		s, isText := v.Field("string").(string)
		format, isFormat := v.Field("format").(string)
		if isText && isFormat {
			reply.Verbatim(threeLetters(format), s)
			return
		}
	}
	n := 0
	for t.At(n+1) != nil {
		n++
	}
	reply.Array(n)
	for i := 1; i <= n; i++ {
		r.write(reply, t.At(i), depth)
	}
}

// threeLetters is a format as RESP3 has it.
func threeLetters(format string) string { return (format + "   ")[:3] }

// writeFields writes a map, or a set of the keys.
func (r *Result) writeFields(reply Reply, fields *Table, isMap bool, depth int) {
	n := 0
	fields.each(func(Value, Value) bool { n++; return true })
	if isMap {
		reply.Map(n)
	} else {
		reply.Set(n)
	}
	fields.each(func(k, v Value) bool {
		r.write(reply, k, depth)
		if isMap {
			r.write(reply, v, depth)
		}
		return true
	})
}

// writeBigNumber writes a number of any size: ( in RESP3, a string in RESP2.
func writeBigNumber(reply Reply, digits string) {
	if reply.Protocol() == 3 {
		reply.Raw([]byte("(" + digits + "\r\n"))
		return
	}
	reply.BulkString(digits)
}
