package journal

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"syscall"
	"testing"

	"github.com/paxredis/paxredis/replication/paxos"
)

func TestTheNewestPublicationIsRestoredWhateverItsSize(t *testing.T) {
	for _, size := range []int{0, 1, sharePayload, MinSegmentBytes - 5000, 3 << 20} {
		for name, end := range map[string]func(testing.TB, *Journal){"close": closeJournal, "crash": crash} {
			t.Run(fmt.Sprint(size, name), func(t *testing.T) {
				j, dir := create(t, testOptions())
				if _, ok := j.Published(); ok {
					t.Error("a new journal has a checkpoint")
				}
				want := fillJournal(t, j, 8)
				head := record(1, 1, size).Entry.Payload
				publish(t, j, Published{Slot: 3, Generation: 1, Head: []byte("older")})
				given := bytes.Clone(head)
				publish(t, j, Published{Slot: 6, Generation: 2, Head: given})
				clear(given) // the journal has its own
				if p, _ := j.Published(); !bytes.Equal(p.Head, head) {
					t.Error("the head is the caller's")
				}
				next := record(9, 1, 100)
				save(t, j, next)
				end(t, j)
				j = open(t, dir, testOptions())
				defer closeJournal(t, j)
				expect(t, j, append(want, next))
				if p, ok := j.Published(); !ok || p.Slot != 6 || p.Generation != 2 || !bytes.Equal(p.Head, head) {
					t.Errorf("slot %v, generation %d, %d bytes of head", p.Slot, p.Generation, len(p.Head))
				}
			})
		}
	}
}

func TestACheckpointThatIsDiscardedLeavesNothingKnownChosen(t *testing.T) {
	j, dir, left := cutJournal(t, testOptions())
	if err := j.Append([]paxos.Write{{Chosen: 38}}); err != nil {
		t.Fatal(err)
	}
	publish(t, j, Published{Head: []byte("it is damaged")})
	crash(t, j)
	j = open(t, dir, testOptions())
	r := restored(t, j)
	if r.Chosen != 0 || r.Checkpoint != 0 || r.First != left[0].Slot || !slices.EqualFunc(r.Records, left, sameRecord) {
		t.Errorf("chosen %v, checkpoint %v, first %v, %d records", r.Chosen, r.Checkpoint, r.First, len(r.Records))
	}
	if p, ok := j.Published(); !ok || !p.IsNone() || string(p.Head) != "it is damaged" {
		t.Errorf("published %+v", p)
	}
	// A peer has an older one: what lies between it and the first slot is stored again.
	older := left[0].Slot - 4
	publish(t, j, Published{Slot: older, Generation: 8})
	var again []paxos.Record
	for slot := older + 1; slot < left[0].Slot; slot++ {
		again = append(again, record(slot, 1, 100))
	}
	save(t, j, again...)
	expect(t, j, append(again, left...))
	crash(t, j)
	j = open(t, dir, testOptions())
	defer closeJournal(t, j)
	if r := restored(t, j); r.Chosen < older || r.First != older+1 || r.Checkpoint != older {
		t.Errorf("first %v, chosen %v, checkpoint %v", r.First, r.Chosen, r.Checkpoint)
	}
	expect(t, j, append(again, left...))
}

func TestACheckpointBeyondTheLogCutsAllBelowIt(t *testing.T) {
	for _, marked := range []bool{true, false} {
		j, dir := create(t, testOptions())
		fillJournal(t, j, 8)
		frontier := filepath.Join(dir, frontierName)
		before := mustRead(t, frontier)
		publish(t, j, Published{Slot: 1000, Generation: 2})
		if !marked { // the process died in between
			crash(t, j)
			mustWrite(t, frontier, before)
			j = open(t, dir, testOptions())
		}
		if j.First() != 1001 {
			t.Errorf("the first slot is %v", j.First())
		}
		save(t, j, record(1001, 1, 10), record(1002, 1, 10))
		if err := j.Append([]paxos.Write{{Chosen: 1001}}); err != nil {
			t.Fatal(err)
		}
		closeJournal(t, j)
		j = open(t, dir, testOptions())
		if r := restored(t, j); r.First != 1001 || r.Chosen != 1001 || r.Checkpoint != 1000 || len(r.Records) != 1 {
			t.Errorf("restored %+v", r)
		}
		closeJournal(t, j)
	}
}

func TestATornPublicationIsDroppedAndTheOneBeforeCounts(t *testing.T) {
	j, dir := create(t, testOptions())
	want := fillJournal(t, j, 4)
	publish(t, j, Published{Slot: 2, Generation: 1})
	frontier := filepath.Join(dir, frontierName)
	before := mustRead(t, frontier)
	at := j.tail.end
	publish(t, j, Published{Slot: 4, Generation: 1, Head: record(1, 1, 900).Entry.Payload})
	end := j.tail.end
	crash(t, j)
	mustWrite(t, frontier, before)
	path := segmentPath(dir, j.tail.segment)
	whole := files(t, dir)
	for torn := at; torn < end-100; torn += 61 { // its last bytes are padding
		content := bytes.Clone(whole[path])
		content[torn] ^= 1
		mustWrite(t, path, content)
		j = open(t, dir, testOptions())
		if p, _ := j.Published(); p.Slot != 2 {
			t.Errorf("torn at %d: the checkpoint of slot %v counts", torn-at, p.Slot)
		}
		expect(t, j, want)
		closeJournal(t, j)
		putBack(t, dir, whole)
	}
}

