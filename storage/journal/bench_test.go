package journal

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/paxredis/paxredis/replication/paxos"
)

var benchmarkSizes = []int{128, 4 << 10, 64 << 10, 1 << 20}

// BenchmarkSave is one frame of one record, synced; compare with BenchmarkRawSync, the least the disk allows.
func BenchmarkSave(b *testing.B) {
	for _, size := range benchmarkSizes {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			o := testOptions()
			o.SegmentBytes = DefaultSegmentBytes
			j, _ := create(b, o)
			defer closeJournal(b, j)
			<-j.spare.done
			r := record(0, 1, size)
			save(b, j, record(1, 1, 10))
			<-j.spare.done // the first preparations are not what is measured; later ones are
			slot := paxos.Slot(1)
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				slot++
				r.Slot = slot
				save(b, j, r)
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "syncs/s")
		})
	}
}

// BenchmarkRawSync is a pwrite and an fdatasync of as many bytes into a preallocated, zero-filled file.
func BenchmarkRawSync(b *testing.B) {
	for _, size := range benchmarkSizes {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			path := filepath.Join(b.TempDir(), "raw")
			if err := prepare(OS{}, path, DefaultSegmentBytes, nil); err != nil {
				b.Fatal(err)
			}
			file, err := OS{}.Open(path)
			if err != nil {
				b.Fatal(err)
			}
			defer file.Close()
			payload := [][]byte{record(1, 1, size).Entry.Payload}
			at := int64(0)
			b.SetBytes(int64(size))
			for b.Loop() {
				if at+int64(size) > DefaultSegmentBytes {
					at = 0
				}
				if err := file.WriteVector(payload, at); err != nil {
					b.Fatal(err)
				}
				if err := file.Sync(); err != nil {
					b.Fatal(err)
				}
				at += align(int64(size), sectorBytes)
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "syncs/s")
		})
	}
}

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
