package lua

import (
	"strings"
)

func (in *Interp) openString() *Table {
	t := in.library(map[string]func(a args){
		"byte": stringByte, "char": stringChar, "dump": stringDump, "find": stringFind, "format": stringFormat, "gfind": stringGmatch,
		"gmatch": stringGmatch, "gsub": stringGsub, "len": stringLen, "lower": stringLower, "match": stringMatch, "rep": stringRep,
		"reverse": stringReverse, "sub": stringSub, "upper": stringUpper,
	}, "byte", "char", "dump", "find", "format", "gfind", "gmatch", "gsub", "len", "lower", "match", "rep", "reverse", "sub", "upper")
	in.strings = in.NewTable()
	in.strings.set(in, "__index", t)
	in.strings.readonly = true
	return t
}

// position is where an index of a string is, negative ones counting from the end.
func position(i, length int) int {
	if i < 0 {
		i += length + 1
	}
	return max(i, 0)
}

func stringByte(a args) {
	s := a.str(1)
	from := position(a.optInt(2, 1), len(s))
	to := position(a.optInt(3, from), len(s))
	from, to = max(from, 1), min(to, len(s))
	if from > to {
		return
	}
	if to-from >= maxUnpack {
		a.in.fail("string slice too long")
	}
	a.in.work(int64(to - from))
	ret := a.in.ret[:0]
	for i := from; i <= to; i++ {
		ret = append(ret, number(float64(s[i-1])))
	}
	a.in.ret = ret
}

func stringChar(a args) {
	b := make([]byte, len(a.vals))
	for i := range b {
		n := a.int32(i + 1)
		if n < 0 || n > 255 {
			a.argument(i+1, "invalid value")
		}
		b[i] = byte(n)
	}
	a.string(string(b))
}

func stringDump(a args) {
	a.fn(1)
	a.in.fail("unable to dump given function")
}

func stringLen(a args) { a.number(float64(len(a.str(1)))) }

// through accounts for going through a string, and for the new one of it.
func (a args) through(s string) string {
	a.in.work(int64(len(s) / bytesPerStep))
	a.in.charge(int64(len(s)) + 16)
	return s
}

func stringLower(a args) {
	a.in.returns(mapASCII(a.through(a.str(1)), 'A', 'Z'))
}

func stringUpper(a args) {
	a.in.returns(mapASCII(a.through(a.str(1)), 'a', 'z'))
}

// mapASCII changes the case of the letters in a range; other bytes stay, whatever they are.
func mapASCII(s string, low, high byte) string {
	b := []byte(s)
	for i, c := range b {
		if c >= low && c <= high {
			b[i] = c ^ 0x20
		}
	}
	return unsafeString(b)
}

func stringRep(a args) {
	s, n := a.str(1), a.integer(2)
	if n <= 0 || s == "" {
		a.in.returns("")
		return
	}
	if n > maxString/len(s) {
		a.in.exhausted(textMemory)
	}
	a.in.charge(int64(n)*int64(len(s)) + 16)
	a.in.work(int64(n) * int64(len(s)) / bytesPerStep)
	a.in.returns(strings.Repeat(s, n))
}

func stringReverse(a args) {
	s := a.through(a.str(1))
	b := make([]byte, len(s))
	for i := range len(s) {
		b[len(s)-1-i] = s[i]
	}
	a.in.returns(unsafeString(b))
}

func stringSub(a args) {
	s := a.str(1)
	from := max(position(a.integer(2), len(s)), 1)
	to := min(position(a.optInt(3, -1), len(s)), len(s))
	if from > to {
		a.in.returns("")
		return
	}
	a.in.work(int64((to - from) / bytesPerStep))
	a.string(strings.Clone(s[from-1 : to]))
}

// specials are the characters that mean something in a pattern.
const specials = "^$*+?.([%-"

func stringFind(a args)  { findOrMatch(a, true) }
func stringMatch(a args) { findOrMatch(a, false) }

