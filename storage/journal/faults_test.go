package journal

import (
	"errors"
	"strings"
	"syscall"
	"testing"

	"github.com/paxredis/paxredis/replication/paxos"
)

// onSegments fails an operation on segment files.
func onSegments(op string, err error) func(string, string) error {
	return func(o, name string) error {
		if o == op && (strings.HasSuffix(name, segmentSuffix) || strings.HasSuffix(name, segmentSuffix+temporarySuffix)) {
			return err
		}
		return nil
	}
}

func onFrontier(op string, err error) func(string, string) error {
	return func(o, name string) error {
		if o == op && strings.HasSuffix(name, frontierName) {
			return err
		}
		return nil
	}
}

func TestD2_AFailedWriteOrSyncIsFinal(t *testing.T) {
	for name, fail := range map[string]func(string, string) error{
		"write EIO":          onSegments("write", syscall.EIO),
		"write ENOSPC":       onSegments("write", syscall.ENOSPC),
		"short write":        onSegments("write", errShort),
		"sync EIO":           onSegments("sync", syscall.EIO),
		"frontier write EIO": onFrontier("write", syscall.EIO),
	} {
		t.Run(name, func(t *testing.T) {
			fs := new(faulty)
			o := testOptions()
			o.Files = fs
			j, dir := create(t, o)
			want := fillJournal(t, j, 4)
			<-j.spare.done
			fs.set(fail)
			lost := record(5, 1, 2000)
			first := j.Append([]paxos.Write{{Records: []paxos.Record{lost}}})
			if first == nil {
				t.Fatal("the failure went unnoticed")
			}
			fs.set(nil)
			if again := j.Append([]paxos.Write{{Records: []paxos.Record{lost}}}); again != first {
				t.Errorf("the next call says %v instead of %v", again, first)
			}
			if hint := j.Append([]paxos.Write{{Chosen: 1}}); hint != first {
				t.Errorf("a hint is told %v", hint)
			}
			if err := j.Close(); err != nil {
				t.Error(err)
			}

			j = open(t, dir, testOptions())
			defer closeJournal(t, j)
			if j.index.last == 5 { // it was never acknowledged: it may be there or not
				want = append(want, lost)
			}
			expect(t, j, want)
		})
	}
}

func TestD2_AFailedSyncOfAMarkIsFinal(t *testing.T) {
	fs := new(faulty)
	o := testOptions()
	o.Files = fs
	j, _ := create(t, o)
	fs.set(onFrontier("sync", syscall.EIO))
	if err := j.Append([]paxos.Write{{Promised: ballot(1)}}); err != nil {
		t.Fatal(err) // the mark is synced later
	}
	j.settler.Wait()
	if err := j.Append([]paxos.Write{{Promised: ballot(2)}}); !errors.Is(err, syscall.EIO) {
		t.Errorf("after a failed sync of the frontier: %v", err)
	}
	if err := j.Close(); err != nil {
		t.Error(err)
	}
}

func TestAFullDiskIsReportedWhenTheSpaceThatIsThereIsUsedUp(t *testing.T) {
	for _, op := range []string{"create", "allocate", "write"} {
		t.Run(op, func(t *testing.T) {
			fs := new(faulty)
			o := testOptions()
			o.Files = fs
			j, dir := create(t, o)
			<-j.spare.done
			full := func(o, name string) error {
				if o == op && strings.HasSuffix(name, temporarySuffix) {
					return syscall.ENOSPC
				}
				return nil
			}
			fs.set(full)
			var want []paxos.Record
			var err error
			for slot := paxos.Slot(1); err == nil && slot < 100; slot++ {
				r := record(slot, 1, 9000)
				if err = j.Append([]paxos.Write{{Records: []paxos.Record{r}}}); err == nil {
					want = append(want, r)
				}
			}
			if len(want) != 6 { // as many as one segment holds
				t.Errorf("%d records went into the space that was there", len(want))
			}
			if !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), "00000002.seg") ||
				!strings.Contains(err.Error(), "65536 bytes needed") || !strings.Contains(err.Error(), "free space") {
				t.Errorf("the error is not clear: %v", err)
			}
			if err := j.Close(); err != nil {
				t.Error(err)
			}
			fs.set(nil)
			j = open(t, dir, testOptions())
			defer closeJournal(t, j)
			expect(t, j, want)
		})
	}
}

func TestADiskThatWasFullForAWhileIsNoFailure(t *testing.T) {
	fs := new(faulty)
	o := testOptions()
	o.Files = fs
	j, _ := create(t, o)
	<-j.spare.done
	fs.set(onSegments("allocate", syscall.ENOSPC))
	save(t, j, record(1, 1, 40_000))
	<-j.spare.done
	fs.set(nil)
	want := []paxos.Record{record(1, 1, 40_000), record(2, 1, 40_000), record(3, 1, 400_000), record(4, 1, 10)}
	save(t, j, want[1:]...)
	expect(t, j, want)
	closeJournal(t, j)
}

func TestAHintIsNotStoredBeforeTheRecordsThatItSpeaksOf(t *testing.T) {
	// Slots 1 and 2 hold what an earlier leader proposed; other values were chosen there, which come with the hint that they are, in one
	// call that takes two segments. The process ends between the two.
	fs, segments := new(faulty), 0
	o := testOptions()
	o.Files = fs
	j, dir := create(t, o)
	save(t, j, record(1, 1, 100), record(2, 1, 100))
	<-j.spare.done
	written := onSegments("write", syscall.EIO)
	fs.set(func(op, name string) error {
		if err := written(op, name); err != nil {
			if segments++; segments > 1 {
				return err
			}
		}
		return nil
	})
	size := int(o.SegmentBytes) * 3 / 4
	err := j.Append([]paxos.Write{
		{Promised: ballot(2), Records: []paxos.Record{record(1, 2, size)}, Chosen: 1},
		{Records: []paxos.Record{record(2, 2, size)}, Chosen: 2},
	})
	if err == nil {
		t.Fatal("one frame took both")
	}
	fs.set(nil)
	if err := j.Close(); err != nil {
		t.Error(err)
	}
	j = open(t, dir, testOptions())
	defer closeJournal(t, j)
	r := restored(t, j)
	if got, err := j.Read(2, 2, 1); err != nil || got[0].Ballot != ballot(1) {
		t.Fatalf("slot 2 is at ballot %v, %v: the test proves nothing", got, err)
	}
	if r.Chosen > 1 {
		t.Errorf("slots up to %v are known to be chosen, but slot 2 holds what was not", r.Chosen)
	}
}
