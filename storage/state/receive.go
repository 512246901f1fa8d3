package state

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/paxredis/paxredis/replication/paxos"
	"github.com/paxredis/paxredis/storage/journal"
)

// durableBytes is how much is received between two times that the cursor is written down.
const durableBytes = 16 << 20

// reception is a checkpoint that comes from a peer, or from a backup. Its parts come in the order of their keys and go straight into
// the tables of a new generation.
type reception struct {
	number uint64
	g      *generation // nil until it is needed
	bulk   *bulk       // nil before the first part, and after the last one
	head   []byte
	// cursor is up to where parts came, and durable up to where they are known to be on stable storage.
	cursor, durable []byte
	// complete says that the last part is there.
	complete bool
	attempt  uint64
	// fresh is what was received since the cursor was written down.
	fresh int
	// buffer and read are the memory of the entries of a part.
	buffer []byte
	read   []entry
}

func (c *Checkpoints) receptionFile() string { return filepath.Join(c.dir, receptionName) }

// Receiving returns the checkpoint that is being received, or was when an earlier process ended; ok is false without one.
func (c *Checkpoints) Receiving() (checkpoint paxos.Checkpoint, ok bool) {
	c.receiving.Lock()
	defer c.receiving.Unlock()
	if c.reception == nil {
		return checkpoint, false
	}
	checkpoint, err := paxos.DecodeCheckpoint(c.reception.head)
	return checkpoint, err == nil
}

// BeginReceive starts to receive a checkpoint, or resumes. See replication.CheckpointStorage.
func (c *Checkpoints) BeginReceive(checkpoint paxos.Checkpoint) (cursor []byte, err error) {
	c.receiving.Lock()
	defer c.receiving.Unlock()
	head, err := checkpoint.Encode()
	if err != nil {
		return nil, err
	}
	if err := c.stopped(); err != nil {
		return nil, err
	}
	if c.resumes(head) {
		return c.reception.cursor, nil
	}
	if err := c.dropReception(); err != nil {
		return nil, err
	}
	if err := c.Room(0); err != nil {
		return nil, err
	}
	r := &reception{head: head, attempt: 1}
	if r.g, err = c.create(large()); err != nil { // until it is known how much comes
		return nil, err
	}
	r.number, r.g.attempt = r.g.number, r.attempt
	c.reception = r
	return nil, c.writeReception()
}

// resumes opens what was received before of a checkpoint, if there is something.
func (c *Checkpoints) resumes(head []byte) bool {
	r := c.reception
	if r == nil || !bytes.Equal(r.head, head) || r.attempt > 1 || r.complete {
		return false
	}
	if r.g != nil {
		return !r.g.failed()
	}
	g, err := c.openGeneration(r.number)
	if err != nil {
		c.o.Logger.Warn("what was received of a checkpoint cannot be used; it is asked for again", "error", err)
		return false
	}
	r.g = g
	if r.bulk, err = g.bulk(); err != nil {
		c.o.Logger.Warn("what was received of a checkpoint cannot be added to; it is asked for again", "error", err)
		return false
	}
	return true
}

// dropReception removes what was received.
func (c *Checkpoints) dropReception() error {
	r := c.reception
	if r == nil {
		return nil
	}
	c.reception = nil
	if err := c.removeReceptionFile(); err != nil {
		return err
	}
	if r.bulk != nil {
		r.bulk.cancel()
	}
	if r.g != nil {
		return c.remove(r.g)
	}
	return removeDirectory(c.generationDirectory(r.number))
}

func (c *Checkpoints) removeReceptionFile() error {
	if err := os.Remove(c.receptionFile()); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("storage: cannot end the reception of a checkpoint: %w", err)
	}
	return syncDirectory(c.dir)
}

// underReception returns what is being received, open.
func (c *Checkpoints) underReception() (*reception, error) {
	if err := c.stopped(); err != nil {
		return nil, err
	}
	if c.reception == nil || c.reception.g == nil {
		return nil, errors.New("storage: no checkpoint is being received")
	}
	return c.reception, nil
}

