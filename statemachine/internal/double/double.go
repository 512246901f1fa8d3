// Package double formats doubles as Redis does.
package double

import (
	"bytes"
	"math"
	"strconv"
)

// wholeDoubles is the end of the doubles without a fraction that are written as integers, 2^62.
const wholeDoubles = 1 << 62

// Append formats a double as Redis 7.2 does in replies: the shortest digits that read back as the same number,
// plain as long as that is short, otherwise with an exponent.
func Append(dst []byte, f float64) []byte {
	switch {
	case math.IsNaN(f):
		return append(dst, "nan"...)
	case math.IsInf(f, 1):
		return append(dst, "inf"...)
	case math.IsInf(f, -1):
		return append(dst, "-inf"...)
	case f == 0 && math.Signbit(f):
		return append(dst, "-0"...)
	case f == math.Trunc(f) && math.Abs(f) <= wholeDoubles:
		return strconv.AppendInt(dst, int64(f), 10)
	case f < 0:
		return appendShortest(append(dst, '-'), -f)
	}
	return appendShortest(dst, f)
}

// appendShortest formats a finite f > 0.
func appendShortest(dst []byte, f float64) []byte {
	var scratch [32]byte
	digits, exponent := shortestDigits(scratch[:0], f)
	behind := len(digits) - 1 - exponent // digits behind the decimal point
	switch {
	case behind <= 0 && exponent < len(digits)+7:
		return append(append(dst, digits...), bytes.Repeat([]byte{'0'}, -behind)...)
	case behind > 0 && (behind < 7 || exponent > -4 && exponent < 4):
		return appendFraction(dst, digits, behind)
	}
	return appendScientific(dst, digits, exponent)
}

// shortestDigits returns the digits d1 d2 d3 ... and the exponent e of d1.d2d3... x 10^e.
func shortestDigits(scratch []byte, f float64) (digits []byte, exponent int) {
	text := strconv.AppendFloat(scratch, f, 'e', -1, 64)
	mantissa, power, _ := bytes.Cut(text, []byte{'e'})
	for _, c := range power[1:] {
		exponent = exponent*10 + int(c-'0')
	}
	if power[0] == '-' {
		exponent = -exponent
	}
	if len(mantissa) > 1 { // take the point out
		mantissa = append(mantissa[:1], mantissa[2:]...)
	}
	return mantissa, exponent
}

// appendFraction writes the digits with that many of them behind the decimal point.
func appendFraction(dst, digits []byte, behind int) []byte {
	if before := len(digits) - behind; before > 0 {
		dst = append(append(dst, digits[:before]...), '.')
		return append(dst, digits[before:]...)
	}
	dst = append(dst, "0."...)
	dst = append(dst, bytes.Repeat([]byte{'0'}, behind-len(digits))...)
	return append(dst, digits...)
}

// appendScientific writes d1.d2d3...e+12.
func appendScientific(dst, digits []byte, exponent int) []byte {
	dst = append(dst, digits[0])
	if len(digits) > 1 {
		dst = append(append(dst, '.'), digits[1:]...)
	}
	dst = append(dst, 'e')
	if exponent >= 0 {
		dst = append(dst, '+')
	}
	return strconv.AppendInt(dst, int64(exponent), 10)
}
