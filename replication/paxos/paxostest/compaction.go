package paxostest

import "github.com/paxredis/paxredis/replication/paxos"

// checkpoint is the image of a state: here, only what the protocol needs of it.
type checkpoint struct {
	slot          paxos.Slot
	configuration paxos.Configuration
}

// Compact has a node publish a checkpoint of what it has applied, and cut its log below it but for a tail of keep slots.
func (e *Env) Compact(id paxos.NodeID, keep paxos.Slot) {
	n := e.node(id)
	d := &n.disk
	if n.core == nil || n.fetching != nil || n.applied <= d.checkpoint.slot || !d.hasThrough(n.applied) {
		return
	}
	e.Stats.Cuts++
	d.checkpoint = checkpoint{n.applied, e.ledger.configurationAfter(n.applied)}
	d.cut(max(d.first, n.applied+1-min(keep, n.applied)))
	e.logf("%v checkpoint %v, log from %v", id, d.checkpoint.slot, d.first)
	e.Step(id, paxos.Compacted{First: d.first, Checkpoint: d.checkpoint.slot})
}

func (d *disk) cut(first paxos.Slot) {
	d.floor = d.restoredPromise() // as a journal repeats it before it lets go of the records that it follows from
	d.first = first
	for s := range d.records {
		if s < first {
			delete(d.records, s)
		}
	}
}

// configurationAfter is the one that governs the slot after s.
func (l *ledger) configurationAfter(s paxos.Slot) paxos.Configuration {
	newest := l.configurations[0]
	for _, configuration := range l.configurations {
		if configuration.Slot <= s {
			newest = configuration
		}
	}
	return newest
}

// LoseState has a node that is down find its checkpoint damaged at its next start.
func (e *Env) LoseState(id paxos.NodeID) {
	e.logf("%v loses its state", id)
	e.node(id).disk.checkpoint = checkpoint{}
}

// HasState reports whether a node could give its checkpoint, or its whole log, to others.
func (e *Env) HasState(id paxos.NodeID) bool {
	d := &e.node(id).disk
	return d.first == 1 || d.checkpoint.slot >= d.first-1
}

// Fetching reports whether a node waits for a checkpoint.
func (e *Env) Fetching(id paxos.NodeID) bool { return e.node(id).fetching != nil }

// FinishFetch ends a node's fetch: with the checkpoint of the node asked if that is up, can be reached and has one.
func (e *Env) FinishFetch(id paxos.NodeID) {
	n := e.node(id)
	if n.core == nil || n.fetching == nil {
		return
	}
	from := e.node(n.fetching.From)
	wanted := n.fetching.Slot
	n.fetching = nil
	got := from.disk.checkpoint
	if from.core == nil || e.cut[link{id, from.id}] || e.cut[link{from.id, id}] || got.slot < wanted || got.slot <= n.applied {
		e.Step(id, paxos.Fetched{})
		return
	}
	e.Stats.Fetches++
	e.logf("%v installs checkpoint %v of %v", id, got.slot, from.id)
	n.disk.checkpoint, n.applied = got, got.slot
	n.disk.cut(max(n.disk.first, got.slot+1))
	e.Step(id, paxos.Fetched{Slot: got.slot, Configuration: got.configuration})
}
