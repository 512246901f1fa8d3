package main

import (
	"errors"
	"testing"

	"github.com/paxredis/paxredis/replication/paxos"
	"github.com/paxredis/paxredis/statemachine"
)

// What the keyspace says of a later release reaches the group, which would give a damaged checkpoint up.
func TestTheGroupIsToldOfAStateOfALaterRelease(t *testing.T) {
	none := func() (paxos.CheckpointRecord, bool, error) { return paxos.CheckpointRecord{}, false, nil }
	m := newMachine(statemachine.New(statemachine.Config{}))
	for state, later := range map[string]bool{"\x08\x04": true, "\x08\x01": false, "\xff": false} {
		if err := m.Restore(paxos.Checkpoint{Machine: []byte(state)}, none); err == nil || errors.Is(err, paxos.ErrNewerFormat) != later {
			t.Errorf("state %x: %v", state, err)
		}
	}
}
