package state

import (
	"errors"
	"fmt"

	"github.com/dgraph-io/badger/v4"

	"github.com/paxredis/paxredis/replication/paxos"
)

// maxCursorBytes is the length of the longest key.
const maxCursorBytes = maxInlineKey + keyStart + pieceSize

// Read returns the part of a checkpoint that begins at cursor. See replication.CheckpointStorage. maxBytes counts before the part is
// compressed; 4 MiB at most are given. A record of several pieces may continue in the next part.
func (c *Checkpoints) Read(slot paxos.Slot, cursor []byte, maxBytes int) (data, next []byte, err error) {
	return c.readPart(slot, cursor, maxBytes, func(r *reader) (view, error) { return r.view(), nil })
}

// ReadChanges is like Read, for what changed after the checkpoint of slot since: records that are gone are marked as deleted, and records
// may be told that are as they were. paxos.ErrNoCheckpoint if that is not known any more: it is for 1,000 checkpoints, if not more
// records were deleted than there are, and only on nodes that had taken one at since or before.
func (c *Checkpoints) ReadChanges(slot, since paxos.Slot, cursor []byte, maxBytes int) (data, next []byte, err error) {
	return c.readPart(slot, cursor, maxBytes, func(r *reader) (view, error) {
		v := r.view()
		p, err := r.g.published(since, r.attempt)
		if err != nil {
			return v, err
		}
		if p.attempt == 0 || since > slot {
			return v, fmt.Errorf("storage: %w: what changed since slot %v is not known", paxos.ErrNoCheckpoint, since)
		}
		v.since = p.attempt
		return v, nil
	})
}

func (c *Checkpoints) readPart(slot paxos.Slot, cursor []byte, maxBytes int, see func(*reader) (view, error)) (data, next []byte, err error) {
	if len(cursor) > maxCursorBytes || len(cursor) > 0 && cursor[0] != recordSpace {
		return nil, nil, fmt.Errorf("storage: %w: a cursor of %d bytes is none", paxos.ErrNoCheckpoint, len(cursor))
	}
	if slot == 0 {
		return nil, nil, fmt.Errorf("storage: %w: slot 0 has none", paxos.ErrNoCheckpoint)
	}
	r, err := c.reader(slot)
	if err != nil {
		return nil, nil, err
	}
	v, err := see(r)
	if err == nil {
		data, next, err = c.part(r, v, cursor, max(1, min(maxBytes, maxPartBytes)))
	}
	return data, next, errors.Join(r.g.damagedBy(slot, err), r.done())
}

// part collects pieces until there are enough.
func (c *Checkpoints) part(r *reader, v view, cursor []byte, maxBytes int) (data, next []byte, err error) {
	s := r.g.scan(v, cursor)
	defer s.close()
	buffer := c.codec.buffer()
	defer c.codec.giveBack(buffer)
	entries := *buffer
	item, err := s.next()
	for ; err == nil && item != nil; item, err = s.next() {
		if len(entries) >= maxBytes {
			next = item.KeyCopy(nil)
			break
		}
		if entries, err = s.appendItem(entries, item); err != nil {
			return nil, nil, err
		}
	}
	if err != nil {
		return nil, nil, err
	}
	*buffer = entries
	data, err = c.codec.encode(entries)
	return data, next, err
}

// appendItem appends a piece to a part, but for a deleted record unless changes are asked for.
func (s *scanner) appendItem(entries []byte, item *badger.Item) ([]byte, error) {
	if item.UserMeta()&metaDeleted != 0 && s.since == 0 {
		return entries, nil
	}
	err := value(item, func(value []byte) error {
		if _, err := parsePiece(item.Key(), item.UserMeta(), value); err != nil {
			return err
		}
		entries = appendEntry(entries, item.Key(), item.UserMeta(), value)
		return nil
	})
	return entries, err
}
