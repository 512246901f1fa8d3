package statemachine

import "math"

// The sine, the cosine and the arcsine of distances on the earth. What GEOSEARCHSTORE stores must be the same on every node, and those of
// package math are not: a compiler may round a product and a sum together where the processor can, which others cannot. So they are computed
// here in pairs of doubles whose every step is rounded as it says, with far more digits than a double has, and are rounded once in the end: the
// results are the doubles nearest to the true values but for a few in a million million, and those of C's library nearly always.

// pair is the sum of two doubles, the second of which is far less than the first's last digit.
type pair struct{ high, low float64 }

// twoSum is the exact sum of two doubles (Knuth).
func twoSum(a, b float64) pair {
	s := float64(a + b)
	other := float64(s - a)
	return pair{s, float64(float64(a-float64(s-other)) + float64(b-other))}
}

// twoProduct is the exact product of two doubles.
func twoProduct(a, b float64) pair {
	p := float64(a * b)
	return pair{p, math.FMA(a, b, -p)}
}

func (x pair) add(y pair) pair {
	s := twoSum(x.high, y.high)
	return twoSum(s.high, float64(s.low+float64(x.low+y.low)))
}

func (x pair) negated() pair { return pair{-x.high, -x.low} }

func (x pair) times(y pair) pair {
	p := twoProduct(x.high, y.high)
	cross := float64(float64(x.high*y.low) + float64(x.low*y.high))
	return twoSum(p.high, float64(p.low+cross))
}

func (x pair) over(y pair) pair {
	first := float64(x.high / y.high)
	rest := x.add(y.times(pair{first, 0}).negated())
	return twoSum(first, float64(rest.high/y.high))
}

func (x pair) half() pair { return pair{x.high / 2, x.low / 2} }

// sqrt is the square root of a pair that is not negative.
func (x pair) sqrt() pair {
	if x.high == 0 {
		return pair{}
	}
	first := math.Sqrt(x.high)
	rest := x.add(twoProduct(first, first).negated())
	return twoSum(first, float64(rest.high/float64(2*first)))
}

// rounded is the nearest double.
func (x pair) rounded() float64 { return float64(x.high + x.low) }

// halfPi is a quarter of a turn.
var halfPi = pair{math.Pi / 2, 6.123233995736766e-17}

// inverseFactorials are 1/n! as pairs.
var inverseFactorials = func() (inverse [seriesTerms]pair) {
	f := pair{1, 0}
	for n := range inverse {
		if n > 1 {
			f = f.over(pair{float64(n), 0})
		}
		inverse[n] = f
	}
	return inverse
}()

// seriesTerms is up to which power the series of sine and cosine go, for angles up to an eighth of a turn: what is left out is less than
// a part in 10^21, a few ten thousandths of a double's last digit.
const seriesTerms = 24

// sineSeries is the sine, or from first 0 the cosine, of a small angle: the sum of x^n/n! with alternating signs.
func sineSeries(x pair, first int) pair {
	square := x.times(x).negated()
	last := seriesTerms - 2 + first
	sum := inverseFactorials[last]
	for n := last - 2; n >= first; n -= 2 {
		sum = sum.times(square).add(inverseFactorials[n])
	}
	if first == 1 {
		return sum.times(x)
	}
	return sum
}

// sine is that of an angle of a few turns at most.
func sine(x float64) float64 { return sineOf(pair{x, 0}, 0).rounded() }

// cosine is that of an angle of a few turns at most.
func cosine(x float64) float64 { return sineOf(pair{x, 0}, 1).rounded() }

// sineOf is the sine of an angle and some quarters of a turn.
func sineOf(x pair, more int64) pair {
	quarters := math.RoundToEven(float64(x.high / halfPi.high))
	x = x.add(halfPi.times(pair{quarters, 0}).negated())
	switch (int64(quarters) + more) & 3 {
	case 0:
		return sineSeries(x, 1)
	case 1:
		return sineSeries(x, 0)
	case 2:
		return sineSeries(x, 1).negated()
	}
	return sineSeries(x, 0).negated()
}

// arcsine is that of a number from 0 to 1.
func arcsine(x float64) float64 {
	if x <= 0.5 {
		return smallArcsine(pair{x, 0}).rounded()
	}
	// Half of the angle that is missing to a quarter of a turn has a small sine.
	rest := smallArcsine(twoSum(1, -x).half().sqrt())
	return halfPi.add(pair{2 * rest.high, 2 * rest.low}.negated()).rounded()
}

// arcsineTerms is how many terms of its series the arcsine is begun with.
const arcsineTerms = 20

// smallArcsine is the arcsine of a number from 0 to about 0.5: the beginning of its series, made better by Newton's method.
func smallArcsine(x pair) pair {
	square := float64(x.high * x.high)
	power, coefficient, first := x.high, 1.0, x.high
	for n := 1; n < arcsineTerms; n++ {
		coefficient = float64(coefficient * float64(float64(2*n-1)/float64(2*n)))
		power = float64(power * square)
		first = float64(first + float64(float64(coefficient*power)/float64(2*n+1)))
	}
	angle := pair{first, 0}
	rest := x.add(sineOf(angle, 0).negated())
	return angle.add(rest.over(sineOf(angle, 1)))
}
