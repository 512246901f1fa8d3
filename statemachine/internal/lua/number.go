package lua

import (
	"math"
	"strconv"
	"strings"
)

// formatNumber is Lua's text of a number, C's %.14g. The bits of a NaN differ between processors, so all are what x86 makes of 0/0.
func formatNumber(f float64) string {
	if i := int64(f); float64(i) == f && i > -1e14 && i < 1e14 && i != 0 {
		return strconv.FormatInt(i, 10)
	}
	return formatGeneral(f, 14)
}

// formatGeneral is C's %.{precision}g.
func formatGeneral(f float64, precision int) string {
	switch {
	case math.IsNaN(f):
		return "-nan"
	case math.IsInf(f, 1):
		return "inf"
	case math.IsInf(f, -1):
		return "-inf"
	}
	return strconv.FormatFloat(f, 'g', precision, 64)
}

const spaces = " \t\n\v\f\r"

// ParseNumber reads a number as Lua does, by C's strtod: decimal, hexadecimal, inf and nan, spaces around it.
func ParseNumber(s string) (float64, bool) {
	s = strings.Trim(s, spaces)
	if len(s) > 0 && s[0] >= '0' && s[0] <= '9' && len(s) < 16 {
		if n, ok := parseDigits(s); ok {
			return n, true
		}
	}
	n, f := scanNumber(s)
	return f, n > 0 && n == len(s)
}

// parseDigits reads what are nothing but digits, the usual case.
func parseDigits(s string) (float64, bool) {
	var n int64
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		n = n*10 + int64(s[i]-'0')
	}
	return float64(n), true
}

// scanNumber reads the longest number at the beginning of s, as strtod does, and returns its length, 0 if there is none.
func scanNumber(s string) (length int, f float64) {
	i, negative := 0, false
	if i < len(s) && (s[i] == '-' || s[i] == '+') {
		negative = s[i] == '-'
		i++
	}
	var n int
	rest := s[i:]
	switch {
	case hasFold(rest, "infinity"):
		n, f = len("infinity"), math.Inf(1)
	case hasFold(rest, "inf"):
		n, f = len("inf"), math.Inf(1)
	case hasFold(rest, "nan"):
		n, f = len("nan"), math.NaN()
	case hasFold(rest, "0x") && hexDigits(rest[2:]) > 0:
		n, f = scanHex(rest)
	default:
		n, f = scanDecimal(rest)
	}
	if n == 0 {
		return 0, 0
	}
	if negative {
		f = -f
	}
	return i + n, f
}

func hasFold(s, lower string) bool {
	return len(s) >= len(lower) && strings.EqualFold(s[:len(lower)], lower)
}

// scanDecimal reads digits, a fraction and an exponent.
func scanDecimal(s string) (length int, f float64) {
	n := digits(s)
	seen := n
	if n < len(s) && s[n] == '.' {
		fraction := digits(s[n+1:])
		if seen += fraction; seen > 0 {
			n += 1 + fraction
		}
	}
	if seen == 0 {
		return 0, 0
	}
	n += exponent(s[n:], 'e')
	f, err := strconv.ParseFloat(s[:n], 64)
	if err != nil && !math.IsInf(f, 0) {
		return 0, 0
	}
	return n, f
}

// exponent is the length of an exponent at the beginning of s.
func exponent(s string, letter byte) int {
	if len(s) < 2 || s[0]|0x20 != letter {
		return 0
	}
	i := 1
	if s[i] == '+' || s[i] == '-' {
		i++
	}
	if n := digits(s[i:]); n > 0 {
		return i + n
	}
	return 0
}

func digits(s string) (n int) {
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	return n
}

// hexDigits counts the hexadecimal digits at the beginning of s, with a point among them.
func hexDigits(s string) (n int) {
	for n < len(s) && digitValue(s[n]) < 16 {
		n++
	}
	if n == 0 && len(s) > 1 && s[0] == '.' && digitValue(s[1]) < 16 {
		return 1
	}
	return n
}

// digitValue is what a digit in a base of up to 36 stands for; 36 for anything else.
func digitValue(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c|0x20 >= 'a' && c|0x20 <= 'z':
		return int(c|0x20-'a') + 10
	}
	return 36
}

// scanHex reads 0x, hexadecimal digits, a fraction and a binary exponent.
func scanHex(s string) (length int, f float64) {
	n := 2
	for n < len(s) && digitValue(s[n]) < 16 {
		n++
	}
	if n < len(s) && s[n] == '.' {
		for n++; n < len(s) && digitValue(s[n]) < 16; {
			n++
		}
	}
	power := exponent(s[n:], 'p')
	text := s[:n+power]
	if power == 0 {
		text += "p0"
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil && !math.IsInf(f, 0) {
		return 0, 0
	}
	return n + power, f
}

// Integer is C's conversion of a double to a 64-bit integer as x86 does it: towards zero, and the least one for what does not fit.
func Integer(f float64) int64 {
	if f >= -(1<<63) && f < 1<<63 {
		return int64(f)
	}
	return math.MinInt64
}
