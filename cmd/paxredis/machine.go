package main

import (
	"errors"
	"sync/atomic"

	"github.com/paxredis/paxredis/replication"
	"github.com/paxredis/paxredis/replication/paxos"
	"github.com/paxredis/paxredis/statemachine"
)

// machine is the keyspace as the group sees it: replication does not know the reply methods of statemachine.
type machine struct {
	*statemachine.Machine
	// reclaiming says that a goroutine gives memory back.
	reclaiming *atomic.Bool
}

func newMachine(m *statemachine.Machine) machine { return machine{m, new(atomic.Bool)} }

// Apply implements replication.Machine. What the client layer gave the group as Replies always has the methods of
// statemachine.Replies as well.
func (m machine) Apply(slot uint64, stamp replication.Stamp, commands []byte, count int, replies replication.Replies) {
	var own statemachine.Replies // stays nil when this node is not the origin
	if replies != nil {
		own = replies.(statemachine.Replies)
	}
	m.Machine.Apply(slot, statemachine.Stamp(stamp), commands, count, own)
	if m.Machine.Reclaimable() && m.reclaiming.CompareAndSwap(false, true) {
		go m.reclaim()
	}
}

// reclaim gives back what a large flush has left, beside whatever is applied next, if anything is.
func (m machine) reclaim() {
	defer m.reclaiming.Store(false)
	for m.Machine.Reclaim() {
		continue
	}
}

// Freeze implements replication.Machine.
func (m machine) Freeze() replication.FrozenState { return frozen{m.Machine.Freeze()} }

// Restore implements replication.Machine.
func (m machine) Restore(c paxos.Checkpoint, next func() (paxos.CheckpointRecord, bool, error)) error {
	return restoreError(m.Machine.Restore(c.Machine, c.Spaces, c.Count, func() (statemachine.Record, bool, error) {
		r, ok, err := next()
		return statemachine.Record(r), ok, err
	}))
}

// restoreError tells the group what of a later release looks like: a checkpoint that this one cannot read is not a damaged one.
func restoreError(err error) error {
	if errors.Is(err, statemachine.ErrNewerFormat) {
		return newerState{err}
	}
	return err
}

// newerState is statemachine's error of a later release, as replication knows it.
type newerState struct{ error }

// Unwrap gives what statemachine said.
func (e newerState) Unwrap() error { return e.error }

// Is makes it match paxos.ErrNewerFormat.
func (newerState) Is(target error) bool { return target == paxos.ErrNewerFormat }

// frozen is a checkpoint of the keyspace as the group sees it.
type frozen struct{ *statemachine.Checkpoint }

// Next implements replication.FrozenState.
func (f frozen) Next(maxBytes int) []paxos.CheckpointRecord {
	records := f.Checkpoint.Next(maxBytes)
	converted := make([]paxos.CheckpointRecord, len(records))
	for i := range records {
		converted[i] = paxos.CheckpointRecord(records[i])
	}
	return converted
}

// Finish implements replication.FrozenState.
func (f frozen) Finish() paxos.Checkpoint {
	count, sum, spaces, state := f.Checkpoint.Finish()
	return paxos.Checkpoint{Count: count, Sum: sum, Spaces: spaces, Machine: state}
}
