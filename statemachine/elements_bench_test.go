package statemachine

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
)

// largeCollection is how many elements the collections of these benchmarks have.
const largeCollection = 1_000_000

// fillCollection gives a collection its elements, a thousand a command; one is what a command says of an element. It returns how many bytes of
// memory each of them takes.
func fillCollection(m *Machine, command string, one func(i int) string) (bytesEach float64) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	const each = 1000
	for i := 0; i < largeCollection; i += each {
		var line strings.Builder
		line.WriteString(command)
		for j := range each {
			line.WriteString(one(i + j))
		}
		m.Apply(uint64(i+1), Stamp{TimeMS: testStart, Seed: 1}, AppendCommand(nil, 0, words(line.String())), 1, nil)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	return float64(after.HeapAlloc-before.HeapAlloc) / largeCollection
}

// scattered is an element's number, far from the one before.
func scattered(i int) int { return i * 7919 % largeCollection }

// BenchmarkLargeCollections are commands on a hash and a set of a million elements, in sections of 16 commands, as the applier runs them; set-write gives
// a field another value of the same length, new adds elements.
func BenchmarkLargeCollections(b *testing.B) {
	field := func(i int) string { return fmt.Sprintf(" field:%07d %016d", i, i) }
	member := func(i int) string { return fmt.Sprintf(" member:%07d", i) }
	for _, test := range []struct {
		name, fill string
		element    func(int) string
		call       func(i int) string
	}{
		{"hset", "HSET k", field, func(i int) string { return "HSET k" + field(scattered(i))[:15] + fmt.Sprintf("%016d", i) }},
		{"hset-new", "HSET k", field, func(i int) string { return "HSET k" + field(largeCollection+i) }},
		{"hget", "HSET k", field, func(i int) string { return fmt.Sprintf("HGET k field:%07d", scattered(i)) }},
		{"sadd", "SADD k", member, func(i int) string { return "SADD k" + member(largeCollection+i) }},
		{"sismember", "SADD k", member, func(i int) string { return "SISMEMBER k" + member(scattered(i)) }},
		{"spop", "SADD k", member, func(int) string { return "SPOP k" }},
	} {
		b.Run(test.name, func(b *testing.B) {
			m, replies := New(Config{}), &encodedReplies{}
			bytesEach := fillCollection(m, test.fill, test.element)
			const n = 16
			sections := make([][]byte, 1<<14)
			for i := range sections {
				for j := range n {
					sections[i] = AppendCommand(sections[i], 0, words(test.call(i*n+j)))
				}
			}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				m.Apply(uint64(largeCollection+i), Stamp{TimeMS: testStart, Seed: uint64(i)}, sections[i%len(sections)], n, replies)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/cmd")
			b.ReportMetric(bytesEach, "B/element")
			if strings.Contains(string(replies.buf), "-ERR") {
				b.Errorf("replies: %.100q", replies.buf)
			}
		})
	}
}
