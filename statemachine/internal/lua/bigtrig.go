package lua

import (
	"math"
	"math/big"
	"sync"
)

// piBits is enough to reduce the largest float64.
const piBits = 1024 + 2*digitsOf

// pi is computed by Machin's formula when it is first needed.
var pi = sync.OnceValue(func() *big.Float {
	a := bigArctan(newBig(piBits).Quo(bigOf(1, piBits), bigOf(5, piBits)))
	b := bigArctan(newBig(piBits).Quo(bigOf(1, piBits), bigOf(239, piBits)))
	a.Mul(a, bigOf(16, piBits))
	return a.Sub(a, b.Mul(b, bigOf(4, piBits)))
})

// alternating sums a series of alternating signs: each term is the one before times square, divided by what divisor says of its number.
func alternating(term, square *big.Float, divisor func(n float64) float64) *big.Float {
	bits := term.Prec()
	sum := newBig(bits).Set(term)
	term = newBig(bits).Set(term)
	for n := 1.0; ; n++ {
		term.Mul(term, square).Neg(term)
		if d := divisor(n); d != 1 {
			term.Quo(term, bigOf(d, bits))
		}
		if negligible(term, sum) {
			return sum
		}
		sum.Add(sum, term)
	}
}

// bigArctan is the arctangent of a number up to about a half.
func bigArctan(x *big.Float) *big.Float {
	bits := x.Prec()
	square := newBig(bits).Mul(x, x)
	power, sum := newBig(bits).Set(x), newBig(bits).Set(x)
	for n := 3.0; ; n += 2 {
		power.Mul(power, square).Neg(power)
		term := newBig(bits).Quo(power, bigOf(n, bits))
		if negligible(term, sum) {
			return sum
		}
		sum.Add(sum, term)
	}
}

// reduced is x minus the nearest multiple of half of pi, and that multiple's number modulo 4.
func reduced(x float64) (rest *big.Float, quadrant int) {
	bits := uint(digitsOf + digitsOf/2)
	if e := new(big.Float).SetFloat64(x).MantExp(nil); e > 0 {
		bits += uint(e)
	}
	half := newBig(bits).Set(pi())
	half.SetMantExp(half, -1)
	q := newBig(bits).Quo(bigOf(x, bits), half)
	q.Add(q, bigOf(math.Copysign(0.5, x), bits))
	n, _ := q.Int(nil)
	rest = newBig(bits).Sub(bigOf(x, bits), newBig(bits).Mul(half, newBig(bits).SetInt(n)))
	return newBig(digitsOf).Set(rest), int(new(big.Int).And(n, big.NewInt(3)).Int64())
}

func bigSin(x *big.Float) *big.Float {
	return alternating(x, newBig(x.Prec()).Mul(x, x), func(n float64) float64 { return 2 * n * (2*n + 1) })
}

func bigCos(x *big.Float) *big.Float {
	return alternating(bigOf(1, x.Prec()), newBig(x.Prec()).Mul(x, x), func(n float64) float64 { return 2 * n * (2*n - 1) })
}

// sinCos is the sine or, a quarter of a turn further, the cosine.
func sinCos(x float64, further int) *big.Float {
	rest, quadrant := reduced(x)
	quadrant = (quadrant + further) & 3
	var r *big.Float
	if quadrant&1 == 0 {
		r = bigSin(rest)
	} else {
		r = bigCos(rest)
	}
	if quadrant >= 2 {
		r.Neg(r)
	}
	return r
}

func isOrdinary(x float64) bool { return x != 0 && !math.IsNaN(x) && !math.IsInf(x, 0) }

// zeroOrNaN is what sine and tangent are of what isOrdinary excludes.
func zeroOrNaN(x float64) float64 {
	if x == 0 {
		return x
	}
	return math.NaN()
}

func sin(x float64) float64 {
	if !isOrdinary(x) {
		return zeroOrNaN(x)
	}
	return rounded(sinCos(x, 0))
}

func cos(x float64) float64 {
	switch {
	case x == 0:
		return 1
	case !isOrdinary(x):
		return math.NaN()
	}
	return rounded(sinCos(x, 1))
}

func tan(x float64) float64 {
	if !isOrdinary(x) {
		return zeroOrNaN(x)
	}
	return rounded(newBig(digitsOf).Quo(sinCos(x, 0), sinCos(x, 1)))
}