// Receive adds a part. See replication.CheckpointStorage.
func (c *Checkpoints) Receive(data, next []byte) error {
	c.receiving.Lock()
	defer c.receiving.Unlock()
	r, err := c.underReception()
	if err != nil {
		return err
	}
	if len(next) > maxCursorBytes || len(next) > 0 && next[0] != recordSpace {
		return received("a cursor of %d bytes is none", len(next))
	}
	if r.complete {
		return errors.New("storage: a part was received of a checkpoint that is complete")
	}
	entries, err := r.entries(c, data)
	if err == nil {
		err = r.check(entries, next)
	}
	if err != nil {
		return err
	}
	return c.add(r, entries, next)
}

// entries decodes a part, before any of it is used, and makes sure that there is room for it. They are valid until the next call.
func (r *reception) entries(c *Checkpoints, data []byte) (entries []entry, err error) {
	total := uint64(0)
	r.read = r.read[:0]
	if r.buffer, err = c.codec.decode(data, r.buffer, func(e *entry) error {
		total += uint64(len(e.key) + len(e.value) + entryOverhead)
		r.read = append(r.read, *e)
		return nil
	}); err != nil {
		return nil, err
	}
	return r.read, c.Room(2 * total)
}

// check makes sure that a part is one of a whole checkpoint, and follows what is there.
func (r *reception) check(entries []entry, next []byte) error {
	last := r.cursor // its key may be the first one of the part
	for i := range entries {
		e := &entries[i]
		if e.piece.deleted() {
			return received("a part tells of a deleted record: it is one of changes")
		}
		if order := bytes.Compare(e.key, last); order < 0 || order == 0 && i > 0 {
			return received("the records of a part do not follow those before them")
		}
		last = e.key
	}
	if len(next) > 0 && bytes.Compare(next, last) <= 0 {
		return received("a part says that what it holds follows it")
	}
	return nil
}

// add puts the entries of a part into tables.
func (c *Checkpoints) add(r *reception, entries []entry, next []byte) (err error) {
	if r.bulk == nil {
		if r.bulk, err = r.g.bulk(); err != nil {
			return err
		}
	}
	pace := &r.bulk.pace
	pace.resume() // waiting for the part was no work
	defer pace.suspend()
	for i := range entries {
		e := &entries[i]
		if err := r.bulk.add(e.key, e.meta, e.value, r.attempt); err != nil {
			return errors.Join(err, c.dropReception())
		}
		r.fresh += len(e.key) + len(e.value)
	}
	r.bulk.follow(next)
	r.cursor, r.complete = bytes.Clone(next), len(next) == 0
	if r.complete {
		return c.whole(r)
	}
	if r.fresh < durableBytes {
		return nil
	}
	r.fresh = 0
	durable, err := r.bulk.resumable()
	if err != nil || durable == nil {
		return err
	}
	r.durable = durable
	return c.writeReception()
}

// fix brings all that was received to stable storage, and ends the filling of tables.
func (c *Checkpoints) fix(r *reception) error {
	b := r.bulk
	if b == nil {
		return nil
	}
	r.bulk = nil
	if err := b.finish(); err != nil {
		return errors.Join(err, c.dropReception())
	}
	r.durable = r.cursor
	return nil
}

// whole ends the filling of tables for good: the generation gets the shape for what came.
func (c *Checkpoints) whole(r *reception) error {
	if err := c.fix(r); err != nil {
		return err
	}
	total := uint64(0)
	for _, t := range r.g.db.Tables() {
		total += uint64(t.OnDiskSize)
	}
	if err := r.g.reshape(shapeFor(total)); err != nil {
		return errors.Join(err, c.dropReception())
	}
	return nil
}

// pauseReception lets the next process go on where this one stops.
func (c *Checkpoints) pauseReception() error {
	r := c.reception
	if r == nil || r.bulk == nil || r.g.failed() {
		return nil
	}
	if err := c.fix(r); err != nil {
		return err
	}
	return c.writeReception()
}

