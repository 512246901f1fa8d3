package statemachine

import (
	"fmt"
	"testing"
)

func TestExpiryIsDecidedByTheLogsTimeAlone(t *testing.T) {
	h := newHarness(t)
	script(t, h, `
		SET k v PX 100 => OK
		tick 99
		GET k => "v"
		PTTL k => :1
		tick 1
		GET k => nil
		EXISTS k => :0
		TTL k => :-2`)
	if s := h.m.Stats(); s.Expired != 1 || s.Databases[0].Keys != 0 {
		t.Fatalf("Stats: expired %d, %d keys; not 1 and 0", s.Expired, s.Databases[0].Keys)
	}
}

func TestTimeNeverGoesBack(t *testing.T) {
	h := newHarness(t)
	script(t, h, "SET k v PX 100 => OK\n tick 50")
	h.now -= 1000
	h.expect("PTTL k", ":50")
}

// TestAReadThatMeetsADueKeySaysSo: the local clock is ahead of the log's.
func TestAReadThatMeetsADueKeySaysSo(t *testing.T) {
	for _, test := range []struct {
		command string
		due     bool
	}{
		{"GET k", true}, {"EXISTS k", true}, {"TTL k", true}, {"TYPE k", true}, {"OBJECT ENCODING k", true}, {"OBJECT VERSION k", true},
		{"MGET other k", true}, {"STRLEN k", true}, {"KEYS *", true}, {"SCAN 0 COUNT 100", true}, {"DBSIZE", true}, {"TOUCH k", true},
		{"GET other", false}, {"KEYS other", false}, {"SCAN 0 MATCH other COUNT 100", false}, {"TTL later", false},
	} {
		t.Run(test.command, func(t *testing.T) {
			h := newHarness(t)
			script(t, h, "DEBUG SET-ACTIVE-EXPIRE 0 => OK\n SET k v PX 100 => OK\n SET other v => OK\n SET later v PX 500 => OK")
			if _, due := h.read(h.now+99, test.command); due {
				t.Fatal("due before the deadline")
			}
			if _, due := h.read(h.now+100, test.command); due != test.due {
				t.Fatalf("due is %v at the deadline", due)
			}
			h.tick(100)
			if _, due := h.read(h.now, test.command); due {
				t.Fatal("due after the tick, though the key, not removed yet, is due by the log too")
			}
		})
	}
}

func TestADueReadLeavesTheKeyInPlace(t *testing.T) {
	h := newHarness(t)
	script(t, h, "SET k v PX 100 => OK")
	before := h.m.Digest()
	h.read(h.now+1000, "GET k")
	if h.m.Digest() != before {
		t.Fatal("a read removed a key")
	}
	h.expect("GET k", `"v"`)
}

func TestTTLInAViewUsesTheLaterOfBothClocks(t *testing.T) {
	h := newHarness(t)
	script(t, h, "SET k v PX 10000 => OK")
	for _, test := range []struct {
		local int64
		want  string
	}{{h.now + 4000, ":6000"}, {h.now, ":10000"}, {h.now - 5000, ":10000"}} {
		if got, _ := h.read(test.local, "PTTL k"); got != test.want {
			t.Fatalf("PTTL at %+d ms: %s, not %s", test.local-h.now, got, test.want)
		}
	}
}

func TestDueKeysAreInvisibleAtOnceAndRemovedInBoundedSteps(t *testing.T) {
	h := newHarness(t)
	const n = 2*expirePerApply + 10
	var section []byte
	for i := range n {
		section = AppendCommand(section, i%Databases, words(fmt.Sprintf("SET key%d v PX 100", i)))
	}
	h.apply(n, section)
	script(t, h, "SET stays v => OK")
	h.tick(100)
	for _, left := range []int{expirePerApply + 10, 10, 0} {
		keys := -1 // but for the one that stays
		for _, db := range h.m.Stats().Databases {
			keys += db.Keys
		}
		if keys != left {
			t.Fatalf("%d due keys are left, not %d", keys, left)
		}
		if due := h.m.NextDeadline(); (due != 0) != (left != 0) {
			t.Fatalf("NextDeadline is %d with %d due keys left", due, left)
		}
		for _, command := range []string{"DBSIZE", "KEYS *", "RANDOMKEY"} {
			want := map[string]string{"DBSIZE": ":1", "KEYS *": `*1 "stays"`, "RANDOMKEY": `"stays"`}[command]
			if got, due := h.read(h.now, command); got != want || due {
				t.Fatalf("%s: %s (due %v), not %s", command, got, due, want)
			}
		}
		h.tick(0)
	}
}

