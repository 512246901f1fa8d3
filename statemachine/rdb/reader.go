package rdb

import (
	"encoding/binary"
	"fmt"
	"math"
	"strconv"
)

// reader reads a value. The first thing that is wrong stays in err, and all that is read from then on is empty.
type reader struct {
	rest []byte
	err  error
	// longest is the longest string there may be, and expansion how much compressed strings may still come to.
	longest, expansion int
}

func (r *reader) fail(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf(format, args...)
	}
	r.rest = nil
}

// bytes reads n bytes; they are not copied.
func (r *reader) bytes(n uint64) []byte {
	if n > uint64(len(r.rest)) {
		r.fail("%d bytes are said to follow, and %d do", n, len(r.rest))
		return nil
	}
	b := r.rest[:n:n]
	r.rest = r.rest[n:]
	return b
}

func (r *reader) byte() byte {
	b := r.bytes(1)
	if len(b) == 0 {
		return 0
	}
	return b[0]
}

// uint64 reads 8 bytes in little-endian order.
func (r *reader) uint64() uint64 {
	b := r.bytes(8)
	if len(b) == 0 {
		return 0
	}
	return binary.LittleEndian.Uint64(b)
}

// The two highest bits of a length say how it goes on; lengthSpecial says that no length comes but a string in a form of its own.
const (
	length6       = 0
	length14      = 1
	lengthLong    = 2
	lengthSpecial = 3

	// The whole first bytes of the long forms.
	length32 = 0x80
	length64 = 0x81
)

// lengthOrForm reads a length, or the form of a string that has none.
func (r *reader) lengthOrForm() (n uint64, isForm bool) {
	first := r.byte()
	low := uint64(first & 0x3f)
	switch first >> 6 {
	case length6:
		return low, false
	case length14:
		return low<<8 | uint64(r.byte()), false
	case lengthSpecial:
		return low, true
	}
	switch first {
	case length32:
		if b := r.bytes(4); len(b) > 0 {
			return uint64(binary.BigEndian.Uint32(b)), false
		}
	case length64:
		if b := r.bytes(8); len(b) > 0 {
			return binary.BigEndian.Uint64(b), false
		}
	default:
		r.fail("no length begins with the byte %#x", first)
	}
	return 0, false
}

func (r *reader) length() uint64 {
	n, isForm := r.lengthOrForm()
	if isForm {
		r.fail("a string of form %d stands where a length should", n)
		return 0
	}
	return n
}

// count reads how many items follow, each of least bytes at least. A number that cannot be true is refused.
func (r *reader) count(least int) int {
	n := r.length()
	if n > uint64(len(r.rest)/least) {
		r.fail("%d items are said to follow in %d bytes", n, len(r.rest))
		return 0
	}
	return int(n)
}

// Forms of strings.
const (
	formInt8  = 0
	formInt16 = 1
	formInt32 = 2
	formLZF   = 3
)

// string reads a string in any form.
func (r *reader) string() []byte {
	n, isForm := r.lengthOrForm()
	switch {
	case !isForm:
		if n > uint64(r.longest) {
			r.fail("a string of %d bytes is longer than the %d that are allowed", n, r.longest)
		}
		return r.bytes(n)
	case n == formLZF:
		return r.compressed()
	case n > formLZF:
		r.fail("there is no form %d of strings", n)
		return nil
	}
	b := r.bytes(1 << n)
	switch len(b) {
	case 1:
		return formatInt(int64(int8(b[0])))
	case 2:
		return formatInt(int64(int16(binary.LittleEndian.Uint16(b))))
	case 4:
		return formatInt(int64(int32(binary.LittleEndian.Uint32(b))))
	}
	return nil
}

// compressed reads a string behind the mark of LZF.
func (r *reader) compressed() []byte {
	packed := r.length()
	n := r.length()
	b := r.bytes(packed)
	if n > uint64(r.longest) || n > uint64(r.expansion) {
		r.fail("a compressed string of %d bytes is longer than the %d that are allowed", n, min(r.longest, r.expansion))
	}
	if r.err != nil {
		return nil
	}
	plain, ok := lzfDecompress(b, int(n))
	if !ok {
		r.fail("a compressed string does not come to its %d bytes", n)
	}
	r.expansion -= int(n)
	return plain
}

// textScore reads a score as text: a byte with its length, or with what has none.
func (r *reader) textScore() float64 {
	const (
		notANumber    = 253
		infinity      = 254
		minusInfinity = 255
	)
	n := r.byte()
	switch n {
	case notANumber:
		return math.NaN()
	case infinity:
		return math.Inf(1)
	case minusInfinity:
		return math.Inf(-1)
	}
	return r.parseScore(r.bytes(uint64(n)))
}

func (r *reader) parseScore(text []byte) float64 {
	score, err := strconv.ParseFloat(string(text), 64)
	if err != nil && r.err == nil {
		r.fail("%q is no score", text)
	}
	return score
}

func (r *reader) end() error {
	if r.err == nil && len(r.rest) > 0 {
		r.fail("%d bytes follow behind the value", len(r.rest))
	}
	return r.err
}

func formatInt(n int64) []byte { return strconv.AppendInt(nil, n, 10) }
