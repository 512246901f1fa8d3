package replication

import (
	"time"

	"github.com/paxredis/paxredis/replication/paxos"
)

// Errors of Storage that are not fatal. An implementation's own errors match them through paxos, which both know.
var (
	// ErrNoCheckpoint says that a checkpoint is not, or no longer, there.
	ErrNoCheckpoint = paxos.ErrNoCheckpoint
	// ErrCut says that a slot is not in the log any more.
	ErrCut = paxos.ErrCut
	// ErrDamaged says that what a peer sent is not what it should be.
	ErrDamaged = paxos.ErrDamagedCheckpoint
	// ErrDiskSpace says that there is no room for a checkpoint.
	ErrDiskSpace = paxos.ErrDiskSpace
)

// Storage is the acceptor's memory, which survives a crash.
type Storage interface {
	CheckpointStorage

	// Save appends all writes in order and returns once they are on stable storage: one write and one sync for all
	// of them. A Write that is empty but for its hint may stay unsynced. An error is fatal for the process (rule D2):
	// the group never calls Save again. Called from one goroutine.
	Save(writes []paxos.Write) error

	// Read returns the newest stored record of each slot in from..through, in slot order without gaps, as many as fit
	// in maxBytes of payload but at least one. It may run beside Save, from any goroutine. A slot that is missing or
	// damaged is an error, ErrCut (by errors.Is) if it was cut off.
	Read(from, through paxos.Slot, maxBytes int) ([]paxos.Record, error)
}

// CheckpointStorage keeps the durable images of the state, and cuts the log that they cover. Unless said otherwise its
// methods may run beside those of Storage, on any goroutine. An error that is none of those named is fatal for the process.
type CheckpointStorage interface {
	// Pace says what is to be called between bites of the long work of writing, verifying and receiving checkpoints, with how
	// long the last bite took: it returns when it is time for the next. It is called once, before all else.
	Pace(rest func(worked time.Duration))

	// Checkpoint returns the newest published checkpoint; ok is false without one.
	Checkpoint() (c paxos.Checkpoint, ok bool)

	// RoomForCheckpoint returns ErrDiskSpace (by errors.Is), with figures, while the disk has no room for another checkpoint.
	// It is asked before the state is frozen, or fetched; once one is begun, a full disk is fatal.
	RoomForCheckpoint() error
	// WriteCheckpoint adds records that changed since the newest published checkpoint to the one of slot, which becomes
	// the one under way; the first call for a slot begins it, with or without records. One goroutine calls it. Nothing of
	// records is kept. ErrDamaged (by errors.Is) if the newest published one, or what was written of this one, cannot be read:
	// this one cannot be completed then, and RewriteCheckpoint begins another in place of both.
	WriteCheckpoint(slot paxos.Slot, records []paxos.CheckpointRecord) error
	// RewriteCheckpoint begins the checkpoint of slot as one to which all records will be written: of those before, which cannot be
	// read, nothing is taken over. They stay until it is published, and go then. ErrDiskSpace if there is no room for both; nothing is
	// under way then.
	RewriteCheckpoint(slot paxos.Slot) error
	// PublishCheckpoint completes the checkpoint under way, which is c.Slot's: records of spaces that are not in c.Spaces
	// go, everything is synced, what was written is read back and compared, and only then is c published. ErrDamaged as of
	// WriteCheckpoint, but not for one without another before it, or in place of it: what it has written itself is all there is.
	PublishCheckpoint(c paxos.Checkpoint) error
	// RenewCheckpoint copies the newest published checkpoint if what is kept besides it takes too much of the disk. It is called by
	// whoever publishes, after the log was cut: a copy takes as long as writing all of the state, and the log need not wait for it.
	RenewCheckpoint() error

	// LoadCheckpoint returns every record of the newest published checkpoint, in any order, one a call of next, which
	// reports false at their end. Count and sum are checked by then: an error of next says what is wrong. An err that is
	// ErrDamaged says so before the first.
	LoadCheckpoint() (next func() (paxos.CheckpointRecord, bool, error), done func() error, err error)
	// DiscardCheckpoint gives up the newest published checkpoint, which is damaged or differs from the other nodes', durably:
	// the state is to be fetched from a peer. The log stays as it is.
	DiscardCheckpoint(why string) error

	// HoldCheckpoint keeps the checkpoint of slot (0: the newest) readable until release is called. ErrNoCheckpoint if it
	// is not there any more.
	HoldCheckpoint(slot paxos.Slot) (c paxos.Checkpoint, release func(), err error)
	// ReadCheckpoint returns the part of a checkpoint that begins at cursor, empty for the first, of about maxBytes: a run of
	// records, encoded with a checksum, and the cursor of the next part, empty when this is the last. ErrNoCheckpoint if
	// it is not there any more.
	ReadCheckpoint(slot paxos.Slot, cursor []byte, maxBytes int) (data, next []byte, err error)

	// Receiving returns the checkpoint that BeginReceive began, maybe in an earlier boot, and FinishReceive has not ended; ok is
	// false without one.
	Receiving() (c paxos.Checkpoint, ok bool)
	// BeginReceive starts to receive checkpoint c from a peer, or resumes if the same one was begun before, even by an
	// earlier boot. cursor is that of the first part that is missing.
	BeginReceive(c paxos.Checkpoint) (cursor []byte, err error)
	// Receive adds the part that ReadCheckpoint gave a peer. ErrDamaged (by errors.Is) if the part is not as it was sent:
	// it may be asked for again.
	Receive(data, next []byte) error
	// FinishReceive checks count and sum, and makes the received checkpoint the newest published one in place of all
	// others. The log counts as cut at its slot: what is stored below has gaps. No WriteCheckpoint is under way. ErrDamaged if
	// count or sum are not c's: everything received is dropped.
	FinishReceive() error

	// Cut cuts the log below a slot, as far as whole segments go and never beyond the newest published checkpoint, and
	// returns the lowest slot that is left.
	Cut(below paxos.Slot) (first paxos.Slot, err error)
	// JournalBytes is how many bytes Save has written since the log was made; it only grows.
	JournalBytes() uint64
}
