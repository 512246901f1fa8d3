package journal

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/paxredis/paxredis/replication/paxos"
)

// reserveName is the file of a cut segment that waits to be used again. It is worth nothing after a restart, so it is removed then.
const reserveName = "reserve" + temporarySuffix

// segment is what is known of a segment in use.
type segment struct {
	number uint64
	size   int64
	start  position
	// last is the highest slot of its records, 0 without any.
	last paxos.Slot
}

// Cut removes segments from the front that hold records of slots below the given one only, and returns the lowest slot that is
// left. The segment in use stays, and the one that says which checkpoint is the newest: that repeats the promise made before it, and
// what was promised later is behind it. The marks say what is cut before a file goes, so a crash in between leaves files that the next open removes. It is an error to
// cut what the newest checkpoint does not cover. It may run beside Append, which does not wait for its syncs, and beside Read.
// An error of a write or a sync is final (rule D2).
func (j *Journal) Cut(below paxos.Slot) (first paxos.Slot, err error) {
	j.cutting.Lock()
	defer j.cutting.Unlock()
	if err := j.failure(); err != nil {
		return j.First(), err
	}
	cut, first, err := j.release(below)
	if err != nil || len(cut) == 0 {
		return first, err
	}
	if err := j.settleTwice(j.markCut); err != nil {
		return first, j.fail(err)
	}
	for _, s := range cut {
		if err := j.retire(s); err != nil {
			return first, j.fail(err)
		}
	}
	if err := j.o.Files.SyncDir(j.dir); err != nil {
		return first, j.fail(failed("sync directory", j.dir, 0, err))
	}
	return first, nil
}

// release takes the segments that can be cut out of use: nothing is read from them any more.
func (j *Journal) release(below paxos.Slot) (cut []segment, first paxos.Slot, err error) {
	marked := j.frontier.latest().segment
	j.mu.Lock()
	defer j.mu.Unlock()
	covered := paxos.Slot(0)
	if j.published != nil {
		covered = j.published.Slot
	}
	if below > covered+1 && !paxos.BreakCut.On() {
		return nil, j.index.first, fmt.Errorf("storage: the journal cannot be cut below slot %v: the newest checkpoint covers the slots up to %v", below, covered)
	}
	n := 0
	for n < len(j.kept) && j.kept[n].last < below && j.kept[n].number < marked && (j.kept[n].number < j.publishedIn || paxos.BreakCut.On()) {
		n++
	}
	first = j.index.first
	for _, s := range j.kept[:n] {
		first = max(first, s.last+1)
		j.bytes -= s.size
	}
	cut = append(cut, j.kept[:n]...)
	j.kept = append([]segment(nil), j.kept[n:]...)
	if first > j.index.first {
		j.index.cut(first)
	}
	return cut, first, nil
}

// markCut notes in a mark where the journal begins now.
func (j *Journal) markCut(m *mark) {
	j.mu.RLock()
	defer j.mu.RUnlock()
	m.firstSegment, m.start, m.firstSlot = j.kept[0].number, j.kept[0].start, j.index.first
}

// retire removes the file of a cut segment, or keeps it in reserve.
func (j *Journal) retire(s segment) error {
	path := j.pathOf(s.number)
	j.appending.Lock()
	keep := !j.reserved && s.size == j.o.SegmentBytes
	var err error
	if keep {
		err = j.o.Files.Rename(path, filepath.Join(j.dir, reserveName))
		j.reserved = err == nil
	}
	j.appending.Unlock()
	switch {
	case err != nil:
		return failed("rename", path, 0, err)
	case keep:
		return nil
	}
	if err := j.o.Files.Remove(path); err != nil {
		return failed("remove", path, 0, err)
	}
	return nil
}

// takeReserve gives the file in reserve the temporary name of the next segment, and reports whether there was one.
func (j *Journal) takeReserve(next string) bool {
	if !j.reserved {
		return false
	}
	j.reserved = false
	return j.o.Files.Rename(filepath.Join(j.dir, reserveName), next+temporarySuffix) == nil // else a new file is made
}

// makeSpare makes a segment file of zeros, of a cut segment's file if there is one under its temporary name: its space is there
// already, even on a disk that is full.
func (j *Journal) makeSpare(number uint64, recycled bool) error {
	path := j.pathOf(number)
	if recycled {
		err := j.recycle(path + temporarySuffix)
		if err == nil {
			return install(j.o.Files, path+temporarySuffix, path)
		}
		if errors.Is(err, errStopped) {
			return err
		}
	}
	return prepare(j.o.Files, path, j.o.SegmentBytes, j.stop)
}

func (j *Journal) recycle(name string) error {
	file, err := j.o.Files.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(zero(file, 0, j.o.SegmentBytes, j.stop), file.Close())
}
