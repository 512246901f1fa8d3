package statemachine

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
)

func TestMemoryUsageAndDebugObject(t *testing.T) {
	scripts(t, []scriptTest{
		{"MEMORY USAGE", `
			MEMORY USAGE a => nil
			MEMORY USAGE a SAMPLES => -ERR syntax error
			MEMORY USAGE a SAMPLES -1 => -ERR syntax error
			MEMORY USAGE a SAMPLES x => -ERR value is not an integer or out of range
			MEMORY USAGE a FOO 1 => -ERR syntax error
			MEMORY USAGE => -ERR wrong number of arguments for 'memory|usage' command`},
		{"DEBUG OBJECT", `
			DEBUG OBJECT a => -ERR no such key
			SET a 12 => OK
			DEBUG OBJECT a => Value at:0x0 refcount:1 encoding:int serializedlength:8 lru:5501184 lru_seconds_idle:0`},
	})
}

// The estimate follows what the key takes: its bytes, the value's, and a deadline.
func TestMemoryUsageFollowsTheValue(t *testing.T) {
	usage := func(commands ...string) int {
		n := newHarness(t)
		for _, c := range commands {
			n.do(c)
		}
		size, err := strconv.Atoi(strings.TrimPrefix(n.do("MEMORY USAGE k SAMPLES 0"), ":"))
		if err != nil {
			t.Fatal(err)
		}
		return size
	}
	var rpush, hset, xadd []string
	for i := range 400 {
		rpush = append(rpush, fmt.Sprintf("RPUSH k %d-%s", i, strings.Repeat("v", 100)))
		hset = append(hset, fmt.Sprintf("HSET k %d %s", i, strings.Repeat("v", 100)))
		xadd = append(xadd, fmt.Sprintf("XADD k %d-1 f %s", i+1, strings.Repeat("v", 100)))
	}
	for name, commands := range map[string][]string{"list": rpush, "hash": hset, "stream": xadd} {
		if got := usage(commands...); got < 40_000 || got > 120_000 {
			t.Errorf("a %s of 40 kB takes %d bytes", name, got)
		}
		h := newHarness(t)
		for _, c := range commands {
			h.do(c)
		}
		if got := h.do("DEBUG OBJECT k"); !strings.Contains(got, " serializedlength:4") {
			t.Errorf("a %s of 40 kB: %s", name, got)
		}
		all, some := h.do("MEMORY USAGE k SAMPLES 0"), h.do("MEMORY USAGE k SAMPLES 3")
		if len(all) != len(some) {
			t.Errorf("a %s: by three parts %s, by all %s", name, some, all)
		}
	}
	small, large, timed := usage("SET k v"), usage("SET k "+strings.Repeat("v", 100_000)), usage("SET k v EX 100")
	if small < 64 || small > 128 || large < 100_000 || large > 120_000 || timed <= small {
		t.Errorf("%d, %d, %d bytes", small, large, timed)
	}
}

// What MEMORY USAGE says of large values is what the keyspace grows by as they come, within a tenth.
func TestMemoryUsageIsWhatTheKeyspaceGrowsBy(t *testing.T) {
	withoutRaceDetector(t)
	const elements = 20_000
	for name, command := range map[string]string{"hash": "HSET k field-%08d value-%[1]d", "list": "RPUSH k element-%08d", "set": "SADD k member-%08d",
		"sorted set": "ZADD k %d member-%08[1]d", "stream": "XADD k %d-1 field value-%08[1]d"} {
		n := newHarness(t)
		before := n.m.Used()
		for i := range elements {
			n.do(fmt.Sprintf(command, 1+i))
		}
		grew := n.m.Used() - before
		usage, err := strconv.ParseInt(strings.TrimPrefix(n.do("MEMORY USAGE k SAMPLES 0"), ":"), 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		if usage < grew-grew/10 || usage > grew+grew/10 {
			t.Errorf("%s: %d bytes of %d", name, usage, grew)
		}
	}
}
