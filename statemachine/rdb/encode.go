package rdb

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"math"
	"slices"
	"strconv"
)

// Sizes up to which collections are written in one piece: those up to which Redis keeps them so by default, in elements and in
// bytes of the longest.
const (
	maxPackedElements = 128
	maxPackedElement  = 64
	maxIntsetElements = 512
	// maxNodeBytes is the size of a list's node; an element that is longer has a node for itself.
	maxNodeBytes = 8 << 10
)

// Strings up to this length are tried as integers, and those longer than the other to be compressed.
const (
	maxIntString    = 11
	minCompressible = 20
	// minSaved is how many bytes compressing must save.
	minSaved = 4
)

// Encode is a value with the byte of its type in front, without a footer.
func Encode(v Value) []byte {
	switch v := v.(type) {
	case String:
		return appendString([]byte{byte(typeString)}, v)
	case List:
		return appendList([]byte{byte(typeListQuicklist2)}, v)
	case Set:
		return encodeSet(v)
	case ZSet:
		return encodeZSet(v)
	case Hash:
		return encodeHash(v)
	case *Stream:
		return encodeStream(v)
	}
	panic("rdb: a value is of none of the package's types")
}

func appendLength(b []byte, n uint64) []byte {
	switch {
	case n < 1<<6:
		return append(b, byte(n))
	case n < 1<<14:
		return append(b, length14<<6|byte(n>>8), byte(n))
	case n <= math.MaxUint32:
		return binary.BigEndian.AppendUint32(append(b, length32), uint32(n))
	}
	return binary.BigEndian.AppendUint64(append(b, length64), n)
}

// appendString appends a string in the shortest form that Redis would choose.
func appendString(b, s []byte) []byte {
	if len(s) <= maxIntString {
		if n, ok := canonicalInt(s); ok && n >= math.MinInt32 && n <= math.MaxInt32 {
			return appendIntForm(b, n)
		}
	}
	if len(s) > minCompressible {
		if packed, ok := lzfCompress(s, len(s)-minSaved); ok {
			b = append(b, lengthSpecial<<6|formLZF)
			b = appendLength(b, uint64(len(packed)))
			b = appendLength(b, uint64(len(s)))
			return append(b, packed...)
		}
	}
	return append(appendLength(b, uint64(len(s))), s...)
}

func appendIntForm(b []byte, n int64) []byte {
	switch {
	case n >= math.MinInt8 && n <= math.MaxInt8:
		return append(b, lengthSpecial<<6|formInt8, byte(n))
	case n >= math.MinInt16 && n <= math.MaxInt16:
		return binary.LittleEndian.AppendUint16(append(b, lengthSpecial<<6|formInt16), uint16(n))
	}
	return binary.LittleEndian.AppendUint32(append(b, lengthSpecial<<6|formInt32), uint32(n))
}

// appendList appends a list's nodes.
func appendList(b []byte, l List) []byte {
	var nodes []byte
	count := uint64(0)
	add := func(container uint64, content []byte) {
		nodes = appendString(appendLength(nodes, container), content)
		count++
	}
	pack := newListpack()
	flush := func() {
		if pack.count > 0 {
			add(nodePacked, pack.bytes())
			pack = newListpack()
		}
	}
	for _, element := range l {
		if len(element) > maxNodeBytes {
			flush()
			add(nodePlain, element)
			continue
		}
		if pack.size()+len(element) > maxNodeBytes {
			flush()
		}
		pack.add(element)
	}
	flush()
	return append(appendLength(b, count), nodes...)
}

func encodeSet(s Set) []byte {
	if ints, ok := allInts(s); ok {
		return appendString([]byte{byte(typeSetIntset)}, intset(ints))
	}
	b := appendLength([]byte{byte(typeSet)}, uint64(len(s)))
	for _, member := range s {
		b = appendString(b, member)
	}
	return b
}

// allInts are the members as integers in rising order, if they are few and all are.
func allInts(s Set) (ints []int64, ok bool) {
	if len(s) > maxIntsetElements {
		return nil, false
	}
	for _, member := range s {
		n, ok := canonicalInt(member)
		if !ok {
			return nil, false
		}
		ints = append(ints, n)
	}
	slices.Sort(ints)
	return ints, len(ints) > 0
}

func intset(ints []int64) []byte {
	size := uint32(2)
	for _, n := range ints {
		switch {
		case n < math.MinInt32 || n > math.MaxInt32:
			size = 8
		case n < math.MinInt16 || n > math.MaxInt16:
			size = max(size, 4)
		}
	}
	b := binary.LittleEndian.AppendUint32(nil, size)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(ints)))
	for _, n := range ints {
		var word [8]byte
		binary.LittleEndian.PutUint64(word[:], uint64(n))
		b = append(b, word[:size]...)
	}
	return b
}

func encodeZSet(z ZSet) []byte {
	small := len(z) <= maxPackedElements && !slices.ContainsFunc(z, func(m ScoredMember) bool { return len(m.Member) > maxPackedElement })
	if !small {
		b := appendLength([]byte{byte(typeZSet2)}, uint64(len(z)))
		for _, m := range z {
			b = binary.LittleEndian.AppendUint64(appendString(b, m.Member), math.Float64bits(m.Score))
		}
		return b
	}
	// What is in one piece must be in order.
	z = slices.Clone(z)
	slices.SortFunc(z, func(a, b ScoredMember) int {
		return cmp.Or(cmp.Compare(a.Score, b.Score), bytes.Compare(a.Member, b.Member))
	})
	pack := newListpack()
	for _, m := range z {
		pack.add(m.Member)
		pack.add(formatScore(m.Score))
	}
	return appendString([]byte{byte(typeZSetListpack)}, pack.bytes())
}

// formatScore is a score with the fewest digits that mean it.
func formatScore(score float64) []byte {
	switch {
	case math.IsInf(score, 1):
		return []byte("inf")
	case math.IsInf(score, -1):
		return []byte("-inf")
	case score == 0 && math.Signbit(score):
		return []byte("-0")
	case score == math.Trunc(score) && math.Abs(score) < 1<<53:
		return strconv.AppendInt(nil, int64(score), 10)
	}
	return strconv.AppendFloat(nil, score, 'g', -1, 64)
}

func encodeHash(h Hash) []byte {
	if slices.ContainsFunc(h, func(f Field) bool { return f.ExpireAt != 0 }) {
		return encodeTimedHash(h)
	}
	small := len(h) <= maxPackedElements &&
		!slices.ContainsFunc(h, func(f Field) bool { return len(f.Name) > maxPackedElement || len(f.Value) > maxPackedElement })
	if !small {
		b := appendLength([]byte{byte(typeHash)}, uint64(len(h)))
		for _, f := range h {
			b = appendString(appendString(b, f.Name), f.Value)
		}
		return b
	}
	pack := newListpack()
	for _, f := range h {
		pack.add(f.Name)
		pack.add(f.Value)
	}
	return appendString([]byte{byte(typeHashListpack)}, pack.bytes())
}

func encodeTimedHash(h Hash) []byte {
	least := int64(math.MaxInt64)
	for _, f := range h {
		if f.ExpireAt != 0 {
			least = min(least, f.ExpireAt)
		}
	}
	b := binary.LittleEndian.AppendUint64([]byte{byte(typeHashTimes)}, uint64(least))
	b = appendLength(b, uint64(len(h)))
	for _, f := range h {
		after := uint64(0)
		if f.ExpireAt != 0 {
			after = uint64(f.ExpireAt-least) + 1
		}
		b = appendString(appendString(appendLength(b, after), f.Name), f.Value)
	}
	return b
}
