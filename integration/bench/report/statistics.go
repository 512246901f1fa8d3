package report

import (
	"fmt"
	"math"
	"slices"

	"github.com/paxredis/paxredis/integration/bench/statistics"
)

// Spread is the median of some values, and how far they go.
type Spread struct {
	Median, Low, High float64
	N                 int // of values; without any the others are 0
}

// SpreadOf sums values up.
func SpreadOf(values []float64) Spread {
	if len(values) == 0 {
		return Spread{}
	}
	sorted := slices.Clone(values)
	slices.Sort(sorted)
	return Spread{Median: statistics.Quantile(sorted, 0.5), Low: sorted[0], High: sorted[len(sorted)-1], N: len(sorted)}
}

// SignedRank is the probability, two-sided, of ratios that lean to one side of 1 as much as these do or more, if nothing but chance
// decides on the side: the exact test of Wilcoxon on their logarithms. Ratios of 1 do not count. At best it is 2 to the power of 1-n.
func SignedRank(ratios []float64) float64 {
	var logs []float64
	for _, r := range ratios {
		if l := math.Log(r); l != 0 {
			logs = append(logs, l)
		}
	}
	slices.SortFunc(logs, func(a, b float64) int { return compareMagnitude(a, b) })
	ranks := make([]int, len(logs)) // doubled, so that the mean of two is whole
	for first := 0; first < len(logs); {
		last := first
		for last+1 < len(logs) && compareMagnitude(logs[first], logs[last+1]) == 0 {
			last++
		}
		for i := first; i <= last; i++ {
			ranks[i] = first + last + 2
		}
		first = last + 1
	}
	total, above := 0, 0
	for i, rank := range ranks {
		if total += rank; logs[i] > 0 {
			above += rank
		}
	}
	return tail(ranks, total, min(above, total-above))
}

func compareMagnitude(a, b float64) int {
	a, b = math.Abs(a), math.Abs(b)
	if math.Abs(a-b) < 1e-12 {
		return 0
	}
	if a < b {
		return -1
	}
	return 1
}

// tail is the part of all choices among ranks whose sum is at most bound, doubled for both sides.
func tail(ranks []int, total, bound int) float64 {
	ways := make([]float64, total+1) // to come to a sum
	ways[0] = 1
	for _, rank := range ranks {
		for sum := total; sum >= rank; sum-- {
			ways[sum] += ways[sum-rank]
		}
	}
	var few float64
	for _, w := range ways[:bound+1] {
		few += w
	}
	return math.Min(1, 2*few/math.Pow(2, float64(len(ranks))))
}

// String writes "1.02 (0.97 to 1.08)", or "-" where there is nothing.
func (s Spread) String() string {
	if s.N == 0 {
		return "-"
	}
	if s.N == 1 {
		return number(s.Median)
	}
	return fmt.Sprintf("%s (%s to %s)", number(s.Median), number(s.Low), number(s.High))
}
