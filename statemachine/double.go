package statemachine

import (
	"bytes"
	"math"
	"math/big"
	"strconv"
)

// parseDouble reads a number as Redis reads the scores and coordinates of commands: all that strtod reads, but neither NaN, nor space around
// it, nor what overflows or vanishes.
func parseDouble(b []byte) (f float64, ok bool) {
	if len(b) == 0 || isSpace(b[0]) {
		return 0, false
	}
	f, n, inRange := strtod(b)
	return f, n == len(b) && inRange && !math.IsNaN(f)
}

// parseBound reads a number as Redis reads the ends of ranges: as strtod does up to a NUL, where nothing is 0, space in front is passed over,
// and what overflows is infinite.
func parseBound(b []byte) (f float64, ok bool) {
	b, _, _ = bytes.Cut(b, []byte{0})
	f, n, _ := strtod(b)
	return f, n == len(b) && !math.IsNaN(f)
}

// doubleArg reads a double, or replies the error.
func doubleArg(b []byte, problem string, reply Reply) (float64, bool) {
	f, ok := parseDouble(b)
	if !ok {
		reply.Error(problem)
	}
	return f, ok
}

// strtod reads the longest beginning of b that C's function takes for a number, and returns how long that is, 0 if there is none. inRange is
// false for what is too large, which is returned as an infinity, and for what is so small that it is rounded to 0.
func strtod(b []byte) (f float64, n int, inRange bool) {
	i := 0
	for i < len(b) && isSpace(b[i]) {
		i++
	}
	start := i
	if i < len(b) && (b[i] == '+' || b[i] == '-') {
		i++
	}
	negative := i > start && b[start] == '-'
	if word := doubleWord(b[i:]); word > 0 {
		f = math.Inf(1)
		if upper(b[i]) == 'N' {
			f = math.NaN()
		}
		return withSign(f, negative), i + word, true
	}
	text, end, zero := numberText(b, i)
	if end == i {
		return 0, 0, true
	}
	f, err := strconv.ParseFloat(text, 64)
	return withSign(f, negative), end, err == nil && (f != 0 || zero)
}

// maxExactText is beyond how many bytes a number is taken for one that no double is equal to: the least double has 751 digits.
const maxExactText = 1200

// isRoundedNearZero reports whether a number that strtod reads as f is so small that f has fewer digits than doubles have, and is not what text
// says: C's function calls that out of range, too, and Redis's SORT believes it.
func isRoundedNearZero(f float64, text []byte) bool {
	const leastNormal = 0x1p-1022
	if f == 0 || math.Abs(f) >= leastNormal {
		return false
	}
	if len(text) > maxExactText {
		return true
	}
	exact, ok := new(big.Rat).SetString(string(bytes.TrimLeftFunc(text, func(r rune) bool { return isSpace(byte(r)) })))
	return ok && exact.Cmp(new(big.Rat).SetFloat64(f)) != 0
}

func withSign(f float64, negative bool) float64 {
	if negative {
		return -f
	}
	return f
}

func isSpace(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' }

// doubleWord is how many bytes at the beginning are a word for infinity or for what is no number.
func doubleWord(b []byte) int {
	for _, word := range [...]string{"INFINITY", "INF", "NAN"} {
		if len(b) >= len(word) && is(b[:len(word)], word) {
			return len(word)
		}
	}
	return 0
}

// numberText reads an unsigned number at a place: what strconv takes for it, where it ends, and whether all its digits are 0.
func numberText(b []byte, at int) (text string, end int, zero bool) {
	hex := at+2 < len(b) && b[at] == '0' && upper(b[at+1]) == 'X'
	base, mark := 10, byte('E')
	i := at
	if hex {
		base, mark, i = 16, 'P', at+2
	}
	digits, point := 0, false
	zero = true
	for ; i < len(b); i++ {
		if b[i] == '.' && !point {
			point = true
			continue
		}
		if !isDigit(b[i], base) {
			break
		}
		zero = zero && b[i] == '0'
		digits++
	}
	switch {
	case digits == 0 && hex:
		return "0", at + 1, true // of 0x alone
	case digits == 0:
		return "", at, true
	}
	end = exponentEnd(b, i, mark)
	text = string(b[at:end])
	if hex && end == i {
		text += "p0" // strconv wants an exponent
	}
	return text, end, zero
}

// exponentEnd is where an exponent at a place ends; that place if there is none.
func exponentEnd(b []byte, at int, mark byte) int {
	if at >= len(b) || upper(b[at]) != mark {
		return at
	}
	i := at + 1
	if i < len(b) && (b[i] == '+' || b[i] == '-') {
		i++
	}
	first := i
	for i < len(b) && b[i] >= '0' && b[i] <= '9' {
		i++
	}
	if i == first {
		return at
	}
	return i
}

func isDigit(c byte, base int) bool {
	return c >= '0' && c <= '9' || base == 16 && upper(c) >= 'A' && upper(c) <= 'F'
}
