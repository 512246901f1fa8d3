package statemachine

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
)

// TestCheckpointBesideCommandsAndReaders writes checkpoints on a goroutine of their own, while another applies commands
// and a third reads.
func TestCheckpointBesideCommandsAndReaders(t *testing.T) {
	h := newHarness(t)
	fill(h.m, 3000, 100)
	store := newCheckpointer(t, h.m)
	stop := make(chan struct{})
	var readers sync.WaitGroup
	readers.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				h.read(testStart, "GET key:000000000017")
				h.m.Stats()
			}
		}
	})
	rng := rand.New(rand.NewPCG(3, 4))
	h.slot = 3000
	for range 5 {
		store.freeze()
		done := make(chan struct{})
		go func() {
			defer close(done)
			for store.next(5000) {
				store.running.Waiting()
			}
		}()
		for range 2000 {
			h.do(fmt.Sprintf("%s key:%012d %s", pickWord(rng, "SET", "APPEND"), rng.IntN(4000), "other"))
			h.do(fmt.Sprintf("DEL key:%012d", rng.IntN(4000)))
		}
		<-done
		store.finish()
	}
	close(stop)
	readers.Wait()
	store.freeze()
	for store.next(5000) {
		continue
	}
	store.finish()
	if restored := store.store.restore(t, Config{}); restored.Digest() != h.m.Digest() {
		t.Fatal("the digest after a restore is another")
	}
}

// TestChangesThatComeAndGoTakeNoMemory makes and removes keys between two checkpoints.
func TestChangesThatComeAndGoTakeNoMemory(t *testing.T) {
	h := newHarness(t)
	s := h.m.ks.databases[0].keys
	for i := range 5000 {
		h.do(fmt.Sprintf("SET stays:%d 1", i))
		for j := range 10 {
			h.do(fmt.Sprintf("SET goes:%d 1", j))
			h.do(fmt.Sprintf("DEL goes:%d", j))
		}
		if most := 2*(i+1) + 2*sweepSteps; s.changed.used > most || len(s.changed.blocks) > most/perBlock+2 {
			t.Fatalf("%d keys are left, and %d changes in %d blocks", i+1, s.changed.used, len(s.changed.blocks))
		}
	}
	if s.removed.len() != 0 {
		t.Fatalf("%d keys that no checkpoint has wait to be deleted", s.removed.len())
	}
	checkpointOf(t, h.m)
	// The other way round: many that are removed at the end, without a new one to pay for them.
	for i := range 5000 {
		h.do(fmt.Sprintf("SET new:%d 1", i))
	}
	for i := range 5000 {
		h.do(fmt.Sprintf("DEL new:%d", i))
	}
	if s.changed.used > 2*sweepSteps {
		t.Fatalf("%d changes are left of keys that came and went", s.changed.used)
	}
}

func TestCheckpointHasOneRecordOfAKeyMadeAgain(t *testing.T) {
	h := newHarness(t)
	h.expect("SET k 1", "OK")
	h.expect("SET gone 1", "OK")
	checkpointOf(t, h.m)
	for range 3 {
		h.expect("DEL k gone", ":2")
		h.expect("SET k 2", "OK")
		h.expect("SET gone 2", "OK")
	}
	h.expect("DEL gone", ":1")
	h.expect("SET unknown 1", "OK")
	h.expect("DEL unknown", ":1")
	c := h.m.Freeze()
	records := c.Next(1 << 20)
	if len(records) != 2 || string(records[0].Key) != "k" || records[0].Deleted || string(records[1].Key) != "gone" || !records[1].Deleted {
		t.Fatalf("the records are %v", records)
	}
}

// TestCheckpointOfAFlushedDatabase: what was frozen is written as it was, though its space and its keys' versions are
// taken over by tombstones.
func TestCheckpointOfAFlushedDatabase(t *testing.T) {
	h := newHarness(t)
	h.expect("SET k value VER 50 PX 5000", "OK")
	c := newCheckpointer(t, h.m)
	c.freeze()
	h.expect("FLUSHALL", "OK")
	h.expect("SWAPDB 0 1", "OK")
	if n := c.running.Waiting(); n != 0 {
		t.Fatalf("a flush set %d bytes aside", n)
	}
	for c.next(1) {
		continue
	}
	c.finish()
	c.freeze()
	records := c.running.Next(1 << 20)
	if len(records) != 1 || string(records[0].Key) != "k" || records[0].Deleted || records[0].Space != 2 {
		t.Fatalf("the records after FLUSHALL are %v, not a tombstone", records)
	}
}

func TestCheckpointWaiting(t *testing.T) {
	h := newHarness(t)
	h.expect("SET k "+strings.Repeat("v", 1000), "OK")
	h.expect("SET j 1", "OK")
	c := h.m.Freeze()
	if c.Waiting() != 0 {
		t.Fatal("something waits after the freeze")
	}
	h.expect("SET k 2", "OK")
	h.expect("SET k 3", "OK")
	if n := c.Waiting(); n < 1000 || n > 1100 {
		t.Fatalf("%d bytes wait, not those of the old value", n)
	}
	if records := c.Next(1); len(records) != 1 || string(records[0].Key) != "k" || c.Waiting() != 0 {
		t.Fatalf("the first records are %v, and %d bytes wait: what is set aside comes first", records, c.Waiting())
	}
}