// bigAtan is the arctangent of any number that is not 0.
func bigAtan(x *big.Float) *big.Float {
	bits := x.Prec()
	one := bigOf(1, bits)
	inverse := x.MantExp(nil) > 0
	y := newBig(bits).Set(x)
	if inverse {
		y.Quo(one, y)
	}
	const halvings = 3
	for range halvings {
		root := newBig(bits).Add(one, newBig(bits).Mul(y, y))
		y.Quo(y, root.Add(one, root.Sqrt(root)))
	}
	y = bigArctan(y)
	y.SetMantExp(y, halvings)
	if inverse {
		y.Sub(halfPi(bits, x.Sign()), y)
	}
	return y
}

func halfPi(bits uint, sign int) *big.Float {
	half := newBig(bits).Set(pi())
	half.SetMantExp(half, -1)
	if sign < 0 {
		half.Neg(half)
	}
	return half
}

func atan(x float64) float64 {
	switch {
	case x == 0 || math.IsNaN(x):
		return x
	case math.IsInf(x, 0):
		return math.Copysign(math.Pi/2, x)
	}
	return rounded(bigAtan(bigOf(x, digitsOf)))
}

// bigAsin is the arcsine of a number between -1 and 1, neither nor 0.
func bigAsin(x float64) *big.Float {
	const bits = 2 * digitsOf
	square := newBig(bits).Mul(bigOf(x, bits), bigOf(x, bits))
	root := newBig(bits).Sub(bigOf(1, bits), square)
	root.Sqrt(root)
	return bigAtan(newBig(bits).Quo(bigOf(x, bits), root))
}

func asin(x float64) float64 {
	switch {
	case x == 0 || math.IsNaN(x):
		return x
	case math.Abs(x) > 1:
		return math.NaN()
	case math.Abs(x) == 1:
		return math.Copysign(math.Pi/2, x)
	}
	return rounded(bigAsin(x))
}

func acos(x float64) float64 {
	switch {
	case math.IsNaN(x) || math.Abs(x) > 1:
		return math.NaN()
	case x == 1:
		return 0
	case x == -1:
		return math.Pi
	case x == 0:
		return math.Pi / 2
	}
	const bits = 2 * digitsOf
	return rounded(newBig(bits).Sub(halfPi(bits, 1), bigAsin(x)))
}

// atan2 is the angle of the point x, y.
func atan2(y, x float64) float64 {
	if !isOrdinary(x) || !isOrdinary(y) {
		return math.Atan2(y, x) // multiples of pi/4, zeros and NaN
	}
	const bits = 2 * digitsOf
	r := bigAtan(newBig(bits).Quo(bigOf(y, bits), bigOf(x, bits)))
	if x < 0 {
		whole := newBig(bits).Set(pi())
		if y < 0 {
			whole.Neg(whole)
		}
		r.Add(r, whole)
	}
	return rounded(r)
}

// hyperbolic is (e^x + sign*e^-x) / 2.
func hyperbolic(x, sign float64) *big.Float {
	const bits = 4 * digitsOf // small numbers lose digits in the difference
	e := bigExp(bigOf(x, bits))
	inverse := newBig(bits).Quo(bigOf(sign, bits), e)
	inverse.Add(inverse, e)
	return inverse.SetMantExp(inverse, -1)
}

// beyondExp is where hyperbolic functions are as good as infinite, or 1.
const beyondExp = 1000

// tinyHyperbolic is where they are as good as their argument.
const tinyHyperbolic = 1e-100

func sinh(x float64) float64 {
	switch {
	case math.IsNaN(x) || math.Abs(x) < tinyHyperbolic:
		return x
	case math.Abs(x) > beyondExp:
		return math.Inf(int(math.Copysign(1, x)))
	}
	return rounded(hyperbolic(x, -1))
}

func cosh(x float64) float64 {
	switch {
	case math.IsNaN(x):
		return x
	case math.Abs(x) > beyondExp:
		return math.Inf(1)
	}
	return rounded(hyperbolic(x, 1))
}

func tanh(x float64) float64 {
	switch {
	case math.IsNaN(x) || math.Abs(x) < tinyHyperbolic:
		return x
	case math.Abs(x) > beyondExp:
		return math.Copysign(1, x)
	}
	return rounded(newBig(digitsOf).Quo(hyperbolic(x, -1), hyperbolic(x, 1)))
}
