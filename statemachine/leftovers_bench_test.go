package statemachine

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// millionElements are how collections of a million small elements are made: a command for element i of the key.
var millionElements = []struct {
	name    string
	command func(i int) string
}{
	{"hash", func(i int) string { return fmt.Sprintf("HSET large field:%d value:%d", i, i) }},
	{"list", func(i int) string { return fmt.Sprintf("RPUSH large element:%d", i) }},
	{"set", func(i int) string { return fmt.Sprintf("SADD large member:%d", i) }},
	{"zset", func(i int) string { return fmt.Sprintf("ZADD large %d member:%d", i*7919%1000003, i) }},
	{"stream", func(i int) string { return fmt.Sprintf("XADD large %d-1 field value:%d", i+1, i) }},
}

// BenchmarkRemoveAMillionElements tells the longest time that the state machine is busy with the removal itself (removal-ms), and with each of the commands
// behind it that free a bite (half of them take less than bite-ms): so long every other command waits.
func BenchmarkRemoveAMillionElements(b *testing.B) {
	for _, c := range millionElements {
		for _, removal := range []string{"DEL", "UNLINK"} {
			b.Run(c.name+"/"+removal, func(b *testing.B) {
				var itself time.Duration
				var behind []time.Duration
				for b.Loop() {
					b.StopTimer()
					h := newHarness(b)
					fillMillion(h, c.command)
					h.do("SET small text")
					b.StartTimer()
					itself = max(itself, timed(func() { h.do(removal + " large") }))
					for h.m.left.Load() > 0 {
						behind = append(behind, timed(func() { h.do("SET small text") }))
					}
				}
				b.ReportMetric(float64(itself.Microseconds())/1000, "removal-ms")
				slices.Sort(behind)
				b.ReportMetric(float64(behind[len(behind)/2].Microseconds())/1000, "bite-ms")
				b.ReportMetric(float64(len(behind))/float64(b.N), "bites")
			})
		}
	}
}

func fillMillion(h *harness, command func(i int) string) {
	const elements, perApply = 1_000_000, 1000
	for i := 0; i < elements; {
		var section []byte
		for range perApply {
			section = AppendCommand(section, 0, words(command(i)))
			i++
		}
		h.apply(perApply, section)
	}
}

func timed(do func()) time.Duration {
	start := time.Now()
	do()
	return time.Since(start)
}
