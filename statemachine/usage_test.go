package statemachine

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// countFrequency is CountFrequency with Redis's defaults.
func countFrequency(m *Machine) { m.CountFrequency(true, 10, 1) }

// TestFrequencies: a new key begins with 5, accesses have the counter grow with their logarithm, and time has it sink.
func TestFrequencies(t *testing.T) {
	h := newHarness(t)
	countFrequency(h.m)
	h.do("SET k v")
	h.expect("OBJECT FREQ k", ":5")
	h.expect("OBJECT IDLETIME k", "-"+errLFU)
	h.expect("OBJECT FREQ none", "nil")
	for range 10_000 {
		h.read(h.now, "GET k")
	}
	var count int
	if got := h.do("OBJECT FREQ k"); !scanInt(got, &count) || count < 25 || count > 90 { // some 50, by chance
		t.Fatalf("after 10000 accesses the counter is %s", got)
	}
	h.tick(3 * 60_000)
	h.expect("OBJECT FREQ k", fmt.Sprint(":", count-3))
	h.m.CountFrequency(true, 10, 0)
	h.expect("OBJECT FREQ k", fmt.Sprint(":", count))
	h.m.CountFrequency(true, 0, 1)
	for range 300 {
		h.read(h.now, "GET k")
	}
	h.expect("OBJECT FREQ k", ":255") // each access counts, up to the end
	h.tick(1_000 * 60_000)
	h.expect("OBJECT FREQ k", ":0")
	h.m.CountFrequency(false, 10, 1)
	h.do("SET k v")
	h.expect("OBJECT IDLETIME k", ":0")
	h.expect("OBJECT FREQ k", "-"+errNotLFU)
}

func scanInt(reply string, n *int) bool {
	_, err := fmt.Sscanf(reply, ":%d", n)
	return err == nil
}

// TestSeldomUsedKeysAreVictims: under an LFU policy those that are used most go last.
func TestSeldomUsedKeysAreVictims(t *testing.T) {
	h := newHarness(t)
	countFrequency(h.m)
	for i := range 4 {
		h.do(fmt.Sprintf("SET key%d v EX 1000", i))
		for range 100 * i * i {
			h.read(h.now, fmt.Sprint("GET key", i))
		}
	}
	for _, p := range []EvictionPolicy{AllKeysLFU, VolatileLFU} {
		got := strings.Join(victims(h, p, 1<<30), " ")
		if !strings.HasPrefix(got, "key0 ") || !strings.HasSuffix(got, " key3") {
			t.Errorf("%v chose %s", p, got)
		}
	}
}

// TestFrequenciesAreANodesOwn: a node that counts them ends in the same state as one that does not, whatever the commands.
func TestFrequenciesAreANodesOwn(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 7))
	counts, notes := newHarness(t), newHarness(t)
	countFrequency(counts.m)
	for range 500 {
		section, count := randomSection(rng, nil)
		counts.apply(count, section)
		notes.apply(count, section)
	}
	if counts.m.Digest() != notes.m.Digest() {
		t.Error("the two differ")
	}
}
