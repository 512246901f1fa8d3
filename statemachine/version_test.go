package statemachine

import "testing"

// The tests of this file follow semantics.md, "Versions": the table, then each of the rules below it.

func TestVersions_TableOfCommands(t *testing.T) {
	scripts(t, []scriptTest{
		{"GET WITHVER", `
			GET k WITHVER => *2 nil :0
			SET k v => OK
			GET k WITHVER => *2 "v" :1
			get k withver => *2 "v" :1
			GET k => "v"
			GET k other => -ERR wrong number of arguments for 'get' command
			GET k WITHVER x => -ERR wrong number of arguments for 'get' command
			SET k w VER 7 => OK
			DEL k => :1
			GET k WITHVER => *2 nil :7`},
		{"SET VER applies if and only if n is above the version", `
			SET k a VER 5 => OK
			SET k b VER 5 => nil
			SET k b VER 4 => nil
			GET k WITHVER => *2 "a" :5
			SET k b VER 6 => OK
			GET k WITHVER => *2 "b" :6
			SET k c VER 9223372036854775807 => OK
			OBJECT VERSION k => :9223372036854775807`},
		{"SET IFVER compares and sets", `
			SET k a IFVER 1 => nil
			SET k a IFVER 0 => OK
			GET k WITHVER => *2 "a" :1
			SET k b IFVER 0 => nil
			SET k b IFVER 2 => nil
			SET k b IFVER 1 => OK
			GET k WITHVER => *2 "b" :2`},
		{"SET WITHVER", `
			SET k a WITHVER => *2 OK :1
			SET k b VER 10 WITHVER => *2 OK :10
			SET k c VER 10 WITHVER => *2 nil :10
			SET k d IFVER 3 WITHVER => *2 nil :10
			SET k e NX WITHVER => *2 nil :10
			SET other e XX WITHVER => *2 nil :0
			SET k f GET WITHVER => *2 "b" :11
			SET k g VER 3 GET WITHVER => *2 "f" :11
			SET fresh a GET WITHVER => *2 nil :4`},
		{"SET VER goes with the other options", `
			SET k a VER 5 EX 100 => OK
			TTL k => :100
			SET k b KEEPTTL IFVER 5 => OK
			TTL k => :100
			SET k c GET VER 100 PX 5000 => "b"
			PTTL k => :5000`},
		{"DEL VER", `
			SET k a VER 5 => OK
			DEL k VER 5 => :0
			DEL k VER 6 => :1
			GET k WITHVER => *2 nil :6
			DEL k VER 6 => :0
			DEL k VER 7 => :1
			OBJECT VERSION k => :7
			DEL never VER 3 => :1
			OBJECT VERSION never => :3`},
		{"DEL IFVER", `
			SET k a VER 5 => OK
			DEL k IFVER 4 => :0
			DEL k IFVER 5 => :1
			EXISTS k => :0
			DEL k IFVER 5 => :0
			DEL never IFVER 0 => :0`},
		{"KEYS WITHVER", `
			SET k a VER 5 => OK
			KEYS * WITHVER => *2 "k" :5
			KEYS x* WITHVER => *0
			KEYS * other => -ERR wrong number of arguments for 'keys' command`},
		{"OBJECT VERSION", `
			OBJECT VERSION k => :0
			SET k a => OK
			OBJECT VERSION k => :1
			APPEND k b => :2
			OBJECT VERSION k => :2`},
	})
	t.Run("KEYS WITHVER is a map in RESP3", func(t *testing.T) {
		h := newHarness(t)
		h.proto = 3
		script(t, h, "SET k a VER 5 => OK\n KEYS * WITHVER => %1 \"k\" :5")
	})
}

