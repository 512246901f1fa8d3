package lua

import (
	"math"
	"strings"
)

func (in *Interp) openStruct() *Table {
	return in.library(map[string]func(a args){"pack": structPack, "unpack": structUnpack, "size": structSize}, "pack", "unpack", "size")
}

// maxIntegerBytes is the largest size of an integer in a format.
const maxIntegerBytes = 32

// layout reads the format of a struct: how its fields lie one after another.
type layout struct {
	a      args
	format string
	at     int
	big    bool
	align  int
	option byte
	size   int
}

// next reads an option and its size; false at the end.
func (l *layout) next() bool {
	if l.at == len(l.format) {
		return false
	}
	l.option = l.format[l.at]
	l.at++
	l.size = 0
	switch l.option {
	case 'b', 'B':
		l.size = 1
	case 'h', 'H':
		l.size = 2
	case 'l', 'L', 'T', 'd':
		l.size = 8
	case 'f':
		l.size = 4
	case 'x':
		l.size = 1
	case 'c':
		l.size = l.number(1)
	case 'i', 'I':
		if l.size = l.number(4); l.size > maxIntegerBytes {
			l.a.in.fail("integral size " + itoa(l.size) + " is larger than limit of 32")
		}
	}
	return true
}

// number reads the digits behind an option.
func (l *layout) number(otherwise int) int {
	if l.at == len(l.format) || l.format[l.at] < '0' || l.format[l.at] > '9' {
		return otherwise
	}
	n := 0
	for ; l.at < len(l.format) && l.format[l.at] >= '0' && l.format[l.at] <= '9'; l.at++ {
		if n > (math.MaxInt32-9)/10 {
			l.a.in.fail("integral size overflow")
		}
		n = n*10 + int(l.format[l.at]-'0')
	}
	return n
}

// control sees to an option that is no field.
func (l *layout) control() {
	switch l.option {
	case ' ':
	case '>':
		l.big = true
	case '<':
		l.big = false
	case '!':
		n := l.number(8)
		if n == 0 || n&(n-1) != 0 {
			l.a.in.fail("alignment " + itoa(n) + " is not a power of 2")
		}
		l.align = n
	default:
		l.a.argument(1, "invalid format option '"+string([]byte{l.option})+"'")
	}
}

// padding is how many bytes there are in front of a field at a place.
func (l *layout) padding(at int) int {
	if l.size == 0 || l.option == 'c' || l.option == 's' {
		return 0
	}
	align := min(l.size, l.align)
	if align <= 1 {
		return 0
	}
	return (align - at&(align-1)) & (align - 1)
}

func structPack(a args) {
	l := layout{a: a, format: a.str(1), align: 1}
	n := 1
	var b []byte
	for l.next() {
		a.in.iterate()
		b = append(b, make([]byte, l.padding(len(b)))...)
		switch l.option {
		case 'b', 'B', 'h', 'H', 'l', 'L', 'T', 'i', 'I':
			n++
			b = l.appendInteger(b, a.num(n))
		case 'x':
			b = append(b, 0)
		case 'f':
			n++
			b = l.appendUint(b, uint64(math.Float32bits(float32(canonical(a.num(n))))))
		case 'd':
			n++
			b = l.appendUint(b, math.Float64bits(canonical(a.num(n))))
		case 'c', 's':
			n++
			s := a.str(n)
			if l.size == 0 {
				l.size = len(s)
			}
			if len(s) < l.size {
				a.argument(n+1, "string too short") // as lua-struct says it
			}
			a.in.charge(int64(l.size))
			a.in.work(int64(l.size / bytesPerStep))
			b = append(b, s[:l.size]...)
			if l.option == 's' {
				b = append(b, 0)
			}
		default:
			l.control()
		}
		a.in.charge(int64(l.size))
	}
	a.string(unsafeString(b))
}

// canonical is the one NaN that all processors agree on.
func canonical(f float64) float64 {
	if math.IsNaN(f) {
		return math.Float64frombits(0xfff8000000000000)
	}
	return f
}

