package statemachine

import (
	"fmt"
	"strings"
	"testing"
)

func TestFieldDeadlines(t *testing.T) {
	scripts(t, []scriptTest{
		{"given, told, taken away", `
			HSET h a 1 b 2 => :2
			HEXPIRE h 10 FIELDS 3 a b x => *3 :1 :1 :-2
			HTTL h FIELDS 3 a b x => *3 :10 :10 :-2
			tick 1500
			HTTL h FIELDS 1 a => *1 :9
			HPTTL h FIELDS 1 a => *1 :8500
			HEXPIRETIME h FIELDS 1 a => *1 :1700000010
			HPEXPIRETIME h FIELDS 1 a => *1 :1700000010000
			HPERSIST h FIELDS 3 a x b => *3 :1 :-2 :1
			HPERSIST h FIELDS 1 a => *1 :-1
			HTTL h FIELDS 1 a => *1 :-1
			HPEXPIRE h 500 FIELDS 1 a => *1 :1
			HPEXPIREAT h 1700000099999 FIELDS 1 b => *1 :1
			HEXPIRETIME h FIELDS 1 b => *1 :1700000100
			HEXPIREAT h 1700000050 FIELDS 1 b => *1 :1
			HPEXPIRETIME h FIELDS 1 b => *1 :1700000050000`},
		{"missing keys and wrong types", `
			HEXPIRE none 10 FIELDS 2 a b => *2 :-2 :-2
			HTTL none FIELDS 1 a => *1 :-2
			HPERSIST none FIELDS 1 a => *1 :-2
			HGETEX none FIELDS 1 a => *1 nil
			HGETEX none EX 10 FIELDS 1 a => *1 nil
			HGETDEL none FIELDS 2 a b => *2 nil nil
			EXISTS none => :0
			SET s 1 => OK
			HEXPIRE s 10 FIELDS 1 a => -WRONGTYPE Operation against a key holding the wrong kind of value
			HTTL s FIELDS 1 a => -WRONGTYPE Operation against a key holding the wrong kind of value
			HPERSIST s FIELDS 1 a => -WRONGTYPE Operation against a key holding the wrong kind of value
			HGETEX s FIELDS 1 a => -WRONGTYPE Operation against a key holding the wrong kind of value
			HSETEX s FIELDS 1 a b => -WRONGTYPE Operation against a key holding the wrong kind of value
			HGETDEL s FIELDS 1 a => -WRONGTYPE Operation against a key holding the wrong kind of value`},
		{"conditions", `
			HSET h a 1 b 2 => :2
			HEXPIRE h 100 XX FIELDS 1 a => *1 :0
			HEXPIRE h 100 GT FIELDS 1 a => *1 :0
			HEXPIRE h 100 LT FIELDS 1 a => *1 :1
			HEXPIRE h 50 nx FIELDS 2 a b => *2 :0 :1
			HEXPIRE h 100 GT FIELDS 2 a b => *2 :0 :1
			HEXPIRE h 200 LT FIELDS 1 a => *1 :0
			HEXPIRE h 200 XX FIELDS 1 a => *1 :1
			HTTL h FIELDS 2 a b => *2 :200 :100`},
		{"a time that has passed takes fields away at once", `
			HSET h a 1 b 2 c 3 => :3
			HEXPIRE h 0 FIELDS 1 a => *1 :2
			HGETALL h => *4 "b" "2" "c" "3"
			HEXPIREAT h 0 FIELDS 1 b => *1 :2
			HPEXPIREAT h 1 FIELDS 2 c c => *2 :2 :-2
			EXISTS h => :0`},
		{"arguments", `
			HSET h a 1 => :1
			HEXPIRE h abc FIELDS 1 a => -ERR value is not an integer or out of range
			HEXPIRE h -1 FIELDS 1 a => -ERR invalid expire time, must be >= 0
			HEXPIRE h 70368744178 FIELDS 1 a => -ERR invalid expire time in 'hexpire' command
			HPEXPIRE h 70368744177663 FIELDS 1 a => -ERR invalid expire time in 'hpexpire' command
			HPEXPIREAT h 70368744177664 FIELDS 1 a => -ERR invalid expire time in 'hpexpireat' command
			HPEXPIREAT h 70368744177663 FIELDS 1 a => *1 :1
			HEXPIRE h 9223372036854775807 FIELDS 1 a => -ERR invalid expire time in 'hexpire' command
			HEXPIRE h 10 FIELD 1 a => -ERR Mandatory argument FIELDS is missing or not at the right position
			HEXPIRE h 10 NX XX FIELDS 1 a => -ERR Mandatory argument FIELDS is missing or not at the right position
			HEXPIRE h 10 FIELDS 0 a => -ERR Parameter ` + "`numFields`" + ` should be greater than 0
			HEXPIRE h 10 FIELDS abc a => -ERR Parameter ` + "`numFields`" + ` should be greater than 0
			HEXPIRE h 10 FIELDS 2 a => -ERR The ` + "`numfields`" + ` parameter must match the number of arguments
			HEXPIRE h 10 FIELDS 1 a b => -ERR The ` + "`numfields`" + ` parameter must match the number of arguments
			HEXPIRE h 10 FIELDS => -ERR wrong number of arguments for 'hexpire' command
			HTTL h FIELD 1 a => -ERR Mandatory argument FIELDS is missing or not at the right position
			HTTL h FIELDS 0 a => -ERR Number of fields must be a positive integer
			HTTL h FIELDS 2 a => -ERR The ` + "`numfields`" + ` parameter must match the number of arguments
			HPERSIST h FIELDS x a => -ERR Number of fields must be a positive integer
			HGETDEL h FIELDS x a => -ERR Number of fields must be a positive integer
			HGETEX h EX 10 FIELDS => -ERR The ` + "`numfields`" + ` parameter must match the number of arguments
			HGETEX h EX FIELDS 1 a => -ERR value is not an integer or out of range
			HGETEX h EX -5 FIELDS 1 a => -ERR invalid expire time, must be >= 0
			HGETEX h KEEPTTL FIELDS 1 a => -ERR Mandatory argument FIELDS is missing or not at the right position`},
		{"the encoding", `
			HSET h a 1 => :1
			OBJECT ENCODING h => "listpack"
			HEXPIRE h 10 FIELDS 1 a => *1 :1
			OBJECT ENCODING h => "listpackex"
			HPERSIST h FIELDS 1 a => *1 :1
			OBJECT ENCODING h => "listpackex"
			COPY h copy => :1
			OBJECT ENCODING copy => "listpackex"
			HSETEX n EX 10 FIELDS 1 a 1 => :1
			OBJECT ENCODING n => "listpackex"`},
		{"writes and deadlines", `
			HSETEX h EX 10 FIELDS 3 a 1 b 2 c 3 => :1
			HSET h a 5 => :0
			HINCRBY h b 1 => :3
			HINCRBYFLOAT h c 1 => "4"
			HTTL h FIELDS 3 a b c => *3 :-1 :10 :10
			RENAME h i => OK
			HTTL i FIELDS 1 b => *1 :10
			COPY i j => :1
			tick 10000
			HGETALL i => *2 "a" "5"
			HGETALL j => *2 "a" "5"
			HLEN i => :1`},
		{"HGETEX", `
			HSET h a 1 b 2 => :2
			HGETEX h FIELDS 2 a x => *2 "1" nil
			HTTL h FIELDS 1 a => *1 :-1
			HGETEX h EX 10 FIELDS 2 a x => *2 "1" nil
			HTTL h FIELDS 1 a => *1 :10
			HGETEX h PX 1500 FIELDS 1 a => *1 "1"
			HPTTL h FIELDS 1 a => *1 :1500
			HGETEX h EXAT 1700000020 FIELDS 1 a => *1 "1"
			HEXPIRETIME h FIELDS 1 a => *1 :1700000020
			HGETEX h PXAT 1700000020001 FIELDS 1 a => *1 "1"
			HPEXPIRETIME h FIELDS 1 a => *1 :1700000020001
			HGETEX h PERSIST FIELDS 1 a => *1 "1"
			HTTL h FIELDS 1 a => *1 :-1
			HGETEX h PXAT 1 FIELDS 2 a b => *2 "1" "2"
			EXISTS h => :0`},
		{"HGETDEL", `
			HSET h a 1 b 2 => :2
			HGETDEL h FIELDS 2 a x => *2 "1" nil
			HLEN h => :1
			HGETDEL h FIELDS 2 b b => *2 "2" nil
			EXISTS h => :0`},
		{"HSETEX", `
			HSETEX h FXX FIELDS 1 a 1 => :0
			EXISTS h => :0
			HSETEX h FNX FIELDS 2 a 1 b 2 => :1
			HSETEX h FNX FIELDS 2 x 1 b 2 => :0
			HSETEX h FXX FIELDS 2 a 3 x 1 => :0
			HSETEX h EX 10 FXX FIELDS 2 a 3 b 4 => :1
			HTTL h FIELDS 2 a b => *2 :10 :10
			HSETEX h KEEPTTL FIELDS 1 a 5 => :1
			HTTL h FIELDS 1 a => *1 :10
			HSETEX h FIELDS 1 a 5 => :1
			HTTL h FIELDS 1 a => *1 :-1
			HSETEX h PXAT 1 FIELDS 2 a 1 b 1 => :1
			EXISTS h => :0
			HSETEX h EXAT 0 FIELDS 1 a 1 => :1
			EXISTS h => :0
			HSETEX h BOGUS FIELDS 1 a 1 => -ERR unknown argument: BOGUS
			HSETEX h FNX FXX FIELDS 1 a 1 => -ERR Only one of FXX or FNX arguments can be specified
			HSETEX h EX 10 KEEPTTL FIELDS 1 a 1 => -ERR Only one of EX, PX, EXAT, PXAT or KEEPTTL arguments can be specified
			HSETEX h FNX KEEPTTL x EX => -ERR unknown argument: x
			HSETEX h FNX KEEPTTL FIELDS 1 => -ERR wrong number of arguments for 'hsetex' command
			HSETEX h FNX EX 10 FIELDS => -ERR wrong number of arguments for 'hsetex' command
			HSETEX h FIELDS abc a 1 => -ERR invalid number of fields
			HSETEX h FIELDS 0 a 1 => -ERR invalid number of fields
			HSETEX h FIELDS 2 a 1 => -ERR wrong number of arguments for 'hsetex' command
			HSETEX h FIELDS 1 a 1 b => -ERR wrong number of arguments for 'hsetex' command
			HSETEX h EX abc FIELDS 1 a 1 => -ERR value is not an integer or out of range
			HSETEX h EX -1 FIELDS 1 a 1 => -ERR invalid expire time, must be >= 0
			EXISTS h => :0`},
	})
}

