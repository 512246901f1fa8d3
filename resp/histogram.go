package resp

import (
	"math/bits"
	"sync/atomic"
)

// A latencyHistogram has histogramParts buckets for each power of two of nanoseconds, so that a value is known to within 1/histogramParts,
// from a nanosecond to a second; what is longer counts as a second.
const (
	histogramBits    = 5
	histogramParts   = 1 << histogramBits
	histogramTop     = 30 // 2^30 ns is the power of two next to a second
	histogramBuckets = (histogramTop - histogramBits + 2) * histogramParts
	longestLatency   = 1_000_000_000
)

// latencyHistogram is how often a command took how long, on one loop. Only the loop adds; anybody may read at any time. It is of
// our own since those in libraries must be locked, and this is on the way of every command.
type latencyHistogram struct {
	counts [histogramBuckets]atomic.Uint64
}

// bucketOf is the bucket of a latency.
func bucketOf(nanos int64) int {
	v := uint64(min(max(nanos, 0), longestLatency))
	shift := max(0, bits.Len64(v)-histogramBits-1)
	return shift<<histogramBits + int(v>>shift)
}

// bucketTop is the longest latency of a bucket.
func bucketTop(bucket int) int64 {
	shift := max(0, bucket>>histogramBits-1)
	return int64(bucket-shift<<histogramBits+1)<<shift - 1
}

func (h *latencyHistogram) add(nanos int64) { h.counts[bucketOf(nanos)].Add(1) }

// latencies are the sums of histograms.
type latencies struct {
	counts [histogramBuckets]uint64
	calls  uint64
}

func (l *latencies) include(h *latencyHistogram) {
	for i := range h.counts {
		n := h.counts[i].Load()
		l.counts[i] += n
		l.calls += n
	}
}

// percentile is the latency in nanoseconds that so many percent of the calls did not go beyond.
func (l *latencies) percentile(percent float64) int64 {
	wanted := max(1, uint64(percent/100*float64(l.calls)+0.5))
	var seen uint64
	for i, n := range l.counts {
		if seen += n; seen >= wanted {
			return bucketTop(i)
		}
	}
	return 0
}

// step is a line of a cumulative distribution: so many calls took at most micros.
type step struct{ micros, calls int64 }

// steps is the distribution by powers of two of 1,024 ns, as LATENCY HISTOGRAM tells it: only those that add calls. Each stands under the
// number that Redis gives it, whose own buckets are a 128th wide.
func (l *latencies) steps() []step {
	var all []step
	var seen, told uint64
	bucket := 0
	for top := int64(1024); seen < l.calls; top *= 2 {
		for ; bucket < histogramBuckets && bucketTop(bucket) < top; bucket++ {
			seen += l.counts[bucket]
		}
		if seen > told {
			all = append(all, step{(top + top/128 - 1) / 1000, int64(seen)})
			told = seen
		}
	}
	return all
}
