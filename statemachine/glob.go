package statemachine

// Match reports whether a pattern matches a name as KEYS and PSUBSCRIBE do. It takes time in proportion to the product of their lengths
// at most.
func Match(pattern, name []byte) bool { return globMatch(pattern, name) }

// globMatch reports whether s matches Redis's pattern: * any bytes, ? one byte, [a-c] and [^a-c] sets, \x the byte x.
// Bytes, not characters. Where a pattern is malformed it matches what Redis's stringmatchlen does. Its time is at most
// the product of both lengths: of several *, only the newest is ever tried again, since what an earlier one could take
// more the newest can take too.
func globMatch(pattern, s []byte) bool {
	restart, restartAt := -1, 0 // the pattern behind the newest *, and where in s it is tried
	p, i := 0, 0
	for i < len(s) {
		if p < len(pattern) && pattern[p] == '*' {
			p++
			if p == len(pattern) {
				return true
			}
			restart, restartAt = p, i
			continue
		}
		if next, ok := globOne(pattern, p, s[i]); ok {
			p = next
			i++
			continue
		}
		if restart < 0 {
			return false
		}
		restartAt++
		p, i = restart, restartAt
	}
	if len(s) > 0 {
		for p < len(pattern) && pattern[p] == '*' {
			p++
		}
	}
	return p == len(pattern)
}

// globOne matches one byte against the element of pattern at p, which is no *, and returns where the next element is.
func globOne(pattern []byte, p int, c byte) (next int, ok bool) {
	if p >= len(pattern) {
		return p, false
	}
	switch pattern[p] {
	case '?':
		return p + 1, true
	case '[':
		return globSet(pattern, p+1, c)
	case '\\':
		if p+1 < len(pattern) {
			p++
		}
	}
	return p + 1, pattern[p] == c
}

// globSet matches one byte against a set whose first element is at p. A set that is not closed ends with the pattern.
func globSet(pattern []byte, p int, c byte) (next int, ok bool) {
	not := p < len(pattern) && pattern[p] == '^'
	if not {
		p++
	}
	match := false
	for p < len(pattern) && pattern[p] != ']' {
		switch {
		case pattern[p] == '\\' && p+1 < len(pattern):
			p++
			match = match || pattern[p] == c
		case p+2 < len(pattern) && pattern[p+1] == '-':
			match = match || inRange(pattern[p], pattern[p+2], c)
			p += 2
		default:
			match = match || pattern[p] == c
		}
		p++
	}
	if p < len(pattern) {
		p++ // the ]
	}
	return p, match != not
}

// inRange compares as Redis does, with signed bytes.
func inRange(from, to, c byte) bool {
	a, b, x := int8(from), int8(to), int8(c)
	return min(a, b) <= x && x <= max(a, b)
}
