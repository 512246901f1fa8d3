package load

import (
	"math"
	"slices"
	"time"
)

// Figures say how fast a server answered.
type Figures struct {
	Requests  int
	PerSecond float64
	// P50, P99 and Max are milliseconds from a request to its reply. Requests of one pipeline have one latency, from when the first was
	// written until the last reply was there.
	P50, P99, Max float64
}

// figures makes them of the time that the requests took together, and of each round trip, which it sorts.
func figures(requests int, took time.Duration, trips []time.Duration) Figures {
	slices.Sort(trips)
	return Figures{
		Requests:  requests,
		PerSecond: float64(requests) / took.Seconds(),
		P50:       milliseconds(quantile(trips, 0.5)),
		P99:       milliseconds(quantile(trips, 0.99)),
		Max:       milliseconds(quantile(trips, 1)),
	}
}

// quantile is the least value that a part q of all does not exceed, or 0 without values.
func quantile(sorted []time.Duration, q float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[max(0, int(math.Ceil(q*float64(len(sorted))))-1)]
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
