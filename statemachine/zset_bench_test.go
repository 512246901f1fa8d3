package statemachine

import (
	"fmt"
	"runtime"
	"testing"
)

// benchedMembers is how many members the benchmarked sorted set has.
const benchedMembers = 1 << 20

// BenchmarkSortedSet runs commands on a sorted set of a million members, and says how many bytes each of them takes.
func BenchmarkSortedSet(b *testing.B) {
	before := heapInUse()
	h := newHarness(b)
	place := func(i int) int { return i * 7919 % benchedMembers }
	for i := range benchedMembers {
		line := fmt.Sprintf("ZADD z %d member:%08d", place(i), i)
		h.slot++
		h.m.Apply(h.slot, Stamp{TimeMS: testStart, Seed: 1}, AppendCommand(nil, 0, words(line)), 1, nil)
	}
	perMember := float64(heapInUse()-before) / benchedMembers
	for _, write := range []struct {
		name string
		line func(i int) string
	}{
		{"ZADD-new", func(i int) string { return fmt.Sprintf("ZADD z %d new:%08d", place(i), i) }},
		{"ZADD-move", func(i int) string {
			return fmt.Sprintf("ZADD z %d member:%08d", place(i+12345), i%benchedMembers)
		}},
		{"ZINCRBY", func(i int) string { return fmt.Sprintf("ZINCRBY z 1 member:%08d", place(i)) }},
	} {
		b.Run(write.name, func(b *testing.B) {
			commands := make([][]byte, b.N)
			for i := range commands {
				commands[i] = AppendCommand(nil, 0, words(write.line(i)))
			}
			b.ReportAllocs()
			b.ResetTimer()
			for _, command := range commands {
				h.slot++
				h.m.Apply(h.slot, Stamp{TimeMS: testStart, Seed: 1}, command, 1, nil)
			}
			b.ReportMetric(perMember, "bytes/member")
		})
	}
	for _, read := range []struct {
		name string
		line func(i int) string
	}{
		{"ZRANK", func(i int) string { return fmt.Sprintf("ZRANK z member:%08d", place(i)) }},
		{"ZRANGE-10", func(i int) string { return fmt.Sprintf("ZRANGE z %d %d", place(i), place(i)+9) }},
	} {
		b.Run(read.name, func(b *testing.B) {
			calls := make([]Args, b.N)
			for i := range calls {
				calls[i] = words(read.line(i))
			}
			w := &respWriter{proto: 2}
			row := h.m.table.Lookup(calls[0][0])
			b.ReportAllocs()
			b.ResetTimer()
			for _, call := range calls {
				v := h.m.Read(testStart)
				w.buf = w.buf[:0]
				v.Run(row, 0, call, w)
				v.Close()
			}
		})
	}
	runtime.KeepAlive(h)
}

func heapInUse() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
