package paxostest

import (
	"fmt"

	"github.com/paxredis/paxredis/replication/paxos"
)

// Configuration returns the newest configuration chosen.
func (e *Env) Configuration() paxos.Configuration {
	return e.ledger.configurations[len(e.ledger.configurations)-1]
}

// Reconfigure proposes a configuration at a node if it can, and says whether it could.
func (e *Env) Reconfigure(id paxos.NodeID, configuration paxos.Configuration) bool {
	n := e.node(id)
	if n.core == nil || !n.core.CanReconfigure() {
		return false
	}
	payload, err := configuration.Encode()
	if err != nil {
		e.violated("%v does not encode: %w", configuration, err)
		return false
	}
	e.Stats.Configurations++
	e.Step(id, paxos.Proposed{Entry: paxos.Entry{Kind: paxos.EntryConfiguration, Payload: payload}})
	return true
}

// Join starts a spare node for the first time, with what the newest configuration says: it must be a member of it.
func (e *Env) Join(id paxos.NodeID) error {
	configuration := e.Configuration()
	n := e.node(id)
	if n.joined != nil || !configuration.IsMember(id) {
		return fmt.Errorf("node %v cannot join: it is no new member of %v", id, configuration)
	}
	e.Stats.Joins++
	n.joined = &configuration
	return e.Restart(id, 0)
}

// HasJoined reports whether a node was ever started.
func (e *Env) HasJoined(id paxos.NodeID) bool { return e.node(id).joined != nil }

// knownConfiguration is what a driver finds out at a start: the newest of what it was told when it joined, of its checkpoint,
// and of the entries that it knows to be chosen.
func (n *node) knownConfiguration(chosen paxos.Slot) paxos.Configuration {
	known := *n.joined
	if n.disk.checkpoint.slot != 0 && n.disk.checkpoint.configuration.Slot > known.Slot {
		known = n.disk.checkpoint.configuration
	}
	for s, record := range n.disk.records {
		if record.Entry.Kind != paxos.EntryConfiguration || s > chosen || s <= known.Slot {
			continue
		}
		if configuration, err := paxos.DecodeConfiguration(record.Entry.Payload); err == nil {
			known, known.Slot = configuration, s
		}
	}
	return known
}