// TestFieldsGoByTheLogsTime, and with the last one the key, though the fields are of several parts.
func TestFieldsGoByTheLogsTime(t *testing.T) {
	h := newHarness(t)
	const n = 1000
	hashOfFields(h, n)
	for i := range n {
		h.expect(fmt.Sprintf("HPEXPIRE h %d FIELDS 1 f%d", 100+i%10*100, i), "*1 :1")
	}
	if got := h.m.NextDeadline(); got != h.now+100 {
		t.Fatalf("NextDeadline is %d ms away", got-h.now)
	}
	for left := n; left > 0; left -= n / 10 {
		h.expect("HLEN h", fmt.Sprintf(":%d", left))
		h.tick(99)
		h.expect("HLEN h", fmt.Sprintf(":%d", left))
		h.tick(1)
	}
	h.expect("EXISTS h", ":0")
	if s := h.m.Stats(); s.ExpiredFields != n || s.Databases[0].Keys != 0 || h.m.NextDeadline() != 0 || h.m.ks.databases[0].parts.len() != 0 {
		t.Fatalf("%d fields expired, %d keys are left, the next deadline is %d", s.ExpiredFields, s.Databases[0].Keys, h.m.NextDeadline())
	}
}

// TestDueFieldsAreInvisibleBeforeTheyAreRemoved: with removal turned off, commands meet them as missing, but for HLEN, as in Redis.
func TestDueFieldsAreInvisibleBeforeTheyAreRemoved(t *testing.T) {
	for _, test := range []struct{ command, want string }{
		{"HGET h a", "nil"}, {"HMGET h a b", `*2 nil "2"`}, {"HEXISTS h a", ":0"}, {"HSTRLEN h a", ":0"}, {"HLEN h", ":2"}, {"HGETALL h", `*2 "b" "2"`},
		{"HKEYS h", `*1 "b"`}, {"HVALS h", `*1 "2"`}, {"HSCAN h 0", `*2 "0" *2 "b" "2"`}, {"HRANDFIELD h", `"b"`}, {"HRANDFIELD h 5", `*1 "b"`},
		{"HRANDFIELD h -2", `*2 "b" "b"`}, {"HTTL h FIELDS 1 a", "*1 :-2"}, {"HSET h a 5", ":1"}, {"HSETNX h a 5", ":1"}, {"HDEL h a", ":0"},
		{"HINCRBY h a 5", ":5"}, {"HINCRBYFLOAT h a 5", `"5"`}, {"HEXPIRE h 10 FIELDS 1 a", "*1 :-2"}, {"HPERSIST h FIELDS 1 a", "*1 :-2"},
		{"HGETDEL h FIELDS 1 a", "*1 nil"}, {"HGETEX h EX 10 FIELDS 1 a", "*1 nil"}, {"HSETEX h FXX FIELDS 1 a 5", ":0"},
		{"HSETEX h FNX KEEPTTL FIELDS 1 a 5", ":1"},
	} {
		t.Run(test.command, func(t *testing.T) {
			h := newHarness(t)
			script(t, h, "DEBUG SET-ACTIVE-EXPIRE 0 => OK\n HSET h a 1 b 2 => :2\n HPEXPIRE h 100 FIELDS 1 a => *1 :1\n tick 100")
			if h.m.NextDeadline() != 0 {
				t.Fatal("a deadline is announced that nothing will come of")
			}
			h.expect(test.command, test.want)
			if got := h.do("HTTL h FIELDS 1 a"); got != "*1 :-2" && got != "*1 :-1" {
				t.Fatalf("the field has the deadline %s", got)
			}
			h.do("DEBUG SET-ACTIVE-EXPIRE 1")
			h.tick(0)
			if got := h.do("HLEN h"); got != ":1" && !strings.Contains("HSET HSETNX HINCRBY HINCRBYFLOAT HSETEX", strings.Fields(test.command)[0]) {
				t.Fatalf("%s fields are left after the removal", got)
			}
		})
	}
}

