package statemachine

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/paxredis/paxredis/statemachine/internal/arena"
)

// testDict is a dict beside a plain map that says what must be in it.
type testDict struct {
	t    *testing.T
	dict dict
	want map[string]*Object
}

// newArena is memory for as long as the test runs.
func newArena(t testing.TB) *arena.Arena {
	heap := arena.NewHeap()
	t.Cleanup(heap.Close)
	return heap.New()
}

func newTestDict(t *testing.T) *testDict {
	return &testDict{t: t, dict: newDict(newHasher([16]byte{1}), newArena(t)), want: make(map[string]*Object)}
}

func (d *testDict) insert(key string) {
	if d.want[key] == nil {
		o := newObject(d.dict.memory, KindString, []byte(key), nil)
		d.dict.insert(d.dict.hasher.hash(o.key()), o)
		d.want[key] = o
	}
}

func (d *testDict) remove(key string) {
	if o := d.want[key]; o != nil {
		d.dict.remove(d.dict.hasher.hash(o.key()), o)
		delete(d.want, key)
	}
}

func (d *testDict) check() {
	d.t.Helper()
	if d.dict.len() != len(d.want) {
		d.t.Fatalf("%d objects, not %d", d.dict.len(), len(d.want))
	}
	n := 0
	d.dict.each(func(o *Object) bool {
		n++
		if d.want[string(o.key())] != o {
			d.t.Fatalf("each found %q, which is not there", o.key())
		}
		return true
	})
	if n != len(d.want) {
		d.t.Fatalf("each found %d objects, not %d", n, len(d.want))
	}
}

func TestDictHoldsWhatWasPutIn(t *testing.T) {
	d := newTestDict(t)
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range 40000 {
		key := fmt.Sprint(rng.IntN(3000))
		// Waves of growth and shrinkage.
		if rng.IntN(10) < 2+6*(i/8000%2) {
			d.insert(key)
		} else {
			d.remove(key)
		}
		if got := d.dict.find(d.dict.hasher.hash([]byte(key)), []byte(key)); got != d.want[key] {
			t.Fatalf("find(%q) = %v, not %v", key, got, d.want[key])
		}
		if i%1000 == 0 {
			d.check()
		}
	}
	d.check()
}

func TestDictShrinksWithItsContents(t *testing.T) {
	d := newTestDict(t)
	for i := range 10000 {
		d.insert(fmt.Sprint(i))
	}
	for i := range 9990 {
		d.remove(fmt.Sprint(i))
	}
	for range 10000 { // changes enough to end the rehash
		d.insert("x")
		d.remove("x")
	}
	if size := len(d.dict.tables[0]) + len(d.dict.tables[1]); size > 10*dictMinFill*2 {
		t.Fatalf("10 objects of 10000 are left in %d buckets", size)
	}
	d.check()
}

// TestScanReturnsWhatIsThereThroughout: an element that is there from the first call to the last is returned, whatever
// comes and goes between the calls and however the tables grow and shrink.
func TestScanReturnsWhatIsThereThroughout(t *testing.T) {
	withoutRaceDetector(t)
	for seed := range uint64(40) {
		rng := rand.New(rand.NewPCG(seed, 3))
		d := newTestDict(t)
		stable := 1 + rng.IntN(300)
		for i := range stable {
			d.insert(fmt.Sprint("stable", i))
		}
		size := rng.IntN(2000)
		for i := range size {
			d.insert(fmt.Sprint(i))
		}
		seen := make(map[string]bool)
		cursor, calls := uint64(0), 0
		for {
			cursor = d.dict.scan(cursor, func(o *Object) { seen[string(o.key())] = true })
			if calls++; cursor == 0 || calls > 1<<20 {
				break
			}
			if rng.IntN(50) == 0 {
				size = rng.IntN(2000) // grow or shrink towards another size
			}
			for range rng.IntN(40) {
				if d.dict.len() < size {
					d.insert(fmt.Sprint(rng.IntN(4000)))
				} else {
					d.remove(fmt.Sprint(rng.IntN(4000)))
				}
			}
		}
		if cursor != 0 {
			t.Fatalf("seed %d: no end after %d calls", seed, calls)
		}
		for i := range stable {
			if !seen[fmt.Sprint("stable", i)] {
				t.Fatalf("seed %d: the scan missed an element of %d", seed, stable)
			}
		}
	}
}

// TestScanCursorWorksOnAnyNode: the calls of one iteration go to dictionaries of the same elements but other sizes.
func TestScanCursorWorksOnAnyNode(t *testing.T) {
	nodes := make([]*testDict, 3)
	for n := range nodes {
		nodes[n] = newTestDict(t)
		for i := range 100 * n * n { // history that is gone, but for the size of the table
			nodes[n].insert(fmt.Sprint("gone", i))
		}
		for i := range 200 {
			nodes[n].insert(fmt.Sprint(i))
		}
		for i := range 100 * n * n {
			nodes[n].remove(fmt.Sprint("gone", i))
		}
	}
	for seed := range uint64(100) {
		rng := rand.New(rand.NewPCG(seed, 4))
		seen := make(map[string]bool)
		for cursor, begun := uint64(0), false; cursor != 0 || !begun; begun = true {
			cursor = nodes[rng.IntN(len(nodes))].dict.scan(cursor, func(o *Object) { seen[string(o.key())] = true })
		}
		if len(seen) != 200 {
			t.Fatalf("seed %d: the scan returned %d of 200 elements", seed, len(seen))
		}
	}
}

func TestRandomReachesEveryElement(t *testing.T) {
	d := newTestDict(t)
	for i := range 50 {
		d.insert(fmt.Sprint(i))
	}
	r := &random{state: 1}
	seen := make(map[*Object]bool)
	for range 5000 {
		seen[d.dict.random(r)] = true
	}
	if len(seen) != 50 {
		t.Fatalf("random returned %d of 50 elements", len(seen))
	}
}

func TestDeadlinesComeInOrder(t *testing.T) {
	memory := newArena(t)
	d := newDeadlines(memory)
	rng := rand.New(rand.NewPCG(1, 5))
	objects := make([]*Object, 2000)
	want := make(map[*Object]int64)
	for i := range objects {
		objects[i] = newObject(memory, KindString, fmt.Appendf(nil, "%04d", i), nil)
	}
	for range 20000 {
		o := objects[rng.IntN(len(objects))]
		if rng.IntN(3) == 0 {
			d.remove(o)
			delete(want, o)
		} else {
			want[o] = rng.Int64N(500)
			d.set(o, want[o])
		}
	}
	for o, at := range want {
		if got, ok := d.of(o); !ok || got != at {
			t.Fatalf("the deadline of %s is %d, not %d", o.key(), got, at)
		}
	}
	due := 0
	for _, at := range want {
		if at <= 250 {
			due++
		}
	}
	if got := d.due(250); got != due {
		t.Fatalf("%d are due, not %d", got, due)
	}
	last := deadline{at: -1}
	for d.len() > 0 {
		at, o := d.first()
		if at < last.at || at == last.at && string(o.key()) < string(last.object.key()) {
			t.Fatalf("%d %s came after %d %s", at, o.key(), last.at, last.object.key())
		}
		last = deadline{at, o}
		d.remove(o)
		delete(want, o)
	}
	if len(want) != 0 {
		t.Fatalf("%d never came", len(want))
	}
}
