package state

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/paxredis/paxredis/replication/paxos"
)

// cost counts what this process had the disk write, and how long it computed.
type cost struct{ written, cpu int64 }

func costSoFar(b *testing.B) (c cost) {
	b.Helper()
	text, err := os.ReadFile("/proc/self/io")
	if err != nil {
		b.Skip("this system does not say what a process writes:", err)
	}
	for line := range strings.Lines(string(text)) {
		_, _ = fmt.Sscanf(line, "write_bytes: %d", &c.written)
	}
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	c.cpu = usage.Utime.Nano() + usage.Stime.Nano()
	return c
}

// measured reports what work costs, once an operation.
func measured(b *testing.B, work func()) {
	b.Helper()
	before := costSoFar(b)
	b.StartTimer()
	work()
	b.StopTimer()
	after := costSoFar(b)
	b.ReportMetric(float64(after.written-before.written)/(1<<20), "written-MiB")
	b.ReportMetric(float64(after.cpu-before.cpu)/1e9, "cpu-s")
}

// million is a node whose state has a million keys with values of 100 bytes.
type million struct {
	*node
	r    *rand.Rand
	head paxos.Checkpoint
	sums [1_000_000]uint64 // of each record
}

func newMillion(b *testing.B) *million {
	b.StopTimer()
	return &million{node: openNode(b, b.TempDir()), r: rand.New(rand.NewPCG(1, 0)), head: paxos.Checkpoint{Spaces: []uint64{1}}}
}

// checkpoint takes one in which the records of those keys are new.
func (m *million) checkpoint(keys []int) {
	m.head.Slot++
	for len(keys) > 0 {
		n := min(2500, len(keys))
		var records []paxos.CheckpointRecord
		for _, k := range keys[:n] {
			record := set(1, fmt.Sprintf("key:%012d", k), randomBytes(m.r, 100))
			sum := paxos.RecordSum(1, record.Key, record.Value)
			m.head.Sum += sum - m.sums[k]
			m.sums[k] = sum
			records = append(records, record)
		}
		m.write(m.head.Slot, records...)
		keys = keys[n:]
	}
	m.publish(m.head)
}

func (m *million) fill() {
	m.head.Count = uint64(len(m.sums))
	m.checkpoint(m.r.Perm(len(m.sums)))
}

func BenchmarkCheckpointOfAMillion(b *testing.B) {
	for range b.N {
		m := newMillion(b)
		measured(b, m.fill)
		m.close()
	}
}

func BenchmarkTenCheckpointsWithATenthChanged(b *testing.B) {
	for range b.N {
		m := newMillion(b)
		m.fill()
		measured(b, func() {
			for range 10 {
				m.checkpoint(m.r.Perm(len(m.sums))[:len(m.sums)/10])
			}
		})
		m.close()
	}
}

func BenchmarkReceiveAMillion(b *testing.B) {
	for range b.N {
		m := newMillion(b)
		m.fill()
		parts, nexts := m.parts(m.head.Slot, 0, 256<<10)
		to := openNode(b, b.TempDir())
		measured(b, func() {
			if _, err := to.BeginReceive(m.head); err != nil {
				b.Fatal(err)
			}
			for i := range parts {
				if err := to.Receive(parts[i], nexts[i]); err != nil {
					b.Fatal(err)
				}
			}
			if err := to.FinishReceive(); err != nil {
				b.Fatal(err)
			}
		})
		to.close()
		m.close()
	}
}

func BenchmarkRenewAMillion(b *testing.B) {
	for range b.N {
		m := newMillion(b)
		m.fill()
		i, err := m.newestImage()
		if err != nil {
			b.Fatal(err)
		}
		measured(b, func() {
			if err := m.renew(i); err != nil {
				b.Fatal(err)
			}
		})
		m.close()
	}
}

func BenchmarkFourCheckpointsOf64MiBInOneValue(b *testing.B) {
	value := strings.Repeat("0123456789abcdef", 4<<20)
	for range b.N {
		b.StopTimer()
		n := openNode(b, b.TempDir())
		head := paxos.Checkpoint{Spaces: []uint64{1}}
		measured(b, func() {
			for i := range 4 {
				record := set(1, fmt.Sprint(i), value)
				head.Slot++
				head.Count++
				head.Sum += paxos.RecordSum(1, record.Key, record.Value)
				n.write(head.Slot, record)
				n.publish(head)
			}
		})
		n.close()
	}
}
