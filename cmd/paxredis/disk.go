package main

import (
	"context"
	"fmt"
	"time"
)

// diskInterval is how often free space is looked at: no event tells of it.
const diskInterval = time.Second

// diskWatch keeps a node from filling its disk to the last byte, at which it would have to stop: below a bound it refuses its clients'
// writes and leaves leading to others. What other nodes have accepted it goes on storing. It belongs to one goroutine.
type diskWatch struct {
	retreat
	least  uint64
	free   func() (uint64, error)
	refuse func(text string) // "" ends it
	note   func(text string) // remembers an event

	low     bool
	unknown bool // free space could not be told, and that was logged
}

// run looks until ctx ends.
func (d *diskWatch) run(ctx context.Context) {
	tick := time.NewTicker(diskInterval)
	defer tick.Stop()
	for {
		d.look(ctx)
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// look does what the free space of the moment asks for.
func (d *diskWatch) look(ctx context.Context) {
	free, err := d.free()
	if err != nil {
		if !d.unknown {
			d.log.Warn("the free disk space cannot be told", "error", err)
		}
		d.unknown = true
		return
	}
	d.unknown = false
	switch {
	case free < d.least:
		d.shortage(ctx, free)
	case d.low && free >= d.least+d.least/8: // not at once, or it would go to and fro
		d.low = false
		d.over()
		d.refuse("")
		d.log.Info("there is enough free disk space again: writes are accepted", "free", free, "min-free-disk", d.least)
		d.note("there is enough free disk space again: writes are accepted")
	}
}

func (d *diskWatch) shortage(ctx context.Context, free uint64) {
	if !d.low {
		d.low = true
		d.log.Error("the disk is nearly full: writes are refused until there is space again", "free", free, "min-free-disk", d.least)
		d.note("the disk is nearly full: writes are refused")
		d.refuse(fmt.Sprintf("MISCONF this node's disk is nearly full: writes are refused while less than %s are free (--min-free-disk); make room on it, or use another node", sizeText(d.least)))
	}
	d.leave(ctx, "the disk is nearly full")
}
