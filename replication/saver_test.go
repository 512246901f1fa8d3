package replication

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/paxredis/paxredis/replication/paxos"
)

// journalLog records in which order a saver writes, sends and reports.
type journalLog struct {
	CheckpointStorage

	mu     sync.Mutex
	events []string
	err    error
	// newest is the checkpoint there is, if its Slot is not 0; readErr what Read returns.
	newest  paxos.Checkpoint
	readErr error
	during  func() // called while a write is on its way; may be nil
}

func (j *journalLog) note(format string, args ...any) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.events = append(j.events, fmt.Sprintf(format, args...))
}

func (j *journalLog) Save(writes []paxos.Write) error {
	j.note("save %d", len(writes))
	if j.during != nil {
		j.during()
	}
	return j.err
}

func (j *journalLog) Read(paxos.Slot, paxos.Slot, int) ([]paxos.Record, error) { return nil, j.readErr }

func (j *journalLog) Checkpoint() (paxos.Checkpoint, bool) { return j.newest, j.newest.Slot != 0 }

func (j *journalLog) SetMembers(paxos.Configuration) {}

func (j *journalLog) Send(to paxos.NodeID, _ paxos.Message) { j.note("send to %v", to) }

func (j *journalLog) SendAll(all []paxos.Envelope) {
	for _, e := range all {
		j.Send(e.To, e.Message)
	}
}

func saveOf(sequence uint64, slot paxos.Slot, to paxos.NodeID) save {
	s := save{sequence: sequence, after: []paxos.Envelope{{To: to, Message: paxos.Accepted{Slot: slot}}}}
	if slot > 0 {
		s.write.Records = []paxos.Record{{Slot: slot}}
	}
	return s
}

func TestD1_SaverSendsAfterOneSaveForAll(t *testing.T) {
	j := &journalLog{}
	s := newSaver(j, j, SystemClock{}, func(sequence uint64) { j.note("stored %d", sequence) }, func(err error) { t.Error(err) })
	s.queue.push([]save{saveOf(1, 1, 2), saveOf(2, 2, 3), saveOf(2, 0, 4)}, 0)
	s.queue.close()
	drive(s, s.ended)
	if want := []string{"save 2", "send to 2", "send to 3", "send to 4", "stored 2"}; !slices.Equal(j.events, want) {
		t.Errorf("%q\nwant %q", j.events, want)
	}
}

func TestD2_SaverSendsNothingAfterAFailedSave(t *testing.T) {
	j := &journalLog{err: errors.New("input/output error")}
	var failed error
	s := newSaver(j, j, SystemClock{}, func(sequence uint64) { j.note("stored %d", sequence) }, func(err error) { failed = err })
	s.queue.push([]save{saveOf(1, 1, 2)}, 0)
	s.queue.close()
	drive(s, s.ended)
	if want := []string{"save 1"}; !slices.Equal(j.events, want) || !errors.Is(failed, j.err) {
		t.Errorf("%q, %v", j.events, failed)
	}
}
