package lua

import "math"

func (in *Interp) openMath() *Table {
	one := func(f func(x float64) float64) func(a args) {
		return func(a args) {
			a.in.work(10)
			a.number(f(a.num(1)))
		}
	}
	dear := func(f func(x float64) float64) func(a args) {
		return func(a args) {
			a.in.work(100)
			a.number(f(a.num(1)))
		}
	}
	t := in.library(map[string]func(a args){
		"abs": one(math.Abs), "acos": dear(acos), "asin": dear(asin), "atan": dear(atan), "ceil": one(math.Ceil), "cos": dear(cos), "cosh": dear(cosh),
		"deg": one(func(x float64) float64 { return x / (math.Pi / 180) }), "exp": dear(exp), "floor": one(math.Floor),
		"log": dear(log), "log10": dear(log10), "rad": one(func(x float64) float64 { return x * (math.Pi / 180) }),
		"sin": dear(sin), "sinh": dear(sinh), "sqrt": one(math.Sqrt), "tan": dear(tan), "tanh": dear(tanh),
		"atan2": mathAtan2, "fmod": mathFmod, "mod": mathFmod, "frexp": mathFrexp, "ldexp": mathLdexp, "max": mathMax, "min": mathMin, "modf": mathModf,
		"pow": mathPow, "random": mathRandom, "randomseed": mathRandomSeed,
	}, "abs", "acos", "asin", "atan2", "atan", "ceil", "cosh", "cos", "deg", "exp", "floor", "fmod", "frexp", "ldexp", "log10", "log", "max", "min",
		"modf", "pow", "rad", "random", "randomseed", "sinh", "sin", "sqrt", "tanh", "tan", "mod")
	t.set(in, "pi", math.Pi)
	t.set(in, "huge", math.Inf(1))
	return t
}

func mathAtan2(a args) {
	a.in.work(100)
	a.number(atan2(a.num(1), a.num(2)))
}

func mathFmod(a args) { a.number(math.Mod(a.num(1), a.num(2))) }

func mathFrexp(a args) {
	f, e := math.Frexp(a.num(1))
	a.in.returns(number(f), number(float64(e)))
}

func mathLdexp(a args) { a.number(math.Ldexp(a.num(1), a.int32(2))) }

func mathMax(a args) {
	most := a.num(1)
	for i := 2; i <= len(a.vals); i++ {
		if f := a.num(i); f > most {
			most = f
		}
	}
	a.number(most)
}

func mathMin(a args) {
	least := a.num(1)
	for i := 2; i <= len(a.vals); i++ {
		if f := a.num(i); f < least {
			least = f
		}
	}
	a.number(least)
}

func mathModf(a args) {
	f := a.num(1)
	whole := math.Trunc(f)
	rest := 0.0
	if !math.IsInf(f, 0) {
		rest = math.Copysign(f-whole, f)
	}
	a.in.returns(number(whole), number(rest))
}

func mathPow(a args) {
	a.in.work(100)
	a.number(power(a.num(1), a.num(2)))
}

// lrand48 is the generator of POSIX's lrand48, which Redis has of its own so that it is the same on all platforms.
type lrand48 struct{ state uint64 }

// initialRandom is its state at the start of every script: that of a Redis that has just started.
const initialRandom = 0x1234abcd330e

func (r *lrand48) seed(n int32) { r.state = uint64(uint32(n))<<16 | 0x330e }

// next returns 31 bits.
func (r *lrand48) next() int32 {
	r.state = (r.state*0x5deece66d + 0xb) & (1<<48 - 1)
	return int32(r.state >> 17)
}

func mathRandom(a args) {
	r := float64(a.in.random.next()%math.MaxInt32) / math.MaxInt32
	switch len(a.vals) {
	case 0:
		a.number(r)
	case 1:
		most := a.int32(1)
		if most < 1 {
			a.argument(1, "interval is empty")
		}
		a.number(math.Floor(r*float64(most)) + 1)
	case 2:
		low, high := a.int32(1), a.int32(2)
		if low > high {
			a.argument(2, "interval is empty")
		}
		a.number(math.Floor(r*float64(high-low+1)) + float64(low))
	default:
		a.in.fail("wrong number of arguments")
	}
}

func mathRandomSeed(a args) { a.in.random.seed(int32(a.int32(1))) }
