package journal

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/paxredis/paxredis/replication/paxos"
)

func TestWhatWasSavedIsThereAfterCloseAndAfterACrash(t *testing.T) {
	for name, end := range map[string]func(testing.TB, *Journal){"close": closeJournal, "crash": crash} {
		t.Run(name, func(t *testing.T) {
			j, dir := create(t, testOptions())
			want := fillJournal(t, j, 60)
			expect(t, j, want)
			end(t, j)
			for range 3 {
				j = open(t, dir, testOptions())
				expect(t, j, want)
				next := record(paxos.Slot(len(want)+1), 1, 3000)
				save(t, j, next)
				want = append(want, next)
				end(t, j)
			}
		})
	}
}

func TestRestoredIsThePromiseTheHintAndTheNewestRecordsAboveIt(t *testing.T) {
	j, dir := create(t, testOptions())
	writes := []paxos.Write{
		{Promised: ballot(3), Records: []paxos.Record{record(1, 3, 10), record(2, 3, 10)}},
		{Records: []paxos.Record{record(3, 3, 10), record(5, 3, 10)}},
		{Promised: ballot(7), Chosen: 2},
		{Records: []paxos.Record{record(3, 8, 20)}}, // accepting at a ballot promises it
	}
	if err := j.Append(writes); err != nil {
		t.Fatal(err)
	}
	closeJournal(t, j)

	j = open(t, dir, testOptions())
	defer closeJournal(t, j)
	r, err := j.Restored()
	if err != nil {
		t.Fatal(err)
	}
	if r.Promised != ballot(8) || r.Chosen != 2 {
		t.Errorf("promised %v, chosen %v", r.Promised, r.Chosen)
	}
	if want := []paxos.Record{record(3, 8, 20), record(5, 3, 10)}; !slices.EqualFunc(r.Records, want, sameRecord) {
		t.Errorf("records %v", r.Records)
	}
}

func TestAHintAloneIsNotSyncedAndOutlivesAClose(t *testing.T) {
	fs := new(faulty)
	o := testOptions()
	o.Files = fs
	j, dir := create(t, o)
	save(t, j, record(1, 1, 10))
	<-j.spare.done
	before := fs.count("sync")
	fs.set(func(op, name string) error {
		if op == "sync" && strings.HasSuffix(name, segmentSuffix) {
			t.Errorf("%s synced for a hint", name)
		}
		return nil
	})
	if err := j.Append([]paxos.Write{{Chosen: 1}, {}}); err != nil {
		t.Fatal(err)
	}
	fs.set(nil)
	closeJournal(t, j)
	if fs.count("sync") <= before {
		t.Error("Close synced nothing")
	}
	j = open(t, dir, testOptions())
	defer closeJournal(t, j)
	if j.hint != 1 {
		t.Errorf("restored hint %v", j.hint)
	}
}

func TestAHintBeyondWhatIsStoredIsHeldBackUntilItIsStored(t *testing.T) {
	j, dir := create(t, testOptions())
	save(t, j, record(1, 1, 10))
	if err := j.Append([]paxos.Write{{Chosen: 3}}); err != nil {
		t.Fatal(err)
	}
	crash(t, j)
	j = open(t, dir, testOptions())
	if j.hint != 1 {
		t.Errorf("restored hint %v, want 1: slots 2 and 3 are not stored", j.hint)
	}
	if err := j.Append([]paxos.Write{{Chosen: 3, Records: []paxos.Record{record(2, 1, 10), record(3, 1, 10)}}}); err != nil {
		t.Fatal(err)
	}
	crash(t, j)
	j = open(t, dir, testOptions())
	defer closeJournal(t, j)
	if j.hint != 3 {
		t.Errorf("restored hint %v, want 3", j.hint)
	}
}

func TestOneWriteAndOneSyncForAllThatWaits(t *testing.T) {
	fs := new(faulty)
	o := testOptions()
	o.SegmentBytes = 4 << 20
	o.Files = fs
	j, _ := create(t, o)
	defer closeJournal(t, j)
	save(t, j, record(1, 1, 10)) // takes the first segment into use
	<-j.spare.done
	var writes, syncs int
	fs.set(func(op, name string) error {
		if strings.HasSuffix(name, segmentSuffix) {
			switch op {
			case "write":
				writes++
			case "sync":
				syncs++
			}
		}
		return nil
	})
	var batch []paxos.Write
	for s := paxos.Slot(2); s < 100; s++ {
		batch = append(batch, paxos.Write{Promised: ballot(1), Records: []paxos.Record{record(s, 1, int(s)*300)}, Chosen: s - 1})
	}
	if err := j.Append(batch); err != nil {
		t.Fatal(err)
	}
	fs.set(nil)
	if writes != 1 || syncs != 1 {
		t.Errorf("%d writes and %d syncs", writes, syncs)
	}
}

