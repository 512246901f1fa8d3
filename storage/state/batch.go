package state

import (
	"fmt"

	"github.com/dgraph-io/badger/v4"
)

// batch writes to a generation. Badger syncs it in bites as it grows, and flush the rest. What it is given must not be changed before.
type batch struct {
	g       *generation
	attempt uint64
	badger  *badger.WriteBatch
	pace    pace
	bytes   int // not flushed
}

// flushBytes is how much of a batch is synced at once.
const flushBytes = 512 << 10

// batch begins one whose entries have the timestamp attempt.
func (g *generation) batch(attempt uint64) *batch {
	return &batch{g: g, attempt: attempt, badger: g.db.NewManagedWriteBatch(), pace: newPace(g.rest)}
}

func (b *batch) put(key []byte, meta byte, value []byte) error {
	if err := b.check(b.badger.SetEntryAt(badger.NewEntry(key, value).WithMeta(meta), b.attempt)); err != nil {
		return err
	}
	size := len(key) + len(value) + entryOverhead
	if b.bytes += size; b.bytes >= flushBytes {
		if err := b.flush(); err != nil {
			return err
		}
		b.badger, b.bytes = b.g.db.NewManagedWriteBatch(), 0
	}
	if b.pace.did(size) {
		b.pace.pause()
	}
	return nil
}

func (b *batch) delete(key []byte) error { return b.check(b.badger.DeleteAt(key, b.attempt)) }

func (b *batch) flush() error { return b.check(b.badger.Flush()) }

func (b *batch) check(err error) error {
	if err != nil {
		return fmt.Errorf("storage: cannot write to the checkpoints in %s: %w", b.g.dir, err)
	}
	return nil
}

// write makes a batch, lets fill add to it, and syncs it. It returns early if Badger fails.
func (g *generation) write(attempt uint64, fill func(*batch) error) error {
	return g.badger.guard(func() error {
		b := g.batch(attempt)
		if err := fill(b); err != nil {
			b.badger.Cancel()
			return err
		}
		if err := b.flush(); err != nil {
			return err
		}
		b.pace.pause()
		return nil
	})
}
