package statemachine

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// manyElements are the names of some, from a few to more than a block holds.
func manyElements(rng *rand.Rand) []string {
	names := make([]string, 1+rng.IntN(4))
	if rng.IntN(6) == 0 {
		names = make([]string, 100+rng.IntN(200))
	}
	for i := range names {
		names[i] = fmt.Sprintf("e%d", rng.IntN(400))
	}
	return names
}

// collectionKey is a key that other types have too, or one that no other has.
func collectionKey(rng *rand.Rand, prefix string) string {
	if rng.IntN(2) == 0 {
		return randomKey(rng)
	}
	return prefix + randomKey(rng)
}

func randomHashCommand(rng *rand.Rand) [][]byte {
	key := collectionKey(rng, "h")
	field := fmt.Sprintf("e%d", rng.IntN(400))
	fields := "FIELDS 2 " + field + fmt.Sprintf(" e%d", rng.IntN(400))
	switch n := rng.IntN(24); {
	case n < 5:
		line := "HDEL " + key
		for _, name := range manyElements(rng) {
			line += " " + name
		}
		return words(line)
	case n < 12:
		line := pickWord(rng, "HSET ", "HMSET ") + key
		for _, name := range manyElements(rng) {
			line += " " + name + " " + randomValue(rng)
		}
		return words(line)
	case n < 13:
		return words(fmt.Sprintf("HINCRBY %s %s %d", key, field, rng.IntN(100)))
	case n < 14:
		return words(fmt.Sprintf("HINCRBYFLOAT %s %s %g", key, field, rng.NormFloat64()))
	case n < 15:
		return words(fmt.Sprintf("HSETNX %s %s %s", key, field, randomValue(rng)))
	}
	return randomFieldExpiry(rng, key, fields, field)
}

// randomFieldExpiry is a command that knows of deadlines of fields; they are mostly short.
func randomFieldExpiry(rng *rand.Rand, key, fields, field string) [][]byte {
	time := rng.IntN(300)
	switch rng.IntN(10) {
	case 0:
		return words(fmt.Sprintf("%s %s %d %s", pickWord(rng, "HEXPIRE", "HPEXPIRE"), key, time, fields))
	case 1:
		return words(fmt.Sprintf("HPEXPIREAT %s %d %s", key, testStart+rng.Int64N(20000), fields))
	case 2:
		return words(fmt.Sprintf("HEXPIREAT %s %d %s", key, testStart/1000+rng.Int64N(20), fields))
	case 3:
		return words(fmt.Sprintf("HPERSIST %s %s", key, fields))
	case 4:
		return words(fmt.Sprintf("HGETDEL %s %s", key, fields))
	case 5:
		return words(fmt.Sprintf("HGETEX %s PX %d %s", key, time, fields))
	case 6, 7:
		line := ""
		names := manyElements(rng)
		for _, name := range names {
			line += " " + name + " v"
		}
		return words(fmt.Sprintf("HSETEX %s PX %d FIELDS %d%s", key, 1+time, len(names), line))
	case 8:
		return words(fmt.Sprintf("HSETEX %s %s FIELDS 1 %s v", key, pickWord(rng, "FNX", "FXX", "KEEPTTL", "PXAT 1"), field))
	}
	return words(fmt.Sprintf("HRANDFIELD %s %d WITHVALUES", key, rng.IntN(60)-20)) // whose reply shows that chance is the slot's
}

