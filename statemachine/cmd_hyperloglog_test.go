package statemachine

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
)

func TestHyperLogLogCommands(t *testing.T) {
	scripts(t, []scriptTest{
		{"PFADD and PFCOUNT", `
			PFCOUNT k => :0
			PFADD k => :1
			PFADD k => :0
			PFADD k a b c => :1
			PFADD k a b c => :0
			PFCOUNT k => :3
			PFADD l c d => :1
			PFCOUNT k l => :4
			PFCOUNT k nokey => :3
			TYPE k => string
			OBJECT ENCODING k => "raw"`},
		{"what adds nothing leaves the version, and so does PFCOUNT", `
			PFADD k a => :1
			OBJECT VERSION k => :1
			PFADD k a => :0
			PFCOUNT k => :1
			OBJECT VERSION k => :1
			PFADD k b => :1
			OBJECT VERSION k => :2
			PFDEBUG TODENSE k => :1
			PFDEBUG TODENSE k => :0
			OBJECT VERSION k => :3
			PFADD k a b => :0
			OBJECT VERSION k => :3
			EXPIRE k 10 => :1
			PFADD k c => :1
			TTL k => :10`},
		{"PFMERGE", `
			PFADD a 1 2 3 => :1
			PFADD b 3 4 => :1
			PFMERGE d a b nokey => OK
			PFCOUNT d => :4
			PFDEBUG ENCODING d => sparse
			PFDEBUG TODENSE b => :1
			PFMERGE d b => OK
			PFDEBUG ENCODING d => dense
			PFCOUNT d => :4
			PFMERGE e => OK
			PFCOUNT e => :0`},
		{"what is no HyperLogLog", `
			SET k v => OK
			PFADD k a => -WRONGTYPE Key is not a valid HyperLogLog string value.
			PFCOUNT k => -WRONGTYPE Key is not a valid HyperLogLog string value.
			PFCOUNT nokey k => -WRONGTYPE Key is not a valid HyperLogLog string value.
			PFMERGE d k => -WRONGTYPE Key is not a valid HyperLogLog string value.
			EXISTS d => :0
			PFDEBUG GETREG k => -WRONGTYPE Key is not a valid HyperLogLog string value.
			PFADD l a b c => :1
			SETRANGE l 16 z => :27
			PFCOUNT l => -INVALIDOBJ Corrupted HLL object detected
			PFMERGE d l => -INVALIDOBJ Corrupted HLL object detected
			PFDEBUG TODENSE l => -INVALIDOBJ Corrupted HLL object detected
			PFDEBUG GETREG l => -INVALIDOBJ Corrupted HLL object detected`},
		{"PFDEBUG and PFSELFTEST", `
			PFDEBUG ENCODING k => -ERR The specified key does not exist
			PFADD k a => :1
			PFDEBUG DECODE k => "Z:12711 v:2,1 Z:3672"
			PFDEBUG BOGUS k => -ERR Unknown PFDEBUG subcommand 'BOGUS'
			PFDEBUG TODENSE k => :1
			PFDEBUG DECODE k => -ERR HLL encoding is not sparse
			PFSELFTEST => OK`},
		{"at the highest version", `
			PFADD k a => :1
			GETDEL k => "HYLL\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x80q\xa6\x84NW"
			SET k "" VER 9223372036854775807 => OK
			PFADD k a => -WRONGTYPE Key is not a valid HyperLogLog string value.`},
	})
}

// TestHyperLogLogsOfOtherTypes: every command of HyperLogLogs refuses a value of another kind, and changes nothing.
func TestHyperLogLogsOfOtherTypes(t *testing.T) {
	for _, line := range []string{"PFADD k a", "PFCOUNT k", "PFCOUNT k l", "PFMERGE l k", "PFMERGE k l", "PFDEBUG ENCODING k"} {
		h := newHarness(t)
		h.expect("PFADD k a", ":1")
		h.m.ks.entry(&h.m.ks.databases[0], []byte("k")).object.kind = Kind(200)
		before := h.m.Digest()
		h.expect(line, "-"+errWrongType)
		if h.m.Digest() != before {
			t.Errorf("%s changed something", line)
		}
	}
}

// TestADenseHyperLogLogIsChangedInPlace: adding to 12 kB takes no copy of them.
func TestADenseHyperLogLogIsChangedInPlace(t *testing.T) {
	h := newHarness(t)
	h.expect("PFADD k a", ":1")
	h.expect("PFDEBUG TODENSE k", ":1")
	before := &h.m.ks.entry(&h.m.ks.databases[0], []byte("k")).object.str()[0]
	var elements []string
	for i := range 1000 {
		elements = append(elements, fmt.Sprint(i))
	}
	h.expect("PFADD k "+strings.Join(elements, " "), ":1")
	if &h.m.ks.entry(&h.m.ks.databases[0], []byte("k")).object.str()[0] != before {
		t.Error("the value is somewhere else")
	}
	h.expect("PFCOUNT k", ":1002") // an estimate; there are 1001
}

// TestHyperLogLogsAsRedis compares estimates, and values byte for byte, while they go from sparse to dense. Estimates are asked of copies,
// as redis-server writes them into the value.
func TestHyperLogLogsAsRedis(t *testing.T) {
	withoutRaceDetector(t)
	r := startRedis(t)
	for seed := range uint64(8) {
		h := newHarness(t)
		r.do(words("FLUSHALL"))
		rng := rand.New(rand.NewPCG(seed, 14))
		most := 1 << (2 * seed)
		for range 60 {
			key := pickWord(rng, "h1", "h2", "h3")
			add := words("PFADD " + key)
			for range rng.IntN(100) * int(seed+1) {
				add = append(add, strconv.AppendInt(nil, rng.Int64N(int64(most)*16), 10))
			}
			r.same(h, add)
			r.same(h, words("GET "+key))
			r.same(h, words("COPY "+key+" copy REPLACE"))
			r.same(h, words("PFCOUNT copy"))
			if rng.IntN(6) == 0 {
				r.same(h, words("PFMERGE "+pickWord(rng, "h1", "h4")+" h1 "+key))
				r.same(h, words("GET h1"))
				r.same(h, words("GET h4"))
			}
			r.same(h, words("PFCOUNT h1 h2 h4"))
		}
		for _, key := range []string{"h1", "h2", "h3", "h4"} {
			r.same(h, words("PFDEBUG DECODE "+key))
			r.same(h, words("PFDEBUG GETREG "+key))
			r.same(h, words("GET "+key))
		}
	}
}
