package paxostest

import (
	"slices"

	"github.com/paxredis/paxredis/replication/paxos"
)

// disk is what survives a crash, and the writes under way to it.
type disk struct {
	promised paxos.Ballot
	// floor is at least the highest ballot of the records that were cut off.
	floor   paxos.Ballot
	hint    paxos.Slot
	records map[paxos.Slot]paxos.Record
	first   paxos.Slot // the log is cut below it
	// checkpoint is the newest published one; its slot is 0 without one, and while it is lost.
	checkpoint checkpoint
	through    paxos.Slot // no gap is below it; raised as it is asked for
	pending    []pendingWrite
	stored     uint64 // newest sequence of this boot that is on stable storage
}

type pendingWrite struct {
	sequence uint64
	write    paxos.Write
}

func newDisk() disk { return disk{records: map[paxos.Slot]paxos.Record{}, first: 1} }

// Sync brings the count oldest writes of a node to stable storage, all of them for -1, and reports them stored.
func (e *Env) Sync(id paxos.NodeID, count int) {
	n := e.node(id)
	if n.core == nil || len(n.disk.pending) == 0 || count == 0 {
		return
	}
	if count < 0 || count > len(n.disk.pending) {
		count = len(n.disk.pending)
	}
	for range count {
		e.storeOldest(n)
	}
	e.Stats.Syncs++
	e.detail("%v synced #%d", id, n.disk.stored)
	e.release(n)
	e.Step(id, paxos.Stored{Sequence: n.disk.stored})
}

// Unsynced returns how many writes of a node are under way.
func (e *Env) Unsynced(id paxos.NodeID) int { return len(e.node(id).disk.pending) }

func (e *Env) release(n *node) {
	for len(n.held) > 0 && n.held[0].sequence <= n.disk.stored {
		held := n.held[0]
		n.held = n.held[1:]
		e.transmit(n, held.envelope)
	}
}

func (e *Env) storeOldest(n *node) {
	d := &n.disk
	w := d.pending[0]
	d.pending = d.pending[1:]
	d.stored = w.sequence
	if !w.write.Promised.IsZero() {
		if w.write.Promised.Less(d.promised) {
			e.violated("node %v stores the promise %v over %v", n.id, w.write.Promised, d.promised)
		}
		d.promised = w.write.Promised
	}
	for _, record := range w.write.Records {
		if old, ok := d.records[record.Slot]; ok && record.Ballot.Less(old.Ballot) {
			e.violated("node %v stores %v over %v: its ballot went back", n.id, record, old)
		}
		d.records[record.Slot] = record
		if err := e.ledger.vote(n.id, record); err != nil {
			e.violated("node %v stores: %w", n.id, err)
		}
	}
	d.hint = max(d.hint, w.write.Chosen)
}

// restored is what a start reads back, with the hint lowered by forget slots.
func (d *disk) restored(forget paxos.Slot) paxos.Restored {
	hint := max(d.hint-min(forget, d.hint), d.checkpoint.slot)
	if d.checkpoint.slot < d.first-1 {
		hint = 0 // the state is lost
	}
	r := paxos.Restored{Promised: d.restoredPromise(), Chosen: hint, First: d.first, Checkpoint: d.checkpoint.slot}
	for s, record := range d.records {
		if s > hint {
			r.Records = append(r.Records, record)
		}
	}
	slices.SortFunc(r.Records, func(a, b paxos.Record) int { return int(a.Slot) - int(b.Slot) })
	return r
}

// restoredPromise is what a start takes the promise for: no record is of a higher ballot.
func (d *disk) restoredPromise() paxos.Ballot {
	promised := d.promised
	if promised.Less(d.floor) {
		promised = d.floor
	}
	for _, record := range d.records {
		if promised.Less(record.Ballot) {
			promised = record.Ballot
		}
	}
	return promised
}

// hasThrough reports whether every slot up to s is stored.
func (d *disk) hasThrough(s paxos.Slot) bool {
	d.through = max(d.through, d.first-1, d.checkpoint.slot)
	for d.through < s {
		if _, ok := d.records[d.through+1]; !ok {
			return false
		}
		d.through++
	}
	return true
}
