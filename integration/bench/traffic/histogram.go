package traffic

import (
	"math/bits"
	"sync/atomic"
	"time"
)

// A Histogram counts durations in buckets, each less than a hundredth wide of what it counts, up to about an hour. Any goroutine may
// record. The zero value is empty.
type Histogram struct {
	counts [buckets]atomic.Uint64
	max    atomic.Int64
}

// Buckets: one a nanosecond below 2*perPower; above that each power of two is cut into perPower of them.
const (
	powerBits = 7
	perPower  = 1 << powerBits
	mostBits  = 42 // of nanoseconds: 73 minutes
	buckets   = (mostBits-powerBits-1)*perPower + 2*perPower
)

// bucketOf is the place of a duration. What is longer than the last bucket is counted there.
func bucketOf(d time.Duration) int {
	v := uint64(max(d, 0))
	shift := max(bits.Len64(v)-powerBits-1, 0)
	return min(shift*perPower+int(v>>shift), buckets-1)
}

// highestOf is the longest duration that a bucket counts.
func highestOf(bucket int) time.Duration {
	if bucket < 2*perPower {
		return time.Duration(bucket)
	}
	shift := bucket/perPower - 1
	return time.Duration((bucket-shift*perPower+1)<<shift - 1)
}

// Record counts a duration so many times.
func (h *Histogram) Record(d time.Duration, times int) {
	h.counts[bucketOf(d)].Add(uint64(times))
	for {
		most := h.max.Load()
		if int64(d) <= most || h.max.CompareAndSwap(most, int64(d)) {
			return
		}
	}
}

// latencies is what was counted so far.
func (h *Histogram) latencies() Latencies {
	l := Latencies{max: time.Duration(h.max.Load())}
	for i := range h.counts {
		if n := h.counts[i].Load(); n > 0 {
			l.buckets = append(l.buckets, counted{i, n})
			l.count += n
		}
	}
	return l
}

// Latencies is what a Histogram has counted in a while.
type Latencies struct {
	buckets []counted // those that are not empty, in order
	count   uint64
	max     time.Duration
}

type counted struct {
	bucket int
	times  uint64
}

// Measured are these durations.
func Measured(all ...time.Duration) Latencies {
	var h Histogram
	for _, d := range all {
		h.Record(d, 1)
	}
	return h.latencies()
}

// Count is how many there are.
func (l *Latencies) Count() uint64 { return l.count }

// Max is the longest, exactly. It is 0 if there is none.
func (l *Latencies) Max() time.Duration { return l.max }

// Quantile is a duration that this share of all, from 0 to 1, do not exceed. It is 0 if there is none.
func (l *Latencies) Quantile(q float64) time.Duration {
	rank := uint64(q*float64(l.count) + 0.5)
	for _, c := range l.buckets {
		if rank <= c.times {
			return min(highestOf(c.bucket), l.max)
		}
		rank -= c.times
	}
	return l.max
}
