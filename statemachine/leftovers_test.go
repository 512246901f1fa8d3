package statemachine

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
)

// largeCollections are how collections of some hundreds of parts are made: a command for element i of the key.
var largeCollections = map[string]func(key string, i int) string{
	"hash": func(key string, i int) string { return fmt.Sprintf("HSET %s field:%d %01000d", key, i, i) },
	"timed hash": func(key string, i int) string {
		return fmt.Sprintf("HSETEX %s EX %d FIELDS 1 field:%d %01000d", key, 50+i, i, i)
	},
	"set":         func(key string, i int) string { return fmt.Sprintf("SADD %s %01000d", key, i) },
	"sorted set":  func(key string, i int) string { return fmt.Sprintf("ZADD %s %d %01000d", key, i, i) },
	"list":        func(key string, i int) string { return fmt.Sprintf("RPUSH %s %01000d", key, i) },
	"stream":      func(key string, i int) string { return fmt.Sprintf("XADD %s %d-1 f %01000d", key, i+1, i) },
	"read stream": func(key string, i int) string { return fmt.Sprintf("XADD %s %d-1 f %01000d", key, i+1, i) },
}

// fillLarge makes one of them.
func fillLarge(h *harness, name, key string) {
	h.t.Helper()
	var section []byte
	const elements = 2400
	for i := range elements {
		section = AppendCommand(section, h.db, words(largeCollections[name](key, i)))
	}
	h.apply(elements, section)
	if name == "read stream" {
		for _, group := range []string{"a", "b"} {
			h.expect("XGROUP CREATE "+key+" "+group+" 0", "OK")
			h.do("XREADGROUP GROUP " + group + " one COUNT 1500 STREAMS " + key + " >")
			h.do("XREADGROUP GROUP " + group + " two COUNT 100 STREAMS " + key + " >")
		}
	}
	o := h.m.ks.databases[h.db].keys.find(h.m.ks.hasher.hash([]byte(key)), []byte(key))
	if n := h.m.ks.databases[h.db].indexes[o.partsID()].count(); n < 4*releaseBite {
		h.t.Fatalf("a %s has only %d parts", name, n)
	}
}

// reclaimAll frees all that is left, and checks that nothing is.
func reclaimAll(h *harness) {
	h.t.Helper()
	for h.m.Reclaim() {
		continue
	}
	if collections, parts := h.m.ks.left(); h.m.Reclaimable() || collections != 0 || parts != 0 {
		h.t.Fatalf("%d parts of %d collections are still left", parts, collections)
	}
	checkMemory(h.t, h.m, "all is freed")
}

// waysToRemove are commands after which the key "large" is another one, or gone.
var waysToRemove = []string{"DEL large", "UNLINK large", "SET large small", "RENAME small large", "COPY small large REPLACE", "SUNIONSTORE large members",
	"PEXPIREAT large 1", "SORT members ALPHA STORE large", "evict", "expire"}

