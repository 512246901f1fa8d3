package journal

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/paxredis/paxredis/replication/paxos"
)

func publish(t testing.TB, j *Journal, p Published) {
	t.Helper()
	if err := j.Publish(p); err != nil {
		t.Fatal(err)
	}
}

func cut(t testing.TB, j *Journal, below paxos.Slot) paxos.Slot {
	t.Helper()
	first, err := j.Cut(below)
	if err != nil {
		t.Fatal(err)
	}
	if got := j.First(); got != first {
		t.Fatalf("Cut returned %v, First %v", first, got)
	}
	return first
}

func restored(t testing.TB, j *Journal) paxos.Restored {
	t.Helper()
	r, err := j.Restored()
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// cutJournal makes a journal of 40 records, cut below some slot, with a checkpoint at slot 25, and returns the records that are left.
func cutJournal(t testing.TB, o Options) (j *Journal, dir string, left []paxos.Record) {
	t.Helper()
	j, dir = create(t, o)
	if err := j.Append([]paxos.Write{{Promised: ballot(9)}}); err != nil {
		t.Fatal(err)
	}
	all := fillJournal(t, j, 30)
	publish(t, j, Published{Slot: 25, Generation: 3, Head: []byte("the head of 25")})
	for slot := paxos.Slot(31); slot <= 40; slot++ {
		r := record(slot, 1, 7000)
		save(t, j, r)
		all = append(all, r)
	}
	first := cut(t, j, 26)
	if first < 10 || first > 26 {
		t.Fatalf("cut to slot %v", first)
	}
	return j, dir, all[first-1:]
}

func TestACutJournalHoldsTheRest(t *testing.T) {
	for name, end := range map[string]func(testing.TB, *Journal){"close": closeJournal, "crash": crash} {
		t.Run(name, func(t *testing.T) {
			j, dir, left := cutJournal(t, testOptions())
			first, appended := left[0].Slot, j.Appended()
			for range 3 {
				expect(t, j, left)
				if _, err := j.Read(first-1, first, 1); !errors.Is(err, ErrCut) || !strings.Contains(err.Error(), "below "+first.String()) {
					t.Errorf("reading below the first slot: %v", err)
				}
				end(t, j)
				for path := range files(t, dir) {
					if number, ok := segmentNumber(filepath.Base(path)); ok && number < j.kept[0].number {
						t.Errorf("%s is still there", path)
					}
				}
				j = open(t, dir, testOptions())
				if p, ok := j.Published(); !ok || p.Slot != 25 || p.Generation != 3 || string(p.Head) != "the head of 25" {
					t.Errorf("published %+v", p)
				}
				r := restored(t, j)
				if r.First != first || r.Checkpoint != 25 || r.Chosen != 25 || r.Promised != ballot(9) || r.Records[0].Slot != 26 {
					t.Errorf("restored first %v, checkpoint %v, chosen %v, promised %v", r.First, r.Checkpoint, r.Chosen, r.Promised)
				}
				if now := j.Appended(); now != appended {
					t.Errorf("%d bytes appended, %d before the restart", now, appended)
				}
				next := record(left[len(left)-1].Slot+1, 1, 3000)
				save(t, j, next)
				left, appended = append(left, next), j.Appended()
			}
			closeJournal(t, j)
		})
	}
}

func TestNothingIsCutThatTheCheckpointDoesNotCover(t *testing.T) {
	j, _ := create(t, testOptions())
	defer closeJournal(t, j)
	fillJournal(t, j, 30)
	if _, err := j.Cut(2); err == nil {
		t.Error("cut without a checkpoint")
	}
	publish(t, j, Published{Slot: 20, Generation: 1})
	fillJournal(t, j, 1) // the segment with the publication is not the last: what is below is at stake
	_, err := j.Cut(22)
	if err == nil || !strings.Contains(err.Error(), "22") || !strings.Contains(err.Error(), "20") {
		t.Errorf("a cut beyond the checkpoint: %v", err)
	}
	if first := cut(t, j, 21); first == 1 {
		t.Error("nothing was cut")
	}
	publish(t, j, Published{Head: []byte("damaged")})
	if _, err := j.Cut(21); err == nil {
		t.Error("cut after the checkpoint was discarded")
	}
}

func TestTheSegmentsInUseAndOfThePublicationStay(t *testing.T) {
	j, _ := create(t, testOptions())
	defer closeJournal(t, j)
	fillJournal(t, j, 12)
	publish(t, j, Published{Slot: 1000, Generation: 1})
	in := j.publishedIn
	for slot := paxos.Slot(100); slot < 130; slot++ {
		save(t, j, record(slot, 1, 9000))
	}
	cut(t, j, 1001)
	if j.kept[0].number != in || j.tail.segment <= in {
		t.Errorf("the first segment left is %d, the publication is in %d, the newest is %d", j.kept[0].number, in, j.tail.segment)
	}
}

func TestTheFileOfACutSegmentBecomesASpareWithoutNewSpace(t *testing.T) {
	fs := new(faulty)
	o := testOptions()
	o.Files = fs
	j, dir, left := cutJournal(t, o)
	<-j.spare.done
	if !j.reserved {
		t.Fatal("no file is in reserve")
	}
	fs.set(onSegments("allocate", syscall.ENOSPC)) // the disk is full
	for number := j.tail.segment; j.tail.segment == number; {
		r := record(left[len(left)-1].Slot+1, 1, 9000)
		save(t, j, r)
		left = append(left, r)
	}
	<-j.spare.done
	if j.spare.err != nil || j.reserved {
		t.Errorf("the file in reserve was not used: %v", j.spare.err)
	}
	for number := j.tail.segment; j.tail.segment == number; {
		r := record(left[len(left)-1].Slot+1, 1, 9000)
		save(t, j, r)
		left = append(left, r)
	}
	fs.set(nil)
	expect(t, j, left)
	crash(t, j)
	j = open(t, dir, testOptions())
	defer closeJournal(t, j)
	expect(t, j, left)
}

func TestACutThatIsInterruptedAnywhereLosesNothing(t *testing.T) {
	for stopAt := 1; ; stopAt++ {
		fs := new(faulty)
		o := testOptions()
		o.Files = fs
		j, dir := create(t, o)
		all := fillJournal(t, j, 30)
		publish(t, j, Published{Slot: 25, Generation: 3})
		<-j.spare.done
		calls := 0
		fs.set(func(op, name string) error {
			if calls++; calls >= stopAt {
				return errShort
			}
			return nil
		})
		first, err := j.Cut(26)
		fs.set(nil)
		if err != nil {
			if again := j.Append([]paxos.Write{{Promised: ballot(99)}}); again != err {
				t.Errorf("a failure of Cut is not final: %v", again)
			}
		}
		crash(t, j)
		o.PowerLost = true // a mark may be half written
		j = open(t, dir, o)
		if j.First() > first {
			t.Errorf("stopped at %d: the first slot is %v, not at most %v", stopAt, j.First(), first)
		}
		expect(t, j, all[j.First()-1:])
		closeJournal(t, j)
		if err == nil {
			if stopAt < 8 || j.First() != first {
				t.Errorf("a cut to %v took only %d steps, the first slot is %v", first, stopAt, j.First())
			}
			return
		}
	}
}

func TestIndexPagesBelowTheCutAreGivenBack(t *testing.T) {
	x := newIndex(1)
	for slot := paxos.Slot(1); slot <= 5*pageSlots; slot++ {
		x.put(slot, 1)
	}
	x.cut(3*pageSlots + 7)
	if len(x.pages) != 3 || x.get(3*pageSlots+6) != 0 || x.get(3*pageSlots+7) == 0 || x.contiguous != 5*pageSlots {
		t.Errorf("%d pages, contiguous %v", len(x.pages), x.contiguous)
	}
	x.put(5, 1)
	if x.get(5) != 0 {
		t.Error("a slot that is cut is in the index")
	}
}

func TestReadRunsBesideCutAndPublish(t *testing.T) {
	o := testOptions()
	o.CacheBytes = 1
	j, _ := create(t, o)
	defer closeJournal(t, j)
	save(t, j, record(1, 1, 10))
	stop, done := make(chan struct{}), make(chan error, 1)
	go func() {
		var err error
		for {
			select {
			case <-stop:
				done <- err
				return
			default:
			}
			first := j.First()
			got, readErr := j.Read(first, first, 1<<20)
			if readErr != nil && !errors.Is(readErr, ErrCut) && !strings.Contains(readErr.Error(), "is not stored") {
				err = readErr
			} else if readErr == nil && !sameRecord(got[0], record(first, 1, 3000)) && first > 1 {
				err = errors.New("another record was read")
			}
		}
	}()
	go func() {
		defer close(stop)
		for slot := paxos.Slot(20); slot <= 280; slot += 20 {
			if err := j.Publish(Published{Slot: slot, Generation: 1, Head: bytes.Repeat([]byte{1}, 5000)}); err != nil {
				t.Error(err)
			}
			if _, err := j.Cut(slot); err != nil {
				t.Error(err)
			}
		}
	}()
	for slot := paxos.Slot(2); slot < 300; slot++ {
		save(t, j, record(slot, 1, 3000))
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestD3_ACutJournalThatIsDamagedIsRefused(t *testing.T) {
	for name, end := range map[string]func(testing.TB, *Journal){"close": closeJournal, "crash": crash} {
		t.Run(name, func(t *testing.T) {
			o := testOptions()
			j, dir, _ := cutJournal(t, o)
			firstSegment, last, tailEnd := j.kept[0].number, j.tail.segment, j.tail.end
			end(t, j)
			if err := os.Remove(filepath.Join(dir, reserveName)); err != nil { // what it holds is of no account
				t.Fatal(err)
			}
			content := files(t, dir)
			flipEach(t, dir, content, func(path string, at int) bool {
				number, isSegment := segmentNumber(filepath.Base(path))
				return name == "close" || !isSegment || number < last || number == last && int64(at) < tailEnd
			})
			for number := firstSegment; number <= last; number++ {
				if err := os.Remove(segmentPath(dir, number)); err != nil {
					t.Fatal(err)
				}
				refused(t, dir, testOptions(), "a segment missing")
				putBack(t, dir, content)
			}
			closeJournal(t, open(t, dir, testOptions()))
		})
	}
}

func TestD3_PartsOfACopyFromBeforeTheCutAreRefusedOrDropped(t *testing.T) {
	j, dir := create(t, testOptions())
	fillJournal(t, j, 30)
	publish(t, j, Published{Slot: 25, Generation: 3})
	before := files(t, dir)
	first := cut(t, j, 26)
	crash(t, j)
	after := files(t, dir)
	gone := segmentPath(dir, 1)

	frontier := filepath.Join(dir, frontierName)
	mustWrite(t, frontier, before[frontier])
	refused(t, dir, testOptions(), "the frontier of before the cut")
	putBack(t, dir, after)

	mustWrite(t, segmentPath(dir, j.kept[0].number), before[gone])
	refused(t, dir, testOptions(), "a cut segment in the place of one that is not")
	putBack(t, dir, after)

	mustWrite(t, gone, before[gone]) // it was cut: it has no say
	j = open(t, dir, testOptions())
	defer closeJournal(t, j)
	if _, err := os.Stat(gone); !os.IsNotExist(err) || j.First() != first {
		t.Errorf("a cut segment that was put back: first slot %v, %v", j.First(), err)
	}
}

func TestAJournalOfVersion1IsOpened(t *testing.T) {
	j, dir := create(t, testOptions())
	want := fillJournal(t, j, 20)
	closeJournal(t, j)
	for path, content := range files(t, dir) {
		blocks := []int{0}
		if filepath.Base(path) == frontierName {
			blocks = []int{0, blockBytes}
		}
		for _, at := range blocks {
			if isZero(content[at : at+blockBytes]) {
				continue
			}
			content[at+versionOffset] = 1
			if len(blocks) == 2 {
				clear(content[at+48+8*11 : at+48+8*15])
			}
			sealSector(content[at:])
		}
		mustWrite(t, path, content)
	}
	j = open(t, dir, testOptions())
	expect(t, j, want)
	publish(t, j, Published{Slot: 15, Generation: 1})
	first := cut(t, j, 16)
	closeJournal(t, j)
	j = open(t, dir, testOptions())
	defer closeJournal(t, j)
	expect(t, j, want[first-1:])
	if first == 1 || !slices.Equal(mustRead(t, filepath.Join(dir, frontierName))[versionOffset:versionOffset+1], []byte{FormatVersion}) {
		t.Errorf("cut to %v, and the marks are of the old version", first)
	}
}
