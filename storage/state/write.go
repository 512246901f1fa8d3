package state

import (
	"errors"
	"fmt"
	"slices"

	"github.com/paxredis/paxredis/replication/paxos"
	"github.com/paxredis/paxredis/storage/journal"
)

// attempt is a checkpoint being written.
type attempt struct {
	slot paxos.Slot
	g    *generation
	// number is its timestamp, and base that of the checkpoint that it is a difference to: 0 without one.
	number, base uint64
	before       *image

	count, sum, deleted uint64 // of the records written
	// weight is what the records of each space take, and replaced what records of several pieces took that were there before.
	weight, replaced map[uint64]uint64
}

// Write adds records to the checkpoint of slot, each once. See replication.CheckpointStorage.
func (c *Checkpoints) Write(slot paxos.Slot, records []paxos.CheckpointRecord) error {
	c.writing.Lock()
	defer c.writing.Unlock()
	if c.broken != nil {
		return c.broken
	}
	a, err := c.under(slot, size(records))
	if err != nil {
		return err
	}
	if err := c.Room(2 * size(records)); err != nil { // in the log of a memtable and in a table
		return err
	}
	c.broken = a.blame(a.write(records))
	return c.broken
}

func size(records []paxos.CheckpointRecord) (total uint64) {
	for i := range records {
		total += uint64(len(records[i].Key) + len(records[i].Value) + entryOverhead)
	}
	return total
}

// under returns the attempt for a slot, which it begins if need be, to write so many bytes at least.
func (c *Checkpoints) under(slot paxos.Slot, bytes uint64) (*attempt, error) {
	before, err := c.newestImage()
	if err != nil {
		return nil, err
	}
	if err := before.mayPrecede(slot); err != nil {
		return nil, err
	}
	if c.attempt != nil && c.attempt.slot == slot {
		return c.attempt, nil
	}
	if err := errors.Join(c.abandon(), c.Room(0)); err != nil {
		return nil, err
	}
	return c.begin(slot, before, bytes)
}

// mayPrecede says why no checkpoint of slot can be written after i, which is nil for none.
func (i *image) mayPrecede(slot paxos.Slot) error {
	newest := paxos.Slot(0)
	if i != nil {
		newest = i.checkpoint.Slot
	}
	if slot <= newest {
		return fmt.Errorf("storage: a checkpoint of slot %v cannot be written: the newest is of slot %v", slot, newest)
	}
	return nil
}

// Rewrite begins the checkpoint of slot as one of a generation of its own, to which all records are written. See
// replication.CheckpointStorage.
func (c *Checkpoints) Rewrite(slot paxos.Slot) error {
	c.writing.Lock()
	defer c.writing.Unlock()
	newest, err := c.newestImage()
	if err != nil {
		return err
	}
	if err := newest.mayPrecede(slot); err != nil {
		return err
	}
	live := uint64(0)
	if newest != nil {
		if live = newest.g.liveBytes(&newest.checkpoint); newest.g.live == nil {
			if live, err = newest.g.bytesOnDisk(); err != nil {
				return err
			}
		}
	}
	if err := errors.Join(c.abandon(), c.Room(live+live/2)); err != nil {
		return err
	}
	c.broken = nil // whatever is in the generation that cannot be read, nothing more is written to it
	_, err = c.begin(slot, nil, live)
	return err
}

// begin begins an attempt, as a difference to before, or in a generation of its own.
func (c *Checkpoints) begin(slot paxos.Slot, before *image, bytes uint64) (a *attempt, err error) {
	a = &attempt{slot: slot, before: before, weight: make(map[uint64]uint64), replaced: make(map[uint64]uint64)}
	if before != nil {
		a.g, a.base = before.g, before.attempt
		c.takeNote(a.g)
		if err := a.g.undo(a.base); err != nil {
			return nil, a.blame(err)
		}
	} else if a.g, err = c.create(shapeFor(bytes)); err != nil {
		return nil, err
	}
	a.g.attempt++
	a.g.attempted.Store(true)
	a.number = a.g.attempt
	c.attempt = a
	return a, nil
}

// blame is an error of an attempt. Damage is told as that of the checkpoint it is a difference to: what is read comes from tables that hold both, so
// which of them is damaged cannot be told, and both are to be written anew. An attempt in a generation of its own has nobody to blame.
func (a *attempt) blame(err error) error {
	if a.before == nil {
		return err
	}
	return a.g.damagedBy(a.before.checkpoint.Slot, err)
}

