package journal

import (
	"bytes"
	"errors"
	"hash/crc32"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/google/uuid"

	"github.com/paxredis/paxredis/replication/paxos"
)

var (
	testCluster = uuid.MustParse("6f0d1c5e-0000-4000-8000-0000000000c1")
	testNode    = uuid.MustParse("6f0d1c5e-0000-4000-8000-0000000000a1")
)

func testOptions() Options {
	return Options{Cluster: testCluster, Node: testNode, NodeID: 2, SegmentBytes: MinSegmentBytes}
}

// create makes a journal and opens it as boot 1.
func create(t testing.TB, o Options) (*Journal, string) {
	t.Helper()
	dir := t.TempDir()
	if err := Create(dir, o); err != nil {
		t.Fatal(err)
	}
	o.Boot = 1
	return open(t, dir, o), dir
}

// open opens a journal in the way a node does, with the boot of o raised before.
func open(t testing.TB, dir string, o Options) *Journal {
	t.Helper()
	if o.Boot == 0 {
		o.Boot = 1
	}
	j, err := Open(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	if err := j.BeginBoot(o.Boot); err != nil {
		t.Fatal(err)
	}
	return j
}

// crash ends a journal as kill -9 would: nothing is written any more.
func crash(t testing.TB, j *Journal) {
	t.Helper()
	j.closed = true
	close(j.stop)
	j.settler.Wait()
	<-j.spare.done
	if err := j.frontier.file.Close(); err != nil {
		t.Error(err)
	}
	if j.tail.file != nil {
		if err := j.tail.file.Close(); err != nil {
			t.Error(err)
		}
	}
}

func closeJournal(t testing.TB, j *Journal) {
	t.Helper()
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
}

func ballot(round paxos.Round) paxos.Ballot { return paxos.Ballot{Round: round, Node: 1} }

// record makes a record whose payload is random, but always the same for a slot and round.
func record(slot paxos.Slot, round paxos.Round, payloadBytes int) paxos.Record {
	source := rand.NewChaCha8([32]byte{byte(slot), byte(slot >> 8), byte(round)})
	payload := make([]byte, payloadBytes)
	_, _ = source.Read(payload) // never fails
	return paxos.Record{Slot: slot, Ballot: ballot(round), Entry: paxos.Entry{Kind: paxos.EntryBatch, Payload: payload}}
}

func save(t testing.TB, j *Journal, records ...paxos.Record) {
	t.Helper()
	if err := j.Append([]paxos.Write{{Records: records}}); err != nil {
		t.Fatal(err)
	}
}

// expect checks that the journal holds exactly these records as the newest of their slots, from disk.
func expect(t testing.TB, j *Journal, want []paxos.Record) {
	t.Helper()
	if got := j.index.last; got != want[len(want)-1].Slot {
		t.Errorf("the last slot is %v, want %v", got, want[len(want)-1].Slot)
	}
	got, err := j.Read(want[0].Slot, want[len(want)-1].Slot, 1<<30)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.EqualFunc(got, want, sameRecord) {
		t.Errorf("read %d records that differ from the %d saved", len(got), len(want))
	}
}

func sameRecord(a, b paxos.Record) bool {
	return a.Slot == b.Slot && a.Ballot == b.Ballot && a.Entry.Kind == b.Entry.Kind && bytes.Equal(a.Entry.Payload, b.Entry.Payload)
}

// fill saves n records of various sizes, one frame each, and returns them.
func fillJournal(t testing.TB, j *Journal, n int) []paxos.Record {
	t.Helper()
	var all []paxos.Record
	for i := range n {
		r := record(paxos.Slot(i+1), 1, []int{0, 100, 900, 5000, 20000}[i%5])
		save(t, j, r)
		all = append(all, r)
	}
	return all
}

func mustRead(t testing.TB, path string) []byte {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func mustWrite(t testing.TB, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

// files returns the content of all files of a directory.
func files(t testing.TB, dir string) map[string][]byte {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	content := make(map[string][]byte)
	for _, name := range names {
		content[name] = mustRead(t, name)
	}
	return content
}

// putBack makes a directory hold exactly these files.
func putBack(t testing.TB, dir string, content map[string][]byte) {
	t.Helper()
	for name := range files(t, dir) {
		if _, keep := content[name]; !keep {
			if err := os.Remove(name); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, bytes := range content {
		mustWrite(t, name, bytes)
	}
}

// refused checks that a journal is refused as damaged.
func refused(t testing.TB, dir string, o Options, what string) {
	t.Helper()
	if o.Boot == 0 {
		o.Boot = 1
	}
	j, err := Open(dir, o)
	if err == nil {
		crash(t, j)
		t.Fatalf("%s: opened, with slots up to %v", what, j.index.last)
	}
	var damage *Corrupt
	if !errors.As(err, &damage) {
		t.Fatalf("%s: the error is not Corrupt: %v", what, err)
	}
	if damage.What == "" || damage.Where == "" || damage.Hint == "" {
		t.Fatalf("%s: the error lacks something: %#v", what, damage)
	}
}

// faulty is a file system that fails on demand.
type faulty struct {
	OS
	mu   sync.Mutex
	fail func(op, name string) error // nil: nothing fails
	seen map[string]int              // calls an operation
}

func (f *faulty) set(fail func(op, name string) error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.fail = fail
}

func (f *faulty) count(op string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.seen[op]
}

func (f *faulty) check(op, name string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.seen == nil {
		f.seen = make(map[string]int)
	}
	f.seen[op]++
	if f.fail == nil {
		return nil
	}
	return f.fail(op, name)
}

func (f *faulty) Create(name string) (File, error) {
	if err := f.check("create", name); err != nil {
		return nil, err
	}
	file, err := f.OS.Create(name)
	return f.wrap(name, file, err)
}

func (f *faulty) Open(name string) (File, error) {
	file, err := f.OS.Open(name)
	return f.wrap(name, file, err)
}

func (f *faulty) Rename(from, to string) error {
	if err := f.check("rename", from); err != nil {
		return err
	}
	return f.OS.Rename(from, to)
}

func (f *faulty) Remove(name string) error {
	if err := f.check("remove", name); err != nil {
		return err
	}
	return f.OS.Remove(name)
}

func (f *faulty) SyncDir(dir string) error {
	if err := f.check("syncdir", dir); err != nil {
		return err
	}
	return f.OS.SyncDir(dir)
}

func (f *faulty) wrap(name string, file File, err error) (File, error) {
	if err != nil {
		return nil, err
	}
	return &faultyFile{file, f, name}, nil
}

type faultyFile struct {
	File
	system *faulty
	name   string
}

// errShort makes a write stop half-way.
var errShort = errors.New("short write")

func (f *faultyFile) WriteVector(buffers [][]byte, offset int64) error {
	err := f.system.check("write", f.name)
	if errors.Is(err, errShort) {
		whole := bytes.Join(buffers, nil)
		return errors.Join(err, f.File.WriteVector([][]byte{whole[:len(whole)/2]}, offset))
	}
	if err != nil {
		return err
	}
	return f.File.WriteVector(buffers, offset)
}

func (f *faultyFile) WriteSynced(buffers [][]byte, offset int64) error {
	return writeAndSync(f, buffers, offset)
}

func (f *faultyFile) WriteCached(b []byte, offset int64, _ bool) error {
	return f.WriteVector([][]byte{b}, offset)
}

func (f *faultyFile) Sync() error {
	if err := f.system.check("sync", f.name); err != nil {
		return err
	}
	return f.File.Sync()
}

func (f *faultyFile) Allocate(size int64) error {
	if err := f.system.check("allocate", f.name); err != nil {
		return err
	}
	return f.File.Allocate(size)
}

func checksumOf(b []byte) uint32 { return crc32.Checksum(b, castagnoli) }
