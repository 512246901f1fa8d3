package resp

import (
	"bytes"
	"strings"
	"testing"

	"github.com/tidwall/redcon"
)

// BenchmarkStageParse finds the commands in a packet.
func BenchmarkStageParse(b *testing.B) {
	for _, w := range stageWrites {
		for _, n := range stageCounts {
			b.Run(stageName(w.name, n), func(b *testing.B) {
				packet := []byte(strings.Repeat(w.request, n))
				s := NewScanner(Limits{})
				b.SetBytes(int64(len(packet)))
				b.ReportAllocs()
				for b.Loop() {
					for at := 0; at < len(packet); {
						taken, args, err := s.Next(packet[at:])
						if len(args) == 0 || err != nil {
							b.Fatal(len(args), err)
						}
						at += taken
					}
				}
				nsPerCommand(b, n)
			})
		}
	}
}

// BenchmarkRedcon is BenchmarkStageParse/set-128B-x16 by the parser that this package does not use.
func BenchmarkRedcon(b *testing.B) {
	const n = 16
	packet := bytes.Repeat(pipelinedSet, n)
	var args [][]byte
	b.SetBytes(int64(len(packet)))
	b.ReportAllocs()
	for b.Loop() {
		for rest := packet; len(rest) > 0; {
			var err error
			if _, args, _, rest, err = redcon.ReadNextCommand(rest, args); err != nil {
				b.Fatal(err)
			}
		}
	}
	nsPerCommand(b, n)
}
