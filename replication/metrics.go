package replication

import (
	"math/bits"
	"sync"
	"time"
)

// latencies is a histogram of recent durations: 8 buckets for each power of two, so that a quantile is at most one
// eighth too high. What is old counts less and less. Safe for use by several goroutines.
type latencies struct {
	mu     sync.Mutex
	counts [64 * latencySteps]uint32
	total  uint32
}

const (
	latencySteps = 8
	// latencyWindow is the number of durations after which all counts are halved.
	latencyWindow = 8192
)

func (h *latencies) add(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.counts[latencyBucket(d)]++
	if h.total++; h.total >= latencyWindow {
		h.total = 0
		for i := range h.counts {
			h.counts[i] /= 2
			h.total += h.counts[i]
		}
	}
}

// quantile returns the duration that the share q (0 to 1) of the recent ones did not exceed, 0 without any.
func (h *latencies) quantile(q float64) time.Duration {
	h.mu.Lock()
	defer h.mu.Unlock()
	rank := q * float64(h.total)
	seen := uint32(0)
	for i, n := range h.counts {
		if seen += n; n > 0 && float64(seen) >= rank {
			return latencyBound(i)
		}
	}
	return 0
}

// latencyBucket is 8 times the exponent plus the three bits behind the leading one.
func latencyBucket(d time.Duration) int {
	n := uint64(max(d, latencySteps))
	exponent := bits.Len64(n) - 1
	return exponent*latencySteps + int(n>>(exponent-3)&(latencySteps-1))
}

// latencyBound is the highest duration of a bucket.
func latencyBound(bucket int) time.Duration {
	exponent, step := bucket/latencySteps, bucket%latencySteps
	return time.Duration(uint64(latencySteps+step+1)<<(exponent-3) - 1)
}

// counters are the loop's figures since the start.
type counters struct {
	batches, commands   uint64
	forwarded, received uint64
	resent              uint64
	dropped             uint64
}
