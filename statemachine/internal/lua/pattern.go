package lua

import "strings"

// What patterns allow (https://www.lua.org/manual/5.1/manual.html#5.4.1).
const (
	maxCaptures  = 32
	maxRecursion = 5000

	captureOpen     = -1
	capturePosition = -2
)

// matcher matches a pattern. Each step of it is one of the script's.
type matcher struct {
	in       *Interp
	src, pat string
	depth    int
	level    int
	captures [maxCaptures]struct{ start, length int }
}

// match matches from s on with the pattern from p on, and returns the end of the match, -1 without one.
func (m *matcher) match(s, p int) int {
	if m.depth++; m.depth > maxRecursion {
		m.in.fail("pattern too complex")
	}
	r := m.run(s, p)
	m.depth--
	return r
}

// run is match without its bound on the depth.
func (m *matcher) run(s, p int) int {
	for {
		m.in.iterate()
		if p == len(m.pat) {
			return s
		}
		switch m.pat[p] {
		case '(':
			if p+1 < len(m.pat) && m.pat[p+1] == ')' {
				return m.open(s, p+2, capturePosition)
			}
			return m.open(s, p+1, captureOpen)
		case ')':
			return m.close(s, p+1)
		case '$':
			if p+1 == len(m.pat) {
				if s == len(m.src) {
					return s
				}
				return -1
			}
		case '%':
			if next, end, special := m.special(s, p); special {
				if next < 0 {
					return -1
				}
				s, p = next, end
				continue
			}
		}
		end := m.classEnd(p)
		var repeat byte
		if end < len(m.pat) {
			repeat = m.pat[end]
		}
		switch repeat {
		case '?':
			if s < len(m.src) && m.single(s, p, end) {
				if r := m.match(s+1, end+1); r >= 0 {
					return r
				}
			}
			p = end + 1
		case '*':
			return m.most(s, p, end)
		case '+':
			if s < len(m.src) && m.single(s, p, end) {
				return m.most(s+1, p, end)
			}
			return -1
		case '-':
			return m.least(s, p, end)
		default:
			if s >= len(m.src) || !m.single(s, p, end) {
				return -1
			}
			s, p = s+1, end
		}
	}
}

// special matches %b, %f and the references to captures; special is false for anything else behind %.
func (m *matcher) special(s, p int) (next, end int, special bool) {
	if p+1 >= len(m.pat) {
		return 0, 0, false
	}
	switch c := m.pat[p+1]; {
	case c == 'b':
		return m.balance(s, p+2), p + 4, true
	case c == 'f':
		p += 2
		if p >= len(m.pat) || m.pat[p] != '[' {
			m.in.fail("missing '[' after '%f' in pattern")
		}
		end := m.classEnd(p)
		var before, at byte
		if s > 0 {
			before = m.src[s-1]
		}
		if s < len(m.src) {
			at = m.src[s]
		}
		if m.inSet(before, p, end-1) || !m.inSet(at, p, end-1) {
			return -1, 0, true
		}
		return s, end, true
	case c >= '0' && c <= '9':
		n := m.checkCapture(c)
		if m.captures[n].length == capturePosition {
			return -1, 0, true
		}
		text := m.src[m.captures[n].start : m.captures[n].start+m.captures[n].length]
		m.in.work(int64(len(text) / bytesPerStep))
		if !strings.HasPrefix(m.src[s:], text) {
			return -1, 0, true
		}
		return s + len(text), p + 2, true
	}
	return 0, 0, false
}

func (m *matcher) checkCapture(c byte) int {
	n := int(c) - '1'
	if n < 0 || n >= m.level || m.captures[n].length == captureOpen {
		m.in.fail("invalid capture index")
	}
	return n
}

// balance matches from an opening character to the closing one that belongs to it.
func (m *matcher) balance(s, p int) int {
	if p+1 >= len(m.pat) {
		m.in.fail("unbalanced pattern")
	}
	if s >= len(m.src) || m.src[s] != m.pat[p] {
		return -1
	}
	opens, closes, depth := m.pat[p], m.pat[p+1], 1
	for i := s + 1; i < len(m.src); i++ {
		m.in.iterate()
		switch m.src[i] {
		case closes:
			if depth--; depth == 0 {
				return i + 1
			}
		case opens:
			depth++
		}
	}
	return -1
}

