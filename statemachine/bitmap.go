package statemachine

import (
	"encoding/binary"
	"math/bits"
)

// A bitmap is a string whose bits count from the most significant one of its first byte. The functions here are of bytes
// alone; what is behind the end of a bitmap is 0.

// bitAt is the bit at an offset.
func bitAt(s []byte, offset int64) int64 {
	at := offset >> 3
	if at >= int64(len(s)) {
		return 0
	}
	return int64(s[at] >> (7 - offset&7) & 1)
}

// putBit sets the bit at an offset that the bitmap has.
func putBit(s []byte, offset, bit int64) {
	mask := byte(1) << (7 - offset&7)
	if bit == 0 {
		s[offset>>3] &^= mask
	} else {
		s[offset>>3] |= mask
	}
}

// countBits is how many bits are 1.
func countBits(s []byte) int64 {
	n := 0
	for ; len(s) >= 8; s = s[8:] {
		n += bits.OnesCount64(binary.LittleEndian.Uint64(s))
	}
	for _, c := range s {
		n += bits.OnesCount8(c)
	}
	return int64(n)
}

// countRange is how many of the bits from first to last, which both are there, are 1.
func countRange(s []byte, first, last int64) int64 {
	n := countBits(s[first>>3 : last>>3+1])
	n -= int64(bits.OnesCount8(s[first>>3] >> (8 - first&7))) // what is in front of first in its byte
	n -= int64(bits.OnesCount8(s[last>>3] << (last&7 + 1)))   // and behind last
	return n
}

// findBit is the offset of the first bit of a value from first to last, which both are there; -1 if there is none.
func findBit(s []byte, bit, first, last int64) int64 {
	var skip uint64 // a word of this has none
	if bit == 0 {
		skip = ^skip
	}
	for first <= last {
		at := first >> 3
		switch {
		case first&7 == 0 && len(s)-int(at) >= 8 && binary.LittleEndian.Uint64(s[at:]) == skip:
			first += 64
		case first&7 == 0 && s[at] == byte(skip):
			first += 8
		case bitAt(s, first) == bit:
			return first
		default:
			first++
		}
	}
	return -1
}

// bitOperation is what BITOP does with bitmaps. All are bitwise, so they work on words of any size.
type bitOperation struct {
	name string
	// least and most are how many bitmaps it takes; most 0: any number.
	least, most int
	// start is what it makes of the first bitmap, and step what it makes of that and each further one.
	start func(x uint64) bitState
	step  func(s bitState, y uint64) bitState
	// end makes the result.
	end func(s bitState) uint64
}

// bitState is what an operation keeps from one bitmap to the next.
type bitState struct {
	x    uint64 // of the first one, or all so far
	some uint64 // the bits in one or more of the others, or in exactly one so far
	more uint64 // the bits in two or more
}

var bitOperations = []bitOperation{
	{name: "AND", least: 1, start: keepFirst, step: func(s bitState, y uint64) bitState { s.x &= y; return s }, end: onlyX},
	{name: "OR", least: 1, start: keepFirst, step: func(s bitState, y uint64) bitState { s.x |= y; return s }, end: onlyX},
	{name: "XOR", least: 1, start: keepFirst, step: func(s bitState, y uint64) bitState { s.x ^= y; return s }, end: onlyX},
	{name: "NOT", least: 1, most: 1, start: func(x uint64) bitState { return bitState{x: ^x} }, end: onlyX},
	{name: "DIFF", least: 2, start: keepFirst, step: orSome, end: func(s bitState) uint64 { return s.x &^ s.some }},
	{name: "DIFF1", least: 2, start: keepFirst, step: orSome, end: func(s bitState) uint64 { return s.some &^ s.x }},
	{name: "ANDOR", least: 2, start: keepFirst, step: orSome, end: func(s bitState) uint64 { return s.x & s.some }},
	{name: "ONE", least: 1, start: func(x uint64) bitState { return bitState{some: x} }, step: func(s bitState, y uint64) bitState {
		s.more |= s.some & y
		s.some = (s.some | y) &^ s.more
		return s
	}, end: func(s bitState) uint64 { return s.some }},
}

func keepFirst(x uint64) bitState          { return bitState{x: x} }
func orSome(s bitState, y uint64) bitState { s.some |= y; return s }
func onlyX(s bitState) uint64              { return s.x }

// apply combines bitmaps to one as long as the longest of them; what is missing of the others is 0.
func (op *bitOperation) apply(sources [][]byte) []byte {
	longest := 0
	for _, s := range sources {
		longest = max(longest, len(s))
	}
	result := make([]byte, (longest+7)&^7)
	for at := 0; at < longest; at += 8 {
		s := op.start(wordAt(sources[0], at))
		for _, source := range sources[1:] {
			s = op.step(s, wordAt(source, at))
		}
		binary.LittleEndian.PutUint64(result[at:], op.end(s))
	}
	return result[:longest]
}

// wordAt is the eight bytes from at on.
func wordAt(s []byte, at int) uint64 {
	if len(s)-at >= 8 {
		return binary.LittleEndian.Uint64(s[at:])
	}
	var word [8]byte
	if at < len(s) {
		copy(word[:], s[at:])
	}
	return binary.LittleEndian.Uint64(word[:])
}
