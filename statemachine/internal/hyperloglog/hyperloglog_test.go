package hyperloglog

import (
	"encoding/binary"
	"fmt"
	"math"
	"testing"
)

func TestSelfTest(t *testing.T) {
	if err := SelfTest(); err != nil {
		t.Fatal(err)
	}
}

// TestHash pins the hash, which decides what every stored value means: the registers that redis-server gave elements of all lengths
// of a tail, and of more than one word.
func TestHash(t *testing.T) {
	const letters = "abcdefghijklmnopq"
	v := New()
	for _, n := range []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 17} {
		var err error
		if v, _, err = Add(v, []byte(letters[:n])); err != nil {
			t.Fatal(err)
		}
	}
	const want = "Z:719 v:1,1 Z:663 v:1,1 Z:2342 v:4,1 Z:544 v:1,1 Z:1362 v:2,1 Z:303 v:2,1 Z:964 v:1,1 Z:2570 v:1,1 Z:1595 v:8,1 Z:1640 v:2,1 " +
		"Z:935 v:2,1 Z:2736"
	if got, err := Describe(v); got != want || err != nil {
		t.Fatalf("the runs are %s, %v\nnot          %s", got, err, want)
	}
}

func TestEmptyValue(t *testing.T) {
	v := New()
	if !Valid(v) || !IsSparse(v) || string(v) != "HYLL\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x7f\xff" {
		t.Fatalf("a new value is %q", v)
	}
	if n, err := Estimate(v); n != 0 || err != nil {
		t.Errorf("its estimate is %d, %v", n, err)
	}
	Invalidate(v)
	if n, err := Estimate(v); n != 0 || err != nil {
		t.Errorf("computed anew, its estimate is %d, %v", n, err)
	}
}

// TestEstimatesAreNearTheTruth adds different elements and looks at the estimate all along.
func TestEstimatesAreNearTheTruth(t *testing.T) {
	v := New()
	var err error
	for n := 1; n <= 100_000; n++ {
		if v, _, err = Add(v, fmt.Appendf(nil, "element:%d", n)); err != nil {
			t.Fatal(err)
		}
		if n%997 != 0 {
			continue
		}
		Invalidate(v)
		got, err := Estimate(v)
		if err != nil {
			t.Fatal(err)
		}
		if off := math.Abs(float64(got)-float64(n)) / float64(n); off > 0.04 {
			t.Fatalf("%d elements have an estimate of %d", n, got)
		}
	}
}

// TestTheCacheIsBelievedWhereItHolds: Redis writes it, and a value may come from there.
func TestTheCacheIsBelievedWhereItHolds(t *testing.T) {
	v := New()
	binary.LittleEndian.PutUint64(v[cacheByte:], 12345)
	if n, err := Estimate(v); n != 12345 || err != nil {
		t.Fatalf("the estimate is %d, %v", n, err)
	}
	Invalidate(v)
	if n, err := Estimate(v); n != 0 || err != nil {
		t.Fatalf("the estimate is %d, %v", n, err)
	}
}

// TestSparseBecomesDenseAtItsLimit: no sparse value is above SparseMaxBytes, and the one before the change was near it.
func TestSparseBecomesDenseAtItsLimit(t *testing.T) {
	v := New()
	longest := 0
	for n := 0; IsSparse(v); n++ {
		longest = max(longest, len(v))
		var err error
		if v, _, err = Add(v, fmt.Appendf(nil, "%d", n)); err != nil {
			t.Fatal(err)
		}
	}
	if longest > SparseMaxBytes || longest < SparseMaxBytes-maxSplit || len(v) != DenseBytes {
		t.Fatalf("sparse up to %d bytes, then %d", longest, len(v))
	}
}

// TestARankThatSparseCannotHold: registers above 32 make a value dense at once.
func TestARankThatSparseCannotHold(t *testing.T) {
	v, changed, err := raise(New(), observation{index: Registers - 1, rank: maxSparseRank})
	if err != nil || !changed || !IsSparse(v) {
		t.Fatalf("%d: %v, %v", maxSparseRank, changed, err)
	}
	v, changed, err = raise(v, observation{index: Registers - 1, rank: maxSparseRank + 1})
	if err != nil || !changed || IsSparse(v) || denseRegister(v, Registers-1) != maxSparseRank+1 {
		t.Fatalf("%d: %v, %v", maxSparseRank+1, changed, err)
	}
}

func TestDenseRegistersKeepTheirNeighbours(t *testing.T) {
	v := make([]byte, DenseBytes)
	want := make([]byte, Registers)
	for i := range 50_000 {
		at, rank := i*7919%Registers, byte(i*31%64)
		putDenseRegister(v, at, rank)
		want[at] = rank
	}
	for i := range want {
		if got := denseRegister(v, i); got != want[i] {
			t.Fatalf("register %d is %d, not %d", i, got, want[i])
		}
	}
}

func TestCorruptRunsAreRefused(t *testing.T) {
	for name, runs := range map[string]string{
		"too few":           "\x00",
		"none":              "",
		"too many":          "\x7f\xff\x00",
		"a ranked one more": "\x7f\xfe\x81",
		"half a run":        "\x7f",
	} {
		v := append([]byte("HYLL\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x80"), runs...)
		if _, err := Estimate(v); err == nil {
			t.Errorf("%s: has an estimate", name)
		}
		if _, err := Dense(v); err == nil {
			t.Errorf("%s: becomes dense", name)
		}
		var u Union
		if u.Merge(v) == nil {
			t.Errorf("%s: is merged", name)
		}
	}
}

// FuzzValue: whatever stands behind a right head, no function panics or runs away, and what Add made of a good value is good.
func FuzzValue(f *testing.F) {
	f.Add([]byte("\x7f\xff"), []byte("a"))
	f.Add([]byte("\x7f\xf0\x84\x88\x0d"), []byte("b"))
	f.Add([]byte("\x00\x80\x7f"), []byte(""))
	f.Fuzz(func(t *testing.T, runs, element []byte) {
		v := append([]byte("HYLL\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x80"), runs...)
		_, bad := Estimate(v)
		if _, err := Describe(v); err != nil && bad == nil {
			t.Fatal("a good value cannot be described")
		}
		var u Union
		_ = u.Merge(v) // only has to return
		added, _, err := Add(append([]byte(nil), v...), element)
		if bad == nil && err != nil {
			t.Fatalf("nothing can be added to a good value: %v", err)
		}
		if bad != nil || err != nil {
			return
		}
		if !Valid(added) || IsSparse(added) && len(added) > max(SparseMaxBytes, len(v)) {
			t.Fatalf("%d bytes became %d", len(v), len(added))
		}
		if _, err := Estimate(added); err != nil {
			t.Fatal("Add has damaged a good value")
		}
	})
}

func BenchmarkAddDense(b *testing.B) {
	v, err := Dense(New())
	if err != nil {
		b.Fatal(err)
	}
	var element [8]byte
	for i := range b.N {
		binary.LittleEndian.PutUint64(element[:], uint64(i))
		v, _, _ = Add(v, element[:])
	}
}

func BenchmarkEstimateDense(b *testing.B) {
	v, err := Dense(New())
	if err != nil {
		b.Fatal(err)
	}
	Invalidate(v)
	for range b.N {
		_, _ = Estimate(v)
	}
}
