package replication

import (
	"testing"
	"time"
)

// Of what is at work now and then, two looks tell how much of the time between them it was: all of it while it was under way, none of it after its end.
func TestBusyTimeBetweenTwoLooks(t *testing.T) {
	var b busyTime
	if _, busy := b.look(); busy != 0 {
		t.Errorf("%v before any work", busy)
	}
	b.begin()
	from, before := b.look()
	to, after := b.look()
	if after-before != to-from {
		t.Errorf("%v of %v while it was at work", after-before, to-from)
	}
	b.end()
	_, before = b.look()
	if _, after = b.look(); after != before || after < to-from {
		t.Errorf("%v more after the end", after-before)
	}
	b.begin()
	b.over += time.Hour // as if work had come and gone meanwhile
	b.end()
	if _, after = b.look(); after < before+time.Hour {
		t.Errorf("%v is less than what was there and an hour", after)
	}
}

// A chunk waits for the journal for as long as that was at work while it was replicated, and no longer.
func TestTheStageOfSyncsLiesWithinReplicate(t *testing.T) {
	var f figures
	left := f.depart(time.Second)
	f.journal.begin()
	f.journal.over += time.Hour
	f.journal.end()
	left.sent -= 2 * time.Hour
	_, replicate, sync := f.arrive(left)
	if sync < time.Hour || sync >= replicate {
		t.Errorf("%v of %v", sync, replicate)
	}
	if got := f.replicateSync.Read(); got.Total() != 1 || got.Sum != uint64(sync) {
		t.Errorf("%+v is counted", got)
	}
	f.journal.begin()
	f.journal.end() // before the next one leaves
	if _, replicate, sync := f.arrive(f.depart(0)); sync != 0 || replicate < 0 {
		t.Errorf("%v of %v, and the journal was idle", sync, replicate)
	}
}

// A node alone cannot choose what it has not synced: so its writes wait for its journal, as part of their replication.
func TestTheWritesOfANodeAloneWaitForItsJournal(t *testing.T) {
	n := newCluster(t, 1, nil).nodes[1]
	n.mustWrite("a")
	n.mustWrite("b")
	f := n.group.Figures()
	if f.ReplicateSync.Total() != f.Replicate.Total() || f.ReplicateSync.Sum == 0 || f.ReplicateSync.Sum > f.Replicate.Sum {
		t.Errorf("%d ns of %d are of the journal, counted %d and %d times", f.ReplicateSync.Sum, f.Replicate.Sum, f.ReplicateSync.Total(), f.Replicate.Total())
	}
}
