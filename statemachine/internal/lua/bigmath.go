package lua

import (
	"math"
	"math/big"
)

// The functions of package math are not the same on all processors: some are in assembly, others may or may not fuse a multiplication and an addition.
// These compute with integers, to far more digits than a float64 has, and round once. So all nodes agree, and the results are those of a good C library.

// digitsOf is the precision of the computations, in bits. Sine and cosine of large numbers take as many more as the number has before its point.
const digitsOf = 160

func newBig(bits uint) *big.Float { return new(big.Float).SetPrec(bits) }

func bigOf(x float64, bits uint) *big.Float { return newBig(bits).SetFloat64(x) }

func rounded(x *big.Float) float64 {
	f, _ := x.Float64()
	return f
}

// negligible reports whether a term changes a sum no more.
func negligible(term, sum *big.Float) bool {
	return term.Sign() == 0 || sum.Sign() != 0 && term.MantExp(nil) < sum.MantExp(nil)-int(sum.Prec())
}

// bigExp is e to the power of x, which is not beyond some thousands.
func bigExp(x *big.Float) *big.Float {
	const halvings = 16
	bits := x.Prec() + 2*halvings
	if e := x.MantExp(nil); e > 0 {
		bits += uint(e)
	}
	shift := halvings + max(0, x.MantExp(nil))
	r := newBig(bits).SetMantExp(newBig(bits).Set(x), -shift)
	sum, term := bigOf(1, bits), bigOf(1, bits)
	for n := 1.0; ; n++ {
		term.Mul(term, r).Quo(term, bigOf(n, bits))
		if negligible(term, sum) {
			break
		}
		sum.Add(sum, term)
	}
	for range shift {
		sum.Mul(sum, sum)
	}
	return sum
}

// ln2 is the natural logarithm of 2, from 2*artanh(1/3).
var ln2 = bigArtanh2(newBig(digitsOf*2).Quo(bigOf(1, digitsOf*2), bigOf(3, digitsOf*2)))

// bigArtanh2 is twice the inverse hyperbolic tangent of a small number.
func bigArtanh2(z *big.Float) *big.Float {
	bits := z.Prec()
	square := newBig(bits).Mul(z, z)
	power, sum := newBig(bits).Set(z), newBig(bits).Set(z)
	for n := 3.0; ; n += 2 {
		power.Mul(power, square)
		term := newBig(bits).Quo(power, bigOf(n, bits))
		if negligible(term, sum) {
			return sum.Mul(sum, bigOf(2, bits))
		}
		sum.Add(sum, term)
	}
}

// bigLog is the natural logarithm of a positive number.
func bigLog(x *big.Float) *big.Float {
	bits := x.Prec() + 64
	mantissa := newBig(bits)
	exponent := x.MantExp(mantissa) // mantissa in [0.5, 1)
	if mantissa.Cmp(bigOf(math.Sqrt2/2, bits)) < 0 {
		mantissa.SetMantExp(mantissa, 1)
		exponent--
	}
	one := bigOf(1, bits)
	z := newBig(bits).Quo(newBig(bits).Sub(mantissa, one), newBig(bits).Add(mantissa, one))
	sum := bigArtanh2(z)
	return sum.Add(sum, newBig(bits).Mul(ln2, bigOf(float64(exponent), bits)))
}

func exp(x float64) float64 {
	switch {
	case math.IsNaN(x) || math.IsInf(x, 1):
		return x
	case x > 710:
		return math.Inf(1)
	case x < -746:
		return 0
	}
	return rounded(bigExp(bigOf(x, digitsOf)))
}

func log(x float64) float64 {
	switch {
	case x == 0:
		return math.Inf(-1)
	case math.IsNaN(x) || x < 0:
		return math.NaN()
	case math.IsInf(x, 1):
		return x
	}
	return rounded(bigLog(bigOf(x, digitsOf)))
}

var ln10 = bigLog(bigOf(10, digitsOf*2))

func log10(x float64) float64 {
	if !(x > 0) || math.IsInf(x, 1) {
		return log(x)
	}
	return rounded(newBig(digitsOf).Quo(bigLog(bigOf(x, digitsOf)), ln10))
}

// power is x to the power of y, with C's results for what is no number.
func power(x, y float64) float64 {
	whole := y == math.Trunc(y)
	switch {
	case y == 0 || x == 1:
		return 1
	case y == 1:
		return x
	case y == 2:
		return x * x
	case y == 0.5 && x >= 0 && !math.IsInf(x, 0):
		return math.Sqrt(x)
	case x == 0 || math.IsNaN(x) || math.IsInf(x, 0) || math.IsNaN(y) || math.IsInf(y, 0):
		return math.Pow(x, y) // exact cases: zeros, infinities and NaN
	case x < 0 && !whole:
		return math.NaN()
	}
	negative := x < 0 && math.Mod(y, 2) != 0
	magnitude := bigPower(math.Abs(x), y)
	if negative {
		return -magnitude
	}
	return magnitude
}

// bigPower is a positive number to any power.
func bigPower(x, y float64) float64 {
	product := newBig(digitsOf*2).Mul(bigLog(bigOf(x, digitsOf*2)), bigOf(y, digitsOf*2))
	switch f := rounded(product); {
	case f > 710:
		return math.Inf(1)
	case f < -746:
		return 0
	}
	return rounded(bigExp(product))
}
