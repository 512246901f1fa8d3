package replication

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/paxredis/paxredis/replication/paxos"
)

// disk is a node's stable storage. It outlives its handles.
type disk struct {
	mu       sync.Mutex
	promised paxos.Ballot
	chosen   paxos.Slot
	records  map[paxos.Slot]paxos.Record
	boot     uint64
	saves    int // calls that synced something
	first    paxos.Slot
	bytes    uint64

	checkpoints checkpoints
}

func newDisk() *disk { return &disk{records: map[paxos.Slot]paxos.Record{}} }

func (d *disk) restored() paxos.Restored {
	d.mu.Lock()
	defer d.mu.Unlock()
	r := paxos.Restored{Promised: d.promised, Chosen: d.chosen, First: d.first}
	if newest := d.checkpoints.newest; newest != nil {
		r.Checkpoint = newest.checkpoint.Slot
	}
	var highest paxos.Slot
	for s := range d.records {
		highest = max(highest, s)
	}
	for s := d.chosen + 1; s <= highest; s++ {
		if record, ok := d.records[s]; ok {
			r.Records = append(r.Records, record)
		}
	}
	return r
}

func (d *disk) syncs() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.saves
}

// handle is what one boot sees of the disk.
type handle struct {
	*disk
	dead atomic.Bool
	// gate, when closed for passing, holds up Save: lock it to close.
	gate sync.Mutex
	// entered counts Saves that have come to the gate.
	entered chan struct{}
	failing atomic.Pointer[error]
}

func newHandle(d *disk) *handle { return &handle{disk: d, entered: make(chan struct{}, 1)} }

var errCrashed = errors.New("crashed")

func (h *handle) Save(writes []paxos.Write) error {
	select {
	case h.entered <- struct{}{}:
	default:
	}
	h.gate.Lock()
	defer h.gate.Unlock()
	if err := h.failing.Load(); err != nil {
		return *err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.dead.Load() {
		return errCrashed
	}
	h.saves++
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

func (h *handle) Read(from, through paxos.Slot, maxBytes int) ([]paxos.Record, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
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
