package replication

import (
	"bytes"
	"testing"
	"time"
)

// BenchmarkStageQueue is the way of commands through a lane: an event loop puts them into the open chunk one by one, and the group's loop takes it and
// numbers it as a flight, which is over as soon as its section is applied.
func BenchmarkStageQueue(b *testing.B) {
	command := bytes.Repeat([]byte{1}, stageCommandBytes)
	for _, n := range stageCounts {
		b.Run(stageName(n), func(b *testing.B) {
			g, l := newLaneAlone(time.Hour)
			g.cfg.Bounds = Bounds{}.withDefaults()
			g.origin = newOrigin(&Config{Self: 1})
			g.origin.remove() // the opening of the session
			replies := &items{}
			b.SetBytes(int64(n * len(command)))
			b.ReportAllocs()
			for b.Loop() {
				c := l.Begin()
				c.Replies = replies
				for range n {
					c.Commands = append(c.Commands, command...)
					c.Count++
				}
				l.End(c)
				l.collect()
				f := g.origin.add(l.held[0], 0, departure{})
				l.dropHeld()
				if g.origin.remove() == nil || f.section.count != uint32(n) {
					b.Fatalf("a flight of %d commands", f.section.count)
				}
			}
			nsPerCommand(b, n)
		})
	}
}