func TestWhatCannotBePublishedIsRefused(t *testing.T) {
	j, _ := create(t, testOptions())
	defer closeJournal(t, j)
	if err := j.Publish(Published{Generation: 4}); err == nil {
		t.Error("a generation without a slot is taken")
	}
	if err := j.Append([]paxos.Write{{Promised: ballot(1)}}); err != nil {
		t.Errorf("that was fatal: %v", err)
	}
}

func TestD2_AFailedPublicationIsFinal(t *testing.T) {
	fs := new(faulty)
	o := testOptions()
	o.Files = fs
	j, dir := create(t, o)
	fillJournal(t, j, 4)
	<-j.spare.done
	fs.set(onSegments("sync", syscall.EIO))
	first := j.Publish(Published{Slot: 3, Generation: 1})
	fs.set(nil)
	if first == nil {
		t.Fatal("the failure went unnoticed")
	}
	if err := j.Append([]paxos.Write{{Promised: ballot(5)}}); err != first {
		t.Errorf("Append then says %v", err)
	}
	if _, err := j.Cut(2); err != first {
		t.Errorf("Cut then says %v", err)
	}
	closeJournal(t, j)
	closeJournal(t, open(t, dir, testOptions()))
}

// model is what a journal must hold.
type model struct {
	records   map[paxos.Slot]paxos.Record
	promised  paxos.Ballot
	published Published
	first     paxos.Slot
	hint      paxos.Slot
}

// step does one random thing to the journal and the model alike.
func (m *model) step(t *testing.T, j *Journal, random *rand.Rand) {
	last := m.first - 1
	for slot := range m.records {
		last = max(last, slot)
	}
	switch n := random.IntN(20); {
	case n < 12:
		var w paxos.Write
		for range random.IntN(4) + 1 {
			if last++; random.IntN(6) == 0 && last > m.published.Slot+2 {
				last-- // accepted once more
			}
			r := record(max(last, m.first), m.promised.Round, random.IntN(9000))
			r.Ballot = m.promised
			m.records[r.Slot] = r
			w.Records = append(w.Records, r)
		}
		if err := j.Append([]paxos.Write{w}); err != nil {
			t.Fatal(err)
		}
	case n < 14:
		m.promised.Round += paxos.Round(random.IntN(3))
		m.hint = max(m.hint, last)
		if err := j.Append([]paxos.Write{{Promised: m.promised, Chosen: m.hint}}); err != nil {
			t.Fatal(err)
		}
	case n < 16:
		slot := m.published.Slot + paxos.Slot(random.IntN(10))
		if slot <= last && slot >= m.first && slot > 0 {
			m.published = Published{Slot: slot, Generation: uint64(random.IntN(3) + 1), Head: record(slot, 1, random.IntN(3000)).Entry.Payload}
			publish(t, j, m.published)
		}
	default:
		m.first = cut(t, j, m.published.Slot+1-min(m.published.Slot, paxos.Slot(random.IntN(5))))
		maps.DeleteFunc(m.records, func(slot paxos.Slot, _ paxos.Record) bool { return slot < m.first })
	}
}

func (m *model) check(t *testing.T, j *Journal) {
	t.Helper()
	r := restored(t, j)
	if r.Promised != m.promised || r.First != m.first || r.Checkpoint != m.published.Slot || r.Chosen < m.published.Slot || r.Chosen > max(m.hint, m.published.Slot) {
		t.Fatalf("promised %v (%v), first %v (%v), checkpoint %v (%v), chosen %v (%v)", r.Promised, m.promised, r.First, m.first, r.Checkpoint, m.published.Slot, r.Chosen, m.hint)
	}
	if p, _ := j.Published(); p.Generation != m.published.Generation || !bytes.Equal(p.Head, m.published.Head) {
		t.Fatal("another publication")
	}
	for slot, want := range m.records {
		if got, err := j.Read(slot, slot, 1); err != nil || !sameRecord(got[0], want) {
			t.Fatalf("slot %v: %v", slot, err)
		}
	}
}

func TestRandomHistoriesOfCutsAndRestarts(t *testing.T) {
	for seed := range uint64(12) {
		random := rand.New(rand.NewPCG(seed, 1))
		o := testOptions()
		o.CacheBytes = 1
		j, dir := create(t, o)
		m := model{records: map[paxos.Slot]paxos.Record{}, promised: ballot(1), first: 1}
		if err := j.Append([]paxos.Write{{Promised: m.promised}}); err != nil {
			t.Fatal(err)
		}
		for range 12 {
			for range random.IntN(25) {
				m.step(t, j, random)
			}
			appended := j.Appended()
			if random.IntN(2) == 0 {
				crash(t, j)
			} else {
				closeJournal(t, j)
			}
			j = open(t, dir, o)
			m.check(t, j)
			if j.Appended() != appended {
				t.Fatalf("seed %d: %d bytes appended, %d before the restart", seed, j.Appended(), appended)
			}
		}
		if seed == 0 && m.first < 20 {
			t.Errorf("only %v slots were cut", m.first-1)
		}
		closeJournal(t, j)
	}
}