func TestMoreThanASegmentIsSplitOrGetsASegmentOfItsOwn(t *testing.T) {
	for _, end := range []func(testing.TB, *Journal){closeJournal, crash} {
		j, dir := create(t, testOptions())
		sizes := []int{10, 30000, 30000, 30000, 500000, 10, MinSegmentBytes - blockBytes - frameHeaderBytes, 70000, 20}
		var want []paxos.Record
		for i, n := range sizes {
			want = append(want, record(paxos.Slot(i+1), 2, n))
		}
		if err := j.Append([]paxos.Write{{Promised: ballot(2), Records: want}}); err != nil {
			t.Fatal(err)
		}
		for i, n := range sizes { // and each by itself
			r := record(paxos.Slot(len(sizes)+i+1), 2, n)
			save(t, j, r)
			want = append(want, r)
		}
		expect(t, j, want)
		end(t, j)
		j = open(t, dir, testOptions())
		expect(t, j, want)
		closeJournal(t, j)
	}
}

func TestARecordThatFitsNeverGoesIntoAnOversizedSegment(t *testing.T) {
	j, dir := create(t, testOptions())
	var records []paxos.Record
	for slot := paxos.Slot(1); slot <= 12; slot++ {
		records = append(records, record(slot, 1, 20_000))
	}
	save(t, j, records...)
	closeJournal(t, j)
	for name, content := range files(t, dir) {
		if strings.HasSuffix(name, segmentSuffix) && len(content) != MinSegmentBytes {
			t.Errorf("%s has %d bytes", name, len(content))
		}
	}
}

func TestSegmentSizeMayChangeBetweenStarts(t *testing.T) {
	j, dir := create(t, testOptions())
	want := fillJournal(t, j, 20)
	for _, size := range []int64{1 << 20, MinSegmentBytes, 256 << 10} {
		closeJournal(t, j)
		o := testOptions()
		o.SegmentBytes = size
		j = open(t, dir, o)
		for range 20 {
			r := record(want[len(want)-1].Slot+1, 1, 9000)
			save(t, j, r)
			want = append(want, r)
		}
		expect(t, j, want)
	}
	closeJournal(t, j)
}

func TestReadKeepsToItsBudgetAndGivesAtLeastOne(t *testing.T) {
	for name, cacheBytes := range map[string]int{"memory": 0, "disk": 1} {
		t.Run(name, func(t *testing.T) {
			o := testOptions()
			o.CacheBytes = cacheBytes
			j, _ := create(t, o)
			defer closeJournal(t, j)
			for s := paxos.Slot(1); s <= 10; s++ {
				save(t, j, record(s, 1, 1000))
			}
			for _, c := range []struct{ budget, want int }{{0, 1}, {999, 1}, {1000, 1}, {2500, 2}, {1 << 20, 8}} {
				got, err := j.Read(3, 10, c.budget)
				if err != nil || len(got) != c.want || got[0].Slot != 3 {
					t.Errorf("budget %d: %d records, want %d (%v)", c.budget, len(got), c.want, err)
				}
			}
			if _, err := j.Read(9, 11, 1<<20); err == nil || !strings.Contains(err.Error(), "slot 11 is not stored") {
				t.Errorf("a missing slot: %v", err)
			}
			for _, c := range [][2]paxos.Slot{{0, 1}, {3, 2}} {
				if _, err := j.Read(c[0], c[1], 1); err == nil {
					t.Errorf("%v to %v: no error", c[0], c[1])
				}
			}
		})
	}
}

func TestD3_ReadFromDiskChecksTheChecksum(t *testing.T) {
	o := testOptions()
	o.CacheBytes = 1
	j, dir := create(t, o)
	defer closeJournal(t, j)
	want := record(1, 1, 1000)
	save(t, j, want)
	path := segmentPath(dir, 1)
	content := mustRead(t, path)
	for _, at := range []int{blockBytes + 5, blockBytes + frameHeaderBytes + 3, blockBytes + 600} {
		content[at] ^= 1
		mustWrite(t, path, content)
		if _, err := j.Read(1, 1, 1); err == nil {
			t.Errorf("a flipped byte at %d went unnoticed", at)
		}
		content[at] ^= 1
	}
	mustWrite(t, path, content)
	expect(t, j, []paxos.Record{want})
}

