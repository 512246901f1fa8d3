package rdb

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strconv"
)

// A listpack (https://github.com/antirez/listpack) is a row of strings and integers in one piece: its length, 4 bytes, how many elements it
// has, 2 bytes, both little-endian, the elements, and a byte of 255. Behind each element is its own length, to be read backwards.
//
//	0nnnnnnn                    an integer from 0 to 127
//	10nnnnnn bytes              a string of up to 63 bytes
//	110nnnnn nnnnnnnn           an integer of 13 bits
//	1110nnnn nnnnnnnn bytes     a string of up to 4095 bytes
//	11110000 (4 bytes) bytes    a longer string
//	11110001 to 11110100        an integer of 2, 3, 4 or 8 bytes
const (
	listpackHead = 4 + 2
	listpackEnd  = 0xff
	// listpackUncounted is the count of a listpack that has too many elements for it.
	listpackUncounted = math.MaxUint16

	listpackString32 = 0xf0
	listpackInt16    = 0xf1
	listpackInt24    = 0xf2
	listpackInt32    = 0xf3
	listpackInt64    = 0xf4

	maxListpackString6  = 1<<6 - 1
	maxListpackString12 = 1<<12 - 1
	listpackIntMin13    = -1 << 12
)

// Errors of listpacks, and of the older structures like them.
var (
	errPackLength   = errors.New("its length is not what it says")
	errPackCount    = errors.New("it does not have as many elements as it says")
	errPackElement  = errors.New("an element does not end in it")
	errPackBackward = errors.New("an element's length, read backwards, is another")
)

// readListpack returns all elements of a listpack, integers as their digits.
func readListpack(b []byte) (elements [][]byte, err error) {
	if len(b) < listpackHead+1 || uint64(binary.LittleEndian.Uint32(b)) != uint64(len(b)) || b[len(b)-1] != listpackEnd {
		return nil, errPackLength
	}
	count := int(binary.LittleEndian.Uint16(b[4:]))
	rest := b[listpackHead : len(b)-1]
	elements = make([][]byte, 0, min(count, len(rest)/2)) // an element has two bytes at least
	for len(rest) > 0 {
		element, n := listpackElement(rest)
		if n == 0 {
			return nil, errPackElement
		}
		var backward [5]byte
		back := appendBackward(backward[:0], n)
		if len(rest) < n+len(back) || string(rest[n:n+len(back)]) != string(back) {
			return nil, errPackBackward
		}
		elements = append(elements, element)
		rest = rest[n+len(back):]
	}
	if count != listpackUncounted && count != len(elements) {
		return nil, errPackCount
	}
	return elements, nil
}

// listpackElement decodes the element at the beginning of b, and returns how many bytes it takes; 0 if it does not end there.
func listpackElement(b []byte) (element []byte, n int) {
	first := b[0]
	switch {
	case first < 0x80:
		return formatInt(int64(first)), 1
	case first < 0xc0:
		return packString(b, 1, uint64(first&0x3f))
	case first < 0xe0:
		if len(b) < 2 {
			return nil, 0
		}
		value := int64(first&0x1f)<<8 | int64(b[1])
		return formatInt(value << (64 - 13) >> (64 - 13)), 2
	case first < listpackString32:
		if len(b) < 2 {
			return nil, 0
		}
		return packString(b, 2, uint64(first&0xf)<<8|uint64(b[1]))
	case first == listpackString32:
		if len(b) < 5 {
			return nil, 0
		}
		return packString(b, 5, uint64(binary.LittleEndian.Uint32(b[1:])))
	case first == listpackInt16:
		return packInt(b, 2)
	case first == listpackInt24:
		return packInt(b, 3)
	case first == listpackInt32:
		return packInt(b, 4)
	case first == listpackInt64:
		return packInt(b, 8)
	}
	return nil, 0
}

// packString is the string of a length behind a head.
func packString(b []byte, head int, length uint64) (element []byte, n int) {
	if length > uint64(len(b)-head) {
		return nil, 0
	}
	n = head + int(length)
	return b[head:n:n], n
}

// packInt is the integer of some bytes, little-endian, behind a head of one.
func packInt(b []byte, size int) (element []byte, n int) {
	if len(b) < 1+size {
		return nil, 0
	}
	var word [8]byte
	copy(word[8-size:], b[1:1+size])
	return formatInt(int64(binary.LittleEndian.Uint64(word[:])) >> (64 - 8*size)), 1 + size
}

