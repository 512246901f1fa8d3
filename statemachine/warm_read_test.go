package statemachine

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// BenchmarkReadManyKeys gets random ones of many keys in pipelines of so many, with a look ahead and without.
func BenchmarkReadManyKeys(b *testing.B) {
	for _, count := range []int{100_000, 1_000_000} {
		key := func(n int) []byte { return fmt.Appendf(nil, "key:%012d", n) }
		value := make([]byte, 128)
		m := New(Config{})
		for n := range count {
			m.Apply(uint64(n+1), Stamp{TimeMS: 1}, AppendCommand(nil, 0, [][]byte{[]byte("SET"), key(n), value}), 1, nil)
		}
		table, err := NewTable(Commands())
		if err != nil {
			b.Fatal(err)
		}
		get, _ := table.Resolve([][]byte{[]byte("GET"), []byte("k")})
		const pipeline = 16
		keys := make([][]byte, 1<<16)
		for i := range keys {
			keys[i] = key(rand.IntN(count))
		}
		for _, ahead := range []bool{false, true} {
			b.Run(fmt.Sprintf("keys=%d/ahead=%v", count, ahead), func(b *testing.B) {
				reply := Discard
				args := [][]byte{[]byte("GET"), nil}
				for i := 0; i < b.N; i += pipeline {
					view := m.Read(2)
					now := keys[i&(len(keys)-1):][:pipeline]
					if ahead {
						view.Warm(0, now)
					}
					for _, k := range now {
						args[1] = k
						view.Run(get, 0, args, reply)
					}
					view.Close()
				}
			})
		}
	}
}