// TestAWriteMeetsADueKeyAsMissing: with removal turned off, only the write itself removes it.
func TestAWriteMeetsADueKeyAsMissing(t *testing.T) {
	for _, test := range []struct{ command, want string }{
		{"SET k w NX", "OK"}, {"SET k w XX", "nil"}, {"SET k w KEEPTTL", "OK"}, {"APPEND k w", ":1"}, {"INCR k", ":1"}, {"DEL k", ":0"},
		{"GETSET k w", "nil"}, {"GETDEL k", "nil"}, {"EXPIRE k 10", ":0"}, {"PERSIST k", ":0"}, {"RENAME k l", "-ERR no such key"},
		{"COPY k l", ":0"}, {"MOVE k 1", ":0"}, {"RENAMENX l k", ":1"}, {"SETRANGE k 0 x", ":1"},
	} {
		t.Run(test.command, func(t *testing.T) {
			h := newHarness(t)
			script(t, h, "DEBUG SET-ACTIVE-EXPIRE 0 => OK\n SET l x => OK\n SET k 41 PX 100 => OK\n tick 100")
			if h.m.Stats().Databases[0].Keys != 2 {
				t.Fatal("the due key was removed by itself")
			}
			if h.m.NextDeadline() != 0 {
				t.Fatal("a deadline is announced that nothing will come of")
			}
			h.expect(test.command, test.want)
			if got, _ := h.read(h.now, "TTL k"); got != ":-1" && got != ":-2" {
				t.Fatalf("the old deadline is still there: TTL %s", got)
			}
		})
	}
}

func TestNextDeadline(t *testing.T) {
	h := newHarness(t)
	check := func(want int64) {
		t.Helper()
		if got := h.m.NextDeadline(); got != want {
			t.Fatalf("NextDeadline is %d, not %d", got, want)
		}
	}
	check(0)
	h.expect("SET a v PX 500", "OK")
	check(h.now + 500)
	h.db = 9
	h.expect("SET b v PX 300", "OK")
	check(h.now + 300)
	h.expect("PERSIST b", ":1")
	check(h.now + 500)
	h.expect("FLUSHALL", "OK")
	check(0)
}

// TestRemovalIsInTheOrderOfDeadlineDatabaseKey: of keys that are due together the bound lets the first go.
func TestRemovalIsInTheOrderOfDeadlineDatabaseKey(t *testing.T) {
	ks := newKeyspace(hasher{1, 2})
	for _, k := range []struct {
		db  int
		key string
		at  int64
	}{{3, "a", 20}, {0, "b", 20}, {0, "a", 20}, {5, "z", 10}} {
		e := ks.entry(&ks.databases[k.db], []byte(k.key))
		ks.putString(&e, nil, stamp{version: 1})
		ks.setDeadline(&e, k.at)
	}
	ks.now = 20
	for _, want := range []string{"5 z", "0 a", "0 b", "3 a"} {
		_, db, o := ks.earliest(func(db *database) *space { return db.keys })
		for i := range ks.databases {
			if got := fmt.Sprintf("%d %s", i, o.key()); db == &ks.databases[i] && got != want {
				t.Fatalf("%s goes before %s", got, want)
			}
		}
		ks.removeDue(1)
	}
}

// TestTheOriginsOwnCallsRemoveNothing: reads that wait at their origin are run by calls without commands, which the
// other nodes do not make. With more keys due than one call removes, such a call must not remove some of them.
func TestTheOriginsOwnCallsRemoveNothing(t *testing.T) {
	origin, other := New(Config{}), New(Config{})
	var sets []byte
	const keys = 2*expirePerApply + 1
	for i := range keys {
		sets = AppendCommand(sets, 0, words(fmt.Sprintf("SET key:%d v VER 7 PX 100", i)))
	}
	write := AppendCommand(nil, 0, words("SET other v"))
	apply := func(m *Machine, slot uint64, timeMS int64, commands []byte, count int, replies Replies) {
		m.Apply(slot, Stamp{TimeMS: timeMS, Seed: 1}, commands, count, replies)
	}
	for _, m := range []*Machine{origin, other} {
		apply(m, 1, testStart, sets, keys, nil)
		apply(m, 2, testStart+200, nil, 0, nil)
	}
	apply(origin, 2, testStart+200, nil, 0, &collector{proto: 2})
	for _, m := range []*Machine{origin, other} {
		apply(m, 3, testStart+300, write, 1, nil)
	}
	a, b := origin.Stats(), other.Stats()
	if a.Tombstones != b.Tombstones || a.Expired != b.Expired || origin.Digest() != other.Digest() {
		t.Fatalf("the origin expired %d keys, another node %d; digests equal: %v", a.Expired, b.Expired, origin.Digest() == other.Digest())
	}
}