// classEnd is the end of the class that begins at p.
func (m *matcher) classEnd(p int) int {
	c := m.pat[p]
	p++
	switch c {
	case '%':
		if p == len(m.pat) {
			m.in.fail("malformed pattern (ends with '%')")
		}
		return p + 1
	case '[':
		if p < len(m.pat) && m.pat[p] == '^' {
			p++
		}
		for first := true; first || p >= len(m.pat) || m.pat[p] != ']'; first = false {
			if p >= len(m.pat) {
				m.in.fail("malformed pattern (missing ']')")
			}
			p++
			if m.pat[p-1] == '%' {
				if p >= len(m.pat) {
					m.in.fail("malformed pattern (missing ']')")
				}
				p++
			}
		}
		return p + 1
	}
	return p
}

// single reports whether the character at s is in the class from p to end.
func (m *matcher) single(s, p, end int) bool {
	c := m.src[s]
	switch m.pat[p] {
	case '.':
		return true
	case '%':
		return inClass(c, m.pat[p+1])
	case '[':
		return m.inSet(c, p, end-1)
	}
	return m.pat[p] == c
}

// inSet reports whether a character is in the set between the brackets at p and last.
func (m *matcher) inSet(c byte, p, last int) bool {
	m.in.work(int64(last-p) / 8)
	found := true
	if m.pat[p+1] == '^' {
		found = false
		p++
	}
	for p++; p < last; p++ {
		switch {
		case m.pat[p] == '%':
			p++
			if inClass(c, m.pat[p]) {
				return found
			}
		case p+2 < last && m.pat[p+1] == '-':
			if m.pat[p] <= c && c <= m.pat[p+2] {
				return found
			}
			p += 2
		case m.pat[p] == c:
			return found
		}
	}
	return !found
}

// inClass reports whether a character is in the class of a letter behind %, as C's functions have it for ASCII.
func inClass(c, class byte) bool {
	var found bool
	switch class | 0x20 {
	case 'a':
		found = isLetter(c)
	case 'c':
		found = c < 32 || c == 127
	case 'd':
		found = c >= '0' && c <= '9'
	case 'l':
		found = c >= 'a' && c <= 'z'
	case 'p':
		found = c > 32 && c < 127 && !isLetter(c) && (c < '0' || c > '9')
	case 's':
		found = c == ' ' || c >= 9 && c <= 13
	case 'u':
		found = c >= 'A' && c <= 'Z'
	case 'w':
		found = isLetter(c) || c >= '0' && c <= '9'
	case 'x':
		found = digitValue(c) < 16
	case 'z':
		found = c == 0
	default:
		return class == c
	}
	if !isLetter(class) {
		return class == c
	}
	return found != (class >= 'A' && class <= 'Z')
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

// most matches as many as there are, and fewer if what follows needs it.
func (m *matcher) most(s, p, end int) int {
	n := 0
	for s+n < len(m.src) && m.single(s+n, p, end) {
		m.in.iterate()
		n++
	}
	for ; n >= 0; n-- {
		if r := m.match(s+n, end+1); r >= 0 {
			return r
		}
	}
	return -1
}

// least matches none, and more if what follows needs it.
func (m *matcher) least(s, p, end int) int {
	for {
		if r := m.match(s, end+1); r >= 0 {
			return r
		}
		if s >= len(m.src) || !m.single(s, p, end) {
			return -1
		}
		s++
	}
}

func (m *matcher) open(s, p, length int) int {
	if m.level >= maxCaptures {
		m.in.fail("too many captures")
	}
	m.captures[m.level].start, m.captures[m.level].length = s, length
	m.level++
	r := m.match(s, p)
	if r < 0 {
		m.level--
	}
	return r
}

func (m *matcher) close(s, p int) int {
	n := m.level - 1
	for ; n >= 0; n-- {
		if m.captures[n].length == captureOpen {
			break
		}
	}
	if n < 0 {
		m.in.fail("invalid pattern capture")
	}
	m.captures[n].length = s - m.captures[n].start
	r := m.match(s, p)
	if r < 0 {
		m.captures[n].length = captureOpen
	}
	return r
}

// capture is the n-th capture, from 0; the whole match from start to end if there is none.
func (m *matcher) capture(n, start, end int) Value {
	if n >= m.level {
		if n != 0 {
			m.in.fail("invalid capture index")
		}
		return m.in.text(m.src[start:end])
	}
	c := m.captures[n]
	switch c.length {
	case captureOpen:
		m.in.fail("unfinished capture")
	case capturePosition:
		return number(float64(c.start + 1))
	}
	return m.in.text(m.src[c.start : c.start+c.length])
}

// allCaptures appends all captures; of a pattern without any the whole match, if whole.
func (m *matcher) allCaptures(dst []Value, start, end int, whole bool) []Value {
	n := m.level
	if n == 0 && whole {
		n = 1
	}
	for i := range n {
		dst = append(dst, m.capture(i, start, end))
	}
	return dst
}
