package hyperloglog

import "math"

// alphaInf is the constant of the estimator for many registers, 1 / (2 ln 2).
const alphaInf = 0.721347520444481703680

// histogram is how many registers have each rank.
type histogram [registerMax + 1]int

// Estimate is how many different elements a valid value has been given, by its cached estimate if that holds.
func Estimate(v []byte) (uint64, error) {
	if estimate, ok := cached(v); ok {
		return estimate, nil
	}
	var h histogram
	if err := eachRun(v, func(_, length int, rank byte) { h[rank] += length }); err != nil {
		return 0, err
	}
	return h.estimate(), nil
}

// Estimate is how many different elements the values of the union have been given.
func (u *Union) Estimate() uint64 {
	var h histogram
	for _, rank := range u.registers {
		h[rank]++
	}
	return h.estimate()
}

// estimate is the improved raw estimate of Otmar Ertl, "New cardinality estimation algorithms for HyperLogLog sketches"
// (https://arxiv.org/abs/1702.01284), algorithm 6. Each product is rounded before it is added (float64 forbids to fuse
// them), so that all processors come to the same number.
func (h *histogram) estimate() uint64 {
	const m = float64(Registers)
	z := float64(m * tau((m-float64(h[rankBits+1]))/m))
	for rank := rankBits; rank >= 1; rank-- {
		z = float64(0.5 * float64(z+float64(h[rank])))
	}
	z += float64(m * sigma(float64(h[0])/m))
	if z < 1/m { // only registers above what elements can say make it so small
		return math.MaxInt64
	}
	return uint64(math.Round(alphaInf * m * m / z))
}

// sigma corrects for registers that are 0.
func sigma(x float64) float64 {
	if x == 1 {
		return math.Inf(1)
	}
	y, z := 1.0, x
	for before := -1.0; before != z; y += y {
		x = float64(x * x)
		before = z
		z += float64(x * y)
	}
	return z
}

// tau corrects for registers at the highest rank.
func tau(x float64) float64 {
	if x == 0 || x == 1 {
		return 0
	}
	y, z := 1.0, 1-x
	for before := -1.0; before != z; {
		x = math.Sqrt(x)
		before = z
		y = float64(0.5 * y)
		square := float64((1 - x) * (1 - x))
		z -= float64(square * y)
	}
	return z / 3
}