func TestVersions_DelTakesAVersionOnlyInExactlyItsForms(t *testing.T) {
	scripts(t, []scriptTest{
		{"any case", "SET k a VER 5 => OK\n DEL k ver 6 => :1\n del k IfVer 9 => :0"},
		{"more arguments are keys", `
			MSET k a VER b 6 c => OK
			DEL k VER 6 x => :3`},
		{"fewer arguments are keys", "MSET k a VER b => OK\n DEL k VER => :2"},
		{"not an integer: keys", "MSET k a VER b x c => OK\n DEL k VER x => :3"},
		{"VER 0 is out of range: keys", "MSET k a VER b 0 c => OK\n DEL k VER 0 => :3"},
		{"IFVER -1 is out of range: keys", "MSET k a IFVER b -1 c => OK\n DEL k IFVER -1 => :3"},
		{"too high: keys", "MSET k a VER b => OK\n DEL k VER 9223372036854775808 => :2"},
		{"leading zero: keys", "MSET k a VER b 07 c => OK\n DEL k VER 07 => :3"},
		{"UNLINK never takes one", `
			MSET k a VER b 100 c => OK
			UNLINK k VER 100 => :3
			DBSIZE => :0`},
	})
}

func TestVersions_WriteWithoutAVersionSetsMaxOfNextAndRevision(t *testing.T) {
	scripts(t, []scriptTest{
		{"the revision counts applied writes", `
			SET a 1 => OK
			SET b 1 => OK
			SET c 1 => OK
			OBJECT VERSION c => :3
			SET a 2 => OK
			OBJECT VERSION a => :4`},
		{"version + 1 when that is more", "SET k a VER 100 => OK\n SET k b => OK\n OBJECT VERSION k => :101"},
		{"a key made again never repeats a version", `
			SET k a => OK
			DEL k => :1
			SET k b => OK
			OBJECT VERSION k => :3
			SET k c IFVER 1 => nil`},
		{"nor one whose version was ahead of the revision", `
			SET k a VER 100 => OK
			SET k b => OK
			DEL k => :1
			GET k WITHVER => *2 nil :101
			SET k c => OK
			OBJECT VERSION k => :102`},
		{"writes that change nothing do not count", `
			SET k a NX => OK
			SET k a NX => nil
			SETNX k b => :0
			DEL x => :0
			EXPIRE x 10 => :0
			PERSIST k => :0
			MSETNX k b l c => :0
			SETRANGE k 0 "" => :1
			SET k b VER abc => -ERR version is not an integer or out of range
			INCR k => -ERR value is not an integer or out of range
			GETEX k => "a"
			COPY k k2 DB 77 => -ERR DB index is out of range
			SWAPDB 3 4 => OK
			FLUSHDB SYNC x => -ERR syntax error
			SET l x => OK
			OBJECT VERSION l => :2`},
		{"every kind of write has one", `
			SET k 1 => OK
			INCR k => :2
			OBJECT VERSION k => :2
			INCRBYFLOAT k 1 => "3"
			OBJECT VERSION k => :3
			APPEND k 0 => :2
			OBJECT VERSION k => :4
			SETRANGE k 0 4 => :2
			OBJECT VERSION k => :5
			GETSET k x => "40"
			OBJECT VERSION k => :6
			MSET k y => OK
			OBJECT VERSION k => :7
			SETEX k 10 z => OK
			OBJECT VERSION k => :8`},
		{"a key that comes twice in one command", "MSET k a k b => OK\n GET k WITHVER => *2 \"b\" :2"},
		{"deadlines are no part of the version", `
			SET k a VER 5 => OK
			EXPIRE k 100 => :1
			PERSIST k => :1
			GETEX k EX 100 => "a"
			OBJECT VERSION k => :5
			DEL k => :1
			OBJECT VERSION k => :5`},
	})
}

func TestVersions_RenameCopyMoveWriteTheDestinationWithoutAVersion(t *testing.T) {
	scripts(t, []scriptTest{
		{"RENAME", `
			SET a x VER 50 => OK
			SET b y VER 90 => OK
			RENAME a b => OK
			GET b WITHVER => *2 "x" :91
			GET a WITHVER => *2 nil :50`},
		{"RENAME onto a tombstone", `
			SET b y VER 90 => OK
			DEL b => :1
			SET a x => OK
			RENAME a b => OK
			GET b WITHVER => *2 "x" :91
			GET a WITHVER => *2 nil :0`},
		{"COPY leaves the source alone", `
			SET a x VER 50 => OK
			COPY a b => :1
			GET b WITHVER => *2 "x" :2
			GET a WITHVER => *2 "x" :50`},
		{"MOVE", `
			SET a x VER 50 => OK
			MOVE a 2 => :1
			GET a WITHVER => *2 nil :50
			db 2
			GET a WITHVER => *2 "x" :2`},
	})
}

