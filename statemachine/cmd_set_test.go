package statemachine

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// manyMembers are words of members, of integers alone as a rule, in the end of a line.
func manyMembers(rng *rand.Rand) string {
	names := manyElements(rng)
	if rng.IntN(2) == 0 {
		for i := range names {
			names[i] = strings.TrimPrefix(names[i], "e")
		}
	}
	return strings.Join(names, " ")
}

func randomSetCommand(rng *rand.Rand) [][]byte {
	key := func() string { return collectionKey(rng, "s") }
	switch n := rng.IntN(20); {
	case n < 8:
		return words("SADD " + key() + " " + manyMembers(rng))
	case n < 12:
		return words("SREM " + key() + " " + manyMembers(rng))
	case n < 13:
		return words("SMOVE " + key() + " " + key() + " " + fmt.Sprint(rng.IntN(400)))
	case n < 14:
		return words("SPOP " + key())
	case n < 15:
		return words(fmt.Sprintf("SPOP %s %d", key(), rng.IntN(200)))
	case n < 16:
		return words(fmt.Sprintf("SRANDMEMBER %s %d", key(), rng.IntN(60)-20))
	}
	command := pickWord(rng, "SINTERSTORE", "SUNIONSTORE", "SDIFFSTORE")
	return words(strings.Join([]string{command, key(), key(), key(), key()}[:3+rng.IntN(2)], " "))
}

func TestSets(t *testing.T) {
	scripts(t, []scriptTest{
		{"members", `
			SADD s b a b => :2
			SADD s a => :0
			SCARD s => :2
			SCARD none => :0
			SISMEMBER s a => :1
			SISMEMBER s x => :0
			SISMEMBER none x => :0
			SMISMEMBER s a x b => *3 :1 :0 :1
			SMISMEMBER none a x => *2 :0 :0
			SMEMBERS s => *2 "b" "a"
			SMEMBERS none => *0
			SREM s a x a => :1
			SREM none a => :0
			SREM s b => :1
			EXISTS s => :0`},
		{"members that are integers come in order", `
			SADD s 10 -3 7 => :3
			SMEMBERS s => *3 "-3" "7" "10"
			SSCAN s 0 => *2 "0" *3 "-3" "7" "10"
			SSCAN s 0 MATCH 1* => *2 "0" *1 "10"
			SADD s x => :1
			SMEMBERS s => *4 "10" "-3" "7" "x"
			SSCAN s 0 NOVALUES => -ERR NOVALUES option can only be used in HSCAN`},
		{"moving", `
			SADD a 1 2 => :2
			SADD b 2 => :1
			SMOVE a b 1 => :1
			SMOVE a b 1 => :0
			SMOVE a a 2 => :1
			SMOVE a a 1 => :0
			SMOVE none b 1 => :0
			SMOVE a b 2 => :1
			EXISTS a => :0
			SMEMBERS b => *2 "1" "2"
			SMOVE b c 2 => :1
			SMEMBERS c => *1 "2"
			SET s 1 => OK
			SMOVE s b 1 => -WRONGTYPE Operation against a key holding the wrong kind of value
			SMOVE b s 1 => -WRONGTYPE Operation against a key holding the wrong kind of value
			SMOVE none s 1 => :0`},
		{"chance", `
			SADD s 5 => :1
			SRANDMEMBER s => "5"
			SRANDMEMBER none => nil
			SRANDMEMBER s 3 => *1 "5"
			SRANDMEMBER s -3 => *3 "5" "5" "5"
			SRANDMEMBER s 0 => *0
			SRANDMEMBER none 3 => *0
			SRANDMEMBER s abc => -ERR value is not an integer or out of range
			SRANDMEMBER s -9223372036854775808 => -ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807
			SRANDMEMBER s -1048577 => -ERR value is out of range
			SRANDMEMBER s 1 2 => -ERR syntax error
			SPOP s 0 => *0
			SPOP s abc => -ERR value is out of range, must be positive
			SPOP s -1 => -ERR value is out of range, must be positive
			SPOP s 1 2 => -ERR syntax error
			SPOP s => "5"
			EXISTS s => :0
			SPOP s => nil
			SPOP s 3 => *0
			SADD s 3 1 2 => :3
			SPOP s 3 => *3 "1" "2" "3"
			EXISTS s => :0`},
		{"algebra", `
			SADD a 1 2 3 4 => :4
			SADD b 2 3 9 => :3
			SADD c 3 x => :2
			SINTER a b => *2 "2" "3"
			SINTER a b c => *1 "3"
			SINTER a none => *0
			SINTER a a => *4 "1" "2" "3" "4"
			SUNION a b => *5 "1" "2" "3" "4" "9"
			SUNION none => *0
			SDIFF a b c => *2 "1" "4"
			SDIFF a a => *0
			SDIFF none a => *0
			SDIFF a none => *4 "1" "2" "3" "4"
			SADD few 1 => :1
			SADD many 1 2 3 4 5 6 => :6
			SDIFF many few few none => *5 "2" "3" "4" "5" "6"
			SDIFFSTORE many many few few none => :5
			SINTERSTORE d a b => :2
			SMEMBERS d => *2 "2" "3"
			SUNIONSTORE a a c => :5
			SMEMBERS a => *5 "1" "2" "3" "4" "x"
			SDIFFSTORE a a b => :3
			SMEMBERS a => *3 "1" "4" "x"
			SET s 1 EX 100 => OK
			SUNIONSTORE s b => :3
			TTL s => :-1
			SINTERSTORE s b none => :0
			EXISTS s => :0
			SINTERSTORE s none b => :0`},
		{"the number of common members", `
			SADD a 1 2 3 4 => :4
			SADD b 2 3 4 => :3
			SINTERCARD 2 a b => :3
			SINTERCARD 2 a b LIMIT 2 => :2
			SINTERCARD 2 a b limit 0 => :3
			SINTERCARD 2 a none => :0
			SINTERCARD 0 a => -ERR numkeys should be greater than 0
			SINTERCARD abc a => -ERR numkeys should be greater than 0
			SINTERCARD 3 a b => -ERR Number of keys can't be greater than number of args
			SINTERCARD 1 a b => -ERR syntax error
			SINTERCARD 1 a LIMIT => -ERR syntax error
			SINTERCARD 1 a LIMIT -1 => -ERR LIMIT can't be negative
			SINTERCARD 1 a LIMIT abc => -ERR LIMIT can't be negative`},
		{"wrong types", `
			SET k 1 => OK
			SADD k 1 => -WRONGTYPE Operation against a key holding the wrong kind of value
			SPOP k => -WRONGTYPE Operation against a key holding the wrong kind of value
			SMEMBERS k => -WRONGTYPE Operation against a key holding the wrong kind of value
			SINTER none k => -WRONGTYPE Operation against a key holding the wrong kind of value
			SUNIONSTORE d none k => -WRONGTYPE Operation against a key holding the wrong kind of value
			SINTERCARD 1 k => -WRONGTYPE Operation against a key holding the wrong kind of value
			SSCAN k 0 => -WRONGTYPE Operation against a key holding the wrong kind of value
			SADD s 1 => :1
			HGET s 1 => -WRONGTYPE Operation against a key holding the wrong kind of value
			TYPE s => set`},
	})
}

