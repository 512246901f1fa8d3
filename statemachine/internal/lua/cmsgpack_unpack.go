package lua

import (
	"encoding/binary"
	"math"
)

// msgpackUnpack returns the values in a string from an offset on, at most limit of them, 0 for all; with an offset, in front of them where it has come to,
// -1 at the end.
func msgpackUnpack(a args, limit, offset int, withOffset bool) {
	s := a.str(1)
	switch {
	case offset < 0 || limit < 0:
		a.in.fail("Invalid request to unpack with offset of " + itoa(offset) + " and limit of " + itoa(len(s)) + ".")
	case offset > len(s):
		a.in.fail("Start offset " + itoa(offset) + " greater than input length " + itoa(len(s)) + ".")
	}
	all := !withOffset || limit == 0 && offset == 0
	if all {
		limit = math.MaxInt
	}
	u := unpacker{in: a.in, s: s[offset:]}
	var found []Value
	for len(u.s) > 0 && len(found) < limit {
		if len(found) >= maxUnpack {
			a.in.fail("too many return values at once; use unpack_one or unpack_limit instead.")
		}
		v := u.value(0)
		switch u.problem {
		case unpackShort:
			a.in.fail("Missing bytes in input.")
		case unpackBad:
			a.in.fail("Bad data format in input.")
		}
		found = append(found, v)
	}
	if all {
		a.in.returns(found...)
		return
	}
	at := -1.0
	if len(u.s) > 0 {
		at = float64(len(s) - len(u.s))
	}
	a.in.returns(append([]Value{number(at)}, found...)...)
}

const (
	unpackShort = 1 + iota
	unpackBad
)

type unpacker struct {
	in      *Interp
	s       string
	problem int
}

// take returns the next n bytes.
func (u *unpacker) take(n uint64) string {
	if n > uint64(len(u.s)) {
		u.problem, u.s = unpackShort, ""
		return ""
	}
	b := u.s[:n]
	u.s = u.s[n:]
	return b
}

// uint reads an unsigned integer of n bytes.
func (u *unpacker) uint(n int) uint64 {
	var b [8]byte
	copy(b[8-n:], u.take(uint64(n)))
	return binary.BigEndian.Uint64(b[:])
}

// maxUnpackDepth is how deep unpacked tables may be, as deep as Lua's stack was.
const maxUnpackDepth = 2000

func (u *unpacker) value(depth int) Value {
	u.in.iterate()
	if depth > maxUnpackDepth {
		u.in.fail("stack overflow")
	}
	b := u.take(1)
	if u.problem != 0 {
		return nil
	}
	switch c := b[0]; {
	case c <= 0x7f:
		return number(float64(c))
	case c >= 0xe0:
		return number(float64(int8(c)))
	case c <= 0x8f:
		return u.mapping(uint64(c&15), depth)
	case c <= 0x9f:
		return u.list(uint64(c&15), depth)
	case c <= 0xbf:
		return u.string(uint64(c & 31))
	default:
		return u.sized(c, depth)
	}
}

// sized reads what its first byte says the size of.
func (u *unpacker) sized(c byte, depth int) Value {
	switch c {
	case 0xc0:
		return nil
	case 0xc2, 0xc3:
		return c == 0xc3
	case 0xc4, 0xd9:
		return u.string(u.uint(1))
	case 0xc5, 0xda:
		return u.string(u.uint(2))
	case 0xc6, 0xdb:
		return u.string(u.uint(4))
	case 0xca:
		return number(float64(math.Float32frombits(uint32(u.uint(4)))))
	case 0xcb:
		return number(math.Float64frombits(u.uint(8)))
	case 0xcc, 0xcd, 0xce, 0xcf:
		return number(float64(u.uint(1 << (c - 0xcc))))
	case 0xd0:
		return number(float64(int8(u.uint(1))))
	case 0xd1:
		return number(float64(int16(u.uint(2))))
	case 0xd2:
		return number(float64(int32(u.uint(4))))
	case 0xd3:
		return number(float64(int64(u.uint(8))))
	case 0xdc:
		return u.list(u.uint(2), depth)
	case 0xdd:
		return u.list(u.uint(4), depth)
	case 0xde:
		return u.mapping(u.uint(2), depth)
	case 0xdf:
		return u.mapping(u.uint(4), depth)
	}
	u.problem = unpackBad
	return nil
}

func (u *unpacker) string(n uint64) Value {
	s := u.take(n)
	u.in.charge(int64(len(s)) + 16)
	return s
}

func (u *unpacker) list(n uint64, depth int) Value {
	t := u.in.NewTable()
	for i := 1; uint64(i) <= n && u.problem == 0; i++ {
		t.put(u.in, i, u.value(depth+1))
	}
	return t
}

func (u *unpacker) mapping(n uint64, depth int) Value {
	t := u.in.NewTable()
	for ; n > 0 && u.problem == 0; n-- {
		k := u.value(depth + 1)
		v := u.value(depth + 1)
		if u.problem == 0 {
			u.in.rawSet(t, k, v)
		}
	}
	return t
}
