package statemachine

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"
)

// elementsModel is a collection beside a map of what must be in it.
type elementsModel struct {
	t    *testing.T
	ks   *keyspace
	e    entry
	want map[string]string
}

func newElementsModel(t *testing.T) *elementsModel {
	ks := newKeyspace(hasher{1, 2})
	e := ks.entry(&ks.databases[0], []byte("key"))
	ks.collection(&e, KindHash)
	return &elementsModel{t, ks, e, map[string]string{}}
}

func (m *elementsModel) put(name, value string) {
	m.t.Helper()
	c := m.ks.elements(m.e.db, m.e.object)
	_, there := m.want[name]
	if added := c.put([]byte(name), []byte(value), 0); added == there {
		m.t.Fatalf("put(%q) says added: %v", name, added)
	}
	m.want[name] = value
}

func (m *elementsModel) remove(name string) {
	m.t.Helper()
	c := m.ks.elements(m.e.db, m.e.object)
	_, there := m.want[name]
	if removed := c.remove([]byte(name)); removed != there {
		m.t.Fatalf("remove(%q) says %v", name, removed)
	}
	delete(m.want, name)
}

// verify compares everything, and the form with the bounds.
func (m *elementsModel) verify() {
	m.t.Helper()
	c := m.ks.elements(m.e.db, m.e.object)
	seen := map[string]bool{}
	c.each(func(e element) bool {
		if value, ok := m.want[string(e.name)]; !ok || value != string(e.value) || seen[string(e.name)] {
			m.t.Fatalf("%q is %q", e.name, e.value)
		}
		seen[string(e.name)] = true
		return true
	})
	if len(seen) != len(m.want) || c.len() != len(m.want) {
		m.t.Fatalf("%d elements were met, len is %d, and there must be %d", len(seen), c.len(), len(m.want))
	}
	for name, value := range m.want {
		if e, ok := c.find([]byte(name)); !ok || string(e.value) != value {
			m.t.Fatalf("%q is %q, found: %v", name, e.value, ok)
		}
	}
	parts := 0
	c.blocks(func(b block) bool {
		parts++
		if b.isOver() {
			m.t.Fatalf("a block has %d elements in %d bytes", b.count(), b.bytes())
		}
		return true
	})
	if c.index == nil {
		parts = 0
	}
	if n := m.e.db.parts.len(); n != parts || len(m.e.db.indexes) != min(parts, 1) {
		m.t.Fatalf("%d parts are in the space and %d in %d indexes", n, parts, len(m.e.db.indexes))
	}
}

// TestElementsAgainstAMap makes collections grow to many parts and shrink again, with elements of all sizes.
func TestElementsAgainstAMap(t *testing.T) {
	withoutRaceDetector(t)
	for seed := range uint64(20) {
		rng := rand.New(rand.NewPCG(seed, 9))
		m := newElementsModel(t)
		large := 0
		for step := range 4000 {
			name := fmt.Sprintf("n%d", rng.IntN(1500))
			if grow := step < 2000; (rng.IntN(4) == 0) == grow {
				m.remove(name)
			} else {
				size := rng.IntN(30)
				if rng.IntN(100) == 0 {
					size = rng.IntN(3 * blockBytes)
				}
				m.put(name, string(bytes.Repeat([]byte{byte(step)}, size)))
			}
			large = max(large, m.e.db.parts.len())
			if step%100 == 0 {
				m.verify()
			}
		}
		for name := range m.want {
			m.remove(name)
		}
		m.verify()
		if m.e.object.inParts() || large < 8 {
			t.Errorf("in parts in the end: %v; parts at most: %d", m.e.object.inParts(), large)
		}
	}
}

// TestElementsScan: what is there from the first call to the last is seen, whatever is done between the calls.
func TestElementsScan(t *testing.T) {
	withoutRaceDetector(t)
	for seed := range uint64(50) {
		rng := rand.New(rand.NewPCG(seed, 10))
		m := newElementsModel(t)
		for i := range 50 << rng.IntN(6) {
			m.put(fmt.Sprintf("stays%d", i), "1")
		}
		stays := len(m.want)
		for i := range 2000 {
			m.put(fmt.Sprintf("goes%d", i), "1")
		}
		seen := map[string]bool{}
		cursor := uint64(0)
		for calls := 0; ; calls++ {
			c := m.ks.elements(m.e.db, m.e.object)
			cursor = c.scan(cursor, func(e element) { seen[string(e.name)] = true })
			if cursor == 0 {
				break
			}
			if calls > 3000 {
				t.Fatal("it does not end")
			}
			for range rng.IntN(300) {
				if rng.IntN(3) == 0 {
					m.put(fmt.Sprintf("goes%d", rng.IntN(2000)), "2")
				} else {
					m.remove(fmt.Sprintf("goes%d", rng.IntN(2000)))
				}
			}
		}
		for i := range stays {
			if name := fmt.Sprintf("stays%d", i); !seen[name] {
				t.Fatalf("seed %d: %s was not seen", seed, name)
			}
		}
	}
}

// TestElementsRandomIsFair counts how often each element is chosen.
func TestElementsRandomIsFair(t *testing.T) {
	m := newElementsModel(t)
	for i := range 1000 {
		m.put(fmt.Sprintf("n%d", i), "1")
	}
	c := m.ks.elements(m.e.db, m.e.object)
	r, times := &random{state: 1}, map[string]int{}
	const each = 200
	for range 1000 * each {
		e := c.random(r)
		times[string(e.name)]++
	}
	for i := range 1000 {
		if n := times[fmt.Sprintf("n%d", i)]; n < each/2 || n > 2*each {
			t.Errorf("n%d was chosen %d times of %d", i, n, each)
		}
	}
}

// TestDeadlinesOfElements: a part has the time of its first deadline, through splits, merges and copies.
func TestDeadlinesOfElements(t *testing.T) {
	ks := newKeyspace(hasher{1, 2})
	db := &ks.databases[0]
	e := ks.entry(db, []byte("key"))
	ks.collection(&e, KindHash)
	rng := rand.New(rand.NewPCG(1, 11))
	c := ks.elements(db, e.object)
	verify := func(c elements) {
		t.Helper()
		c.blocks(func(b block) bool {
			first, timed := b.firstDeadline()
			if at, ok := db.parts.times.of(b.o); ok != timed || at != first {
				t.Fatalf("a part's time is %d, %v, and the first deadline %d, %v", at, ok, first, timed)
			}
			return true
		})
	}
	for step := range 3000 {
		name := fmt.Appendf(nil, "n%d", rng.IntN(500))
		switch n := rng.IntN(6); {
		case n < 1 || step > 2000 && n < 4:
			c.remove(name)
		case n < 5:
			c.put(name, []byte("v"), 0)
		default:
			c.put(name, []byte("v"), 1+rng.Int64N(1000))
		}
		if step%50 == 0 && c.index != nil {
			verify(c)
		}
	}
	copied := ks.entry(db, []byte("copy"))
	ks.putValue(&copied, db, e.object, false, stamp{version: 1})
	verify(ks.elements(db, copied.object))
	for i := range 500 {
		c.remove(fmt.Appendf(nil, "n%d", i))
	}
	if c.len() != 0 || e.object.inParts() {
		t.Errorf("%d elements are left, in parts: %v", c.len(), e.object.inParts())
	}
}