// numbersFrom is SADD's line for n integers.
func numbersFrom(first, n int) string {
	var line strings.Builder
	for i := range n {
		fmt.Fprintf(&line, " %d", first+i)
	}
	return line.String()
}

// TestEncodingsOfSets: at the bounds of Redis 7.2.
func TestEncodingsOfSets(t *testing.T) {
	for _, test := range []struct{ name, commands, want string }{
		{"integers", "SADD s" + numbersFrom(0, 512), "intset"},
		{"too many integers", "SADD s" + numbersFrom(0, 512) + "\n SADD s 512", "hashtable"},
		{"too many in one command, though the same", "SADD s" + strings.Repeat(" 1", 513), "hashtable"},
		{"a word among few integers", "SADD s" + numbersFrom(0, 127) + "\n SADD s x", "listpack"},
		{"a word among many integers", "SADD s" + numbersFrom(0, 128) + "\n SADD s x", "hashtable"},
		{"a word goes again", "SADD s 1 x\n SREM s x", "listpack"},
		{"a long word", "SADD s " + strings.Repeat("x", 65), "hashtable"},
		{"a word that is just not too long", "SADD s " + strings.Repeat("x", 64), "listpack"},
		{"words alone, too many said", "SADD s x" + strings.Repeat(" x", 128), "hashtable"},
		{"the union of integers", "SADD a 1\n SADD b 2\n SUNIONSTORE s a b", "intset"},
		{"what integers have in common with words", "SADD a 1 x\n SADD b 1 y\n SINTERSTORE s a b", "intset"},
		{"a difference by asking", "SADD a 1 x\n SADD b x\n SDIFFSTORE s a b", "intset"},
		{"what a large pop leaves", "SADD s" + numbersFrom(0, 513) + "\n SPOP s 500", "listpack"},
		{"what a small pop leaves", "SADD s" + numbersFrom(0, 513) + "\n SPOP s 400", "hashtable"},
		{"another value", "SADD s x\n SUNIONSTORE s none\n SADD s 1", "intset"},
		{"a copy", "SADD a x\n COPY a s", "listpack"},
	} {
		t.Run(test.name, func(t *testing.T) {
			h := newHarness(t)
			for line := range strings.Lines(test.commands) {
				h.do(strings.TrimSpace(line))
			}
			h.expect("OBJECT ENCODING s", `"`+test.want+`"`)
		})
	}
}