func TestHashes(t *testing.T) {
	scripts(t, []scriptTest{
		{"set, get, delete", `
			HSET h a 1 b 2 => :2
			HSET h a 3 c 4 => :1
			HGET h a => "3"
			HGET h x => nil
			HGET none x => nil
			HLEN h => :3
			HLEN none => :0
			HGETALL h => *6 "a" "3" "b" "2" "c" "4"
			HGETALL none => *0
			HDEL h a x a => :1
			HDEL h b c => :2
			EXISTS h => :0
			HDEL h b => :0`},
		{"wrong types and numbers of arguments", `
			SET s 1 => OK
			HSET s a 1 => -WRONGTYPE Operation against a key holding the wrong kind of value
			HGET s a => -WRONGTYPE Operation against a key holding the wrong kind of value
			HSET h a => -ERR wrong number of arguments for 'hset' command
			HSET h a 1 b => -ERR wrong number of arguments for 'hset' command
			HSET h a 1 => :1
			GET h => -WRONGTYPE Operation against a key holding the wrong kind of value
			TYPE h => hash
			OBJECT ENCODING h => "listpack"
			SET h 1 => OK
			TYPE h => string`},
		{"setting", `
			HMSET h a 1 b 2 => OK
			HMSET h a => -ERR wrong number of arguments for 'hmset' command
			HMSET h a 1 b => -ERR wrong number of arguments for 'hmset' command
			HSETNX h a 5 => :0
			HSETNX h c 5 => :1
			HSETNX n a 5 => :1
			HMGET h a x c => *3 "1" nil "5"
			HMGET none a b => *2 nil nil
			HEXISTS h a => :1
			HEXISTS h x => :0
			HEXISTS none x => :0
			HSTRLEN h c => :1
			HSTRLEN h x => :0
			HSTRLEN none x => :0
			HKEYS h => *3 "a" "b" "c"
			HVALS h => *3 "1" "2" "5"
			HKEYS none => *0
			HVALS none => *0`},
		{"numbers", `
			HINCRBY h n 5 => :5
			HINCRBY h n -7 => :-2
			HINCRBY h n abc => -ERR value is not an integer or out of range
			HSET h s abc max 9223372036854775807 e "" => :3
			HINCRBY h s 1 => -ERR hash value is not an integer
			HINCRBY h e 1 => -ERR hash value is not an integer
			HINCRBY h max 1 => -ERR increment or decrement would overflow
			HINCRBYFLOAT h n 10.5 => "8.5"
			HINCRBYFLOAT h f 0.1 => "0.1"
			HINCRBYFLOAT h f 0.2 => "0.3"
			HINCRBYFLOAT h f 2.0e2 => "200.3"
			HINCRBYFLOAT h s 1 => -ERR hash value is not a float
			HINCRBYFLOAT h f abc => -ERR value is not a valid float
			HINCRBYFLOAT h f inf => -ERR value is NaN or Infinity
			HGET h f => "200.3"
			SET s 1 => OK
			HINCRBY s n 1 => -WRONGTYPE Operation against a key holding the wrong kind of value
			HINCRBYFLOAT s n 1 => -WRONGTYPE Operation against a key holding the wrong kind of value`},
		{"random fields", `
			HSET h a 1 => :1
			HRANDFIELD h => "a"
			HRANDFIELD none => nil
			HRANDFIELD none 3 => *0
			HRANDFIELD none -3 WITHVALUES => *0
			HRANDFIELD h 0 => *0
			HRANDFIELD h 5 => *1 "a"
			HRANDFIELD h 5 WITHVALUES => *2 "a" "1"
			HRANDFIELD h -2 => *2 "a" "a"
			HRANDFIELD h -2 withvalues => *4 "a" "1" "a" "1"
			HRANDFIELD h abc => -ERR value is not an integer or out of range
			HRANDFIELD h 1 BOGUS => -ERR syntax error
			HRANDFIELD h 1 WITHVALUES x => -ERR syntax error
			HRANDFIELD h -9223372036854775808 => -ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807
			HRANDFIELD h 9223372036854775807 WITHVALUES => -ERR value is out of range
			HRANDFIELD h -1048577 => -ERR value is out of range`},
		{"iteration", `
			HSET h a 1 b 2 ab 3 => :3
			HSCAN h 0 => *2 "0" *6 "a" "1" "b" "2" "ab" "3"
			HSCAN h 7 MATCH a* COUNT 1 => *2 "0" *4 "a" "1" "ab" "3"
			HSCAN h 0 NOVALUES MATCH a* => *2 "0" *2 "a" "ab"
			HSCAN none 0 BOGUS => *2 "0" *0
			HSCAN none abc => -ERR invalid cursor
			HSCAN h 0 COUNT 0 => -ERR syntax error
			HSCAN h 0 COUNT => -ERR syntax error
			HSCAN h 0 COUNT abc => -ERR value is not an integer or out of range
			HSCAN h 0 TYPE hash => -ERR syntax error
			SCAN 0 NOVALUES => -ERR NOVALUES option can only be used in HSCAN
			SET s 1 => OK
			HSCAN s 0 => -WRONGTYPE Operation against a key holding the wrong kind of value`},
	})
}