func TestVersions_TombstoneStopsALateWriter(t *testing.T) {
	scripts(t, []scriptTest{
		{"after DEL", "SET k a VER 5 => OK\n DEL k => :1\n SET k old VER 4 => nil\n SET k old VER 5 => nil\n EXISTS k => :0\n SET k new VER 6 => OK"},
		{"also when the revision is far ahead", "SET x 1 => OK\n SET x 2 => OK\n SET k a VER 1 => OK\n DEL k => :1\n SET k old VER 1 => nil\n GET k WITHVER => *2 nil :1"},
		{"after UNLINK", "SET k a VER 5 => OK\n UNLINK k => :1\n SET k old VER 5 => nil"},
		{"after GETDEL", "SET k a VER 5 => OK\n GETDEL k => \"a\"\n SET k old VER 5 => nil"},
		{"after DEL VER", "SET k a VER 5 => OK\n DEL k VER 8 => :1\n SET k old VER 8 => nil\n SET k new VER 9 => OK"},
		{"after DEL VER of a missing key", "DEL k VER 8 => :1\n SET k old VER 8 => nil\n EXISTS k => :0"},
		{"after an expiry", "SET k a VER 5 PX 10 => OK\n tick 10\n GET k WITHVER => *2 nil :5\n SET k old VER 5 => nil"},
		{"after EXPIRE into the past", "SET k a VER 5 => OK\n EXPIRE k -1 => :1\n SET k old VER 5 => nil"},
		{"after GETEX into the past", "SET k a VER 5 => OK\n GETEX k EXAT 1 => \"a\"\n SET k old VER 5 => nil"},
		{"after FLUSHDB", "SET k a VER 5 => OK\n SET l a => OK\n FLUSHDB => OK\n SET k old VER 5 => nil\n GET l WITHVER => *2 nil :0"},
		{"after FLUSHALL", "SET k a VER 5 => OK\n FLUSHALL => OK\n SET k old VER 5 => nil"},
		{"it goes along with SWAPDB", "SET k a VER 5 => OK\n DEL k => :1\n SWAPDB 0 1 => OK\n OBJECT VERSION k => :0\n db 1\n SET k old VER 5 => nil"},
		{"a write without a version goes on from it", "SET k a VER 50 => OK\n DEL k => :1\n SET k b => OK\n OBJECT VERSION k => :51"},
		{"none when the newest write carried no version", "SET k a VER 2 => OK\n SET k b => OK\n SET k c => OK\n SET x y => OK\n DEL k => :1\n OBJECT VERSION k => :0"},
		{"a deleted tombstone's key is not there", "SET k a VER 5 => OK\n DEL k => :1\n DEL k => :0\n EXISTS k => :0\n KEYS * WITHVER => *0\n DBSIZE => :0\n RANDOMKEY => nil\n TYPE k => none"},
	})
}

func TestVersions_TombstoneOutlivesFlushWithoutBeingCounted(t *testing.T) {
	h := newHarness(t)
	script(t, h, "SET k a VER 5 => OK\n DEL k => :1\n SET l b VER 5 => OK\n FLUSHALL => OK")
	if s := h.m.Stats(); s.Tombstones != 2 || s.Databases[0].Keys != 0 {
		t.Fatalf("Stats: %d tombstones and %d keys, not 2 and 0", s.Tombstones, s.Databases[0].Keys)
	}
}

func TestVersions_TombstonesAreKeptForTheRetentionInLogTime(t *testing.T) {
	h := newHarness(t)
	h.retention = 1000
	script(t, h, `
		SET k a VER 5 => OK
		DEL k => :1
		tick 999
		OBJECT VERSION k => :5
		DEL k VER 6 => :1
		tick 999
		OBJECT VERSION k => :6
		tick 1
		OBJECT VERSION k => :0
		SET k b VER 1 => OK`)
}