// TestSetsAgainstAModel compares the results of all that combines sets with what maps give, for sets of all sizes.
func TestSetsAgainstAModel(t *testing.T) {
	withoutRaceDetector(t)
	rng := rand.New(rand.NewPCG(1, 12))
	for range 200 {
		h := newHarness(t)
		sets := make([]map[string]bool, 1+rng.IntN(4))
		keys := ""
		for i := range sets {
			sets[i] = map[string]bool{}
			most := 1 << rng.IntN(11)
			line := fmt.Sprintf("SADD s%d", i)
			for range most {
				name := fmt.Sprint(rng.IntN(most))
				sets[i][name] = true
				line += " " + name
			}
			h.do(line)
			keys += fmt.Sprintf(" s%d", i)
		}
		union, common, left := map[string]bool{}, maps.Clone(sets[0]), maps.Clone(sets[0])
		for i, set := range sets {
			maps.Copy(union, set)
			maps.DeleteFunc(common, func(name string, _ bool) bool { return !set[name] })
			maps.DeleteFunc(left, func(name string, _ bool) bool { return i > 0 && set[name] })
		}
		for command, want := range map[string]map[string]bool{"SUNION": union, "SINTER": common, "SDIFF": left} {
			sameNames(t, command, h.do(command+keys), want)
			if got := h.do(command + "STORE to" + keys); got != fmt.Sprintf(":%d", len(want)) {
				t.Fatalf("%sSTORE replied %s, not %d", command, got, len(want))
			}
			sameNames(t, command+"STORE", h.do("SMEMBERS to"), want)
		}
		h.expect(fmt.Sprintf("SINTERCARD %d%s", len(sets), keys), fmt.Sprintf(":%d", len(common)))
		h.m.ks.verify(t)
	}
}

func sameNames(t *testing.T, command, reply string, want map[string]bool) {
	t.Helper()
	got := strings.Fields(strings.ReplaceAll(reply, `"`, ""))[1:]
	slices.Sort(got)
	if !slices.Equal(got, slices.Sorted(maps.Keys(want))) {
		t.Fatalf("%s has %d members, not these %d", command, len(got), len(want))
	}
}

// TestSpopTakesEachMemberAsOftenAsAnother, and what it takes is gone.
func TestSpopTakesEachMemberAsOftenAsAnother(t *testing.T) {
	withoutRaceDetector(t)
	const n, rounds = 300, 400
	for _, count := range []int{50, 200} { // drawn, passed by
		times := map[string]int{}
		h := newHarness(t)
		for range rounds {
			h.do("SADD s" + numbersFrom(0, n))
			popped := strings.Fields(h.do(fmt.Sprintf("SPOP s %d", count)))[1:]
			for _, name := range popped {
				times[name]++
			}
			if got := h.do("SCARD s"); len(popped) != count || got != fmt.Sprintf(":%d", n-count) {
				t.Fatalf("%d members were taken, and %s are left", len(popped), got)
			}
		}
		for i := range n {
			if got, want := times[fmt.Sprintf(`"%d"`, i)], rounds*count/n; got < want/3 || got > 3*want {
				t.Errorf("with a count of %d %d was taken %d times of %d", count, i, got, want)
			}
		}
	}
}

// TestTheOriginsReadsDoNotDecideChance: reads that run at the origin alone, between the commands of a section, take numbers of chance, and
// must take none from the commands behind them.
func TestTheOriginsReadsDoNotDecideChance(t *testing.T) {
	origin, other := New(Config{}), New(Config{})
	encoded, n := section("SADD s"+numbersFrom(0, 1000), "SPOP s", "SPOP s 10", "SPOP s")
	srandmember := origin.table.Lookup([]byte("SRANDMEMBER"))
	c := &collector{proto: 2, next: func(_ int, v *View) { v.Run(srandmember, 0, words("SRANDMEMBER s"), Discard) }}
	origin.Apply(1, Stamp{TimeMS: testStart, Seed: 1}, encoded, n, c)
	other.Apply(1, Stamp{TimeMS: testStart, Seed: 1}, encoded, n, nil)
	if origin.Digest() != other.Digest() {
		t.Fatal("the nodes took different members")
	}
	if replies := c.replies(); replies[1] == replies[3] {
		t.Errorf("two commands of a section had the same chance: %v", replies)
	}
}
