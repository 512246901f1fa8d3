package rdb

import (
	"encoding/binary"
	"errors"
)

// The structures that listpacks have replaced: ziplists (until 7.0), zipmaps (until 2.6), and intsets, which are still there.

// A ziplist is a row of strings and integers: its length and where its last element is, 4 bytes each, how many elements there are, 2 bytes, all
// little-endian, the elements, and a byte of 255. In front of each element is the length of the one before, 1 byte or 254 and 4 bytes.
//
//	00nnnnnn bytes, 01nnnnnn nnnnnnnn bytes, 10000000 (4 bytes, big-endian) bytes    strings
//	11000000, 11010000, 11100000, 11110000, 11111110    integers of 2, 4, 8, 3 bytes and 1
//	11110001 to 11111101                                integers from 0 to 12
const (
	ziplistHead      = 4 + 4 + 2
	ziplistUncounted = 0xffff
	ziplistEnd       = 0xff
	ziplistLongPrev  = 0xfe

	ziplistString32 = 0x80
	ziplistInt16    = 0xc0
	ziplistInt32    = 0xd0
	ziplistInt64    = 0xe0
	ziplistInt24    = 0xf0
	ziplistInt8     = 0xfe
	ziplistZero     = 0xf1
	ziplistTwelve   = 0xfd
)

// readZiplist returns all elements of a ziplist, integers as their digits.
func readZiplist(b []byte) (elements [][]byte, err error) {
	if len(b) < ziplistHead+1 || uint64(binary.LittleEndian.Uint32(b)) != uint64(len(b)) || b[len(b)-1] != ziplistEnd {
		return nil, errPackLength
	}
	count := int(binary.LittleEndian.Uint16(b[8:]))
	rest := b[ziplistHead : len(b)-1]
	elements = make([][]byte, 0, min(count, len(rest)/2)) // an element has two bytes at least
	previous := uint64(0)
	for len(rest) > 0 {
		said, head := uint64(rest[0]), 1
		if rest[0] == ziplistLongPrev {
			if head = 5; len(rest) < head {
				return nil, errPackElement
			}
			said = uint64(binary.LittleEndian.Uint32(rest[1:]))
		}
		if said != previous {
			return nil, errPackBackward
		}
		if len(rest) == head {
			return nil, errPackElement
		}
		element, n := ziplistElement(rest[head:])
		if n == 0 {
			return nil, errPackElement
		}
		elements = append(elements, element)
		previous = uint64(head + n)
		rest = rest[head+n:]
	}
	if count != ziplistUncounted && count != len(elements) {
		return nil, errPackCount
	}
	return elements, nil
}

// ziplistElement decodes the element at the beginning of b, and returns how many bytes it takes; 0 if it does not end there.
func ziplistElement(b []byte) (element []byte, n int) {
	first := b[0]
	switch {
	case first>>6 == 0:
		return packString(b, 1, uint64(first))
	case first>>6 == 1:
		if len(b) < 2 {
			return nil, 0
		}
		return packString(b, 2, uint64(first&0x3f)<<8|uint64(b[1]))
	case first == ziplistString32:
		if len(b) < 5 {
			return nil, 0
		}
		return packString(b, 5, uint64(binary.BigEndian.Uint32(b[1:])))
	case first == ziplistInt8:
		return packInt(b, 1)
	case first == ziplistInt16:
		return packInt(b, 2)
	case first == ziplistInt24:
		return packInt(b, 3)
	case first == ziplistInt32:
		return packInt(b, 4)
	case first == ziplistInt64:
		return packInt(b, 8)
	case first >= ziplistZero && first <= ziplistTwelve:
		return formatInt(int64(first - ziplistZero)), 1
	}
	return nil, 0
}

// A zipmap is a row of keys and values in turn: how many pairs there are, 1 byte, 254 for too many of them, then lengths and strings, and a byte of 255.
// A length is 1 byte, or 254 and 4 bytes little-endian. Behind a value's length is how many bytes are unused behind the value.
const (
	zipmapEnd       = 0xff
	zipmapLong      = 0xfe
	zipmapUncounted = 0xfe
)

// readZipmap returns all keys and values of a zipmap in turn.
func readZipmap(b []byte) (elements [][]byte, err error) {
	if len(b) < 2 || b[len(b)-1] != zipmapEnd {
		return nil, errPackLength
	}
	rest := b[1 : len(b)-1]
	take := func(isValue bool) bool {
		if len(rest) == 0 {
			return false
		}
		length, head, unused := uint64(rest[0]), 1, 0
		if rest[0] == zipmapLong {
			if head = 5; len(rest) < head {
				return false
			}
			length = uint64(binary.LittleEndian.Uint32(rest[1:]))
		}
		if isValue {
			if head++; len(rest) < head {
				return false
			}
			unused = int(rest[head-1])
		}
		if length+uint64(unused) > uint64(len(rest)-head) {
			return false
		}
		end := head + int(length)
		elements = append(elements, rest[head:end:end])
		rest = rest[end+unused:]
		return true
	}
	for len(rest) > 0 {
		if !take(false) || !take(true) {
			return nil, errPackElement
		}
	}
	if count := int(b[0]); count < zipmapUncounted && count != len(elements)/2 {
		return nil, errPackCount
	}
	return elements, nil
}

// An intset is a row of integers in rising order: the size of each, 2, 4 or 8, and how many there are, 4 bytes each, and the integers, all
// little-endian.
const intsetHead = 4 + 4

var errIntsetOrder = errors.New("its integers are not in rising order")

// readIntset returns the digits of all integers of an intset.
func readIntset(b []byte) (elements [][]byte, err error) {
	if len(b) < intsetHead {
		return nil, errPackLength
	}
	size, count := uint64(binary.LittleEndian.Uint32(b)), uint64(binary.LittleEndian.Uint32(b[4:]))
	if size != 2 && size != 4 && size != 8 || size*count != uint64(len(b)-intsetHead) {
		return nil, errPackLength
	}
	elements = make([][]byte, 0, count)
	var before int64
	for rest := b[intsetHead:]; len(rest) > 0; rest = rest[size:] {
		n := intsetInt(rest, size)
		if len(elements) > 0 && n <= before {
			return nil, errIntsetOrder
		}
		elements, before = append(elements, formatInt(n)), n
	}
	return elements, nil
}

func intsetInt(b []byte, size uint64) int64 {
	switch size {
	case 2:
		return int64(int16(binary.LittleEndian.Uint16(b)))
	case 4:
		return int64(int32(binary.LittleEndian.Uint32(b)))
	}
	return int64(binary.LittleEndian.Uint64(b))
}
