package statemachine

import (
	"fmt"
	"math/rand/v2"
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
	line := "HSET " + key
	switch n := rng.IntN(8); {
	case n < 3:
		line = "HDEL " + key
		for _, name := range manyElements(rng) {
			line += " " + name
		}
	default:
		for _, name := range manyElements(rng) {
			line += " " + name + " " + randomValue(rng)
		}
	}
	return words(line)
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
	})
}
