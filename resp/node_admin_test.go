package resp

import (
	"context"
	"slices"

	"github.com/paxredis/paxredis/replication"
)

// saved is what becomes of a Checkpoint call.
type saved struct {
	slot replication.Slot
	err  error
}

// changed is what becomes of a Change call.
type changed struct {
	now replication.Configuration
	err error
}

// fakeChange is a Change call that waits for a word.
type fakeChange struct {
	replication.Change
	done chan changed
}

// fakeSave is a Checkpoint call that waits for a word.
type fakeSave struct {
	wait bool
	done chan saved
}

// Checkpoint waits for the test's word, or for the end of ctx.
func (n *fakeNode) Checkpoint(ctx context.Context, wait bool) (replication.Slot, error) {
	call := fakeSave{wait, make(chan saved, 1)}
	n.set(func() { n.saves = append(n.saves, call) })
	select {
	case s := <-call.done:
		return s.slot, s.err
	case <-ctx.Done():
		n.set(func() { n.saves = slices.DeleteFunc(n.saves, func(s fakeSave) bool { return s == call }) })
		return 0, ctx.Err()
	}
}

// save waits for a Checkpoint call and ends it; it returns whether that asked to wait.
func (n *fakeNode) save(slot replication.Slot, err error) (waits bool) {
	n.until(func() bool { return len(n.saves) > 0 })
	n.set(func() {
		waits = n.saves[0].wait
		n.saves[0].done <- saved{slot, err}
		n.saves = n.saves[1:]
	})
	return waits
}

// Change waits for the test's word, or for the end of ctx.
func (n *fakeNode) Change(ctx context.Context, c replication.Change) (replication.Configuration, error) {
	call := fakeChange{c, make(chan changed, 1)}
	n.set(func() { n.changes = append(n.changes, call) })
	select {
	case result := <-call.done:
		return result.now, result.err
	case <-ctx.Done():
		n.set(func() {
			n.changes = slices.DeleteFunc(n.changes, func(c fakeChange) bool { return c.done == call.done })
		})
		return replication.Configuration{}, ctx.Err()
	}
}

// change waits for a Change call, ends it, and returns what it asked for.
func (n *fakeNode) change(now replication.Configuration, err error) (asked replication.Change) {
	n.until(func() bool { return len(n.changes) > 0 })
	n.set(func() {
		asked = n.changes[0].Change
		n.changes[0].done <- changed{now, err}
		n.changes = n.changes[1:]
	})
	return asked
}

func (n *fakeNode) Configuration() replication.Configuration { return n.Status().Configuration }

func (n *fakeNode) CheckpointStatus() replication.CheckpointStatus {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.saving
}
