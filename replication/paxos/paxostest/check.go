package paxostest

import (
	"fmt"
	"math/bits"

	"github.com/paxredis/paxredis/replication/paxos"
)

// ledger is the truth that no node sees: which value a majority has stored at one ballot, slot by slot.
type ledger struct {
	// configurations are those chosen, the first one before them. Each governs the slots after its own.
	configurations []paxos.Configuration
	slots          []slotLedger // by slot; 0 is unused
	announced      paxos.Slot   // the highest slot handed over to be applied anywhere
}

type slotLedger struct {
	votes  []vote
	chosen bool
	value  string
}

type vote struct {
	ballot paxos.Ballot
	value  string
	nodes  uint64
}

func valueOf(e paxos.Entry) string { return string(rune('0'+e.Kind)) + string(e.Payload) }

func (l *ledger) slot(s paxos.Slot) *slotLedger {
	for paxos.Slot(len(l.slots)) <= s {
		l.slots = append(l.slots, slotLedger{})
	}
	return &l.slots[s]
}

// vote notes that a node has stored a record.
func (l *ledger) vote(id paxos.NodeID, record paxos.Record) error {
	s, value := l.slot(record.Slot), valueOf(record.Entry)
	v := s.at(record.Ballot, value)
	if v.value != value {
		return fmt.Errorf("slot %v has two values at ballot %v: %q and %q", record.Slot, record.Ballot, v.value, value)
	}
	v.nodes |= 1 << id
	if !l.isQuorum(record.Slot, v.nodes) {
		return nil
	}
	if s.chosen && s.value != value {
		return fmt.Errorf("C2: slot %v has two chosen values: %q, and at ballot %v %q", record.Slot, s.value, record.Ballot, value)
	}
	if !s.chosen && record.Entry.Kind == paxos.EntryConfiguration {
		l.reconfigure(record)
	}
	s.chosen, s.value = true, value
	return nil
}

// isQuorum reports whether the nodes hold a majority of the voters that govern a slot.
func (l *ledger) isQuorum(slot paxos.Slot, nodes uint64) bool {
	governing := l.configurationAfter(slot - 1)
	var voters uint64
	for _, m := range governing.Voters {
		voters |= 1 << m.ID
	}
	return bits.OnesCount64(nodes&voters) >= paxos.Majority(len(governing.Voters))
}

// reconfigure notes a configuration chosen. Slots are chosen in the order of their numbers as far as configurations go.
func (l *ledger) reconfigure(record paxos.Record) {
	configuration, err := paxos.DecodeConfiguration(record.Entry.Payload)
	if err != nil {
		panic(err) // the simulation proposed it
	}
	configuration.Slot = record.Slot
	if configuration.Base != l.configurations[len(l.configurations)-1].Slot {
		return // void
	}
	l.configurations = append(l.configurations, configuration)
}

func (s *slotLedger) at(ballot paxos.Ballot, value string) *vote {
	for i := range s.votes {
		if s.votes[i].ballot == ballot {
			return &s.votes[i]
		}
	}
	s.votes = append(s.votes, vote{ballot: ballot, value: value})
	return &s.votes[len(s.votes)-1]
}

// apply notes that a node applies a record, which a majority must have stored.
func (l *ledger) apply(record paxos.Record) error {
	l.announced = max(l.announced, record.Slot)
	return l.compare(record)
}

func (l *ledger) compare(record paxos.Record) error {
	s := l.slot(record.Slot)
	if !s.chosen {
		return fmt.Errorf("D1: %v is applied, but no majority has stored it at one ballot", record)
	}
	if value := valueOf(record.Entry); s.value != value {
		return fmt.Errorf("C2: slot %v has %q, but %q is chosen", record.Slot, value, s.value)
	}
	return nil
}

// checkLeases: at no moment do two nodes hold a lease, and who holds one knows everything that is chosen (rule L4).
func (e *Env) checkLeases() {
	if !e.options.Lease {
		return
	}
	var holder paxos.NodeID
	for _, n := range e.nodes {
		if n.core == nil || !n.holdsLease(e.now) {
			continue
		}
		if holder != 0 {
			e.violated("L4: nodes %v and %v both hold a lease", holder, n.id)
		}
		holder = n.id
		if n.core.Chosen() < e.ledger.announced {
			e.violated("L4: node %v holds a lease and knows slot %v, but slot %v is applied elsewhere", n.id, n.core.Chosen(), e.ledger.announced)
		}
	}
}

func (n *node) holdsLease(now int64) bool {
	sent, lasts, ok := n.core.Lease()
	return ok && n.clock.instant(now).Elapsed(sent) < lasts
}

// checkTruth: what a message reports as stored is on stable storage (rule D1).
func (e *Env) checkTruth(n *node, m paxos.Message) {
	d := &n.disk
	switch m := m.(type) {
	case paxos.Prepare:
		e.checkPromised(n, m.Ballot, m)
	case paxos.Promise:
		e.checkPromised(n, m.Ballot, m)
		for _, record := range m.Accepted {
			if stored, ok := d.records[record.Slot]; record.Slot >= d.first && (!ok || stored.Ballot.Less(record.Ballot)) {
				e.violated("D1: node %v sends %v, but has stored %v", n.id, m, stored)
			}
		}
	case paxos.Accepted:
		if record, ok := d.records[m.Slot]; m.Slot >= d.first && (!ok && m.Slot > d.checkpoint.slot || record.Ballot.Less(m.Ballot) && m.Slot > n.applied) {
			e.violated("D1: node %v sends %v, but has stored %v", n.id, m, record)
		}
	case paxos.HeartbeatAck:
		if !d.hasThrough(m.Synced) {
			e.violated("D1: node %v sends %v, but a slot below is not stored", n.id, m)
		}
	}
}

func (e *Env) checkPromised(n *node, b paxos.Ballot, m paxos.Message) {
	if n.disk.promised.Less(b) && n.disk.restoredPromise().Less(b) {
		e.violated("D1: node %v sends %v, but has stored the promise %v", n.id, m, n.disk.promised)
	}
}
