package journal

import (
	"testing"

	"github.com/paxredis/paxredis/replication/paxos"
)

// BenchmarkReadDisk reads catch-up batches from disk.
func BenchmarkReadDisk(b *testing.B) {
	o := testOptions()
	o.SegmentBytes, o.CacheBytes = DefaultSegmentBytes, 1
	j, _ := create(b, o)
	defer closeJournal(b, j)
	var batch []paxos.Record
	for slot := paxos.Slot(1); slot <= 1000; slot++ {
		batch = append(batch, record(slot, 1, 1000))
	}
	save(b, j, batch...)
	b.SetBytes(1_000_000)
	for b.Loop() {
		if _, err := j.Read(1, 1000, 1<<30); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkOpen verifies and indexes a journal of a full segment.
func BenchmarkOpen(b *testing.B) {
	o := testOptions()
	o.SegmentBytes = DefaultSegmentBytes
	j, dir := create(b, o)
	for slot := paxos.Slot(1); slot <= 60; slot++ {
		save(b, j, record(slot, 1, 1<<20))
	}
	closeJournal(b, j)
	o.Boot = 1
	b.SetBytes(60 << 20)
	for b.Loop() {
		j, err := Open(dir, o)
		if err != nil {
			b.Fatal(err)
		}
		closeJournal(b, j)
	}
}
