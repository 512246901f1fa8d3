package main

import (
	"context"
	"log/slog"
)

// retreat is how a node that runs out of something leaves leading to others, once for each shortage: when every node is short it would go round. It
// belongs to one goroutine.
type retreat struct {
	leads    func() bool
	handOver func(context.Context) error
	log      *slog.Logger

	done bool // leadership was given up for this shortage
}

// leave hands leadership over. although says what it is short of, for when nobody takes it.
func (r *retreat) leave(ctx context.Context, although string) {
	if r.done || !r.leads() {
		return
	}
	r.done = true
	if err := r.handOver(ctx); err != nil {
		r.log.Warn("leadership stays here although "+although, "error", err)
	}
}

// over says that the shortage is: there may be another.
func (r *retreat) over() { r.done = false }
