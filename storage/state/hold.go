package state

import (
	"errors"
	"fmt"

	"github.com/paxredis/paxredis/replication/paxos"
)

// Hold keeps the checkpoint of slot (0: the newest) readable until release is called, which may be called again without effect.
// paxos.ErrNoCheckpoint if it is not there any more.
func (c *Checkpoints) Hold(slot paxos.Slot) (checkpoint paxos.Checkpoint, release func(), err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	i, err := c.imageLocked(slot)
	if err != nil {
		return checkpoint, nil, err
	}
	i.holds++
	released := false
	return i.checkpoint, func() {
		c.mu.Lock()
		if released || c.closed {
			c.mu.Unlock()
			return
		}
		released = true
		i.holds--
		if err := c.retireLocked(2); err != nil {
			c.o.Logger.Error("a checkpoint that is not needed any more cannot be removed", "error", err)
		}
	}, nil
}

// imageLocked finds a readable checkpoint.
func (c *Checkpoints) imageLocked(slot paxos.Slot) (*image, error) {
	if c.closed {
		return nil, ErrClosed
	}
	if c.damage != nil && (slot == 0 || slot == c.damage.Slot) {
		return nil, errors.Join(fmt.Errorf("storage: %w", paxos.ErrNoCheckpoint), c.damage)
	}
	for n := len(c.images) - 1; n >= 0; n-- {
		if i := c.images[n]; i.checkpoint.Slot == slot || slot == 0 {
			return i, nil
		}
	}
	return nil, fmt.Errorf("storage: %w: of slot %v", paxos.ErrNoCheckpoint, slot)
}

// reader keeps a checkpoint and its generation while they are read. Its own image does not change when the other one moves to
// another generation.
type reader struct {
	image
	held *image
	c    *Checkpoints
}

// reader begins to read the checkpoint of a slot (0: the newest).
func (c *Checkpoints) reader(slot paxos.Slot) (*reader, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	i, err := c.imageLocked(slot)
	if err != nil {
		return nil, err
	}
	i.holds++
	i.g.pins++
	c.calls.Add(1)
	return &reader{*i, i, c}, nil
}

func (r *reader) done() error {
	defer r.c.calls.Done()
	r.c.mu.Lock()
	r.held.holds--
	unused := r.c.unpinLocked(r.g)
	err := r.c.retireLocked(2)
	if unused {
		err = errors.Join(err, r.c.remove(r.g))
	}
	return err
}
