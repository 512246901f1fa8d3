package statemachine

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// randomSortCommand sorts a collection of any type, mostly into another key, by keys and fields that are mostly not there.
func randomSortCommand(rng *rand.Rand) [][]byte {
	key := collectionKey(rng, pickWord(rng, "l", "s", "z"))
	line := "SORT " + key + pickWord(rng, " ALPHA", " BY nosort", " BY *", " BY *->e1", " ALPHA BY h*->e1") + pickWord(rng, "", " DESC")
	if rng.IntN(2) == 0 {
		line += fmt.Sprintf(" LIMIT %d %d", rng.IntN(10), rng.IntN(20)-1)
	}
	line += pickWord(rng, "", " GET #", " GET # GET *")
	if rng.IntN(4) > 0 {
		line += " STORE " + collectionKey(rng, "l")
	}
	return words(line)
}

func TestSort(t *testing.T) {
	scripts(t, []scriptTest{
		{"numbers and texts", `
			RPUSH l 3 10 1 2.5 => :4
			SORT l => *4 "1" "2.5" "3" "10"
			SORT l DESC => *4 "10" "3" "2.5" "1"
			SORT l DESC ASC => *4 "1" "2.5" "3" "10"
			SORT l ALPHA => *4 "1" "10" "2.5" "3"
			SORT_RO l ALPHA DESC => *4 "3" "2.5" "10" "1"
			SORT none => *0
			RPUSH l a => :5
			SORT l => -ERR One or more scores can't be converted into double
			SORT l STORE d => -ERR One or more scores can't be converted into double
			SORT l BY nosort => *5 "3" "10" "1" "2.5" "a"
			RPUSH e "" -1 inf -inf 0x10 1.0 1 => :7
			SORT e => *7 "-inf" "-1" "" "1" "1.0" "0x10" "inf"
			SORT e DESC => *7 "inf" "0x10" "1.0" "1" "" "-1" "-inf"
			RPUSH n nan => :1
			SORT n => -ERR One or more scores can't be converted into double
			RPUSH small 2.2250738585072014e-308 -0x1p-1074 0x1.8p-1073 0e-400 => :4
			SORT small => *4 "-0x1p-1074" "0e-400" "0x1.8p-1073" "2.2250738585072014e-308"
			RPUSH rounded 1e-310 => :1
			SORT rounded => -ERR One or more scores can't be converted into double
			RPUSH half 0x1p-1075 => :1
			SORT half => -ERR One or more scores can't be converted into double
			ZADD z 1e-310 a => :1`},
		{"what is not sorted", `
			RPUSH l c a b => :3
			SORT l BY nosort => *3 "c" "a" "b"
			SORT l BY nosort DESC LIMIT 0 2 => *2 "b" "a"
			ZADD z 1 c 2 b 3 a => :3
			SORT z BY nosort => *3 "c" "b" "a"
			SORT z BY nosort DESC LIMIT 1 5 => *2 "b" "c"
			SORT z ALPHA => *3 "a" "b" "c"
			SADD s c a b 1 => :4
			SORT s BY nosort STORE d => :4
			LRANGE d 0 -1 => *4 "1" "a" "b" "c"
			SORT s BY nosort DESC STORE d => :4
			LRANGE d 0 -1 => *4 "c" "b" "a" "1"`},
		{"limits", `
			RPUSH l 3 1 2 => :3
			SORT l LIMIT 1 1 => *1 "2"
			SORT l LIMIT -5 1 => *1 "1"
			SORT l LIMIT 1 -1 => *2 "2" "3"
			SORT l LIMIT 1 0 => *0
			SORT l LIMIT 3 1 => *0
			SORT l LIMIT 9223372036854775807 9223372036854775807 => *0
			SORT l LIMIT 1 9223372036854775807 => *2 "2" "3"
			SORT l LIMIT a 1 => -ERR value is not an integer or out of range
			SORT l LIMIT 1 => -ERR syntax error`},
		{"patterns", `
			RPUSH l 1 2 3 => :3
			MSET w_1 9 w_2 8 o_1 one o_2 "" => OK
			HSET h1 w 1 n->n x => :2
			HSET h2 w 5 => :1
			SORT l BY w_* => *3 "3" "2" "1"
			SORT l BY h*->w DESC => *3 "2" "1" "3"
			SORT l ALPHA BY w_* => *3 "3" "2" "1"
			SORT l ALPHA BY w_* DESC => *3 "1" "2" "3"
			SORT l ALPHA BY none_* DESC => *3 "1" "2" "3"
			SORT l GET o_* GET # GET w_* => *9 "one" "1" "9" "" "2" "8" nil "3" nil
			SORT l GET h*->w => *3 "1" "5" nil
			SORT l GET h*->n->n => *3 "x" nil nil
			SORT l GET h*-> => *3 nil nil nil
			SORT l GET h* => *3 nil nil nil
			SORT l GET w_*->w => *3 nil nil nil
			SORT l GET fixed => *3 nil nil nil
			SORT l BY o_* => -ERR One or more scores can't be converted into double
			SORT l BY nosort BY w_* => *3 "1" "2" "3"`},
		{"storing", `
			RPUSH l 2 1 => :2
			SET d x PX 1000 => OK
			SORT l STORE d => :2
			TYPE d => list
			TTL d => :-1
			LRANGE d 0 -1 => *2 "1" "2"
			SORT l GET none_* GET # STORE d => :4
			LRANGE d 0 -1 => *4 "" "1" "" "2"
			SORT l DESC STORE l => :2
			LRANGE l 0 -1 => *2 "2" "1"
			SORT l STORE x STORE y => :2
			EXISTS x y => :1
			SORT l LIMIT 5 1 STORE y => :0
			EXISTS y => :0
			SORT none STORE none => :0`},
		{"errors", `
			SET s x => OK
			SORT s => -WRONGTYPE Operation against a key holding the wrong kind of value
			SORT s BOGUS => -ERR syntax error
			SORT_RO l STORE x => -ERR syntax error
			SORT l GET => -ERR syntax error
			SORT l BY => -ERR syntax error
			SORT l STORE => -ERR syntax error`},
	})
}

// TestTheHistoryOfASetDoesNotShowWhenItIsSorted: two sets of the same members, made in two ways, become the same list.
func TestTheHistoryOfASetDoesNotShowWhenItIsSorted(t *testing.T) {
	for _, options := range []string{"BY nosort", "BY nosort LIMIT 7 100", "ALPHA BY none_*", "ALPHA BY none_* DESC", "BY none_*"} {
		a, b := newHarness(t), newHarness(t)
		for i := range 1000 {
			a.do(fmt.Sprintf("SADD s m%d", i))
			b.do(fmt.Sprintf("SADD s m%d x%d", 999-i, i))
		}
		for i := range 1000 {
			b.do(fmt.Sprintf("SREM s x%d", i))
		}
		for _, line := range []string{"SORT s " + options, "SORT s " + options + " STORE d", "LRANGE d 0 -1"} {
			if of, other := a.do(line), b.do(line); of != other {
				t.Errorf("%s: %.80s and %.80s", line, of, other)
			}
		}
	}
}
