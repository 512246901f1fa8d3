package statemachine

import (
	"fmt"
	"slices"
	"testing"
)

// TestEvictionTakesOnlyWhatWasChosen: a key that has changed since it was chosen stays, whatever the change.
func TestEvictionTakesOnlyWhatWasChosen(t *testing.T) {
	for _, change := range []string{"SET k 2", "APPEND k x", "EXPIRE k 100", "RENAME other k", "DEL k"} {
		h := newHarness(t)
		h.do("SET k 1")
		h.do("SET other 1")
		chosen := Victim{0, []byte("k"), h.revision(0, "k")}
		h.do(change)
		want := h.do("GET k")
		if h.apply(1, AppendEvict(nil, &chosen)); h.do("GET k") != want {
			t.Errorf("after %s the key was evicted", change)
		}
		if change != "DEL k" {
			chosen.Revision = h.revision(0, "k")
			h.apply(1, AppendEvict(nil, &chosen))
			h.expect("EXISTS k", ":0")
			if n := h.m.Stats().Evicted; n != 1 {
				t.Errorf("%d keys are counted as evicted", n)
			}
		}
	}
}

// revision is that of a key's newest change.
func (h *harness) revision(db int, key string) uint64 {
	o := h.m.ks.databases[db].keys.find(h.m.ks.hasher.hash([]byte(key)), []byte(key))
	if o == nil {
		return 0
	}
	return o.revision
}

// TestEvictionIsARemovalLikeOthers: it leaves a tombstone if the key needs one, fails what is watched, and is told as "evicted".
func TestEvictionIsARemovalLikeOthers(t *testing.T) {
	h := newHarness(t)
	told := &evictedKeys{}
	h.m.Listen(told)
	h.m.SetInterest(EventEvicted, false)
	h.db = 3
	h.expect("SET k 1 VER 7", "OK")
	v := h.m.Read(testStart)
	watched := v.Revision(3, []byte("k"))
	v.Close()
	h.apply(1, AppendEvict(nil, &Victim{3, []byte("k"), h.revision(3, "k")}))
	h.expect("EXISTS k", ":0")
	if got := h.do("OBJECT VERSION k"); got != ":7" {
		t.Errorf("the version of the evicted key is %s", got)
	}
	v = h.m.Read(testStart)
	defer v.Close()
	if v.Revision(3, []byte("k")) == watched {
		t.Error("WATCH does not see the eviction")
	}
	if !slices.Equal(told.keys, []string{"evicted 3 k"}) {
		t.Errorf("told: %v", told.keys)
	}
	checkMemory(t, h.m, "an eviction")
}

// evictedKeys keeps what it is told.
type evictedKeys struct{ keys []string }

func (e *evictedKeys) Publish(_, _ []byte, _ bool) int { return 0 }
func (e *evictedKeys) Notify(_ EventClass, event string, db int, key []byte) {
	e.keys = append(e.keys, fmt.Sprint(event, " ", db, " ", string(key)))
}
func (e *evictedKeys) Change([]byte)       {}
func (e *evictedKeys) Read(*Command, Args) {}
func (e *evictedKeys) Scripted(int, Args)  {}
func (e *evictedKeys) Flush()              {}
func (e *evictedKeys) Expiring()           {}
func (e *evictedKeys) Expired()            {}
func (e *evictedKeys) Applied()            {}
func (e *evictedKeys) Replaced()           {}
func (e *evictedKeys) SettingsChanged()    {}

// victims fills a machine by lines and returns whom a policy chooses first to last, until it finds nobody.
func victims(h *harness, p EvictionPolicy, bytes int64) (keys []string) {
	chosen, _ := h.m.NewEvictor().Victims(p, 10, bytes)
	for _, v := range chosen {
		keys = append(keys, string(v.Key))
	}
	return keys
}

// TestVictims: those that were not used for longest go first, and those whose time is up soonest; keys without a deadline only where the policy
// takes all; none twice, and no more than what is asked for takes.
func TestVictims(t *testing.T) {
	h := newHarness(t)
	for i := range 8 {
		h.do(fmt.Sprintf("SET key%d v", i))
		if i%2 == 1 {
			h.do(fmt.Sprintf("PEXPIRE key%d %d", i, 1_000_000-i*100_000))
		}
		h.tick(5_000)
	}
	h.read(h.now, "GET key0") // which only this node knows
	h.tick(5_000)
	const all = 1 << 30
	if got, want := victims(h, AllKeysLRU, all), "[key1 key2 key3 key4 key5 key6 key7 key0]"; fmt.Sprint(got) != want {
		t.Errorf("allkeys-lru chose %v", got)
	}
	if got, want := victims(h, VolatileLRU, all), "[key1 key3 key5 key7]"; fmt.Sprint(got) != want {
		t.Errorf("volatile-lru chose %v", got)
	}
	if got, want := victims(h, VolatileTTL, all), "[key7 key5 key3 key1]"; fmt.Sprint(got) != want {
		t.Errorf("volatile-ttl chose %v", got)
	}
	for p, count := range map[EvictionPolicy]int{AllKeysRandom: 8, VolatileRandom: 4} {
		got := victims(h, p, all)
		slices.Sort(got)
		if n := len(got); n < count/2 || n > count || len(slices.Compact(slices.Clone(got))) != n || count == 4 && slices.Contains(got, "key0") {
			t.Errorf("%v chose %v", p, got) // chance may miss some of so few
		}
	}
	if got := victims(h, AllKeysLRU, 1); len(got) != 1 {
		t.Errorf("for a byte these are to go: %v", got)
	}
	h.do("FLUSHALL")
	if got := victims(h, AllKeysLRU, all); len(got) != 0 || h.m.HasVictims(AllKeysLRU) {
		t.Errorf("of nothing it chose %v", got)
	}
}

// TestVictimsOfManyKeysAreBounded: however much is asked for, the lock is held for some hundreds of keys, which are nearly all of the old half.
func TestVictimsOfManyKeysAreBounded(t *testing.T) {
	h := newHarness(t)
	for i := range 4_000 {
		if i == 2_000 {
			h.tick(100_000)
		}
		h.do(fmt.Sprintf("SET key%04d v", i))
	}
	h.tick(1_000)
	got := victims(h, AllKeysLRU, 1<<40)
	old := 0
	for _, key := range got {
		if key < "key2000" {
			old++
		}
	}
	if len(got) != maxVictims || old < maxVictims*9/10 {
		t.Errorf("%d keys are chosen, %d of them old", len(got), old)
	}
}

// TestARoundChoosesNobodyTwice: until the next one.
func TestARoundChoosesNobodyTwice(t *testing.T) {
	h := newHarness(t)
	for i := range 600 {
		h.do(fmt.Sprintf("SET key%04d v", i))
	}
	e, seen := h.m.NewEvictor(), map[string]bool{}
	first, taken := e.Victims(AllKeysRandom, 5, 1<<40)
	second, _ := e.Victims(AllKeysRandom, 5, 1<<40)
	for _, v := range slices.Concat(first, second) {
		if seen[string(v.Key)] {
			t.Fatalf("%s was chosen twice", v.Key)
		}
		seen[string(v.Key)] = true
	}
	if len(seen) < maxVictims+100 || taken < maxVictims*int64(headSize) {
		t.Errorf("%d keys were chosen, the first with %d bytes", len(seen), taken)
	}
	if e.NextRound(); len(e.taken) != 0 {
		t.Error("the next round does not begin anew")
	}
}
