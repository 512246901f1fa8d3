package state

import (
	"fmt"
	"math"

	"golang.org/x/sys/unix"

	"github.com/paxredis/paxredis/replication/paxos"
)

// reserveBytes must stay free on the file system: Badger writes through mappings, where a full disk ends the process. It is enough for the
// memtables of a generation of any shape, and for the tables that are being written at a time.
const reserveBytes = 64 << 20

// FreeBytes is how much space is left on the file system of the checkpoints.
func (c *Checkpoints) FreeBytes() (uint64, error) {
	var stat unix.Statfs_t
	for {
		switch err := unix.Statfs(c.dir, &stat); err {
		case nil:
			return stat.Bavail * uint64(stat.Bsize), nil
		case unix.EINTR:
		default:
			return 0, fmt.Errorf("storage: cannot tell the free space of the file system of %s: %w", c.dir, err)
		}
	}
}

// Room returns an error that matches paxos.ErrDiskSpace unless so many bytes can be written.
func (c *Checkpoints) Room(bytes uint64) error {
	return c.room(min(bytes, math.MaxUint64-reserveBytes)+reserveBytes, "to write a checkpoint")
}

// roomToOpen is asked before Badger opens a database: it writes the memtables that a crash left to tables.
func (c *Checkpoints) roomToOpen(number uint64) error {
	s, err := recall(c.generationDirectory(number))
	if err != nil {
		return err
	}
	return c.room(4*uint64(s.memtableBytes), "to open the newest one")
}

func (c *Checkpoints) room(need uint64, purpose string) error {
	free, err := c.FreeBytes()
	if err != nil {
		return err
	}
	if free < need {
		return fmt.Errorf("storage: %w: %d MiB are free on the file system of the checkpoints in %s, and %d MiB are needed %s: make room there",
			paxos.ErrDiskSpace, free>>20, c.dir, need>>20, purpose)
	}
	return nil
}

// RoomForNext returns an error that matches paxos.ErrDiskSpace while there is no room for another checkpoint: a quarter of the live data
// is taken to have changed.
func (c *Checkpoints) RoomForNext() error {
	c.mu.Lock()
	live := uint64(0)
	if n := len(c.images); n > 0 {
		live = c.images[n-1].g.weight.Load()
	}
	c.mu.Unlock()
	return c.Room(live / 4)
}