// ApplyChanges adds a part that ReadChanges returned to what is being received, which must be complete as of the checkpoint that the changes
// are since. SetHead must follow. Such a reception is not resumed.
func (c *Checkpoints) ApplyChanges(data []byte) error {
	c.receiving.Lock()
	defer c.receiving.Unlock()
	r, err := c.underReception()
	if err != nil {
		return err
	}
	if !r.complete {
		return errors.New("storage: changes cannot be applied: what they change is not complete")
	}
	entries, err := r.entries(c, data)
	if err != nil {
		return err
	}
	if r.attempt == 1 {
		if err := c.removeReceptionFile(); err != nil {
			return err
		}
	}
	r.attempt++
	r.g.attempt = r.attempt
	return r.g.write(r.attempt, func(b *batch) error {
		for i := range entries {
			if err := r.change(b, &entries[i]); err != nil {
				return err
			}
		}
		return nil
	})
}

// change writes a piece over what the record was.
func (r *reception) change(b *batch, e *entry) error {
	p := &e.piece
	if p.number == 0 {
		had, err := r.g.piecesAt(p.id, r.attempt-1)
		if err != nil {
			return err
		}
		keep := uint32(0)
		if !p.deleted() {
			keep = uint32(p.pieces())
		}
		for number := keep; number < had; number++ {
			if err := b.delete(appendPieceKey(nil, p.id, number)); err != nil {
				return err
			}
		}
	}
	if p.deleted() {
		return nil
	}
	return b.put(e.key, e.meta, e.value)
}

// SetHead says which checkpoint the one that is being received has become by the changes applied since.
func (c *Checkpoints) SetHead(checkpoint paxos.Checkpoint) error {
	c.receiving.Lock()
	defer c.receiving.Unlock()
	r, err := c.underReception()
	if err != nil {
		return err
	}
	if err := c.removeReceptionFile(); err != nil {
		return err
	}
	r.attempt = max(r.attempt, 2)
	r.g.attempt = r.attempt
	r.head, err = checkpoint.Encode()
	return err
}

// FinishReceive checks what was received, and makes it the newest checkpoint. See replication.CheckpointStorage.
func (c *Checkpoints) FinishReceive() error {
	c.receiving.Lock()
	defer c.receiving.Unlock()
	r, err := c.underReception()
	if err != nil {
		return err
	}
	if !r.complete {
		return errors.New("storage: the checkpoint being received is not complete")
	}
	checkpoint, err := paxos.DecodeCheckpoint(r.head)
	if err != nil {
		return err
	}
	i := &image{checkpoint: checkpoint, g: r.g, attempt: r.attempt}
	if err := c.complete(i, highestOf(checkpoint.Spaces)); err != nil {
		if errors.Is(err, errDamaged) {
			return errors.Join(received("the checkpoint of slot %v that was received: %v", checkpoint.Slot, err), c.dropReception())
		}
		return err
	}
	return c.switchTo(i, r.head)
}

// complete makes what was received ready to be published: verified, and durable.
func (c *Checkpoints) complete(i *image, highest uint64) error {
	if err := c.verifyCopy(i); err != nil {
		return err
	}
	p := publication{slot: i.checkpoint.Slot, attempt: i.attempt, highest: highest}
	if err := i.g.write(i.attempt, func(b *batch) error { return b.put(historyKey(p.slot), 0, p.value()) }); err != nil {
		return err
	}
	return i.g.sync()
}

// verifyCopy reads an image back that was copied into its generation.
func (c *Checkpoints) verifyCopy(i *image) error {
	t, err := i.g.tally(i.view(), c.stopped)
	if err == nil {
		err = compare(t, &i.checkpoint)
	}
	if err != nil {
		return err
	}
	i.g.know(t)
	i.g.deleted = t.Deleted
	return nil
}

// switchTo publishes what was received in place of all else. A checkpoint under way is given up.
func (c *Checkpoints) switchTo(i *image, head []byte) error {
	c.writing.Lock()
	defer c.writing.Unlock()
	if err := c.stopped(); err != nil {
		return err
	}
	if err := c.ledger.Publish(journal.Published{Slot: i.checkpoint.Slot, Generation: i.g.number, Head: head}); err != nil {
		return err
	}
	c.reception, c.broken = nil, nil
	c.mu.Lock()
	damage := c.damage
	c.mu.Unlock()
	err := errors.Join(c.abandon(), c.install(i, true))
	if damage != nil {
		err = errors.Join(err, removeDirectory(damage.Where))
	}
	return errors.Join(err, c.removeReceptionFile())
}
