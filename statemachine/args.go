package statemachine

import (
	"bytes"
	"math"
	"strconv"
)

// ParseInt reads an integer as Redis does (string2ll): decimal digits with at most a minus sign before them, no plus
// sign, no spaces, no leading zeros, no -0.
func ParseInt(b []byte) (int64, bool) {
	digits := b
	negative := len(b) > 0 && b[0] == '-'
	if negative {
		digits = b[1:]
	}
	if len(digits) == 0 || len(digits) > 19 {
		return 0, false
	}
	if digits[0] == '0' {
		return 0, len(b) == 1
	}
	var n uint64
	for _, c := range digits {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + uint64(c-'0')
	}
	switch {
	case negative && n <= -math.MinInt64:
		return -int64(n), true
	case !negative && n <= math.MaxInt64:
		return int64(n), true
	}
	return 0, false
}

// parseVersion reads the n of VER (least 1) or IFVER (least 0).
func parseVersion(b []byte, least int64) (uint64, bool) {
	n, ok := ParseInt(b)
	return uint64(n), ok && n >= least
}

// parseCursor reads a SCAN cursor as C's strtoul does: up to a NUL, nothing is 0, and a minus counts back from 0.
func parseCursor(b []byte) (uint64, bool) {
	digits, _, _ := bytes.Cut(b, []byte{0})
	if len(digits) == 0 {
		return 0, true
	}
	negative := digits[0] == '-'
	if negative || digits[0] == '+' {
		digits = digits[1:]
	}
	n, err := strconv.ParseUint(string(digits), 10, 64)
	if negative {
		n = -n
	}
	return n, err == nil
}

// intArg reads an integer argument, or replies Redis's error.
func intArg(b []byte, reply Reply) (int64, bool) {
	n, ok := ParseInt(b)
	if !ok {
		reply.Error(errNotInteger)
	}
	return n, ok
}

// rangeArg reads an integer argument between two bounds, or replies Redis's error.
func rangeArg(b []byte, least, most int64, reply Reply) (int64, bool) {
	n, ok := intArg(b, reply)
	if ok && (n < least || n > most) {
		reply.Error(outOfRange(least, most))
		return n, false
	}
	return n, ok
}

// DatabaseArg reads the number of a database, or replies Redis's error.
func DatabaseArg(b []byte, reply Reply) (int, bool) {
	n, ok := ParseInt(b)
	switch {
	case !ok:
		reply.Error(errNotInteger)
	case !isInt32(n):
		reply.Error(errNotInt32)
	case !isDatabase(n):
		reply.Error(errDatabase)
	default:
		return int(n), true
	}
	return 0, false
}

func isInt32(n int64) bool { return n >= math.MinInt32 && n <= math.MaxInt32 }

func isDatabase(n int64) bool { return n >= 0 && n < Databases }

// is reports whether an argument is a word, which is given in upper case; the argument may be in any case.
func is(arg []byte, word string) bool {
	if len(arg) != len(word) {
		return false
	}
	for i := range len(word) {
		if upper(arg[i]) != word[i] {
			return false
		}
	}
	return true
}

func upper(c byte) byte {
	if c >= 'a' && c <= 'z' {
		return c - ('a' - 'A')
	}
	return c
}
