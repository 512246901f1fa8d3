package statemachine

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/paxredis/paxredis/statemachine/rdb"
)

// dumpOf is DUMP's payload.
func (h *harness) dumpOf(key string) []byte {
	h.t.Helper()
	text, err := strconv.Unquote(h.do("DUMP " + key))
	if err != nil {
		h.t.Fatalf("DUMP %s: %v", key, err)
	}
	return []byte(text)
}

// restore runs RESTORE of a payload, with the words of line around it: key, time to live, options.
func (h *harness) restore(payload []byte, line string) string {
	h.t.Helper()
	args := words("RESTORE " + line)
	args = append(args[:3:3], append([][]byte{payload}, args[3:]...)...)
	return h.apply(1, AppendCommand(nil, h.db, args))[0]
}

func (h *harness) expectRestore(payload []byte, line, want string) {
	h.t.Helper()
	if got := h.restore(payload, line); got != want {
		h.t.Fatalf("RESTORE %s\n  replied %s\n  not     %s", line, got, want)
	}
}

func TestDumpAndRestoreStrings(t *testing.T) {
	h := newHarness(t)
	script(t, h, `
		DUMP nokey => nil
		SET k hello => OK
		DUMP k => "\x00\x05hello\n\x00cr\xdfve4 \n"
		SET n 100 => OK`)
	hello, number := h.dumpOf("k"), h.dumpOf("n")
	h.expectRestore(hello, "l 0", "OK")
	script(t, h, `
		GET l => "hello"
		TTL l => :-1
		OBJECT ENCODING l => "embstr"
		OBJECT VERSION l => :3`)
	h.expectRestore(hello, "l 0", "-BUSYKEY Target key name already exists.")
	h.expectRestore(number, "l 5000 replace", "OK")
	script(t, h, `
		GET l => "100"
		PTTL l => :5000
		OBJECT ENCODING l => "int"
		OBJECT VERSION l => :4`)
	h.expectRestore(number, "l 0 REPLACE", "OK")
	h.expect("TTL l", ":-1")
	h.expectRestore(number, fmt.Sprintf("l %d REPLACE ABSTTL IDLETIME 1000", h.now+7000), "OK")
	script(t, h, `
		PTTL l => :7000
		OBJECT IDLETIME l => :1000`)
	h.expectRestore(number, "l 0 REPLACE FREQ 255", "OK")
	h.expect("GET l", `"100"`)
}

// TestRestoreIntoThePast: a key whose time is over already is not made, and what it would replace goes.
func TestRestoreIntoThePast(t *testing.T) {
	h := newHarness(t)
	h.expect("SET k v VER 20", "OK")
	payload := h.dumpOf("k")
	h.expectRestore(payload, "l 1 ABSTTL", "OK")
	h.expectRestore(payload, "k 9223372036854775807 REPLACE", "OK")
	script(t, h, `
		EXISTS k l => :0
		OBJECT VERSION k => :20
		SET k w VER 20 => nil`)
}

func TestRestoreRefuses(t *testing.T) {
	h := newHarness(t)
	h.expect("SET k v", "OK")
	h.expect("SET top v VER 9223372036854775807", "OK")
	good := h.dumpOf("k")
	damaged := append([]byte(nil), good...)
	damaged[1]++
	late := rdb.Dump(rdb.Hash{{Name: []byte("a"), ExpireAt: maxFieldDeadline + 1}})
	empty := rdb.Dump(rdb.List{})
	for _, test := range []struct {
		payload    []byte
		line, want string
	}{
		{damaged, "l 0", "ERR DUMP payload version or checksum are wrong"},
		{good[:9], "l 0", "ERR DUMP payload version or checksum are wrong"},
		{nil, "l 0", "ERR DUMP payload version or checksum are wrong"},
		{empty, "l 0", "ERR Bad data format"},
		{late, "l 0", "ERR Bad data format"},
		{good, "l -1", "ERR Invalid TTL value, must be >= 0"},
		{good, "l abc", "ERR value is not an integer or out of range"},
		{good, "l 0 IDLETIME -1", "ERR Invalid IDLETIME value, must be >= 0"},
		{good, "l 0 FREQ 256", "ERR Invalid FREQ value, must be >= 0 and <= 255"},
		{good, "l 0 FREQ -1", "ERR Invalid FREQ value, must be >= 0 and <= 255"},
		{good, "l 0 FREQ abc", "ERR value is not an integer or out of range"},
		{good, "l 0 FREQ 1 IDLETIME 1", "ERR syntax error"},
		{good, "l 0 IDLETIME", "ERR syntax error"},
		{good, "l 0 BOGUS", "ERR syntax error"},
		{damaged, "k 0", "BUSYKEY Target key name already exists."},
		{damaged, "l -1", "ERR Invalid TTL value, must be >= 0"},
		{good, "top 0 REPLACE", "ERR version would overflow"},
	} {
		h.expectRestore(test.payload, test.line, "-"+test.want)
	}
	h.expect("MGET k l top", `*3 "v" nil "v"`)
}

