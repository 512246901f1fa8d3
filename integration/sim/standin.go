package sim

import (
	"errors"
	"fmt"
	"time"

	"github.com/paxredis/paxredis/replication"
	"github.com/paxredis/paxredis/replication/paxos"
)

type simDisk struct {
	promised paxos.Ballot
	chosen   paxos.Slot
	records  map[paxos.Slot]paxos.Record
	bytes    uint64
	boot     uint64
}

func newDisk(w *world) *simDisk { return &simDisk{records: map[paxos.Slot]paxos.Record{}} }

func (d *simDisk) Failed() bool { return false }
func (d *simDisk) Crash(int)    {}

type simStore = replication.Storage

type memStore struct{ *simDisk }

func openStore(n *node) (replication.Storage, paxos.Restored, error) {
	d := n.disk
	r := paxos.Restored{Promised: d.promised, Chosen: d.chosen, First: 1}
	var highest paxos.Slot
	for s := range d.records {
		highest = max(highest, s)
	}
	for s := d.chosen + 1; s <= highest; s++ {
		if record, ok := d.records[s]; ok {
			r.Records = append(r.Records, record)
		}
	}
	return memStore{d}, r, nil
}

var errNone = errors.New("none")

func (h memStore) Save(writes []paxos.Write) error {
	for _, w := range writes {
		if h.promised.Less(w.Promised) {
			h.promised = w.Promised
		}
		for _, r := range w.Records {
			h.records[r.Slot] = r
			h.bytes += uint64(len(r.Entry.Payload))
		}
		h.chosen = max(h.chosen, w.Chosen)
	}
	return nil
}

func (h memStore) Read(from, through paxos.Slot, maxBytes int) ([]paxos.Record, error) {
	var records []paxos.Record
	for s := from; s <= through && (maxBytes > 0 || len(records) == 0); s++ {
		record, ok := h.records[s]
		if !ok {
			return nil, fmt.Errorf("slot %v is missing", s)
		}
		records = append(records, record)
		maxBytes -= len(record.Entry.Payload)
	}
	return records, nil
}

func (h memStore) Pace(func(time.Duration))                                   {}
func (h memStore) Checkpoint() (paxos.Checkpoint, bool)                       { return paxos.Checkpoint{}, false }
func (h memStore) RoomForCheckpoint() error                                   { return paxos.ErrDiskSpace }
func (h memStore) WriteCheckpoint(paxos.Slot, []paxos.CheckpointRecord) error { return nil }
func (h memStore) PublishCheckpoint(paxos.Checkpoint) error                   { return errNone }
func (h memStore) LoadCheckpoint() (func() (paxos.CheckpointRecord, bool, error), func() error, error) {
	return nil, nil, errNone
}
func (h memStore) DiscardCheckpoint(string) error { return nil }
func (h memStore) HoldCheckpoint(paxos.Slot) (paxos.Checkpoint, func(), error) {
	return paxos.Checkpoint{}, nil, paxos.ErrNoCheckpoint
}
func (h memStore) ReadCheckpoint(paxos.Slot, []byte, int) ([]byte, []byte, error) {
	return nil, nil, paxos.ErrNoCheckpoint
}
func (h memStore) BeginReceive(paxos.Checkpoint) ([]byte, error) { return nil, errNone }
func (h memStore) Receive([]byte, []byte) error                  { return nil }
func (h memStore) FinishReceive() error                          { return nil }
func (h memStore) Cut(paxos.Slot) (paxos.Slot, error)            { return 1, nil }
func (h memStore) JournalBytes() uint64                          { return h.bytes }

func (n *node) failDisk(int)    {}
func (n *node) mendDisk()       {}
func (w *world) crashMode() int { return 0 }