// TestALargeCollectionIsGoneAtOnceAndFreedInBites: in whatever way it is removed, it is neither seen nor counted any more, while its memory is freed a
// bite at a time, by what is applied next, or without that.
func TestALargeCollectionIsGoneAtOnceAndFreedInBites(t *testing.T) {
	withoutRaceDetector(t)
	for name := range largeCollections {
		for _, way := range waysToRemove {
			t.Run(name+"/"+way, func(t *testing.T) {
				h := newHarness(t)
				h.do("SET small text")
				h.do("SADD members 1 2 3")
				empty := h.m.Used()
				fillLarge(h, name, "large")
				before, used := h.m.Memory().InUse, h.m.Used()
				removeLarge(h, way)
				collections, parts := h.m.ks.left()
				if collections != 1 || parts < 2*releaseBite {
					t.Fatalf("%d parts of %d collections are left, so it was not a bite that was freed", parts, collections)
				}
				if n := h.m.Used() - empty; n > (used-empty)/8 || -n > (used-empty)/8 {
					t.Errorf("%d of %d bytes are still used", n, used-empty)
				}
				if n := h.m.Memory().InUse; n < before/3 {
					t.Errorf("%d of %d bytes are in use, so more than a bite was freed", n, before)
				}
				if at := h.m.NextDeadline(); at != 0 {
					t.Errorf("something is to expire at %d, and nothing is there that does", at)
				}
				checkMemory(t, h.m, way)
				h.m.ks.verify(t)
				digest := h.m.Digest()
				for before := parts; before > 0; _, before = h.m.ks.left() {
					h.m.Apply(h.slot, Stamp{TimeMS: h.now}, nil, 0, nil) // lets time pass, and frees a bite
					if _, left := h.m.ks.left(); left >= before {
						t.Fatalf("%d of %d parts are left behind a bite", left, before)
					}
				}
				reclaimAll(h)
				if got := h.m.Digest(); got != digest {
					t.Errorf("the digest is %s, and was %s while there was something left", got, digest)
				}
			})
		}
	}
}

// removeLarge removes the key "large" in one of the ways.
func removeLarge(h *harness, way string) {
	h.t.Helper()
	switch way {
	case "evict":
		o := h.m.ks.databases[0].keys.find(h.m.ks.hasher.hash([]byte("large")), []byte("large"))
		h.apply(1, AppendEvict(nil, &Victim{Key: []byte("large"), Revision: o.revision}))
	case "expire":
		h.do("PEXPIREAT large " + fmt.Sprint(h.now+5))
		h.now += 10
		h.tick(1)
	default:
		h.do(way)
	}
}

// TestACheckpointHasNothingOfWhatIsLeft: whether what was removed before the freeze has been freed or not, and whether it was in the checkpoint
// before, the checkpoint says the same and has the same records; what is removed after the freeze is in it.
func TestACheckpointHasNothingOfWhatIsLeft(t *testing.T) {
	withoutRaceDetector(t)
	for name := range largeCollections {
		for _, saved := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/saved %v", name, saved), func(t *testing.T) {
				var finished []savedState
				for _, freed := range []bool{false, true} {
					h := newHarness(t)
					c := newCheckpointer(t, h.m)
					fillLarge(h, name, "large")
					fillLarge(h, name, "other")
					if saved {
						finishRunning(c)
						h.do(largeCollections[name]("large", 5000)) // some of it has changed since, and most has not
					}
					h.do("DEL large")
					if freed {
						reclaimAll(h)
					}
					c.freeze()
					h.do("DEL other")
					c.next(1)
					h.do("SET large small")
					checkMemory(t, h.m, "a freeze")
					finishRunning(c)
					finished = append(finished, c.store)
					restored := c.store.restore(t, Config{})
					restored.ks.verify(t)
					if got := restored.Digest(); got != c.digest {
						t.Errorf("freed %v: the digest of the checkpoint is %s, not %s", freed, got, c.digest)
					}
					finishRunning(c) // the next one deletes what was removed since
					reclaimAll(h)
					if got, want := c.store.restore(t, Config{}).Digest(), h.m.Digest(); got != want {
						t.Errorf("freed %v: the digest of the next checkpoint is %s, not %s", freed, got, want)
					}
				}
				a, b := &finished[0], &finished[1]
				if a.count != b.count || a.sum != b.sum || !slices.Equal(a.spaces, b.spaces) || string(a.state) != string(b.state) {
					t.Errorf("the checkpoints have %d and %d records with the sums %x and %x, or differ in their states", a.count, b.count, a.sum, b.sum)
				}
			})
		}
	}
}

