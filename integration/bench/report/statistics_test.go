package report

import (
	"math"
	"slices"
	"testing"
)

func TestSpreads(t *testing.T) {
	for _, c := range []struct {
		values []float64
		want   Spread
		text   string
	}{
		{nil, Spread{}, "-"},
		{[]float64{2}, Spread{2, 2, 2, 1}, "2.00"},
		{[]float64{3, 1, 2}, Spread{2, 1, 3, 3}, "2.00 (1.00 to 3.00)"},
		{[]float64{8, 1, 2, 4}, Spread{3, 1, 8, 4}, "3.00 (1.00 to 8.00)"},
	} {
		if got := SpreadOf(c.values); got != c.want || got.String() != c.text {
			t.Errorf("%v: %+v, %s", c.values, got, got)
		}
	}
}

// TestSignedRank compares with all the choices of signs, one by one.
func TestSignedRank(t *testing.T) {
	for _, ratios := range [][]float64{
		{1.1}, {1.1, 0.9}, {1.1, 1.2, 1.3, 0.99}, {0.5, 0.6, 0.7, 0.8, 0.9}, {1.1, 1 / 1.1, 1.2, 0.7, 0.71, 2, 3},
	} {
		if got, want := SignedRank(ratios), bySigns(ratios); math.Abs(got-want) > 1e-12 {
			t.Errorf("%v: %v, not %v", ratios, got, want)
		}
	}
	if got := SignedRank([]float64{1, 1}); got != 1 {
		t.Errorf("of equals: %v", got)
	}
	var ten []float64
	for i := range 10 {
		ten = append(ten, 1.01+float64(i)/100)
	}
	if got := SignedRank(ten); got != math.Pow(2, -9) {
		t.Errorf("ten on one side: %v", got)
	}
}

// bySigns is the test by its definition.
func bySigns(ratios []float64) float64 {
	var sizes []float64
	for _, r := range ratios {
		sizes = append(sizes, math.Abs(math.Log(r)))
	}
	rank := func(size float64) (rank float64) {
		for _, s := range sizes {
			if math.Abs(s-size) < 1e-12 {
				rank += 0.5
			} else if s < size {
				rank++
			}
		}
		return rank + 0.5
	}
	var total, above float64
	for i, r := range ratios {
		total += rank(sizes[i])
		if r > 1 {
			above += rank(sizes[i])
		}
	}
	bound := math.Min(above, total-above)
	few := 0
	for signs := range 1 << len(ratios) {
		var sum float64
		for i := range ratios {
			if signs>>i&1 == 1 {
				sum += rank(sizes[i])
			}
		}
		if sum <= bound {
			few++
		}
	}
	return math.Min(1, 2*float64(few)/float64(int(1)<<len(ratios)))
}

func TestNumbers(t *testing.T) {
	for v, want := range map[float64]string{0: "0.00", 0.0561: "0.056", -0.5: "-0.50", 1.234: "1.23", 12.34: "12.3", 99.97: "100", 999.6: "1,000",
		33_979.4: "33,979", -1_234_567: "-1,234,567", math.Inf(1): "-"} {
		if got := number(v); got != want {
			t.Errorf("%v: %q, not %q", v, got, want)
		}
	}
}

func TestRatiosAreThoseOfARound(t *testing.T) {
	all := example().Samples
	c := Cell{"table", "SET c=1", "paxredis quorum"}
	if got := all.Ratios(c, "redis-server"); !slices.Equal(got, []float64{0.9, 0.75}) {
		t.Errorf("got %v", got)
	}
	if got := all.Ratios(Cell{"table", "SET c=1", "etcd"}, "redis-server"); !slices.Equal(got, []float64{0.25}) {
		t.Errorf("of one round: %v", got)
	}
	if got := all.Ratios(c, "another"); got != nil {
		t.Errorf("to what was not measured: %v", got)
	}
}
