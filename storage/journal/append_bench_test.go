package journal

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/paxredis/paxredis/replication/paxos"
)

// appendSizes are the payloads appended: the batches of so many SETs of 128 bytes, and large ones.
var appendSizes = []struct {
	name     string
	commands int // 0: whatever it is
	bytes    int
}{
	{"set-128B-x1", 1, 220},
	{"set-128B-x16", 16, 2540},
	{"set-128B-x256", 256, 39740},
	{"1MiB", 0, 1 << 20},
}

// BenchmarkStageAppend is one frame of one record, synced, as a node does it, and without the sync; compare the one with BenchmarkRawSync, the least
// the disk allows. Segments are prepared meanwhile, for which a fast journal has to wait.
func BenchmarkStageAppend(b *testing.B) {
	for _, seam := range []struct {
		name  string
		files FileSystem
	}{{"synced", OS{}}, {"unsynced", unsynced{}}} {
		for _, size := range appendSizes {
			b.Run(seam.name+"-"+size.name, func(b *testing.B) {
				r := []paxos.Record{record(1, 1, size.bytes)}
				writes := []paxos.Write{{Records: r}}
				j := &benchmarkJournal{files: seam.files}
				j.begin(b)
				defer j.end(b)
				b.SetBytes(int64(size.bytes))
				b.ReportAllocs()
				for b.Loop() {
					if j.appended > maxAppended {
						b.StopTimer()
						j.end(b)
						j.begin(b)
						r[0].Slot = 1
						b.StartTimer()
					}
					r[0].Slot++
					if err := j.Append(writes); err != nil {
						b.Fatal(err)
					}
				}
				if size.commands > 0 {
					b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*size.commands), "ns/cmd")
				}
			})
		}
	}
}

// maxAppended is how much of the disk a benchmark takes before it begins anew.
const maxAppended = 512 << 20

// benchmarkJournal is a journal that can be thrown away for another one.
type benchmarkJournal struct {
	*Journal
	files FileSystem
	dir   string
}

func (j *benchmarkJournal) begin(b *testing.B) {
	b.Helper()
	o := testOptions()
	o.SegmentBytes, o.Files = DefaultSegmentBytes, j.files
	j.Journal, j.dir = create(b, o)
	<-j.spare.done
	save(b, j.Journal, record(1, 1, 10))
	<-j.spare.done // the first preparations are not what is measured; later ones are
}

func (j *benchmarkJournal) end(b *testing.B) {
	b.Helper()
	closeJournal(b, j.Journal)
	if err := os.RemoveAll(j.dir); err != nil {
		b.Fatal(err)
	}
}

// unsynced is the operating system's files, which are left to it.
type unsynced struct{ OS }

func (unsynced) Create(name string) (File, error) { return neverSynced(OS{}.Create(name)) }
func (unsynced) Open(name string) (File, error)   { return neverSynced(OS{}.Open(name)) }

func neverSynced(f File, err error) (File, error) { return unsyncedFile{f}, err }

type unsyncedFile struct{ File }

func (unsyncedFile) Sync() error { return nil }

// BenchmarkRawSync is a pwrite and an fdatasync of as many bytes into a preallocated, zero-filled file.
func BenchmarkRawSync(b *testing.B) {
	for _, size := range appendSizes {
		b.Run(size.name, func(b *testing.B) {
			path := filepath.Join(b.TempDir(), "raw")
			if err := prepare(OS{}, path, DefaultSegmentBytes, nil); err != nil {
				b.Fatal(err)
			}
			file, err := OS{}.Open(path)
			if err != nil {
				b.Fatal(err)
			}
			defer file.Close()
			payload := [][]byte{record(1, 1, size.bytes).Entry.Payload}
			at := int64(0)
			b.SetBytes(int64(size.bytes))
			for b.Loop() {
				if at+int64(size.bytes) > DefaultSegmentBytes {
					at = 0
				}
				if err := file.WriteVector(payload, at); err != nil {
					b.Fatal(err)
				}
				if err := file.Sync(); err != nil {
					b.Fatal(err)
				}
				at += align(int64(size.bytes), sectorBytes)
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "syncs/s")
		})
	}
}