// TestNextHoldsTheLockForShortBites: a bite ends after one large value, and after some places without records.
func TestNextHoldsTheLockForShortBites(t *testing.T) {
	h := newHarness(t)
	fill(h.m, 5000, 10)
	for i := range 3 {
		h.do(fmt.Sprintf("SET big%d %s", i, strings.Repeat("v", 2*biteBytes)))
	}
	c := h.m.Freeze()
	big := 0
	for c.bite() {
		here := 0
		for i := range c.ready {
			if len(c.ready[i].bytes) > biteBytes {
				here++
			}
			c.ready[i].record()
		}
		if here > 1 || len(c.ready) > biteVisits {
			t.Fatalf("a bite has %d records, %d of them large", len(c.ready), here)
		}
		big += here
		c.ready = nil
	}
	if big != 3 {
		t.Fatalf("%d large values came, not 3", big)
	}
}

func TestResetAndRestoreEndARunningCheckpoint(t *testing.T) {
	h := newHarness(t)
	h.expect("SET k 1", "OK")
	s := checkpointOf(t, h.m)
	h.expect("SET k 2", "OK")
	c := h.m.Freeze()
	h.m.Reset()
	if h.m.Stats() != (Stats{}) || h.m.NextDeadline() != 0 {
		t.Fatalf("after Reset: %+v", h.m.Stats())
	}
	if records := c.Next(100); len(records) != 0 {
		t.Fatalf("after Reset the checkpoint goes on with %v", records)
	}
	again := h.m.Freeze()
	c.Finish() // must not end the new one
	if h.m.checkpoint != again {
		t.Fatal("a checkpoint of a state that is gone ended another")
	}
	if err := s.restoreInto(h.m); err != nil {
		t.Fatal(err)
	}
	h.expect("GET k", `"1"`)
}

func TestFreezeBeforeTheEndOfTheCheckpointBefore(t *testing.T) {
	m := New(Config{})
	m.Freeze()
	defer func() {
		if recover() == nil {
			t.Fatal("a second freeze was let through: the records of both would be mixed")
		}
	}()
	m.Freeze()
}

// TestTheOriginsOwnCallsDoNotShowInTheState: a call that other nodes do not get must not make checkpoints differ.
func TestTheOriginsOwnCallsDoNotShowInTheState(t *testing.T) {
	states := map[string]bool{}
	for _, own := range []bool{false, true} {
		h := newHarness(t)
		h.expect("SET k 1", "OK")
		if own {
			h.m.Apply(h.slot+1, Stamp{TimeMS: h.now + 500, Seed: 1}, nil, 0, &collector{})
		}
		states[string(checkpointOf(t, h.m).state)] = true
	}
	if len(states) != 1 {
		t.Fatal("the states differ")
	}
}

func BenchmarkFreezeAndEncode(b *testing.B) {
	const keys = 100_000
	m := New(Config{})
	fill(m, keys, 100)
	update := make([][]byte, keys)
	for i := range update {
		update[i] = AppendCommand(nil, 0, words(fmt.Sprintf("SET key:%012d %0100d", i, i)))
	}
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		c := m.Freeze()
		for len(c.Next(1<<20)) > 0 {
			continue
		}
		c.Finish()
		b.StopTimer()
		for i := range update {
			m.Apply(uint64(keys+i), Stamp{TimeMS: testStart, Seed: 1}, update[i], 1, nil)
		}
		b.StartTimer()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/keys, "ns/record")
}

func BenchmarkRestore(b *testing.B) {
	const keys = 1_000_000
	m := New(Config{})
	fill(m, keys, 100)
	c := m.Freeze()
	var all []Record
	for records := c.Next(1 << 20); len(records) > 0; records = c.Next(1 << 20) {
		all = append(all, records...)
	}
	count, _, spaces, state := c.Finish()
	m.Reset()
	b.ResetTimer()
	for range b.N {
		at := 0
		err := m.Restore(state, spaces, count, func() (r Record, ok bool, err error) {
			if at == len(all) {
				return r, false, nil
			}
			at++
			return all[at-1], true, nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/keys, "ns/key")
}

// BenchmarkChange is a SET of a key of the newest checkpoint: the first one takes its record out of the sum, and later ones
// find it done.
func BenchmarkChange(b *testing.B) {
	const keys = 100_000
	for _, name := range []string{"first", "later"} {
		b.Run(name, func(b *testing.B) {
			m := New(Config{})
			fill(m, keys, 100)
			update := make([][]byte, keys)
			for i := range update {
				update[i] = AppendCommand(nil, 0, words(fmt.Sprintf("SET key:%012d %0100d", i, i)))
			}
			b.ReportAllocs()
			b.ResetTimer()
			for i := range b.N {
				if i%keys == 0 && name == "first" {
					b.StopTimer()
					m.Freeze().Finish()
					b.StartTimer()
				}
				m.Apply(uint64(keys+i), Stamp{TimeMS: testStart, Seed: 1}, update[i%keys], 1, nil)
			}
		})
	}
}
