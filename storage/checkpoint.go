package storage

import (
	"errors"
	"path/filepath"
	"time"

	"github.com/paxredis/paxredis/replication/paxos"
	"github.com/paxredis/paxredis/storage/journal"
	"github.com/paxredis/paxredis/storage/state"
)

// openState opens the checkpoints; it comes last.
func (s *Store) openState(o *Options) (err error) {
	l, err := openLedger(s.journal, &s.encryption)
	if err != nil {
		return &Corrupt{What: err.Error(), Where: filepath.Join(s.dir, journalName), Hint: journal.RejoinHint(s.identity.NodeID.String())}
	}
	s.state, err = state.Open(filepath.Join(s.dir, stateName), l, state.Options{Logger: o.Logger, Rest: s.rest, Key: s.encryption.state})
	return err
}

// Pace implements replication.CheckpointStorage.
func (s *Store) Pace(rest func(worked time.Duration)) { s.pace.Store(&rest) }

// rest does nothing before somebody sets the pace.
func (s *Store) rest(worked time.Duration) {
	if pace := s.pace.Load(); pace != nil {
		(*pace)(worked)
	}
}

// closeState comes before the journal is closed: a checkpoint that is just being published needs it.
func (s *Store) closeState() error {
	if err := s.state.Close(); !errors.Is(err, ErrClosed) {
		return err
	}
	return nil
}

// Checkpoint implements replication.CheckpointStorage.
func (s *Store) Checkpoint() (c paxos.Checkpoint, ok bool) { return s.state.Checkpoint() }

// RoomForCheckpoint implements replication.CheckpointStorage.
func (s *Store) RoomForCheckpoint() error { return s.state.RoomForNext() }

// FreeBytes is how much space is left on the file system of the data directory.
func (s *Store) FreeBytes() (uint64, error) { return s.state.FreeBytes() }

// WriteCheckpoint implements replication.CheckpointStorage. A record may be written once for a checkpoint. The error matches ErrDiskSpace
// if there is no room; nothing of records is written then.
func (s *Store) WriteCheckpoint(slot paxos.Slot, records []paxos.CheckpointRecord) error {
	return s.state.Write(slot, records)
}

// RewriteCheckpoint implements replication.CheckpointStorage.
func (s *Store) RewriteCheckpoint(slot paxos.Slot) error { return s.state.Rewrite(slot) }

// PublishCheckpoint implements replication.CheckpointStorage.
func (s *Store) PublishCheckpoint(c paxos.Checkpoint) error { return s.state.Publish(c) }

// RenewCheckpoint implements replication.CheckpointStorage.
func (s *Store) RenewCheckpoint() error { return s.state.Renew() }

// LoadCheckpoint implements replication.CheckpointStorage. A record is valid until the next call of next. An error that matches
// paxos.ErrDamagedCheckpoint says that the checkpoint is to be discarded.
func (s *Store) LoadCheckpoint() (next func() (paxos.CheckpointRecord, bool, error), done func() error, err error) {
	return s.state.Load()
}

// DiscardCheckpoint implements replication.CheckpointStorage.
func (s *Store) DiscardCheckpoint(why string) error { return s.state.Discard(why) }

// HoldCheckpoint implements replication.CheckpointStorage.
func (s *Store) HoldCheckpoint(slot paxos.Slot) (c paxos.Checkpoint, release func(), err error) {
	return s.state.Hold(slot)
}

// ReadCheckpoint implements replication.CheckpointStorage. maxBytes counts before the part is compressed.
func (s *Store) ReadCheckpoint(slot paxos.Slot, cursor []byte, maxBytes int) (data, next []byte, err error) {
	return s.state.Read(slot, cursor, maxBytes)
}

// ReadChanges is like ReadCheckpoint, for what changed after the checkpoint of slot since, deletions included. paxos.ErrNoCheckpoint if
// that is not known any more: all of the checkpoint must be read then.
func (s *Store) ReadChanges(slot, since paxos.Slot, cursor []byte, maxBytes int) (data, next []byte, err error) {
	return s.state.ReadChanges(slot, since, cursor, maxBytes)
}
