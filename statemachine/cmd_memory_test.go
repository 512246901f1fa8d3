package statemachine

import (
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
	small, large, timed := usage("SET k v"), usage("SET k "+strings.Repeat("v", 100_000)), usage("SET k v EX 100")
	if small < 64 || small > 128 || large < 100_000 || large > 120_000 || timed <= small {
		t.Errorf("%d, %d, %d bytes", small, large, timed)
	}
}
