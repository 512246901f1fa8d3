package statemachine

import (
	"fmt"
	"strings"
	"testing"
)

// applyCounts are how many commands a section of a slot has.
var applyCounts = []int{1, 16, 256}

// appliedKeys is how many keys there are.
const appliedKeys = 1 << 16

// BenchmarkStageApply applies sections as the applier does, on the node whose clients wait for the replies and, "elsewhere", on the others. set-128B
// writes over values of the same length; new-128B has keys that were not there.
func BenchmarkStageApply(b *testing.B) {
	for _, write := range []struct {
		name, line string
		elsewhere  bool
	}{
		{"set-128B", "SET key:%012d " + strings.Repeat("v", 128), false},
		{"set-128B-elsewhere", "SET key:%012d " + strings.Repeat("v", 128), true},
		{"get-128B", "GET key:%012d", false},
		{"incr", "INCR number:%09d", false},
	} {
		for _, n := range applyCounts {
			b.Run(fmt.Sprintf("%s-x%d", write.name, n), func(b *testing.B) {
				m, replies := New(Config{}), &encodedReplies{}
				for key := range appliedKeys {
					applySection(m, replies, fmt.Sprintf("SET key:%012d %s", key, strings.Repeat("v", 128)))
					applySection(m, replies, fmt.Sprintf("SET number:%09d 1000000", key))
				}
				var waiting Replies = replies
				if write.elsewhere {
					waiting = nil
				}
				sections, bytes := appliedSections(write.line, n)
				b.SetBytes(bytes)
				b.ReportAllocs()
				for i := 0; b.Loop(); i++ {
					m.Apply(uint64(i+1), Stamp{TimeMS: testStart, Seed: 1}, sections[i%len(sections)], n, waiting)
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/cmd")
				if strings.Contains(string(replies.buf), "-ERR") {
					b.Errorf("replies: %.100q", replies.buf)
				}
			})
		}
	}
	for _, n := range applyCounts {
		b.Run(fmt.Sprintf("new-128B-x%d", n), func(b *testing.B) { benchmarkNewKeys(b, n) })
	}
}

// benchmarkNewKeys fills one machine after the other, each until it has all keys.
func benchmarkNewKeys(b *testing.B, n int) {
	sections, bytes := appliedSections("SET key:%012d "+strings.Repeat("v", 128), n)
	replies := &encodedReplies{}
	var m *Machine
	b.SetBytes(bytes)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if i%len(sections) == 0 {
			b.StopTimer()
			m = New(Config{})
			b.StartTimer()
		}
		m.Apply(uint64(i+1), Stamp{TimeMS: testStart, Seed: 1}, sections[i%len(sections)], n, replies)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/cmd")
}

// appliedSections are sections of n commands each that go over all keys once, in an order that is far from that of their places in memory, and how
// many bytes each has.
func appliedSections(line string, n int) (sections [][]byte, bytes int64) {
	for first := 0; first < appliedKeys; first += n {
		var s []byte
		for i := range n {
			s = AppendCommand(s, 0, words(fmt.Sprintf(line, (first+i)*40503%appliedKeys)))
		}
		sections = append(sections, s)
	}
	return sections, int64(len(sections[0]))
}

func applySection(m *Machine, replies Replies, line string) {
	m.Apply(m.slot+1, Stamp{TimeMS: testStart, Seed: 1}, AppendCommand(nil, 0, words(line)), 1, replies)
}

// encodedReplies are the replies of the newest section, encoded.
type encodedReplies struct{ respWriter }

func (r *encodedReplies) Next(i int, _ *View) Reply {
	if i == 0 {
		r.buf = r.buf[:0]
	}
	return &r.respWriter
}

func (r *encodedReplies) Finish(uint64, *View) {}
