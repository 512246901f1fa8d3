package statemachine

import (
	"fmt"
	"strings"
	"testing"
)

// TestUsedMemoryIsTheTruth: what counts for maxmemory is within a tenth of what more the kernel has given, whatever the size of keys and values
// (to begin with it gives some MiB in advance), and what is removed counts no more.
func TestUsedMemoryIsTheTruth(t *testing.T) {
	withoutRaceDetector(t)
	for _, size := range []int{100, 1_000, 5_000, 40_000, 3 << 20} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			h := newHarness(t)
			value := strings.Repeat("v", size)
			var usedBefore, mappedBefore int64
			for i := 0; h.m.Used() < 96<<20; {
				if usedBefore == 0 && h.m.Used() > 8<<20 {
					usedBefore, mappedBefore = h.m.Used(), int64(h.m.Memory().Mapped)
				}
				var section []byte
				const keys = 64
				for range keys {
					i++
					section = AppendCommand(section, 0, words(fmt.Sprintf("SET key:%012d %s", i, value)))
				}
				h.apply(keys, section)
			}
			if used, mapped := h.m.Used()-usedBefore, int64(h.m.Memory().Mapped)-mappedBefore; used < mapped-mapped/10 || used > mapped+mapped/10 {
				t.Fatalf("%d bytes are used, and the kernel has given %d", used, mapped)
			}
			if h.expect("FLUSHALL", "OK"); h.m.Used() > 1<<20 {
				t.Fatalf("%d bytes are used by nothing", h.m.Used())
			}
		})
	}
}

// TestUsedMemoryCountsIndexesAndIsRestored: a collection in parts has an index on Go's heap, and a machine knows what it uses as soon as it is restored.
func TestUsedMemoryCountsIndexesAndIsRestored(t *testing.T) {
	h := newHarness(t)
	for i := range 2_000 {
		h.do(fmt.Sprintf("SADD set %d %0100d", i, i))
	}
	parts := h.m.ks.databases[0].parts.len()
	if got, want := h.m.Used(), int64(h.m.Memory().InUse+parts*indexBytes); parts < 10 || got != want {
		t.Fatalf("%d bytes are used with %d parts, not %d", got, parts, want)
	}
	before := h.m.Used()
	if h.m.Reset(); h.m.Used() > before/10 {
		t.Fatalf("%d bytes are used by an empty machine", h.m.Used())
	}
}

// TestScriptsOfANodeOutOfMemory: a command that could take more is refused in a script as Redis refuses it: not after a write, and not in
// scripts that allow it. Scripts with a first line are refused as a whole.
func TestScriptsOfANodeOutOfMemory(t *testing.T) {
	h := newHarness(t)
	h.expect("SET k v", "OK")
	h.calls(`"lib"`, "FUNCTION", "LOAD", "#!lua name=lib\nredis.register_function('plain', function(keys) return redis.call('SET', keys[1], 'x') end)\n"+
		"redis.register_function{function_name='allowed', callback=function(keys) return redis.call('SET', keys[1], 'x') end, flags={'allow-oom'}}\n"+
		"redis.register_function{function_name='reads', callback=function(keys) return redis.call('GET', keys[1]) end, flags={'no-writes'}}")
	const refused = "-" + errScriptOOM
	for _, test := range []struct{ name, body, want string }{
		{"EVAL", "return redis.pcall('SET', KEYS[1], 'x').err", `"` + errOOM + `"`},
		{"EVAL", "return redis.call('GET', KEYS[1])", `"v"`},
		{"EVAL", "redis.call('DEL', 'other') return redis.call('SET', KEYS[1], 'x')", "OK"},
		{"EVAL", "#!lua\nreturn redis.call('GET', KEYS[1])", refused},
		{"EVAL", "#!lua flags=no-writes\nreturn redis.call('GET', KEYS[1])", `"x"`},
		{"EVAL", "#!lua flags=allow-oom\nreturn redis.call('SET', KEYS[1], 'y')", "OK"},
		{"FCALL", "plain", refused}, {"FCALL", "allowed", "OK"}, {"FCALL", "reads", `"x"`},
	} {
		got := h.apply(1, AppendTight(nil, 0, [][]byte{[]byte(test.name), []byte(test.body), []byte("1"), []byte("k")}))[0]
		if got != test.want {
			t.Errorf("%s %q\n  replied %s\n  not     %s", test.name, test.body, got, test.want)
		}
	}
	h.calls("OK", "EVAL", "return redis.call('SET', KEYS[1], 'x')", "1", "k") // of another node, right behind
}
