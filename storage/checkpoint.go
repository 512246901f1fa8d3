package storage

import (
	"errors"

	"github.com/paxredis/paxredis/replication/paxos"
)

// Checkpoint returns the newest published checkpoint; ok is false without one.
func (s *Store) Checkpoint() (c paxos.Checkpoint, ok bool) { return c, false }

// WriteCheckpoint adds records that changed since the newest published checkpoint to the one of slot.
func (s *Store) WriteCheckpoint(slot paxos.Slot, records []paxos.CheckpointRecord) error {
	return errNotThere
}

// PublishCheckpoint completes and publishes.
func (s *Store) PublishCheckpoint(c paxos.Checkpoint) error { return errNotThere }

// LoadCheckpoint calls emit with every record of the newest published checkpoint.
func (s *Store) LoadCheckpoint() (next func() (paxos.CheckpointRecord, bool, error), done func() error, err error) {
	return nil, nil, errNotThere
}

// DiscardCheckpoint gives the newest checkpoint up.
func (s *Store) DiscardCheckpoint(why string) error { return errNotThere }

// ReadCheckpoint returns a part.
func (s *Store) ReadCheckpoint(slot paxos.Slot, cursor []byte, maxBytes int) (data, next []byte, err error) {
	return nil, nil, errNotThere
}

// HoldCheckpoint keeps it readable.
func (s *Store) HoldCheckpoint(slot paxos.Slot) (c paxos.Checkpoint, release func(), err error) {
	return c, nil, errNotThere
}

// BeginReceive begins or resumes.
func (s *Store) BeginReceive(c paxos.Checkpoint) (cursor []byte, err error) { return nil, errNotThere }

// Receive adds a part.
func (s *Store) Receive(data, next []byte) error { return errNotThere }

// FinishReceive verifies, publishes, switches.
func (s *Store) FinishReceive() error { return errNotThere }

var errNotThere = errors.New("storage: not there")

// RoomForCheckpoint finds out whether the disk has room.
func (s *Store) RoomForCheckpoint() error { return errNotThere }
