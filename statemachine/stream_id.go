package statemachine

import (
	"bytes"
	"encoding/binary"
	"math"
	"strconv"
)

// streamID is the identifier of a stream's entry: milliseconds, and a number among those of the same millisecond.
type streamID struct{ ms, seq uint64 }

// streamIDBytes is the length of an encoded id, whose bytes are in the order of the ids.
const streamIDBytes = 16

// maxStreamID is the highest.
var maxStreamID = streamID{math.MaxUint64, math.MaxUint64}

func (id streamID) less(other streamID) bool {
	return id.ms < other.ms || id.ms == other.ms && id.seq < other.seq
}

// next is the id behind; ok is false behind the highest.
func (id streamID) next() (_ streamID, ok bool) {
	switch {
	case id.seq != math.MaxUint64:
		return streamID{id.ms, id.seq + 1}, true
	case id.ms != math.MaxUint64:
		return streamID{id.ms + 1, 0}, true
	}
	return streamID{}, false
}

// prev is the id before; ok is false before the lowest.
func (id streamID) prev() (_ streamID, ok bool) {
	switch {
	case id.seq != 0:
		return streamID{id.ms, id.seq - 1}, true
	case id.ms != 0:
		return streamID{id.ms - 1, math.MaxUint64}, true
	}
	return maxStreamID, false
}

func (id streamID) append(dst []byte) []byte {
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(dst, id.ms), id.seq)
}

func decodeStreamID(b []byte) streamID {
	return streamID{binary.BigEndian.Uint64(b), binary.BigEndian.Uint64(b[8:])}
}

// appendText appends the id as clients see it: 1526919030474-55.
func (id streamID) appendText(dst []byte) []byte {
	dst = append(strconv.AppendUint(dst, id.ms, 10), '-')
	return strconv.AppendUint(dst, id.seq, 10)
}

// text is the id as clients see it.
func (id streamID) text() []byte { return id.appendText(make([]byte, 0, 41)) }

// replyID replies with an id.
func replyID(id streamID, reply Reply) { reply.Bulk(id.text()) }

// maxStreamIDText bounds the text of an id, as in Redis.
const maxStreamIDText = 127

// parseStreamID reads an id as Redis does, "-" and "+" for the lowest and the highest, unless it is to be strict. missing is the number of
// an id that has milliseconds alone.
func parseStreamID(arg []byte, missing uint64, strict bool) (id streamID, ok bool) {
	if !strict && string(arg) == "-" {
		return streamID{}, true
	}
	if !strict && string(arg) == "+" {
		return maxStreamID, true
	}
	id, anySeq, ok := parseNewStreamID(arg, missing)
	return id, ok && !anySeq
}

// parseNewStreamID reads an id whose number may be "*": anySeq.
func parseNewStreamID(arg []byte, missing uint64) (id streamID, anySeq, ok bool) {
	if len(arg) > maxStreamIDText {
		return id, false, false
	}
	arg, _, _ = bytes.Cut(arg, []byte{0}) // as C's functions see it
	ms, seq, both := bytes.Cut(arg, []byte("-"))
	if id.ms, ok = parseUnsigned(ms); !ok {
		return id, false, false
	}
	switch {
	case !both:
		id.seq = missing
	case string(seq) == "*":
		return id, true, true
	default:
		id.seq, ok = parseUnsigned(seq)
	}
	return id, false, ok
}

// parseUnsigned reads what Redis's string2ull reads: decimal digits, behind what strtoull passes over.
func parseUnsigned(b []byte) (uint64, bool) {
	b = bytes.TrimLeft(b, " \t\n\v\f\r")
	negative := false
	if len(b) > 0 && (b[0] == '+' || b[0] == '-') {
		negative, b = b[0] == '-', b[1:]
	}
	n, err := strconv.ParseUint(string(b), 10, 64)
	if negative {
		n = -n
	}
	return n, err == nil
}

// strictStreamID reads an id argument, or replies Redis's error.
func strictStreamID(arg []byte, reply Reply) (streamID, bool) {
	id, ok := parseStreamID(arg, 0, true)
	if !ok {
		reply.Error(errStreamID)
	}
	return id, ok
}

// streamRangeArgs reads the ends of a range of ids, either of which "(" leaves out, or replies Redis's error.
func streamRangeArgs(from, to []byte, reply Reply) (first, last streamID, ok bool) {
	first, ok = streamRangeStart(from, reply)
	if !ok {
		return first, last, false
	}
	last, open, ok := parseStreamEnd(to, math.MaxUint64)
	if !ok {
		reply.Error(errStreamID)
		return first, last, false
	}
	if open {
		if last, ok = last.prev(); !ok {
			reply.Error(errStreamEnd)
		}
	}
	return first, last, ok
}

// streamRangeStart reads the lower end of a range.
func streamRangeStart(arg []byte, reply Reply) (first streamID, ok bool) {
	first, open, ok := parseStreamEnd(arg, 0)
	if !ok {
		reply.Error(errStreamID)
		return first, false
	}
	if open {
		if first, ok = first.next(); !ok {
			reply.Error(errStreamStart)
		}
	}
	return first, ok
}

func parseStreamEnd(arg []byte, missing uint64) (id streamID, open, ok bool) {
	if len(arg) > 1 && arg[0] == '(' {
		id, ok = parseStreamID(arg[1:], missing, true)
		return id, true, ok
	}
	id, ok = parseStreamID(arg, missing, false)
	return id, false, ok
}
