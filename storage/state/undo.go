package state

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/dgraph-io/badger/v4"
)

// undo gives every record that was written after the attempt base its former value back, so that a later attempt does not see
// what others left half-written. Whole records: their pieces then keep having been written together, which reading
// what changed relies on. It may be interrupted at any point, and done again.
//
// That no attempt was begun since is known without asking Badger, which looks into the index of each table for its answer: with a million
// keys that held up the journal's syncs for a tenth of a second or two.
func (g *generation) undo(base uint64) error {
	if g.attempt <= base {
		return nil
	}
	newest := g.db.MaxVersion()
	if newest <= base {
		return nil
	}
	if undone, err := g.undone(newest); err != nil || undone {
		return err
	}
	g.attempt++
	u := undo{g: g, base: base, newest: newest}
	if err := g.write(g.attempt, u.restore); err != nil {
		return err
	}
	return g.write(g.attempt, func(b *batch) error { return b.put([]byte{undoSpace}, 0, nil) })
}

// undone reports whether the newest thing written is the mark of a completed undo.
func (g *generation) undone(newest uint64) (is bool, err error) {
	defer reading(&err)
	txn := g.db.NewTransactionAt(newest, false)
	defer txn.Discard()
	item, err := txn.Get([]byte{undoSpace})
	if errors.Is(err, badger.ErrKeyNotFound) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("storage: cannot read the checkpoints in %s: %w", g.dir, err)
	}
	return item.Version() == newest, nil
}

type undo struct {
	g            *generation
	base, newest uint64
	record       []byte // the key of the first piece of the record being looked at
	key          []byte // the key before
}

// restore looks at every key written since.
func (u *undo) restore(b *batch) (err error) {
	defer reading(&err)
	txn := u.g.db.NewTransactionAt(u.newest, false)
	defer txn.Discard()
	it := txn.NewIterator(badger.IteratorOptions{AllVersions: true, SinceTs: u.base})
	defer it.Close()
	for it.Rewind(); it.Valid(); it.Next() {
		key := it.Item().KeyCopy(nil)
		if bytes.Equal(key, u.key) {
			continue // an older version
		}
		u.key = key
		if err := u.restoreKey(b, key); err != nil {
			return err
		}
	}
	return nil
}

func (u *undo) restoreKey(b *batch, key []byte) error {
	if key[0] == recordSpace {
		return u.restorePiece(b, key)
	}
	value, meta, ok, err := u.g.get(key, u.base)
	if err != nil {
		return err
	}
	if !ok {
		return b.delete(key)
	}
	return b.put(key, meta, value)
}

// restorePiece removes a piece that was not there, and restores the rest of its record at its first piece that was written since.
func (u *undo) restorePiece(b *batch, key []byte) error {
	k, err := parseRecordKey(key)
	if err != nil {
		return err
	}
	_, _, was, err := u.g.get(key, u.base)
	if err != nil {
		return err
	}
	if !was {
		if err := b.delete(key); err != nil {
			return err
		}
	}
	if bytes.Equal(k.id, u.record) {
		return nil
	}
	u.record = k.id
	return u.restoreRecord(b, k.id)
}

func (u *undo) restoreRecord(b *batch, id []byte) error {
	count, err := u.g.piecesAt(id, u.base)
	if err != nil {
		return err
	}
	for number := range count {
		key := appendPieceKey(nil, id, number)
		value, meta, ok, err := u.g.get(key, u.base)
		if err != nil {
			return err
		}
		if !ok {
			return inconsistent("piece %d of %d of a record is missing", number, count)
		}
		if err := b.put(key, meta, value); err != nil {
			return err
		}
	}
	return nil
}

// piecesAt is how many pieces a record had at an attempt: 0 if it was not there.
func (g *generation) piecesAt(id []byte, attempt uint64) (uint32, error) {
	value, meta, ok, err := g.get(id, attempt)
	if err != nil || !ok {
		return 0, err
	}
	first, err := parsePiece(id, meta, value)
	if err != nil {
		return 0, err
	}
	return uint32(first.pieces()), nil
}
