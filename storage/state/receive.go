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

// reception is a checkpoint that comes from a peer, or from a backup.
type reception struct {
	number uint64
	g      *generation // nil until it is needed
	head   []byte
	cursor []byte
	// complete says that the last part is there.
	complete bool
	attempt  uint64
	// fresh is what was received since the cursor was written down.
	fresh int
}

func (c *Checkpoints) receptionFile() string { return filepath.Join(c.dir, receptionName) }

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
	if r.g, err = c.create(); err != nil {
		return nil, err
	}
	r.number, r.g.attempt = r.g.number, r.attempt
	c.reception = r
	return nil, c.writeReception()
}

// resumes opens what was received before of a checkpoint, if there is something.
func (c *Checkpoints) resumes(head []byte) bool {
	r := c.reception
	if r == nil || !bytes.Equal(r.head, head) || r.attempt > 1 {
		return false
	}
	if r.g != nil {
		return !r.g.failed()
	}
	g, err := c.openGeneration(r.number, true)
	if err != nil {
		c.o.Logger.Warn("what was received of a checkpoint cannot be used; it is asked for again", "error", err)
		return false
	}
	r.g = g
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

// under way, open, or an error.
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
	if err := c.store(r, data, (*reception).put); err != nil {
		return err
	}
	r.cursor, r.complete = bytes.Clone(next), len(next) == 0
	if r.fresh += len(data); r.fresh < durableBytes {
		return nil
	}
	r.fresh = 0
	return c.writeReception()
}

// store decodes a part before it writes any of it.
func (c *Checkpoints) store(r *reception, data []byte, put func(*reception, *batch, *entry) error) error {
	if err := c.Room(4 * uint64(len(data))); err != nil {
		return err
	}
	var entries []entry
	if err := c.codec.decode(data, func(e *entry) error {
		entries = append(entries, *e)
		return nil
	}); err != nil {
		return err
	}
	return r.g.write(r.attempt, func(b *batch) error {
		for i := range entries {
			if err := put(r, b, &entries[i]); err != nil {
				return err
			}
		}
		return nil
	})
}

func (r *reception) put(b *batch, e *entry) error {
	if e.piece.deleted() {
		return received("a part tells of a deleted record: it is one of changes")
	}
	return b.put(e.key, e.meta, e.value)
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
	if r.attempt == 1 {
		if err := c.removeReceptionFile(); err != nil {
			return err
		}
	}
	r.attempt++
	r.g.attempt = r.attempt
	return c.store(r, data, (*reception).change)
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

// complete makes an image that was copied into its generation ready to be published: verified, and durable.
func (c *Checkpoints) complete(i *image, highest uint64) error {
	t, err := i.g.tally(i.view(), c.stopped)
	if err == nil {
		err = compare(t, &i.checkpoint)
	}
	if err != nil {
		return err
	}
	i.g.know(t)
	i.g.deleted = t.Deleted
	p := publication{slot: i.checkpoint.Slot, attempt: i.attempt, highest: highest}
	if err := i.g.write(i.attempt, func(b *batch) error { return b.put(historyKey(p.slot), 0, p.value()) }); err != nil {
		return err
	}
	return i.g.sync()
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
