package peer

import (
	"testing"

	"github.com/paxredis/paxredis/replication/paxos"
)

// openedAtOnce is how many messages are sealed, untimed, to be opened.
const openedAtOnce = 256

// BenchmarkStageOpen is what a link's reader does with an Accept: it has TLS decrypt it, checks its frame, and decodes it.
func BenchmarkStageOpen(b *testing.B) {
	for _, batch := range stageBatches {
		b.Run(batch.name, func(b *testing.B) {
			sender, receiver := stageLinks(b, &cable{})
			w, r := sender.writer, &reader{link: receiver}
			buf, held, sealed := make([]byte, readBufferBytes), 0, 0
			b.SetBytes(int64(batch.bytes))
			b.ReportAllocs()
			for b.Loop() {
				if sealed == 0 {
					b.StopTimer()
					for range openedAtOnce {
						w.sealAndFlush(b, accept(1, batch.bytes))
					}
					sealed = openedAtOnce
					b.StartTimer()
				}
				sealed--
				for r.batch = r.batch[:0]; len(r.batch) == 0; {
					n, err := receiver.conn.Read(buf[held:])
					if err != nil {
						b.Fatal(err)
					}
					consumed, err := r.frames(buf[:held+n])
					if err != nil {
						b.Fatal(err)
					}
					held = copy(buf, buf[consumed:held+n])
				}
				if m, ok := r.batch[0].(paxos.Accept); !ok || len(m.Entry.Payload) != batch.bytes {
					b.Fatalf("opened %T", r.batch[0])
				}
			}
			nsPerCommand(b, batch.commands)
		})
	}
}
