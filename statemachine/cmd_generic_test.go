package statemachine

import (
	"fmt"
	"strings"
	"sync"
	"testing"
)

func TestGenericCommands(t *testing.T) {
	scripts(t, []scriptTest{
		{"DEL UNLINK EXISTS TOUCH TYPE", `
			MSET a 1 b 2 c 3 => OK
			EXISTS a a x => :2
			TOUCH a b x => :2
			TYPE a => string
			TYPE x => none
			DEL a a x => :1
			UNLINK b x => :1
			DBSIZE => :1`},
		{"RENAME", `
			RENAME a b => -ERR no such key
			SET a 1 EX 10 => OK
			SET b 2 => OK
			RENAME a b => OK
			GET b => "1"
			TTL b => :10
			EXISTS a => :0
			RENAME b b => OK
			SET c 3 => OK
			RENAMENX b c => :0
			RENAMENX b b => :0
			RENAMENX b d => :1
			RENAME c d => OK
			TTL d => :-1`},
		{"COPY", `
			COPY a b => :0
			SET a 1 EX 10 => OK
			COPY a b => :1
			TTL b => :10
			SET a 2 => OK
			COPY a b => :0
			COPY a b REPLACE => :1
			GET b => "2"
			TTL b => :-1
			COPY a a => -ERR source and destination objects are the same
			COPY a a DB 1 => :1
			COPY a a DB 16 => -ERR DB index is out of range
			db 1
			GET a => "2"`},
		{"MOVE", `
			MOVE a 1 => :0
			SET a 1 EX 10 => OK
			MOVE a 1 => :1
			EXISTS a => :0
			SET a 2 => OK
			MOVE a 1 => :0
			MOVE a 0 => -ERR source and destination objects are the same
			db 1
			GET a => "1"
			TTL a => :10`},
		{"EXPIRE and its conditions", `
			EXPIRE k 10 => :0
			SET k v => OK
			EXPIRE k 10 XX => :0
			EXPIRE k 10 GT => :0
			EXPIRE k 10 NX => :1
			EXPIRE k 20 NX => :0
			EXPIRE k 5 GT => :0
			EXPIRE k 20 GT => :1
			EXPIRE k 30 LT => :0
			EXPIRE k 15 LT XX => :1
			TTL k => :15
			PERSIST k => :1
			PERSIST k => :0
			EXPIRE k 100 LT => :1
			PEXPIREAT k 1700000001234 => :1
			PEXPIRETIME k => :1700000001234
			EXPIRETIME k => :1700000001
			TTL k => :1
			EXPIREAT k 1700000000 => :1
			EXISTS k => :0`},
		{"OBJECT", `
			SET k 12 => OK
			OBJECT ENCODING k => "int"
			OBJECT REFCOUNT k => :1
			tick 5000
			OBJECT IDLETIME k => :5
			EXISTS k k => :2
			OBJECT IDLETIME k => :5
			GET k => "12"
			OBJECT IDLETIME k => :0
			tick 5000
			TOUCH k k x => :2
			OBJECT IDLETIME k => :0
			OBJECT FREQ k => -ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that when switching between policies at runtime LRU and LFU data will take some time to adjust.`},
		{"FLUSHDB FLUSHALL SWAPDB", `
			MSET a 1 b 2 => OK
			SWAPDB 0 1 => OK
			DBSIZE => :0
			SET c 3 => OK
			db 1
			DBSIZE => :2
			FLUSHDB ASYNC => OK
			DBSIZE => :0
			db 0
			DBSIZE => :1
			FLUSHALL SYNC => OK
			DBSIZE => :0
			SET a 1 => OK
			GET a => "1"`},
		{"deadlines go along with SWAPDB", `
			SET a 1 PX 100 => OK
			SWAPDB 0 7 => OK
			tick 100
			db 7
			DBSIZE => :0`},
		{"DEBUG", `
			SET a 1 => OK
			SET b 1 EX 10 => OK
			DEBUG SET-ACTIVE-EXPIRE 1 => OK
			DEBUG SET-ACTIVE-EXPIRE x => -ERR value is not an integer or out of range
			DEBUG DIGEST-VALUE => *0
			DEBUG OBJECT a FAST x => -ERR unknown subcommand or wrong number of arguments for 'OBJECT'. Try DEBUG HELP.
			DEBUG DIGEST-VALUE x => *1 0000000000000000000000000000000000000000`},
	})
}

// TestDebugDigestValueTellsNothingOfVersions: what it tells of is compared with redis-server's own in TestDigestsOfValuesAsRedis.
func TestDebugDigestValueTellsNothingOfVersions(t *testing.T) {
	h := newHarness(t)
	script(t, h, "SET a 1 => OK\n SET b 1 VER 7 => OK\n SET c 2 => OK")
	digests := strings.Fields(h.do("DEBUG DIGEST-VALUE a b c"))
	if digests[1] != digests[2] || digests[1] == digests[3] {
		t.Fatal(digests)
	}
}