// A tombstone is kept for as long as the stamp of the slot says that made it, whatever later ones say; without that, for a day.
func TestVersions_EachTombstoneHasTheRetentionOfItsSlot(t *testing.T) {
	h := newHarness(t)
	script(t, h, "DEL day VER 5 => :1")
	h.retention = 2000
	script(t, h, "DEL two VER 5 => :1")
	h.retention = 1000
	script(t, h, `
		DEL one VER 5 => :1
		tick 1000
		OBJECT VERSION one => :0
		OBJECT VERSION two => :5
		tick 1000
		OBJECT VERSION two => :0
		tick 86397999
		OBJECT VERSION day => :5
		tick 1
		OBJECT VERSION day => :0`)
}

func TestVersions_PurgeOfTombstonesIsBoundedPerApply(t *testing.T) {
	h := newHarness(t)
	h.retention = 1000
	var section []byte
	const n = purgePerApply + 10
	for i := range n {
		section = AppendCommand(section, 0, [][]byte{[]byte("DEL"), {byte(i), byte(i >> 8)}, []byte("VER"), []byte("1")})
	}
	h.apply(n, section)
	for _, left := range []int{n, 10, 0} {
		if got := h.m.Stats().Tombstones; got != left {
			t.Fatalf("%d tombstones are left, not %d", got, left)
		}
		h.tick(1000)
	}
}

func TestVersions_AnEmptyValueIsAValue(t *testing.T) {
	scripts(t, []scriptTest{{"SET", `SET k "" VER 3 => OK
		GET k WITHVER => *2 "" :3
		EXISTS k => :1`}})
}

func TestVersions_BadNumbersAndCombinations(t *testing.T) {
	scripts(t, []scriptTest{
		{"not an integer or out of range", `
			SET k v VER 0 => -ERR version is not an integer or out of range
			SET k v VER -1 => -ERR version is not an integer or out of range
			SET k v VER +1 => -ERR version is not an integer or out of range
			SET k v VER 01 => -ERR version is not an integer or out of range
			SET k v VER x => -ERR version is not an integer or out of range
			SET k v VER "" => -ERR version is not an integer or out of range
			SET k v VER 9223372036854775808 => -ERR version is not an integer or out of range
			SET k v IFVER -1 => -ERR version is not an integer or out of range
			SET k v IFVER 1.0 => -ERR version is not an integer or out of range
			EXISTS k => :0`},
		{"syntax", `
			SET k v VER => -ERR syntax error
			SET k v VER 1 IFVER 0 => -ERR syntax error
			SET k v IFVER 0 VER 1 => -ERR syntax error
			SET k v VER 1 VER 2 => -ERR syntax error
			SET k v VER 1 NX => -ERR syntax error
			SET k v XX VER 1 => -ERR syntax error
			SET k v IFVER 0 NX => -ERR syntax error
			SET k v XX IFVER 0 => -ERR syntax error
			EXISTS k => :0`},
	})
}

func TestVersions_AWriteAtTheHighestVersionWouldOverflow(t *testing.T) {
	h := newHarness(t)
	script(t, h, "SET k 5 VER 9223372036854775807 EX 100 => OK\n SET l x => OK")
	before := h.m.Digest()
	for _, line := range []string{"SET k v", "SET k v IFVER 9223372036854775807", "SET k v GET", "SET k v WITHVER", "SETEX k 10 v",
		"PSETEX k 10 v", "GETSET k v", "MSET l y k v", "MSET k v k w", "APPEND k v", "SETRANGE k 0 v", "INCR k", "INCRBYFLOAT k 1",
		"RENAME l k", "COPY l k REPLACE"} {
		h.expect(line, "-ERR version would overflow")
	}
	if h.m.Digest() != before {
		t.Fatal("a refused write changed something")
	}
	script(t, h, `
		SET k w VER 9223372036854775807 => nil
		DEL k => :1
		SET k v => -ERR version would overflow
		SETNX k v => -ERR version would overflow
		MSETNX k v => -ERR version would overflow
		SET m v VER 9223372036854775806 => OK
		MSET m a m b => -ERR version would overflow
		MSET m a => OK
		OBJECT VERSION m => :9223372036854775807`)
}