// abandon gives an attempt up. What it has written is undone before the next one.
func (c *Checkpoints) abandon() error {
	a := c.attempt
	c.attempt = nil
	if a != nil {
		a.g.attempted.Store(false)
	}
	if a != nil && a.before == nil {
		return c.remove(a.g)
	}
	return nil
}

func (a *attempt) write(records []paxos.CheckpointRecord) error {
	return a.g.write(a.number, func(b *batch) error {
		for i := range records {
			if err := a.put(b, &records[i]); err != nil {
				return err
			}
		}
		return nil
	})
}

// put writes a record, and removes the pieces that it had and has no more.
func (a *attempt) put(b *batch, r *paxos.CheckpointRecord) error {
	s := split(r)
	for number := range s.pieces() {
		key, meta, value := s.piece(number)
		if err := b.put(key, meta, value); err != nil {
			return err
		}
		a.weight[r.Space] += uint64(len(key) + len(value) + entryOverhead)
	}
	if err := a.removeSurplus(b, s, r.Space); err != nil {
		return err
	}
	a.g.changed++
	if r.Deleted {
		a.deleted++
		a.g.deleted++
	} else {
		a.count++
		a.sum += paxos.RecordSum(r.Space, r.Key, r.Value)
	}
	return nil
}

// removeSurplus looks at what the record was only if it may have had several pieces.
func (a *attempt) removeSurplus(b *batch, s *splitter, space uint64) error {
	mark := fingerprint(s.id)
	_, long := a.g.long[mark]
	if s.pieces() > 1 {
		a.g.long[mark] = struct{}{}
	}
	if a.base == 0 || a.g.longKnown && !long {
		return nil
	}
	had, err := a.g.piecesAt(s.id, a.base)
	if err != nil {
		return err
	}
	if had > 1 {
		a.replaced[space] += uint64(had) * pieceBytes
	}
	for number := s.pieces(); number < had; number++ {
		if err := b.delete(appendPieceKey(nil, s.id, number)); err != nil {
			return err
		}
	}
	return nil
}

// Publish completes and publishes the checkpoint under way. See replication.CheckpointStorage.
func (c *Checkpoints) Publish(checkpoint paxos.Checkpoint) error {
	c.writing.Lock()
	defer c.writing.Unlock()
	if c.broken != nil {
		return c.broken
	}
	a, err := c.under(checkpoint.Slot, 0)
	if err != nil {
		return err
	}
	c.broken = a.blame(c.publish(a, &checkpoint))
	return c.broken
}

func (c *Checkpoints) publish(a *attempt, checkpoint *paxos.Checkpoint) error {
	head, err := checkpoint.Encode()
	if err != nil {
		return err
	}
	own, err := paxos.DecodeCheckpoint(head) // nothing of the caller's is kept
	if err != nil {
		return err
	}
	if err := a.g.write(a.number, func(b *batch) error { return a.complete(b, checkpoint) }); err != nil {
		return err
	}
	if err := a.g.sync(); err != nil {
		return err
	}
	if err := c.verify(a, checkpoint); err != nil {
		return fmt.Errorf("storage: the checkpoint of slot %v in %s was not published: %w", a.slot, a.g.dir, err)
	}
	if err := c.ledger.Publish(journal.Published{Slot: a.slot, Generation: a.g.number, Head: head}); err != nil {
		return err
	}
	c.attempt = nil
	a.tell(checkpoint)
	a.g.attempted.Store(false)
	return c.install(&image{checkpoint: own, g: a.g, attempt: a.number}, a.before == nil)
}

// tell keeps what is known to be live near the truth: what was written is added if none of it replaced something, as there are as many
// records more as were written; what large records took that were replaced, or deleted, goes.
func (a *attempt) tell(checkpoint *paxos.Checkpoint) {
	if a.base == 0 || a.g.live == nil {
		return
	}
	if a.deleted == 0 && checkpoint.Count == a.before.checkpoint.Count+a.count {
		for space, bytes := range a.weight {
			a.g.live[space] += bytes
		}
		a.g.count += a.count
	} else {
		for space, bytes := range a.replaced {
			a.g.live[space] -= min(a.g.live[space], bytes-min(bytes, a.weight[space]))
		}
	}
	a.g.weigh()
}