// TestDebugPopulateMakesWhatIsMissing, within its bounds.
func TestDebugPopulateMakesWhatIsMissing(t *testing.T) {
	script(t, newHarness(t), `
		SET key:1 mine => OK
		DEBUG POPULATE 3 => OK
		MGET key:0 key:1 key:2 key:3 => *4 "value:0" "mine" "value:2" nil
		DEBUG POPULATE 2 p 10 => OK
		MGET p:0 p:1 => *2 "value:0\x00\x00\x00" "value:1\x00\x00\x00"
		DEBUG POPULATE 1 q 3 => OK
		GET q:0 => "val"
		DBSIZE => :6
		DEBUG POPULATE -1 => -ERR value is out of range, must be positive
		DEBUG POPULATE 1 p x => -ERR value is out of range, must be positive
		DEBUG POPULATE 1 p 1 1 => -ERR unknown subcommand or wrong number of arguments for 'POPULATE'. Try DEBUG HELP.
		DEBUG POPULATE 1000001 => -`+errPopulate+`
		DEBUG POPULATE 1000 p 1000000 => -`+errPopulate+`
		DEBUG POPULATE 1 p 9223372036854775807 => -`+errStringTooLong+`
		DBSIZE => :6`)
}

func TestScan(t *testing.T) {
	h := newHarness(t)
	want := make(map[string]bool)
	for i := range 300 {
		key := fmt.Sprintf("key:%d", i)
		h.expect("SET "+key+" v", "OK")
		want[`"`+key+`"`] = true
	}
	h.expect("SET other v", "OK")
	cursor, calls := "0", 0
	for {
		calls++
		reply := strings.Fields(h.do("SCAN " + cursor + " MATCH key:* COUNT 20 TYPE STRING"))
		for _, key := range reply[3:] {
			if key == `"other"` {
				t.Fatal("MATCH let another key through")
			}
			delete(want, key)
		}
		if cursor = strings.Trim(reply[1], `"`); cursor == "0" {
			break
		}
	}
	if len(want) != 0 {
		t.Fatalf("SCAN missed %d of 300 keys", len(want))
	}
	if calls < 5 {
		t.Fatalf("COUNT 20 took only %d calls for 301 keys", calls)
	}
	h.expect("SCAN 0 TYPE list COUNT 1000", `*2 "0" *0`)
}

// TestReadersRunBesideApply: many views, many kinds of reads, while sections are applied; the race detector judges.
func TestReadersRunBesideApply(t *testing.T) {
	m := New(Config{})
	var readers sync.WaitGroup
	reads := []string{"GET key1", "KEYS key*", "SCAN 0 COUNT 50", "RANDOMKEY", "DBSIZE", "TTL key2", "OBJECT IDLETIME key3", "TOUCH key1 key2",
		"DEBUG DIGEST", "MGET key1 key2 nokey"}
	for n := range 4 {
		readers.Go(func() {
			for i := n; i < n+500; i++ {
				args := words(reads[i%len(reads)])
				cmd, problem := m.table.Resolve(args)
				if cmd == nil {
					t.Error(problem)
					return
				}
				v := m.Read(testStart + int64(i))
				v.Run(cmd, 0, args, &respWriter{proto: 3})
				v.Close()
				m.NextDeadline()
				m.Stats()
			}
		})
	}
	for i := range 300 {
		var encoded []byte
		for j := range 20 {
			encoded = AppendCommand(encoded, 0, words(fmt.Sprintf("SET key%d %d PX 50", (i*20+j)%500, i)))
		}
		m.Apply(uint64(i+1), Stamp{TimeMS: testStart + int64(i), Seed: uint64(i)}, encoded, 20, nil)
	}
	readers.Wait()
	if s := m.Stats(); s.Misses == 0 {
		t.Fatal("no read of a missing key was counted")
	}
}

func TestStats(t *testing.T) {
	h := newHarness(t)
	script(t, h, "SET a 1 PX 1000 => OK\n SET b 1 PX 3000 => OK\n SET c 1 => OK\n DEL d VER 1 => :1\n GET a => \"1\"\n GET x => nil")
	s := h.m.Stats()
	if s.Databases[0] != (DatabaseStats{Keys: 3, Expires: 2, AvgTTL: 2000}) || s.Tombstones != 1 || s.Revision != 4 || s.Hits != 1 || s.Misses != 1 {
		t.Fatalf("%+v", s)
	}
}
