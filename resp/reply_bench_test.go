package resp

import (
	"bytes"
	"testing"

	"github.com/paxredis/paxredis/statemachine"
)

// BenchmarkStageReply is what becomes of the replies of a chunk: the applier's goroutine encodes them, and the event loop hands them to their
// client and its socket.
func BenchmarkStageReply(b *testing.B) {
	value := bytes.Repeat([]byte("v"), 128)
	for _, reply := range []struct {
		name  string
		write func(statemachine.Reply)
	}{
		{"ok", func(r statemachine.Reply) { r.Status("OK") }},
		{"int", func(r statemachine.Reply) { r.Int(1234567) }},
		{"bulk-128B", func(r statemachine.Reply) { r.Bulk(value) }},
	} {
		for _, n := range stageCounts {
			b.Run(stageName(reply.name, n), func(b *testing.B) {
				l := newStageLoop(b)
				l.packet(bytes.Repeat(pipelinedSet, n))
				waiting := append([]item(nil), l.lane.chunk.Replies.(*submission).items...)
				l.discard()
				b.ReportAllocs()
				for b.Loop() {
					s := l.newSubmission()
					s.items, s.tallies = append(s.items, waiting...), append(s.tallies, 0)
					l.client.pending = n
					for i := range n {
						reply.write(s.Next(i, nil))
					}
					s.Finish(1, nil)
					l.takeMail()
					l.endTurn()
					l.countReplies()
					if !l.client.idle() {
						b.Fatal("the client still waits")
					}
					l.handOverAll()
				}
				b.SetBytes(int64(l.stats.outputBytes.Load()) / int64(b.N))
				nsPerCommand(b, n)
			})
		}
	}
}