// appendInteger appends the lower bytes of an integer.
func (l *layout) appendInteger(b []byte, f float64) []byte {
	return l.appendUint(b, unsigned(f))
}

func (l *layout) appendUint(b []byte, n uint64) []byte {
	start := len(b)
	for range l.size {
		b = append(b, byte(n))
		n >>= 8
	}
	if l.big {
		reverse(b[start:])
	}
	return b
}

func reverse(b []byte) {
	for i, j := 0, len(b)-1; i < j; i, j = i+1, j-1 {
		b[i], b[j] = b[j], b[i]
	}
}

func structUnpack(a args) {
	l := layout{a: a, format: a.str(1), align: 1}
	data, at := a.str(2), a.optInt(3, 1)
	if at < 1 {
		a.argument(3, "offset must be 1 or greater")
	}
	at--
	var found []Value
	for l.next() {
		a.in.iterate()
		at += l.padding(min(at, len(data)))
		if l.size > len(data) || at > len(data)-l.size {
			a.argument(2, "data string too short")
		}
		field := data[at : at+l.size]
		switch l.option {
		case 'b', 'B', 'h', 'H', 'l', 'L', 'T', 'i', 'I':
			found = append(found, number(l.integer(field)))
		case 'x':
		case 'f':
			found = append(found, number(float64(math.Float32frombits(uint32(l.uint(field))))))
		case 'd':
			found = append(found, number(math.Float64frombits(l.uint(field))))
		case 'c':
			if l.size == 0 {
				found = l.counted(found, data, at)
				field = found[len(found)-1].(string)
				l.size = len(field)
			} else {
				found = append(found, a.in.text(field))
			}
		case 's':
			n := strings.IndexByte(data[at:], 0)
			if n < 0 {
				a.in.fail("unfinished string in data")
			}
			found = append(found, a.in.text(data[at:at+n]))
			l.size = n + 1
		default:
			l.control()
		}
		if len(found) > maxUnpack {
			a.in.fail("too many results to unpack")
		}
		at += l.size
	}
	a.in.returns(append(found, number(float64(at+1)))...)
}

// counted reads the string of c0, whose length is the value before, which it takes the place of.
func (l *layout) counted(found []Value, data string, at int) []Value {
	var length float64
	ok := len(found) > 0
	if ok {
		length, ok = found[len(found)-1].(float64)
	}
	if !ok {
		l.a.in.fail("format 'c0' needs a previous size")
	}
	n := Integer(length)
	if n < 0 || n > int64(len(data)-at) {
		l.a.argument(2, "data string too short")
	}
	return append(found[:len(found)-1], l.a.in.text(data[at:at+int(n)]))
}

// uint reads an unsigned integer, of which the lowest 8 bytes count.
func (l *layout) uint(field string) uint64 {
	var n uint64
	for i := range len(field) {
		j := i
		if !l.big {
			j = len(field) - 1 - i
		}
		n = n<<8 | uint64(field[j])
	}
	return n
}

// integer reads an integer, signed if the option is a small letter.
func (l *layout) integer(field string) float64 {
	n := l.uint(field)
	if l.option >= 'a' {
		if l.size > 0 && l.size < 8 && n>>(8*l.size-1) != 0 {
			n |= math.MaxUint64 << (8 * l.size)
		}
		return float64(int64(n))
	}
	return float64(n)
}

func structSize(a args) {
	l := layout{a: a, format: a.str(1), align: 1}
	at := 0
	for l.next() {
		a.in.iterate()
		at += l.padding(at)
		switch {
		case l.option == 's':
			a.argument(1, "option 's' has no fixed size")
		case l.option == 'c' && l.size == 0:
			a.argument(1, "option 'c0' has no fixed size")
		case strings.IndexByte("bBhHlLTiIxfdc", l.option) < 0:
			l.control()
		}
		if at += l.size; at > math.MaxInt32 {
			a.in.fail("struct is too large")
		}
	}
	a.number(float64(at))
}