func findOrMatch(a args, find bool) {
	s, p := a.str(1), a.str(2)
	init := position(a.optInt(3, 1), len(s)) - 1
	init = min(max(init, 0), len(s))
	if find && (truth(a.at(4)) || !strings.ContainsAny(p, specials)) {
		a.in.work(int64((len(s) - init + len(p)) / bytesPerStep))
		if i := strings.Index(s[init:], p); i >= 0 {
			a.in.returns(number(float64(init+i+1)), number(float64(init+i+len(p))))
			return
		}
		a.in.returns(nil)
		return
	}
	m := matcher{in: a.in, src: s, pat: p}
	start := 0
	if strings.HasPrefix(p, "^") {
		start = 1
	}
	for ; ; init++ {
		m.level = 0
		if end := m.match(init, start); end >= 0 {
			ret := a.in.ret[:0]
			if find {
				ret = append(ret, number(float64(init+1)), number(float64(end)))
			}
			a.in.ret = m.allCaptures(ret, init, end, !find)
			return
		}
		if init >= len(s) || start == 1 {
			break
		}
	}
	a.in.returns(nil)
}

func stringGmatch(a args) {
	s, p := a.str(1), a.str(2)
	at := 0
	a.in.charge(closureBytes)
	a.in.returns(a.in.builtin("gmatch_aux", func(a args) {
		m := matcher{in: a.in, src: s, pat: p}
		for i := at; i <= len(s); i++ {
			m.level = 0
			if end := m.match(i, 0); end >= 0 {
				at = end
				if end == i {
					at++
				}
				a.in.ret = m.allCaptures(a.in.ret[:0], i, end, true)
				return
			}
		}
		at = len(s) + 1
		a.in.returns(nil)
	}))
}

func stringGsub(a args) {
	in, s, p := a.in, a.str(1), a.str(2)
	most := a.optInt(4, len(s)+1)
	switch a.at(3).(type) {
	case float64, string, *Table, *Function:
	default:
		a.argument(3, "string/function/table expected")
	}
	replacement := a.at(3)
	if f, ok := replacement.(float64); ok {
		replacement = formatNumber(f)
	}
	m := matcher{in: in, src: s, pat: p}
	start := 0
	if strings.HasPrefix(p, "^") {
		start = 1
	}
	var b []byte
	at, n := 0, 0
	for n < most {
		m.level = 0
		end := m.match(at, start)
		if end >= 0 {
			n++
			before := len(b)
			b = m.replace(b, replacement, at, end)
			in.work(int64((len(b) - before) / bytesPerStep))
		}
		switch {
		case end > at:
			at = end
		case at < len(s):
			b = append(b, s[at])
			at++
		default:
			at = len(s) + 1
		}
		if at > len(s) || start == 1 {
			break
		}
	}
	if at < len(s) {
		b = append(b, s[at:]...)
	}
	in.charge(int64(len(s)) + 16)
	in.returns(unsafeString(b), number(float64(n)))
}

// replace appends what takes the place of a match.
func (m *matcher) replace(b []byte, by Value, start, end int) []byte {
	in := m.in
	var v Value
	switch by := by.(type) {
	case string:
		return m.expand(b, by, start, end)
	case *Table:
		v = in.index(by, m.capture(0, start, end), "")
	default:
		in.call(by, m.allCaptures(nil, start, end, true)...)
		v = in.first()
	}
	if !truth(v) {
		return append(b, m.src[start:end]...)
	}
	s, ok := asString(v)
	if !ok {
		in.fail("invalid replacement value (a " + typeName(v) + ")")
	}
	in.charge(int64(len(s)))
	return append(b, s...)
}

// expand appends a replacement text, with captures for %1 and the like.
func (m *matcher) expand(b []byte, by string, start, end int) []byte {
	before := len(b)
	for i := 0; i < len(by); i++ {
		switch {
		case by[i] != '%':
			b = append(b, by[i])
			continue
		case i+1 == len(by):
			b = append(b, 0)
			continue
		}
		i++
		switch c := by[i]; {
		case c < '0' || c > '9':
			b = append(b, c)
		case c == '0':
			b = append(b, m.src[start:end]...)
		default:
			s, _ := asString(m.capture(int(c-'1'), start, end))
			b = append(b, s...)
		}
		m.in.charge(int64(len(b) - before))
		before = len(b)
	}
	m.in.charge(int64(len(b) - before))
	return b
}