// appendBackward appends an element's length as it is read backwards: 7 bits a byte, the least significant ones last, and a
// mark in all bytes but the first, where reading ends.
func appendBackward(b []byte, n int) []byte {
	size := 5
	switch { // as Redis does, with a byte more than needed where all bits but those of one byte are 1
	case n <= 1<<7-1:
		size = 1
	case n < 1<<14-1:
		size = 2
	case n < 1<<21-1:
		size = 3
	case n < 1<<28-1:
		size = 4
	}
	for i := size - 1; i >= 0; i-- {
		part := byte(n >> (7 * i) & 0x7f)
		if i < size-1 {
			part |= 0x80
		}
		b = append(b, part)
	}
	return b
}

// listpack is one that is being written.
type listpack struct {
	buf   []byte
	count int
}

func newListpack() *listpack { return &listpack{buf: make([]byte, listpackHead)} }

// size is how long it would be if it ended now.
func (l *listpack) size() int { return len(l.buf) + 1 }

// add appends an element; what is an integer in its usual digits is kept as one.
func (l *listpack) add(element []byte) {
	if n, ok := canonicalInt(element); ok {
		l.addInt(n)
		return
	}
	start := len(l.buf)
	switch n := len(element); {
	case n <= maxListpackString6:
		l.buf = append(l.buf, 0x80|byte(n))
	case n <= maxListpackString12:
		l.buf = append(l.buf, 0xe0|byte(n>>8), byte(n))
	default:
		l.buf = binary.LittleEndian.AppendUint32(append(l.buf, listpackString32), uint32(n))
	}
	l.buf = append(l.buf, element...)
	l.end(start)
}

// addInt appends an integer.
func (l *listpack) addInt(n int64) {
	start := len(l.buf)
	switch {
	case n >= 0 && n <= math.MaxInt8:
		l.buf = append(l.buf, byte(n))
	case n >= listpackIntMin13 && n < -listpackIntMin13:
		l.buf = append(l.buf, 0xc0|byte(n>>8)&0x1f, byte(n))
	case n >= math.MinInt16 && n <= math.MaxInt16:
		l.buf = append(l.buf, listpackInt16, byte(n), byte(n>>8))
	case n >= -1<<23 && n < 1<<23:
		l.buf = append(l.buf, listpackInt24, byte(n), byte(n>>8), byte(n>>16))
	case n >= math.MinInt32 && n <= math.MaxInt32:
		l.buf = binary.LittleEndian.AppendUint32(append(l.buf, listpackInt32), uint32(n))
	default:
		l.buf = binary.LittleEndian.AppendUint64(append(l.buf, listpackInt64), uint64(n))
	}
	l.end(start)
}

// end ends the element that begins at start.
func (l *listpack) end(start int) {
	l.buf = appendBackward(l.buf, len(l.buf)-start)
	l.count++
}

// bytes ends the listpack.
func (l *listpack) bytes() []byte {
	l.buf = append(l.buf, listpackEnd)
	binary.LittleEndian.PutUint32(l.buf, uint32(len(l.buf)))
	binary.LittleEndian.PutUint16(l.buf[4:], uint16(min(l.count, listpackUncounted)))
	return l.buf
}

// maxIntDigits is how long the digits of an integer can be.
const maxIntDigits = 20

// canonicalInt is the integer whose digits a string is, as they are usually written.
func canonicalInt(b []byte) (n int64, ok bool) {
	if len(b) == 0 || len(b) > maxIntDigits {
		return 0, false
	}
	n, err := strconv.ParseInt(string(b), 10, 64)
	if err != nil {
		return 0, false
	}
	var digits [maxIntDigits]byte
	return n, string(strconv.AppendInt(digits[:0], n, 10)) == string(b)
}

// listpack reads a string that is a listpack.
func (r *reader) listpack() [][]byte { return r.pack("listpack", readListpack) }

// pack reads a string that holds elements in one piece.
func (r *reader) pack(name string, read func([]byte) ([][]byte, error)) [][]byte {
	b := r.string()
	if r.err != nil {
		return nil
	}
	elements, err := read(b)
	if err != nil {
		r.fail("%w", fmt.Errorf("a %s: %w", name, err))
	}
	return elements
}
