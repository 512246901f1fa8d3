package replication

import (
	"math/bits"
	"sync/atomic"
	"time"
)

// HistogramBuckets is how many buckets a Histogram has: one for each power of two.
const HistogramBuckets = 65

// Histogram counts numbers by their powers of two, since the start: durations in nanoseconds, or sizes. Adding to it is two atomic additions, and no
// lock. The zero value is empty. Safe for use by several goroutines.
type Histogram struct {
	counts [HistogramBuckets]atomic.Uint64
	sum    atomic.Uint64
}

// Add counts a number.
func (h *Histogram) Add(n uint64) {
	h.counts[bits.Len64(n)].Add(1)
	h.sum.Add(n)
}

// AddDuration counts a duration, in nanoseconds. A negative one, by clocks that do not agree, counts as none.
func (h *Histogram) AddDuration(d time.Duration) { h.Add(uint64(max(d, 0))) }

// AddAlike counts so many numbers at once that have the same bits.Len64, with their sum.
func (h *Histogram) AddAlike(length int, count, sum uint64) {
	h.counts[length].Add(count)
	h.sum.Add(sum)
}

// HistogramCounts are a Histogram's counts at a moment.
type HistogramCounts struct {
	// Counts[i] is how many numbers have been below 1<<i and not below half of that.
	Counts [HistogramBuckets]uint64
	// Sum is of all numbers, which may have one more or less than Counts.
	Sum uint64
}

// Read returns the counts.
func (h *Histogram) Read() (c HistogramCounts) {
	for i := range h.counts {
		c.Counts[i] = h.counts[i].Load()
	}
	c.Sum = h.sum.Load()
	return c
}

// Include adds the counts of another Histogram.
func (c *HistogramCounts) Include(other *HistogramCounts) {
	for i, n := range other.Counts {
		c.Counts[i] += n
	}
	c.Sum += other.Sum
}

// Total is how many numbers were counted.
func (c *HistogramCounts) Total() (total uint64) {
	for _, n := range c.Counts {
		total += n
	}
	return total
}

// Since returns what came after earlier counts of the same Histogram.
func (c *HistogramCounts) Since(earlier *HistogramCounts) HistogramCounts {
	since := HistogramCounts{Sum: c.Sum - min(c.Sum, earlier.Sum)}
	for i := range c.Counts {
		since.Counts[i] = c.Counts[i] - min(c.Counts[i], earlier.Counts[i])
	}
	return since
}

// Quantile is about the number that a share q (0 to 1) of all did not go beyond: within its power of two it is taken for as far up as its rank is.
func (c *HistogramCounts) Quantile(q float64) uint64 {
	rank := q * float64(c.Total())
	seen := 0.0
	for i, n := range c.Counts {
		if n == 0 {
			continue
		}
		if seen+float64(n) >= rank {
			top := float64(uint64(1)<<min(i, 63) - 1)
			bottom := top / 2
			return uint64(bottom + (top-bottom)*(rank-seen)/float64(n))
		}
		seen += float64(n)
	}
	return 0
}
