package statemachine

import "errors"

// Record is one record of a checkpoint: a key, or the tombstone of one, with all that the log decides of it.
type Record struct {
	// Space is a set of records that can be dropped as a whole.
	Space      uint64
	Key, Value []byte
	// Deleted says that the record of that key is gone since the checkpoint before; Value is empty then.
	Deleted bool
}

// Checkpoint is the state at one moment, frozen to be written while commands go on.
type Checkpoint struct{}

// Freeze freezes the state as it is now. Only one checkpoint may exist at a time. One goroutine calls it, the same as Apply.
func (m *Machine) Freeze() *Checkpoint { return &Checkpoint{} }

// Next returns the next changed records since the checkpoint before, about maxBytes of them, one at least; none when there
// are no more. They are the caller's. It may run beside Apply, on one goroutine.
func (c *Checkpoint) Next(maxBytes int) []Record { return nil }

// Waiting returns the bytes of records that commands had to set aside and Next has not returned yet.
func (c *Checkpoint) Waiting() int { return 0 }

// Finish ends the checkpoint after the last record, and returns what describes the state besides its records: their number,
// the sum of paxos.RecordSum of all of them, the spaces they are in, ascending, and everything else, encoded.
func (c *Checkpoint) Finish() (count, sum uint64, spaces []uint64, state []byte) {
	return 0, 0, nil, nil
}

// Restore replaces the whole state by that of a checkpoint: state and spaces as Finish returned them, and all records, in any
// order, count of them, until next reports false. On an error the machine is empty. Nothing of a record is kept.
func (m *Machine) Restore(state []byte, spaces []uint64, count uint64, next func() (Record, bool, error)) error {
	return errors.New("not there")
}

// Reset makes the machine empty, as New does.
func (m *Machine) Reset() {}
