package replication

import "testing"

func TestSystemClockNeverGoesBack(t *testing.T) {
	clock := SystemClock{}
	before := clock.Now()
	if before.Real < 1_600_000_000_000_000_000 {
		t.Errorf("wall clock %d is not in Unix nanoseconds", before.Real)
	}
	for range 1000 {
		now := clock.Now()
		if now.Mono < before.Mono || now.Boot < before.Boot {
			t.Fatalf("%+v after %+v", now, before)
		}
		if elapsed := now.Elapsed(before); elapsed < now.Mono-before.Mono {
			t.Fatalf("elapsed %d", elapsed)
		}
		before = now
	}
}
