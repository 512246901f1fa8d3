package state

import (
	"errors"
	"fmt"

	"github.com/paxredis/paxredis/replication/paxos"
	"github.com/paxredis/paxredis/storage/journal"
)

// fewDeleted is how many deleted records are told of however few there are.
const fewDeleted = 10_000

// Renew copies the newest checkpoint into a generation of its own if the current one holds too much else, or has a shape that is too
// small. What cannot be told is live data is taken for waste, so a state that grows may be copied now and then.
// See replication.CheckpointStorage.
func (c *Checkpoints) Renew() error {
	c.writing.Lock()
	defer c.writing.Unlock()
	if c.broken != nil {
		return c.broken
	}
	return c.renewIfWasteful()
}

func (c *Checkpoints) renewIfWasteful() error {
	newest, err := c.newestImage()
	if err != nil || newest == nil {
		return err
	}
	if newest.g.isStale(&newest.checkpoint) {
		if err := errors.Join(c.readAgain(newest), newest.g.forgetPages()); err != nil {
			return err
		}
	}
	wasteful, err := newest.wasteful()
	if err != nil || !wasteful {
		return err
	}
	live := newest.g.liveBytes(&newest.checkpoint)
	if err := c.Room(live + live/2); errors.Is(err, paxos.ErrDiskSpace) {
		c.o.Logger.Warn("the checkpoints take more space than they need, and there is no room to write them anew", "error", err)
		return nil
	} else if err != nil {
		return err
	}
	return newest.g.damagedBy(newest.checkpoint.Slot, c.renew(newest))
}

// readAgain reads all records to know what they take.
func (c *Checkpoints) readAgain(i *image) error {
	t, err := i.g.tally(i.view(), c.stopped)
	if err == nil {
		err = compare(t, &i.checkpoint)
	}
	if err == nil {
		i.g.know(t)
	}
	return i.g.damagedBy(i.checkpoint.Slot, err)
}

// wasteful decides by what was found when all records were read last; without that there is nothing to compare with.
func (i *image) wasteful() (bool, error) {
	g := i.g
	if g.live == nil {
		return false, nil
	}
	if g.deleted > max(fewDeleted, i.checkpoint.Count) {
		return true, nil
	}
	live := g.liveBytes(&i.checkpoint)
	if live > outgrownBytes && g.shape == small() {
		return true, nil
	}
	size, err := g.bytesOnDisk()
	if err != nil {
		return false, err
	}
	return size > g.shape.allowance(live), nil
}

// liveBytes estimates what a checkpoint's records take: not too much.
func (g *generation) liveBytes(checkpoint *paxos.Checkpoint) (total uint64) {
	for _, space := range checkpoint.Spaces {
		total += g.live[space]
	}
	if checkpoint.Count < g.count {
		total = uint64(float64(total) * float64(checkpoint.Count) / float64(g.count))
	}
	return total
}

// expected is like liveBytes, but does not stay behind a state that has grown: records that came are taken to be as large as the others.
func (g *generation) expected(checkpoint *paxos.Checkpoint) uint64 {
	live := g.liveBytes(checkpoint)
	if g.count > 0 && checkpoint.Count > g.count {
		live = uint64(float64(live) * float64(checkpoint.Count) / float64(g.count))
	}
	return live
}

// renew copies, verifies, publishes and switches. The checkpoint before, which is in the old generation, goes at once unless it
// is held: the two generations together are what the disk must have room for.
func (c *Checkpoints) renew(newest *image) error {
	g, err := c.create(shapeFor(newest.g.expected(&newest.checkpoint)))
	if err != nil {
		return err
	}
	moved := &image{checkpoint: newest.checkpoint, g: g, attempt: newest.attempt}
	if err := c.fill(moved, newest); err != nil {
		return errors.Join(err, c.remove(g))
	}
	head, err := moved.checkpoint.Encode()
	if err != nil {
		return errors.Join(err, c.remove(g))
	}
	if err := c.ledger.Publish(journal.Published{Slot: moved.checkpoint.Slot, Generation: g.number, Head: head}); err != nil {
		return err
	}
	c.mu.Lock()
	former := newest.g
	newest.g = g
	g.pins++
	unused := c.unpinLocked(former)
	c.mu.Unlock()
	if unused {
		err = c.remove(former)
	}
	c.mu.Lock()
	return errors.Join(err, c.retireLocked(1), g.forgetPages())
}

// fill copies an image into an empty generation.
func (c *Checkpoints) fill(to, from *image) error {
	history, err := from.g.history(from.attempt)
	if err != nil {
		return err
	}
	p, err := from.g.published(from.checkpoint.Slot, from.attempt)
	if err != nil {
		return err
	}
	if from.g.deleted > max(fewDeleted, from.checkpoint.Count) {
		history = nil
	}
	if len(history) == 0 {
		history = []publication{p}
	}
	if err := to.g.load(func(b *bulk) error { return c.copyAll(b, from, history) }); err != nil {
		return err
	}
	to.g.attempt = from.attempt
	return c.verifyCopy(to)
}

// copyAll keeps the timestamps, by which changes are known. What is of the attempts before the first of the history is told to nobody, deleted
// records among it.
func (c *Checkpoints) copyAll(b *bulk, from *image, history []publication) error {
	for _, h := range history { // their keys come before those of records
		if err := b.add(historyKey(h.slot), 0, h.value(), h.attempt); err != nil {
			return err
		}
	}
	s := from.g.scan(from.view(), nil)
	defer s.close()
	item, err := s.next()
	for ; err == nil && item != nil; item, err = s.next() {
		if err := c.stopped(); err != nil {
			return err
		}
		if item.UserMeta()&metaDeleted != 0 && item.Version() <= history[0].attempt {
			continue
		}
		if err := value(item, func(value []byte) error { return b.add(item.Key(), item.UserMeta(), value, item.Version()) }); err != nil {
			return fmt.Errorf("storage: cannot copy the checkpoints in %s: %w", from.g.dir, err)
		}
	}
	return err
}
