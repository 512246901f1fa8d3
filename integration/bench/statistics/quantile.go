// Package statistics sums values up.
package statistics

import (
	"math"
	"slices"
)

// Median is the middle of values in any order, 0 of none.
func Median(values []float64) float64 { return Quantile(slices.Sorted(slices.Values(values)), 0.5) }

// Quantile is a quantile of sorted values: the median is the mean of the two in the middle, all others are the least value that a part q
// of all does not exceed.
func Quantile(sorted []float64, q float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	middle := len(sorted) / 2
	if q == 0.5 && len(sorted)%2 == 0 {
		return (sorted[middle-1] + sorted[middle]) / 2
	}
	return sorted[max(0, int(math.Ceil(q*float64(len(sorted))))-1)]
}
