package resp

import (
	"strings"
	"testing"
)

// BenchmarkStageDispatch is all that an event loop does with a packet of writes until it has handed them over: to parse and judge them, to encode
// them for the log, and to note who waits for which. What the lane does with them is replication's BenchmarkStageQueue.
func BenchmarkStageDispatch(b *testing.B) {
	for _, w := range stageWrites {
		for _, n := range stageCounts {
			b.Run(stageName(w.name, n), func(b *testing.B) {
				l := newStageLoop(b)
				packet := []byte(strings.Repeat(w.request, n))
				b.SetBytes(int64(len(packet)))
				b.ReportAllocs()
				for b.Loop() {
					l.packet(packet)
					if l.lane.chunk.Count != n {
						b.Fatalf("%d commands of %d were handed over", l.lane.chunk.Count, n)
					}
					l.discard()
				}
				nsPerCommand(b, n)
			})
		}
	}
}