// TestRestoreHoldsToTheLongestString: what a payload says of its length is no way around the configured one.
func TestRestoreHoldsToTheLongestString(t *testing.T) {
	h := newHarnessWith(t, Config{MaxStringBytes: 100})
	h.expectRestore(rdb.Dump(rdb.String(strings.Repeat("a", 100))), "k 0", "OK")
	h.expectRestore(rdb.Dump(rdb.String(strings.Repeat("a", 101))), "l 0", "-ERR Bad data format")
	h.expectRestore(rdb.Dump(rdb.String(strings.Repeat("abcdefghi ", 11))), "l 0", "-ERR Bad data format")
	h.expect("EXISTS k l", ":1")
}

// TestDumpsOfCollectionsComeBack: whole ones and ones in parts, over whatever the key held.
func TestDumpsOfCollectionsComeBack(t *testing.T) {
	withoutRaceDetector(t)
	h := newHarness(t)
	for _, line := range []string{"RPUSH k a 1 -5", "RPUSH k " + strings.Repeat("element ", 5000), "HSET k a 1 b 2", "HSET k " + manyFields(2000), "XADD k 5-1 a 1",
		"SADD k 3 1 2", "SADD k a 1", "SADD k " + manyFields(1000), "ZADD k 1 a 2.5 b", "ZADD k " + manyScores(2000)} {
		h.do("FLUSHALL")
		h.do(line)
		payload := h.dumpOf("k")
		for _, before := range []string{"DEL l", "SET l v", "RPUSH l " + strings.Repeat("other ", 3000), "HSET l " + manyFields(1000), "XADD l 1-1 b 2", "ZADD l " + manyScores(1000)} {
			h.do("DEL l")
			h.do(before)
			h.expectRestore(payload, "l 0 REPLACE", "OK")
			if a, b := h.do("DEBUG DIGEST-VALUE k"), h.do("DEBUG DIGEST-VALUE l"); a != b {
				t.Errorf("%.30s over %.10s is %s, not %s", line, before, b, a)
			}
			h.m.ks.verify(t)
		}
	}
}

// TestDumpsKeepTheDeadlinesOfFields: those that have come by the time of RESTORE are not seen, and go.
func TestDumpsKeepTheDeadlinesOfFields(t *testing.T) {
	h := newHarness(t)
	h.do("HSET k a 1 b 2 c 3")
	h.do("HPEXPIRE k 10 FIELDS 1 a")
	h.do("HPEXPIRE k 20 FIELDS 1 b")
	payload := h.dumpOf("k")
	h.expectRestore(payload, "l 0", "OK")
	script(t, h, `
		HPTTL l FIELDS 3 a b c => *3 :10 :20 :-1
		OBJECT ENCODING l => "listpackex"`)
	h.tick(15)
	h.expectRestore(payload, "m 0", "OK")
	h.expect("HMGET m a b c", `*3 nil "2" "3"`)
	h.tick(0)
	script(t, h, `
		HGETALL l => *4 "b" "2" "c" "3"
		HLEN m => :2
		DEL l k m => :3`)
	h.m.ks.verify(t)
}

func manyScores(n int) string {
	var all strings.Builder
	for i := range n {
		fmt.Fprintf(&all, "%d.25 member:%d ", i%100, i)
	}
	return all.String()
}

func manyFields(n int) string {
	var all strings.Builder
	for i := range n {
		fmt.Fprintf(&all, "field:%d %d ", i, i)
	}
	return all.String()
}

// TestDumpsGoToRedisAndComeFromThere: DUMP here is restored there, and the other way round, of all types.
func TestDumpsGoToRedisAndComeFromThere(t *testing.T) {
	r := startRedis(t)
	for name, lines := range rdbKeys {
		h := newHarness(t)
		r.do(words("FLUSHALL"))
		for line := range strings.SplitSeq(strings.ReplaceAll(lines, " K ", " k "), "|") {
			r.do(words(line))
		}
		payload, want := r.dumped("k")
		h.expectRestore(payload, "theirs 0", "OK")
		ours := h.dumpOf("theirs")
		got, err := rdb.Load(ours, maxStringDefault)
		if err != nil || !reflect.DeepEqual(rdb.Sorted(got), want) {
			t.Errorf("%s: redis-server's dump is restored as\n%v, %v\nnot\n%v", name, got, err, want)
		}
		h.m.ks.verify(t)
		if got := string(r.do([][]byte{[]byte("RESTORE"), []byte("ours"), []byte("0"), ours})); got != "+OK\r\n" {
			t.Fatalf("%s: redis-server's RESTORE replied %q", name, got)
		}
		if a, b := string(r.do(words("DEBUG DIGEST-VALUE k"))), string(r.do(words("DEBUG DIGEST-VALUE ours"))); a != b {
			t.Errorf("%s: redis-server restores our dump as another value", name)
		}
	}
}
