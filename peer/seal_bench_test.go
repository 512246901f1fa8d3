package peer

import "testing"

// BenchmarkStageSeal is what a link's writer does with an Accept: it takes it out of the outbox, encodes and frames it, and has TLS encrypt it.
func BenchmarkStageSeal(b *testing.B) {
	for _, batch := range stageBatches {
		b.Run(batch.name, func(b *testing.B) {
			l, _ := stageLinks(b, &cable{nowhere: true})
			w := l.writer
			m := accept(1, batch.bytes)
			b.SetBytes(int64(batch.bytes))
			b.ReportAllocs()
			for b.Loop() {
				w.sealAndFlush(b, m)
			}
			nsPerCommand(b, batch.commands)
			if l.r.counts.messagesSent.Load() == 0 || l.r.counts.unsendable.Load() > 0 {
				b.Error("not sent")
			}
		})
	}
}
