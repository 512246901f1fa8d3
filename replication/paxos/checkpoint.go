package paxos

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"

	"github.com/cespare/xxhash/v2"
)

// Errors about checkpoints, for the storage that makes them and the driver that must tell them from others.
var (
	// ErrNoCheckpoint says that a checkpoint is not, or no longer, there.
	ErrNoCheckpoint = errors.New("no such checkpoint")
	// ErrCut says that a slot is not in the log any more, since a checkpoint covers it.
	ErrCut = errors.New("cut off")
	// ErrDiskSpace says that the disk has no room for what was to be written.
	ErrDiskSpace = errors.New("not enough disk space")
	// ErrDamagedCheckpoint says that what was received of a checkpoint is not what it should be.
	ErrDamagedCheckpoint = errors.New("damaged in transfer")
)

// Checkpoint describes the durable image of the replicated state at one slot. The records themselves, which may be many,
// are with the storage.
type Checkpoint struct {
	// Slot is the newest slot applied in it. It was decided by an EntryCheckpoint in that slot.
	Slot Slot
	// Count is the number of records, and Sum the sum of their RecordSum modulo 2^64, which does not depend on an order.
	Count, Sum uint64
	// Spaces are the spaces whose records are part of it, ascending; records of any other space are not.
	Spaces []uint64
	// Machine is what the state machine keeps besides its records, and Group what the driver does: sessions, the log's
	// time and the configuration. Both are opaque here, and the same bytes on every node.
	Machine, Group []byte
}

// CheckpointRecord is one record of the state machine. A space is a set of records that can be dropped as a whole.
type CheckpointRecord struct {
	Space      uint64
	Key, Value []byte
	// Deleted says that the record of that key is gone; Value is empty then.
	Deleted bool
}

// RecordSum is the share of a record that is not deleted in Checkpoint.Sum: XXH64, seed 0, of the space and the length of
// the key, 8 bytes big-endian each, then the key, then the value.
func RecordSum(space uint64, key, value []byte) uint64 {
	var lead [16]byte
	binary.BigEndian.PutUint64(lead[:8], space)
	binary.BigEndian.PutUint64(lead[8:], uint64(len(key)))
	var d xxhash.Digest
	d.Reset()
	_, _ = d.Write(lead[:]) // a hash never fails to take bytes
	_, _ = d.Write(key)
	_, _ = d.Write(value)
	return d.Sum64()
}

// Digest is equal on two nodes if and only if, as far as SHA-256 and Sum can tell, their checkpoints of one slot are.
func (c *Checkpoint) Digest() ([]byte, error) {
	encoded, err := c.Encode()
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(encoded)
	return sum[:], nil
}