// TestDueFieldsAreRemovedInBoundedSteps: a slot removes no more than its bound and what one part has.
func TestDueFieldsAreRemovedInBoundedSteps(t *testing.T) {
	h := newHarness(t)
	const n = 3 * expirePerApply
	hashOfFields(h, n)
	for i := range n {
		h.do(fmt.Sprintf("HPEXPIRE h 100000 FIELDS 1 f%d", i))
	}
	h.tick(100000)
	for left := n; left > 0; h.tick(0) {
		now := 0
		if _, err := fmt.Sscanf(h.do("HLEN h"), ":%d", &now); err != nil {
			now = 0
		}
		if gone := left - now; gone > 2*(expirePerApply+blockElements) || now > 0 && gone < expirePerApply {
			t.Fatalf("one or two slots removed %d fields", gone)
		}
		if got, _ := h.read(h.now, "HGETALL h"); got != "*0" {
			t.Fatalf("due fields are visible: %.40s", got)
		}
		left = now
	}
	h.expect("EXISTS h", ":0")
}

// TestAReadThatMeetsADueFieldSaysSo: the local clock is ahead of the log's.
func TestAReadThatMeetsADueFieldSaysSo(t *testing.T) {
	for _, test := range []struct {
		command string
		due     bool
	}{
		{"HGET h a", true}, {"HMGET h b a", true}, {"HEXISTS h a", true}, {"HGETALL h", true}, {"HKEYS h", true}, {"HSCAN h 0", true},
		{"HRANDFIELD h 2", true}, {"HTTL h FIELDS 1 a", true}, {"HSTRLEN h a", true},
		{"HGET h b", false}, {"HGETALL other", false}, {"TYPE h", false},
	} {
		t.Run(test.command, func(t *testing.T) {
			h := newHarness(t)
			script(t, h, `HSET h a 1 b 2 => :2
				HSET other a 1 => :1
				HPEXPIRE h 100 FIELDS 1 a => *1 :1`)
			if _, due := h.read(h.now+99, test.command); due {
				t.Fatal("due before the deadline")
			}
			if _, due := h.read(h.now+100, test.command); due != test.due {
				t.Fatalf("due is %v at the deadline", due)
			}
			h.tick(100)
			if _, due := h.read(h.now, test.command); due {
				t.Fatal("due after the tick")
			}
		})
	}
}

