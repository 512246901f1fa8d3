package statemachine

import (
	"bytes"
	"math/big"
	"strconv"
	"strings"
)

// longDouble is the 80-bit extended number of x87, in which Redis does its decimal arithmetic: a 64-bit mantissa, rounded to
// nearest even. It is computed here by software, so that every node and every processor gets the same digits.
// The zero value is 0.
type longDouble struct{ f big.Float }

const (
	longDoubleMantissa = 64
	// A finite value is below 2^longDoubleMaxExp; the least above zero is 2^longDoubleMinExp.
	longDoubleMaxExp = 16384
	longDoubleMinExp = -16445
	// maxLongDoubleText bounds the text that is read, as in Redis.
	maxLongDoubleText = 5 * 1024
	// maxDecimalExp bounds the power of ten of the first digit. Values beyond it overflow or vanish anyway.
	maxDecimalExp = 5000
	// humanDigits is how many decimals are written at most.
	humanDigits = 17
)

// parseLongDouble reads what strtold reads, with Redis's restrictions: the whole text, no space, no NaN, and neither
// overflow nor a vanishing value. Infinity is read.
func parseLongDouble(b []byte) (d longDouble, ok bool) {
	if len(b) == 0 || len(b) >= maxLongDoubleText {
		return d, false
	}
	text := strings.ToLower(string(b))
	negative := text[0] == '-'
	if negative || text[0] == '+' {
		text = text[1:]
	}
	if text == "inf" || text == "infinity" {
		d.f.SetInf(negative)
		return d, true
	}
	exact, ok := exactNumber(text)
	if !ok {
		return d, false
	}
	if negative {
		exact.Neg(exact)
	}
	d.f.SetPrec(longDoubleMantissa).SetRat(exact)
	return d, !d.vanished() && d.f.MantExp(nil) <= longDoubleMaxExp
}

// vanished reports whether a value that is not zero is so small that x87 rounds it to zero: half the least value or
// less. That x87 keeps fewer bits of values near that is not imitated; it is far behind the digits that are written.
func (d *longDouble) vanished() bool {
	if d.f.Sign() == 0 {
		return false
	}
	half := new(big.Float).SetMantExp(big.NewFloat(1), longDoubleMinExp-1)
	return new(big.Float).Abs(&d.f).Cmp(half) <= 0
}

// exactNumber reads an unsigned decimal or hexadecimal number, without any rounding.
func exactNumber(text string) (*big.Rat, bool) {
	base, mark := 10, "e"
	if strings.HasPrefix(text, "0x") {
		base, mark, text = 16, "p", text[2:]
	}
	mantissa, exponent, marked := strings.Cut(text, mark)
	exp, ok := parseExponent(exponent, marked)
	if !ok {
		return nil, false
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	digits := whole + fraction
	if digits == "" || !allDigits(digits, base) {
		return nil, false
	}
	n, _ := new(big.Int).SetString(digits, base)
	if n.Sign() == 0 {
		return new(big.Rat), true
	}
	if base == 16 {
		return scale(n, 2, exp-4*len(fraction), longDoubleMaxExp+maxLongDoubleText*4)
	}
	return scale(n, 10, exp-len(fraction), maxDecimalExp+maxLongDoubleText)
}

// scale is n * base^exp; ok is false if |exp| is above limit, where the value overflows or vanishes in any case.
func scale(n *big.Int, base int64, exp, limit int) (*big.Rat, bool) {
	if exp > limit || exp < -limit {
		return nil, false
	}
	power := new(big.Int).Exp(big.NewInt(base), big.NewInt(int64(max(exp, -exp))), nil)
	if exp < 0 {
		return new(big.Rat).SetFrac(n, power), true
	}
	return new(big.Rat).SetInt(n.Mul(n, power)), true
}

// parseExponent reads what stands behind e or p. Numbers too long for an int are cut, beyond every limit as they are.
func parseExponent(text string, marked bool) (exp int, ok bool) {
	if !marked {
		return 0, true
	}
	digits := strings.TrimPrefix(text, "-")
	if digits == text {
		digits = strings.TrimPrefix(text, "+")
	}
	if digits == "" || !allDigits(digits, 10) {
		return 0, false
	}
	const beyond = 1 << 30
	exp, err := strconv.Atoi(digits)
	if err != nil || exp > beyond {
		exp = beyond
	}
	if text[0] == '-' {
		exp = -exp
	}
	return exp, true
}

func allDigits(s string, base int) bool {
	for _, c := range []byte(s) {
		if !(c >= '0' && c <= '9' || base == 16 && c >= 'a' && c <= 'f') {
			return false
		}
	}
	return true
}

// add returns the sum; ok is false if it is not finite.
func (d longDouble) add(other longDouble) (sum longDouble, ok bool) {
	if d.f.IsInf() || other.f.IsInf() {
		return sum, false
	}
	sum.f.SetPrec(longDoubleMantissa).Add(&d.f, &other.f)
	return sum, sum.f.MantExp(nil) <= longDoubleMaxExp
}

// human is the number as Redis writes it: up to 17 decimals, no exponent, no zeros at the end.
func (d longDouble) human() []byte {
	text := d.f.Append(nil, 'f', humanDigits)
	text = bytes.TrimRight(text, "0")
	text = bytes.TrimSuffix(text, []byte("."))
	if string(text) == "-0" {
		return text[1:]
	}
	return text
}
