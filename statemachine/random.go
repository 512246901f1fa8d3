package statemachine

import "math/bits"

// random is SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators): the same numbers on every
// node for the same seed. It is no source of secrets.
type random struct{ state uint64 }

// next returns 64 bits.
func (r *random) next() uint64 {
	r.state += 0x9e3779b97f4a7c15
	z := r.state
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// below returns a number from 0 to n-1; 0 if n is not positive.
func (r *random) below(n int) int {
	if n <= 0 {
		return 0
	}
	high, _ := bits.Mul64(r.next(), uint64(n))
	return int(high)
}