func TestVersions_ExecAppliesSeveralVersionedWritesAsOne(t *testing.T) {
	h := newHarness(t)
	got := h.exec(nil, "SET a 1 VER 5", "SET b 1 VER 6", "SET a 2 VER 5", "GET a WITHVER")
	if want := `*4 OK OK nil *2 "1" :5`; got != want {
		t.Fatalf("EXEC replied %s, not %s", got, want)
	}
}

// exec runs a transaction of command lines.
func (h *harness) exec(watches []Watch, lines ...string) string {
	var queued []Queued
	for _, line := range lines {
		queued = append(queued, Queued{DB: h.db, Args: words(line)})
	}
	return h.apply(1, AppendExec(nil, watches, queued))[0]
}

// watch is what WATCH of a key keeps.
func (h *harness) watch(key string) Watch {
	v := h.m.Read(h.now)
	defer v.Close()
	return Watch{DB: h.db, Key: []byte(key), Revision: v.Revision(h.db, []byte(key))}
}

func TestVersions_WatchUsesTheInternalRevision(t *testing.T) {
	const changed, unchanged = "nil", "*1 PONG"
	for _, test := range []struct{ name, before, between, want string }{
		{"nothing", "SET k v => OK", "GET k => \"v\"", unchanged},
		{"another key", "SET k v => OK", "SET l v => OK", unchanged},
		{"refused write", "SET k v VER 5 => OK", "SET k w VER 4 => nil", unchanged},
		{"same value again", "SET k v => OK", "SET k v => OK", changed},
		{"EXPIRE", "SET k v => OK", "EXPIRE k 100 => :1", changed},
		{"PERSIST", "SET k v EX 10 => OK", "PERSIST k => :1", changed},
		{"DEL", "SET k v => OK", "DEL k => :1", changed},
		{"made again", "SET k v => OK", "DEL k => :1\nSET k v => OK", changed},
		{"made", "", "SET k v => OK", changed},
		{"versioned delete of a missing key", "", "DEL k VER 5 => :1", changed},
		{"expired", "SET k v PX 10 => OK", "tick 10", changed},
		{"expired, leaving a tombstone", "SET k v VER 5 PX 10 => OK", "tick 10", changed},
		{"made again after an expiry", "SET k v VER 5 PX 10 => OK\ntick 10", "SET k w VER 6 => OK", changed},
		{"versioned delete after an expiry", "SET k v VER 5 PX 10 => OK\ntick 10", "DEL k VER 9 => :1", changed},
		{"a tombstone that stays", "SET k v VER 5 PX 10 => OK\ntick 10", "SET k w VER 5 => nil", unchanged},
		{"a due key's removal, which nobody could see",
			"DEBUG SET-ACTIVE-EXPIRE 0 => OK\nSET k v VER 5 PX 10 => OK\ntick 10", "APPEND l x => :1\nSETNX l x => :0\nSET k v XX => nil", unchanged},
		{"FLUSHALL", "SET k v => OK", "FLUSHALL => OK", changed},
		{"SWAPDB", "SET k v => OK", "SWAPDB 0 1 => OK", changed},
		{"renamed onto", "SET k v => OK\nSET l w => OK", "RENAME l k => OK", changed},
	} {
		t.Run(test.name, func(t *testing.T) {
			h := newHarness(t)
			script(t, h, test.before)
			w := h.watch("k")
			script(t, h, test.between)
			literal := []Queued{{Literal: []byte("+PONG\r\n")}}
			if got := h.apply(1, AppendExec(nil, []Watch{w}, literal))[0]; got != test.want {
				t.Fatalf("EXEC replied %s, not %s", got, test.want)
			}
		})
	}
}
