package traffic

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

func TestBucketsAreInOrderAndNarrow(t *testing.T) {
	for bucket := range buckets - 1 {
		low, high := time.Duration(0), highestOf(bucket)
		if bucket > 0 {
			low = highestOf(bucket-1) + 1
		}
		if bucketOf(low) != bucket || bucketOf(high) != bucket {
			t.Fatalf("bucket %d is said to have %d to %d, which are in %d and %d", bucket, low, high, bucketOf(low), bucketOf(high))
		}
		if float64(high-low) > 0.01*float64(low) {
			t.Fatalf("bucket %d has %d to %d", bucket, low, high)
		}
	}
	if got := bucketOf(1 << 62); got != buckets-1 {
		t.Errorf("a very long time is in bucket %d", got)
	}
}

func TestQuantiles(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var h Histogram
	all := make([]time.Duration, 10_000)
	for i := range all {
		all[i] = time.Duration(random.ExpFloat64() * float64(time.Millisecond))
		h.Record(all[i], 1)
	}
	slices.Sort(all)
	got := h.latencies()
	if got.Count() != uint64(len(all)) || got.Max() != all[len(all)-1] {
		t.Errorf("%d counted, the longest %v", got.Count(), got.Max())
	}
	for _, q := range []float64{0.001, 0.5, 0.99, 0.999, 1} {
		want := all[int(q*float64(len(all)))-1]
		if off := float64(got.Quantile(q)-want) / float64(want); off < 0 || off > 0.01 {
			t.Errorf("quantile %v is %v, want %v", q, got.Quantile(q), want)
		}
	}
	empty := new(Histogram).latencies()
	if empty.Count() != 0 || empty.Max() != 0 || empty.Quantile(0.5) != 0 {
		t.Errorf("of nothing: %+v", empty)
	}
}