// TestRandomFieldsInRESP3: each field with its value is an array of its own.
func TestRandomFieldsInRESP3(t *testing.T) {
	h := newHarness(t)
	h.proto = 3
	script(t, h, `
		HSET h a 1 => :1
		HRANDFIELD h 1 WITHVALUES => *1 *2 "a" "1"
		HRANDFIELD h -2 WITHVALUES => *2 *2 "a" "1" *2 "a" "1"
		HRANDFIELD h 1 => *1 "a"
		HGETALL h => %1 "a" "1"
		HGETALL none => %0
		HSCAN h 0 => *2 "0" *2 "a" "1"`)
}

// hashOfFields makes a hash of n fields in a harness.
func hashOfFields(h *harness, n int) {
	for i := 0; i < n; i += 100 {
		line := "HSET h"
		for j := range min(100, n-i) {
			line += fmt.Sprintf(" f%d %d", i+j, i+j)
		}
		h.do(line)
	}
}

// TestALargeHashIsIteratedAsAWhole calls HSCAN until its end.
func TestALargeHashIsIteratedAsAWhole(t *testing.T) {
	h := newHarness(t)
	const n = 5000
	hashOfFields(h, n)
	seen, calls := map[string]bool{}, 0
	for cursor := "0"; ; calls++ {
		got := strings.Fields(h.do("HSCAN h " + cursor + " COUNT 50 NOVALUES"))
		for _, field := range got[3:] {
			seen[field] = true
		}
		if len(got) > 3+50+blockElements {
			t.Fatalf("a call with COUNT 50 returned %d fields", len(got)-3)
		}
		if cursor = strings.Trim(got[1], `"`); cursor == "0" {
			break
		}
	}
	if len(seen) != n || calls < n/(50+blockElements)/2 {
		t.Errorf("%d fields came in %d calls", len(seen), calls)
	}
}

// TestRandomFieldsAreDifferentAndFair: of many and of few, each field comes as often as another, and none twice in a reply.
func TestRandomFieldsAreDifferentAndFair(t *testing.T) {
	h := newHarness(t)
	const n, rounds = 1000, 400
	hashOfFields(h, n)
	for _, count := range []int{100, 500, 999} { // drawn, passed by
		times := map[string]int{}
		for range rounds {
			fields := strings.Fields(h.do(fmt.Sprintf("HRANDFIELD h %d", count)))[1:]
			once := map[string]bool{}
			for _, field := range fields {
				once[field] = true
				times[field]++
			}
			if len(fields) != count || len(once) != count {
				t.Fatalf("HRANDFIELD h %d returned %d fields, %d different", count, len(fields), len(once))
			}
		}
		for i := range n {
			if got, want := times[fmt.Sprintf(`"f%d"`, i)], rounds*count/n; got < want/3 || got > 3*want {
				t.Errorf("with a count of %d f%d came %d times of %d", count, i, got, want)
			}
		}
	}
	if got := h.do("HRANDFIELD h 5000"); !strings.HasPrefix(got, "*1000 ") {
		t.Errorf("more fields than there are: %.20s", got)
	}
}
