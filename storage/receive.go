package storage

import (
	"github.com/paxredis/paxredis/replication/paxos"
	"github.com/paxredis/paxredis/storage/state"
)

// Receiving implements replication.CheckpointStorage.
func (s *Store) Receiving() (c paxos.Checkpoint, ok bool) { return s.state.Receiving() }

// BeginReceive implements replication.CheckpointStorage. A full backup is restored into a new data directory in the same way.
func (s *Store) BeginReceive(c paxos.Checkpoint) (cursor []byte, err error) {
	return s.state.BeginReceive(c)
}

// Receive implements replication.CheckpointStorage. The error matches ErrDiskSpace if there is no room.
func (s *Store) Receive(data, next []byte) error { return s.state.Receive(data, next) }

// ApplyChanges adds a part that ReadChanges returned to the checkpoint that is being received, all of which must be there. SetHead must
// follow before FinishReceive. Such a reception is not resumed.
func (s *Store) ApplyChanges(data []byte) error { return s.state.ApplyChanges(data) }

// SetHead says which checkpoint the one that is being received has become by the changes applied: FinishReceive compares with it. Records of
// spaces that it does not have are left out.
func (s *Store) SetHead(c paxos.Checkpoint) error { return s.state.SetHead(c) }

// FinishReceive implements replication.CheckpointStorage.
func (s *Store) FinishReceive() error { return s.state.FinishReceive() }

// PartRecord is a record, or a piece of one, in a part of a checkpoint.
type PartRecord = state.PartRecord

// Tally counts and sums records from the pieces that DecodePart gives: with it a backup is compared with its checkpoint's head.
type Tally = state.Tally

// DecodePart calls emit for each record in a part that ReadCheckpoint or ReadChanges returned. What it is given is valid until it
// returns. The error matches paxos.ErrDamagedCheckpoint if the part is not as it was made.
func DecodePart(data []byte, emit func(PartRecord) error) error { return state.DecodePart(data, emit) }