// TestWatchSeesFieldsGo, when they are removed, and when they are only due.
func TestWatchSeesFieldsGo(t *testing.T) {
	for _, active := range []string{"1", "0"} {
		h := newHarness(t)
		script(t, h, "DEBUG SET-ACTIVE-EXPIRE "+active+" => OK\n HSET h a 1 b 2 => :2\n HPEXPIRE h 100 FIELDS 1 a => *1 :1")
		version, w := h.do("OBJECT VERSION h"), h.watch("h")
		h.tick(99)
		if got := h.exec([]Watch{w}, "HLEN h"); got != "*1 :2" {
			t.Fatalf("EXEC before the deadline replied %s", got)
		}
		h.tick(1)
		if got := h.exec([]Watch{w}, "HLEN h"); got != "nil" {
			t.Fatalf("EXEC after a field went replied %s", got)
		}
		if again := h.do("OBJECT VERSION h"); (again == version) != (active == "0") {
			t.Fatalf("with removal %s the version was %s and is %s", active, version, again)
		}
		if got := h.exec([]Watch{h.watch("h")}, "HGET h b"); got != `*1 "2"` {
			t.Fatalf("a new WATCH is not kept: %s", got)
		}
	}
}

// TestADeadlineAloneLeavesTheVersion, as EXPIRE does, and WATCH sees it.
func TestADeadlineAloneLeavesTheVersion(t *testing.T) {
	h := newHarness(t)
	h.do("HSET h a 1")
	for _, command := range []string{"HEXPIRE h 100 FIELDS 1 a", "HGETEX h EX 200 FIELDS 1 a", "HPERSIST h FIELDS 1 a"} {
		version, w := h.do("OBJECT VERSION h"), h.watch("h")
		h.do(command)
		if again := h.do("OBJECT VERSION h"); again != version {
			t.Errorf("%s changed the version", command)
		}
		if got := h.exec([]Watch{w}, "HLEN h"); got != "nil" {
			t.Errorf("WATCH does not see %s", command)
		}
	}
}

// TestAFieldsDeadlineAtTheHighestVersion: what nobody asks for cannot be refused.
func TestAFieldsDeadlineAtTheHighestVersion(t *testing.T) {
	h := newHarness(t)
	script(t, h, `
		SET h 1 VER 9223372036854775806 => OK
		DEL h => :1
		HSETEX h PX 100 FIELDS 1 a 1 => :1
		HSET h b 1 => -ERR version would overflow
		HSETEX h PX 0 FIELDS 1 a 1 => -ERR version would overflow
		HGETDEL h FIELDS 1 a => -ERR version would overflow
		tick 100
		EXISTS h => :0
		OBJECT VERSION h => :9223372036854775807`)
}