func TestReadRunsBesideAppend(t *testing.T) {
	o := testOptions()
	o.CacheBytes = 50_000
	j, _ := create(t, o)
	defer closeJournal(t, j)
	save(t, j, record(1, 1, 10))
	stop, done := make(chan struct{}), make(chan error, 2)
	for range 2 {
		go func() {
			for {
				select {
				case <-stop:
					done <- nil
					return
				default:
				}
				if _, err := j.Read(1, 1, 1<<20); err != nil {
					done <- err
					return
				}
				j.Bytes()
			}
		}()
	}
	for s := paxos.Slot(2); s < 100; s++ {
		save(t, j, record(s, 1, 3000), record(1, paxos.Round(s), 2000))
	}
	close(stop)
	for range 2 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

func TestTheNextSegmentIsPreparedBeforeItIsNeeded(t *testing.T) {
	j, dir := create(t, testOptions())
	defer closeJournal(t, j)
	for _, number := range []uint64{1, 2} {
		<-j.spare.done
		info, err := os.Stat(segmentPath(dir, number))
		if err != nil || info.Size() != MinSegmentBytes {
			t.Fatalf("segment %d is not prepared: %v", number, err)
		}
		save(t, j, record(paxos.Slot(number), 1, 40000)) // one a segment
	}
}

func TestFarSlotsCostLittleMemory(t *testing.T) {
	j, dir := create(t, testOptions())
	save(t, j, record(1, 1, 10), record(1<<40, 1, 10), record(1<<62, 1, 10))
	crash(t, j)
	j = open(t, dir, testOptions())
	defer closeJournal(t, j)
	if len(j.index.pages) != 3 || j.index.contiguous != 1 || !slices.Equal(j.index.above(1), []paxos.Slot{1 << 40, 1 << 62}) {
		t.Errorf("%d pages, contiguous %v", len(j.index.pages), j.index.contiguous)
	}
}

func TestTheCacheIsBounded(t *testing.T) {
	c := newCache(100_000)
	for i := range 5000 {
		c.put(record(paxos.Slot(i%700+1), paxos.Round(i), i%3000))
		c.put(record(1, paxos.Round(i), 100)) // the same slot over and over
	}
	used := 0
	for s, e := range c.records {
		used += len(e.record.Entry.Payload) + cachedOverhead
		if e.record.Slot != s {
			t.Errorf("slot %v under %v", e.record.Slot, s)
		}
	}
	if used != c.used || used > c.limit || used < c.limit/2 || len(c.queue) > 10*len(c.records)+200 {
		t.Errorf("%d bytes counted, %d used, %d queued, %d records", c.used, used, len(c.queue), len(c.records))
	}
	c.put(record(1, 1, 90_000))
	if _, ok := c.get(1); ok {
		t.Error("a record that is too large left its older form behind")
	}
}

func TestAppendAfterCloseIsAnError(t *testing.T) {
	j, _ := create(t, testOptions())
	closeJournal(t, j)
	if err := j.Append([]paxos.Write{{Promised: ballot(1)}}); err != ErrClosed {
		t.Errorf("Append: %v", err)
	}
	if err := j.Close(); err != ErrClosed {
		t.Errorf("Close: %v", err)
	}
}

func TestTemporaryFilesAreRemovedAtOpen(t *testing.T) {
	j, dir := create(t, testOptions())
	want := fillJournal(t, j, 3)
	crash(t, j)
	left := filepath.Join(dir, "00000002.seg.tmp")
	mustWrite(t, left, []byte("half a segment"))
	j = open(t, dir, testOptions())
	defer closeJournal(t, j)
	expect(t, j, want)
	<-j.spare.done
	if _, err := os.Stat(left); !os.IsNotExist(err) {
		t.Errorf("%s is still there (%v)", left, err)
	}
}

func TestOptionsAreChecked(t *testing.T) {
	for _, size := range []int64{1, MinSegmentBytes - blockBytes, MinSegmentBytes + 1, MaxSegmentBytes + blockBytes} {
		o := testOptions()
		o.SegmentBytes = size
		if err := Create(t.TempDir(), o); err == nil {
			t.Errorf("segment size %d is let through", size)
		}
	}
}
