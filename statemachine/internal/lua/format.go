package lua

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// directive is one % of string.format.
type directive struct {
	flags            string
	width, precision int // -1: not given
	verb             byte
}

func stringFormat(a args) {
	format := a.str(1)
	var b []byte
	n := 1
	for i := 0; i < len(format); i++ {
		if format[i] != '%' {
			b = append(b, format[i])
			continue
		}
		if i++; i < len(format) && format[i] == '%' {
			b = append(b, '%')
			continue
		}
		d, length := parseDirective(a.in, format[i:])
		i += length - 1
		if n++; n > len(a.vals) && strings.IndexByte("cdiouxXeEfgGqs", d.verb) >= 0 {
			a.argument(n, "no value")
		}
		b = d.append(b, a, n)
		a.in.work(1 + int64(len(b)/bytesPerStep)/8)
	}
	a.string(unsafeString(b))
}

// parseDirective reads what is behind a %.
func parseDirective(in *Interp, s string) (d directive, length int) {
	i := 0
	for i < len(s) && strings.IndexByte("-+ #0", s[i]) >= 0 {
		i++
	}
	if i > 5 {
		in.fail("invalid format (repeated flags)")
	}
	d.flags, d.width, d.precision = s[:i], -1, -1
	two := func() int {
		n := 0
		for k := 0; k < 2 && i < len(s) && s[i] >= '0' && s[i] <= '9'; k++ {
			n = n*10 + int(s[i]-'0')
			i++
		}
		return n
	}
	if i < len(s) && s[i] >= '0' && s[i] <= '9' {
		d.width = two()
	}
	if i < len(s) && s[i] == '.' {
		i++
		d.precision = two()
	}
	if i < len(s) && s[i] >= '0' && s[i] <= '9' {
		in.fail("invalid format (width or precision too long)")
	}
	if i == len(s) {
		in.fail("invalid option '%' to 'format'")
	}
	d.verb = s[i]
	return d, i + 1
}

// append appends the n-th argument.
func (d *directive) append(b []byte, a args, n int) []byte {
	switch d.verb {
	case 'c':
		padded, _, _ := strings.Cut(string(d.pad(nil, string([]byte{byte(a.int32(n))}))), "\x00") // what C's functions see of it
		return append(b, padded...)
	case 'd', 'i':
		return append(b, d.integer(Integer(a.num(n)))...)
	case 'o', 'u', 'x', 'X':
		return append(b, d.unsigned(unsigned(a.num(n)))...)
	case 'e', 'E', 'f', 'g', 'G':
		return append(b, d.float(a.num(n))...)
	case 'q':
		return quote(b, a.str(n))
	case 's':
		s := a.str(n)
		a.in.charge(int64(len(s)))
		if d.precision < 0 && len(s) >= 100 {
			return append(b, s...) // too long to be padded
		}
		s, _, _ = strings.Cut(s, "\x00")
		if d.precision >= 0 && len(s) > d.precision {
			s = s[:d.precision]
		}
		return d.pad(b, s)
	}
	a.in.fail("invalid option '%" + string([]byte{d.verb}) + "' to 'format'")
	return b
}

// unsigned is C's conversion of a double to an unsigned long as x86 does it.
func unsigned(f float64) uint64 {
	if f >= 1<<63 {
		return uint64(Integer(f-1<<63)) ^ 1<<63
	}
	return uint64(Integer(f))
}

func (d *directive) has(flag byte) bool { return strings.IndexByte(d.flags, flag) >= 0 }

// pad brings a text to the width.
func (d *directive) pad(b []byte, s string) []byte {
	room := max(0, d.width-len(s))
	if d.has('-') {
		return append(append(b, s...), strings.Repeat(" ", room)...)
	}
	return append(append(b, strings.Repeat(" ", room)...), s...)
}

// verbFor is Go's format of the directive.
func (d *directive) verbFor(verb byte, precision int) string {
	var s strings.Builder
	s.WriteByte('%')
	for _, f := range []byte("-+ #0") {
		if d.has(f) {
			s.WriteByte(f)
		}
	}
	if d.width >= 0 {
		s.WriteString(strconv.Itoa(d.width))
	}
	if precision >= 0 {
		s.WriteString("." + strconv.Itoa(precision))
	}
	s.WriteByte(verb)
	return s.String()
}

func (d *directive) integer(n int64) string { return fmt.Sprintf(d.verbFor('d', d.precision), n) }

func (d *directive) unsigned(n uint64) string {
	signless := *d // C has no sign for these
	signless.flags = strings.NewReplacer("+", "", " ", "").Replace(d.flags)
	verb := d.verb
	switch {
	case verb == 'u':
		verb = 'd'
	case n == 0 && verb != 'o':
		signless.flags = strings.ReplaceAll(signless.flags, "#", "")
	}
	return fmt.Sprintf(signless.verbFor(verb, d.precision), n)
}

func (d *directive) float(f float64) string {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		s := formatGeneral(f, 1)
		if d.has('+') && s[0] != '-' {
			s = "+" + s
		}
		if d.verb == 'E' || d.verb == 'G' {
			s = strings.ToUpper(s)
		}
		return string(d.pad(nil, s))
	}
	precision := d.precision
	if precision < 0 {
		precision = 6
	}
	return fmt.Sprintf(d.verbFor(d.verb, precision), f)
}

// quote appends a text as Lua would read it.
func quote(b []byte, s string) []byte {
	b = append(b, '"')
	for i := range len(s) {
		switch c := s[i]; c {
		case '"', '\\', '\n':
			b = append(b, '\\', c)
		case '\r':
			b = append(b, `\r`...)
		case 0:
			b = append(b, `\000`...)
		default:
			b = append(b, c)
		}
	}
	return append(b, '"')
}
