package storage

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/paxredis/paxredis/replication/paxos"
)

// BenchmarkSave is one record a Save, synced, in a directory that is not encrypted and in one that is.
func BenchmarkSave(b *testing.B) {
	for _, size := range []int{256, 4 << 10, 64 << 10} {
		for _, way := range []string{"plain", "encrypted"} {
			b.Run(fmt.Sprintf("%s-%d", way, size), func(b *testing.B) {
				if way == "encrypted" {
					b.Setenv(encrypting, "1")
				}
				o := testOptions()
				o.SegmentBytes = 64 << 20
				dir := filepath.Join(b.TempDir(), "data")
				s := mustOpen(b, dir, o)
				writes := []paxos.Write{write(1, string(make([]byte, size)))}
				b.SetBytes(int64(size))
				b.ReportAllocs()
				saved := 0
				for b.Loop() {
					if saved += size; saved > 512<<20 { // so much of the disk is enough
						b.StopTimer()
						mustClose(b, s)
						if err := os.RemoveAll(dir); err != nil {
							b.Fatal(err)
						}
						s, saved = mustOpen(b, dir, o), 0
						b.StartTimer()
					}
					writes[0].Records[0].Slot++
					if err := s.Save(writes); err != nil {
						b.Fatal(err)
					}
				}
				mustClose(b, s)
			})
		}
	}
}

// BenchmarkSeal is the sealing of one payload.
func BenchmarkSeal(b *testing.B) {
	for _, size := range []int{256, 4 << 10, 64 << 10} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			s, err := newRecordSealer(dataKey(1))
			if err != nil {
				b.Fatal(err)
			}
			r := write(1, string(make([]byte, size))).Records[0]
			var buffer []byte
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				buffer = s.Seal(buffer[:0], &r)
			}
		})
	}
}
