package statemachine

import "math"

// bitType is the integer type of a field in a bitmap: i1 to i64, or u1 to u63.
type bitType struct {
	signed bool
	width  int64 // in bits
}

// The widest types. Every value of an unsigned one fits an int64, in which fields are handled.
const (
	maxSignedWidth   = 64
	maxUnsignedWidth = 63
)

// parseBitType reads a type such as i8 or u16.
func parseBitType(arg []byte) (t bitType, ok bool) {
	arg = clip(arg, len(arg))
	if len(arg) == 0 || arg[0] != 'i' && arg[0] != 'u' {
		return t, false
	}
	t.signed = arg[0] == 'i'
	t.width, ok = ParseInt(arg[1:])
	most := int64(maxUnsignedWidth)
	if t.signed {
		most = maxSignedWidth
	}
	return t, ok && t.width >= 1 && t.width <= most
}

// bounds are the least and the highest value of the type.
func (t bitType) bounds() (least, highest int64) {
	if t.signed {
		highest = math.MaxInt64 >> (maxSignedWidth - t.width)
		return -highest - 1, highest
	}
	return 0, math.MaxInt64 >> (maxUnsignedWidth - t.width)
}

// wrap keeps the bits of a value that the type has.
func (t bitType) wrap(value int64) int64 {
	shift := 64 - t.width
	if t.signed {
		return value << shift >> shift
	}
	return int64(uint64(value) << shift >> shift)
}

// get reads the field at an offset; bits behind the end of the bitmap are 0.
func (t bitType) get(s []byte, offset int64) int64 {
	var value uint64
	for end := offset + t.width; offset < end; {
		take := min(8-offset&7, end-offset) // to the end of the byte, or of the field
		var b byte
		if at := offset >> 3; at < int64(len(s)) {
			b = s[at]
		}
		value = value<<take | uint64(b<<(offset&7)>>(8-take))
		offset += take
	}
	return t.wrap(int64(value))
}

// put writes the field at an offset that the bitmap has.
func (t bitType) put(s []byte, offset, value int64) {
	left := t.width
	for left > 0 {
		take := min(8-offset&7, left)
		left -= take
		shift := 8 - offset&7 - take // what is behind the field in the byte
		mask := byte(1<<take-1) << shift
		b := &s[offset>>3]
		*b = *b&^mask | byte(value>>left)<<shift&mask
		offset += take
	}
}

// overflowRule says what becomes of a value that the type does not have.
type overflowRule uint8

const (
	overflowWrap overflowRule = iota // the bits that fit
	overflowSat                      // the nearest value that there is
	overflowFail                     // nothing is written
)

// add returns the sum of a value of the type and an increment, under a rule; ok is false if nothing may be written.
func (t bitType) add(value, increment int64, rule overflowRule) (sum int64, ok bool) {
	least, highest := t.bounds()
	sum = value + increment // modulo 2^64, as wrap needs it
	above := increment > 0 && value > highest-increment
	below := increment < 0 && (t.signed && value < least-increment || !t.signed && sum < 0)
	return t.limit(sum, above, below, rule)
}

// set returns a value that a client gave as the type has it. As in Redis, a negative one is above all unsigned ones, and one
// whose distance from the highest value has no int64 is above it, too.
func (t bitType) set(value int64, rule overflowRule) (_ int64, ok bool) {
	least, highest := t.bounds()
	above := value > highest || t.width < maxSignedWidth && highest-value < 0 || !t.signed && value < 0
	return t.limit(value, above, t.signed && value < least, rule)
}

func (t bitType) limit(value int64, above, below bool, rule overflowRule) (_ int64, ok bool) {
	least, highest := t.bounds()
	switch {
	case !above && !below:
		return value, true
	case rule == overflowFail:
		return 0, false
	case rule == overflowWrap:
		return t.wrap(value), true
	case above:
		return highest, true
	}
	return least, true
}
