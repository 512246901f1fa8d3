package replication

import (
	"slices"
	"sync"

	"github.com/paxredis/paxredis/replication/paxos"
)

// syncedWaiters knows how far each voter has the log on stable storage, and who waits for that.
type syncedWaiters struct {
	mu      sync.Mutex
	synced  []paxos.SyncedThrough
	waiters []*syncedWaiter // oldest first
}

type syncedWaiter struct {
	slot paxos.Slot
	n    int
	done func(count int)
}

func (w *syncedWaiters) count(slot paxos.Slot) int {
	count := 0
	for _, s := range w.synced {
		if s.Slot >= slot {
			count++
		}
	}
	return count
}

// votersOnly returns synced without nodes that do not vote: the leader of a configuration before may have told of them.
func votersOnly(synced []paxos.SyncedThrough, c *paxos.Configuration) []paxos.SyncedThrough {
	isNone := func(s paxos.SyncedThrough) bool { return !c.IsVoter(s.Node) }
	if !slices.ContainsFunc(synced, isNone) {
		return synced
	}
	return slices.DeleteFunc(slices.Clone(synced), isNone)
}

// update takes the newest knowledge over and tells those it satisfies.
func (w *syncedWaiters) update(synced []paxos.SyncedThrough) {
	type told struct {
		done  func(int)
		count int
	}
	var satisfied []told
	w.mu.Lock()
	w.synced = synced
	w.waiters = withoutFunc(w.waiters, func(waiter *syncedWaiter) bool {
		count := w.count(waiter.slot)
		if count >= waiter.n {
			satisfied = append(satisfied, told{waiter.done, count})
		}
		return count >= waiter.n
	})
	w.mu.Unlock()
	for _, t := range satisfied {
		t.done(t.count)
	}
}

// Synced returns how many voters have synced every slot up to slot, as far as this node has been told.
func (g *Group) Synced(slot uint64) int {
	g.synced.mu.Lock()
	defer g.synced.mu.Unlock()
	return g.synced.count(paxos.Slot(slot))
}

// WaitSynced calls done once, when n voters have synced every slot up to slot: at once, on the caller's goroutine, if
// that is so already, otherwise on the group's loop, which it must not block. After cancel, done is not called unless
// it is running already. cancel does not wait.
func (g *Group) WaitSynced(slot uint64, n int, done func(count int)) (cancel func()) {
	w := &g.synced
	waiter := &syncedWaiter{slot: paxos.Slot(slot), n: n, done: done}
	w.mu.Lock()
	count := w.count(waiter.slot)
	if count < n {
		w.waiters = append(w.waiters, waiter)
	}
	w.mu.Unlock()
	if count >= n {
		done(count)
		return func() {}
	}
	return func() {
		w.mu.Lock()
		w.waiters = without(w.waiters, waiter)
		w.mu.Unlock()
	}
}