// complete writes what a checkpoint has besides the records that changed.
func (a *attempt) complete(b *batch, checkpoint *paxos.Checkpoint) error {
	history, err := a.g.history(a.number)
	if err != nil {
		return err
	}
	p := publication{slot: a.slot, attempt: a.number, highest: highestOf(checkpoint.Spaces)}
	if n := len(history); n > 0 {
		p.highest = max(p.highest, history[n-1].highest)
		returned, err := a.removeReturned(b, checkpoint.Spaces, history[n-1].highest)
		if err != nil {
			return err
		}
		keep := maxHistory - 1
		if returned {
			keep = 0 // what was removed cannot be told as a change
		}
		history = history[:max(0, n-keep)]
	}
	for _, old := range history {
		if err := b.delete(historyKey(old.slot)); err != nil {
			return err
		}
	}
	return b.put(historyKey(p.slot), 0, p.value())
}

// highestOf is the last of the spaces, which are ascending.
func highestOf(spaces []uint64) uint64 {
	if len(spaces) == 0 {
		return 0
	}
	return slices.Max(spaces)
}

// removeReturned removes what was left of spaces that are part of this checkpoint, and were of an earlier one, but not of that before:
// records of a space that is dropped stay where they are, as nobody looks at them. The state machine does not use a space again; should
// it, this keeps what was in it from coming back.
func (a *attempt) removeReturned(b *batch, spaces []uint64, highest uint64) (some bool, err error) {
	former := make(map[uint64]struct{}, len(a.before.checkpoint.Spaces))
	for _, space := range a.before.checkpoint.Spaces {
		former[space] = struct{}{}
	}
	for _, space := range spaces {
		if _, ok := former[space]; ok {
			continue
		}
		some = some || space <= highest
		if err := a.removeOld(b, space); err != nil {
			return some, err
		}
	}
	return some, nil
}

// removeOld removes what this attempt has not written of a space.
func (a *attempt) removeOld(b *batch, space uint64) error {
	s := a.g.scan(view{attempt: a.number, spaces: []uint64{space}}, nil)
	defer s.close()
	item, err := s.next()
	for ; err == nil && item != nil; item, err = s.next() {
		if item.Version() < a.number {
			if err := b.delete(item.KeyCopy(nil)); err != nil {
				return err
			}
		}
	}
	return err
}

// verify reads back what the attempt wrote.
func (c *Checkpoints) verify(a *attempt, checkpoint *paxos.Checkpoint) error {
	t, err := a.g.tally(view{attempt: a.number, since: max(a.base, a.number-1)}, c.stopped)
	if err != nil {
		return err
	}
	if t.Count != a.count || t.Sum != a.sum || t.Deleted != a.deleted {
		return inconsistent("%d records (sum %016x) and %d deleted ones were written, %d (%016x) and %d are there",
			a.count, a.sum, a.deleted, t.Count, t.Sum, t.Deleted)
	}
	if a.base > 0 {
		return nil
	}
	if t, err = a.g.tally(view{attempt: a.number, spaces: nonNil(checkpoint.Spaces)}, c.stopped); err != nil {
		return err
	}
	if err := compare(t, checkpoint); err != nil {
		return err
	}
	a.g.know(t)
	return nil
}

// compare says how what was counted differs from what a checkpoint should have.
func compare(t *Tally, checkpoint *paxos.Checkpoint) error {
	if t.Count != checkpoint.Count || t.Sum != checkpoint.Sum {
		return inconsistent("it should have %d records (sum %016x), and has %d (%016x)", checkpoint.Count, checkpoint.Sum, t.Count, t.Sum)
	}
	return nil
}

// Discard gives the newest checkpoint up. See replication.CheckpointStorage.
func (c *Checkpoints) Discard(why string) error {
	c.writing.Lock()
	defer c.writing.Unlock()
	if err := c.stopped(); err != nil {
		return err
	}
	if err := c.ledger.Publish(journal.Published{Head: []byte(why)}); err != nil {
		return err
	}
	c.broken = nil
	return errors.Join(c.abandon(), c.drop())
}

// drop forgets all checkpoints; generations that are being read go when that ends. The newest is set aside.
func (c *Checkpoints) drop() error {
	c.mu.Lock()
	damage := c.damage
	c.newest, c.damage = nil, nil
	if n := len(c.images); n > 0 {
		c.images[n-1].g.givenUp = true
	}
	var unused []*generation
	for _, i := range c.images {
		if c.unpinLocked(i.g) {
			unused = append(unused, i.g)
		}
	}
	c.images = nil
	c.mu.Unlock()
	if err := c.removeAll(unused); err != nil {
		return err
	}
	if damage != nil {
		return c.setAside(damage.Where)
	}
	return nil
}
