package statemachine

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"testing"
)

// BenchmarkApplyManyKeys sets random ones of a million keys, in batches of so many commands: what it costs is waiting for memory.
func BenchmarkApplyManyKeys(b *testing.B) {
	const keys = 1_000_000
	key := func(n int) []byte { return fmt.Appendf(nil, "key:%012d", n) }
	value := make([]byte, 128)
	m := New(Config{})
	set := func(n int) []byte {
		return AppendCommand(nil, 0, [][]byte{[]byte("SET"), key(n), value})
	}
	for n := range keys {
		m.Apply(uint64(n+1), Stamp{TimeMS: 1}, set(n), 1, nil)
	}
	random := rand.New(rand.NewPCG(1, 2))
	for _, size := range []int{1, 16, 64, 512} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			batches := make([][]byte, 64)
			for i := range batches {
				for range size {
					batches[i] = append(batches[i], set(random.IntN(keys))...)
				}
			}
			slot := uint64(keys)
			b.ResetTimer()
			for i := range b.N {
				slot++
				m.Apply(slot, Stamp{TimeMS: 1}, batches[i%len(batches)], size, nil)
				if i%len(batches) == 0 {
					b.StopTimer()
					for _, batch := range batches {
						respread(batch, random, keys)
					}
					b.StartTimer()
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*size), "ns/cmd")
		})
	}
}

// respread gives the commands of a batch other keys.
func respread(batch []byte, random *rand.Rand, keys int) {
	for len(batch) > 0 {
		_, key, rest := peekKey(batch)
		copy(key, fmt.Appendf(nil, "key:%012d", random.IntN(keys)))
		batch = rest
	}
}

// What is looked ahead at is the key of each plain command, wherever it lies in the batch, and nothing of what does not decode.
func TestPeekKey(t *testing.T) {
	command := func(db int, args ...string) []byte {
		var list [][]byte
		for _, arg := range args {
			list = append(list, []byte(arg))
		}
		return AppendCommand(nil, db, list)
	}
	long := string(make([]byte, 300))
	batch := append(append(command(3, "SET", "a", long), command(0, "PING")...), command(1, "GET", long)...)
	db, key, rest := peekKey(batch)
	if db != 3 || string(key) != "a" {
		t.Errorf("SET: database %d, key %q", db, key)
	}
	if db, key, rest = peekKey(rest); db != 0 || key != nil {
		t.Errorf("PING: database %d, key %q", db, key)
	}
	if db, key, rest = peekKey(rest); db != 1 || string(key) != long || rest == nil || len(rest) != 0 {
		t.Errorf("GET: database %d, key of %d bytes, %d bytes left", db, len(key), len(rest))
	}
	bad := [][]byte{nil, {kindCommand}, AppendTick(nil), AppendExec(nil, nil, nil), {kindCommand, Databases, 1, 1, 'a'}, binary.AppendUvarint([]byte{kindCommand, 0, 2, 1, 'a'}, 1<<40)}
	for whole := command(3, "SET", "a", "b"); len(whole) > 0; {
		whole = whole[:len(whole)-1]
		bad = append(bad, whole)
	}
	for _, b := range bad {
		if _, _, rest := peekKey(b); rest != nil {
			t.Errorf("%q is taken for a command", b)
		}
	}
}

// Batches that are looked ahead in may hold anything: keys without a byte, keys that are missing, commands without keys, and what does
// not decode.
func TestLookingAheadDecidesNothing(t *testing.T) {
	commands := [][]string{{"SET", "", ""}, {"GET", ""}, {"SET", "a", ""}, {"PING"}, {"GET", "missing"}, {"APPEND", "", "x"}, {"DEL", "", "a"}, {"SET", "", ""}}
	var batch, one []byte
	apart, together := New(Config{}), New(Config{})
	for range 3 {
		for _, words := range commands {
			var args [][]byte
			for _, word := range words {
				args = append(args, []byte(word))
			}
			batch = AppendCommand(batch, 0, args)
			one = AppendCommand(one[:0], 0, args)
			apart.Apply(1, Stamp{TimeMS: 1}, one, 1, nil)
		}
	}
	batch = append(batch, kindCommand, 0, 2, 200)
	together.Apply(1, Stamp{TimeMS: 1}, batch, 3*len(commands)+1, nil)
	if a, b := apart.Digest(), together.Digest(); a != b {
		t.Errorf("one by one %x, in a batch %x", a, b)
	}
}
