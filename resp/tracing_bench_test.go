package resp

import (
	"bytes"
	"testing"
	"time"
)

// tracings are ways to trace, by what they cost a write that is not told about: nothing, where there is no sink; a look at the clock and at each
// item of a chunk, where there is one.
var tracings = []struct {
	name   string
	traced Tracing
}{
	{"off", Tracing{}},
	{"none-drawn", Tracing{Sink: func(WriteTrace) {}, Ratio: 1e-300, SlowerThan: time.Hour}},
	{"one-in-1000", Tracing{Sink: func(WriteTrace) {}, Ratio: 0.001}},
	{"all", Tracing{Sink: func(WriteTrace) {}, Ratio: 1}},
}

// BenchmarkStageTraced is the way of a packet of SETs through an event loop, from its socket to the replies, by what is traced of it.
func BenchmarkStageTraced(b *testing.B) {
	for _, how := range tracings {
		for _, n := range stageCounts {
			b.Run(stageName(how.name, n), func(b *testing.B) {
				l := newTracedStageLoop(b, how.traced)
				packet := bytes.Repeat(pipelinedSet, n)
				b.ReportAllocs()
				for b.Loop() {
					l.packet(packet)
					l.answer()
				}
				nsPerCommand(b, n)
			})
		}
	}
}

// Writes that are not told about take no memory for it, whether tracing is off or has passed them over.
func TestWhatIsNotTracedCostsNoAllocation(t *testing.T) {
	for _, how := range tracings[:2] {
		l := newTracedStageLoop(t, how.traced)
		packet := bytes.Repeat(pipelinedSet, 16)
		if got := testing.AllocsPerRun(100, func() {
			l.packet(packet)
			l.answer()
			if !l.client.idle() {
				t.Fatal("the client still waits")
			}
		}); got > 0 {
			t.Errorf("%s: %v allocations for 16 writes", how.name, got)
		}
	}
}
