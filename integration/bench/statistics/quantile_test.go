package statistics

import (
	"slices"
	"testing"
)

func TestQuantiles(t *testing.T) {
	var sorted []float64
	for i := range 30 {
		sorted = append(sorted, float64(i+1))
	}
	for q, want := range map[float64]float64{0: 1, 0.5: 15.5, 0.9: 27, 0.99: 30, 1: 30} {
		if got := Quantile(sorted, q); got != want {
			t.Errorf("%v: %v, not %v", q, got, want)
		}
	}
	if Quantile(nil, 0.5) != 0 {
		t.Error("nothing has a median")
	}
}

func TestMedian(t *testing.T) {
	for _, test := range []struct {
		values []float64
		want   float64
	}{{[]float64{3}, 3}, {[]float64{9, 1, 2}, 2}, {[]float64{4, 1, 3, 2}, 2.5}} {
		given := slices.Clone(test.values)
		if got := Median(given); got != test.want || !slices.Equal(given, test.values) {
			t.Errorf("of %v: %v, and the values are %v now", test.values, got, given)
		}
	}
}