// TestWhatIsLeftGoesWithItsSpace: a flush or a reset gives up what is left, too, also beside a checkpoint, and databases that change places take it along.
func TestWhatIsLeftGoesWithItsSpace(t *testing.T) {
	withoutRaceDetector(t)
	for name := range largeCollections {
		for _, during := range []bool{false, true} {
			h := newHarness(t)
			c := newCheckpointer(t, h.m)
			fillLarge(h, name, "large")
			fillLarge(h, name, "other")
			h.do("DEL large")
			if during {
				c.freeze()
			}
			h.do("DEL other")
			h.do("SET small text") // or FLUSHALL would have nothing to do
			h.do("SWAPDB 0 3")
			checkMemory(t, h.m, "SWAPDB")
			h.expect("FLUSHALL", "OK")
			checkMemory(t, h.m, "FLUSHALL")
			finishRunning(c)
			if collections, _ := h.m.ks.left(); collections != 0 {
				t.Errorf("%s: %d collections are left after FLUSHALL", name, collections)
			}
			reclaimAll(h)
			fillLarge(h, name, "large")
			h.do("DEL large")
			h.m.Reset()
			if h.m.Reclaimable() || h.m.Memory() != (Memory{}) {
				t.Errorf("%s: %+v is left after a reset", name, h.m.Memory())
			}
		}
	}
}

// TestWhatComesFasterThanBitesDoesNotPileUp: a bite frees a share of what is left, so that there is never more than some batches' worth of parts.
func TestWhatComesFasterThanBitesDoesNotPileUp(t *testing.T) {
	withoutRaceDetector(t)
	h := newHarness(t)
	fillLarge(h, "list", "large")
	h.do("LTRIM large 0 999")
	index := h.m.ks.databases[0].indexes[h.m.ks.databases[0].keys.find(h.m.ks.hasher.hash([]byte("large")), []byte("large")).partsID()]
	perBatch := index.count()
	if perBatch <= releaseBite {
		t.Fatalf("%d parts are freed at once", perBatch)
	}
	var batch []byte
	for _, line := range []string{"COPY large other REPLACE", "DEL other"} {
		batch = AppendCommand(batch, 0, words(line))
	}
	for range 4 * releaseShare {
		h.apply(2, batch)
		if _, parts := h.m.ks.left(); parts > perBatch*releaseShare {
			t.Fatalf("%d parts are left, of %d that each batch leaves", parts, perBatch)
		}
	}
	reclaimAll(h)
}

// freeing frees a bite if something is left.
func freeing(m *Machine) func() {
	return func() {
		if m.left.Load() > 0 {
			m.Reclaim()
		}
	}
}

// largeKey is a key for one of them.
func largeKey(name string) string { return strings.ReplaceAll(name, " ", "_") }

// TestWhatIsLeftIsFreedBesideEverything: commands that remove large collections, checkpoints, readers, and what frees memory without commands, all at the
// same time.
func TestWhatIsLeftIsFreedBesideEverything(t *testing.T) {
	h := newHarness(t)
	kinds := []string{"timed hash", "sorted set", "read stream"} // those with more than parts
	for _, name := range kinds {
		fillLarge(h, name, largeKey(name))
	}
	store := newCheckpointer(t, h.m)
	stop := make(chan struct{})
	var beside sync.WaitGroup
	for _, do := range []func(){freeing(h.m), func() { h.read(testStart, "MEMORY USAGE sorted_set"); h.m.Stats() }} {
		beside.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					do()
				}
			}
		})
	}
	for range 3 {
		store.freeze()
		var writer sync.WaitGroup
		writer.Go(func() {
			for store.next(100_000) {
				store.running.Waiting()
			}
		})
		for _, name := range kinds {
			h.do("COPY " + largeKey(name) + " copy REPLACE")
			h.do("DEL copy")
		}
		writer.Wait()
		store.finish()
	}
	close(stop)
	beside.Wait()
	finishRunning(store)
	if restored := store.store.restore(t, Config{}); restored.Digest() != h.m.Digest() {
		t.Fatal("the digest after a restore is another")
	}
	reclaimAll(h)
}
