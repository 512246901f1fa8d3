package replication

import (
	"sync"
	"time"
)

// busyTime is for how long something has been at work since the start, by stageTime: for figures alone. Two looks at it tell how much of the time between
// them that was, however often it began and ended. Safe for use by several goroutines.
type busyTime struct {
	mu      sync.Mutex
	over    time.Duration // of the work that has ended
	working bool
	began   time.Duration // the work under way
}

// begin notes that work begins, which is one at a time.
func (b *busyTime) begin() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.working, b.began = true, stageTime()
}

// end notes that it is done.
func (b *busyTime) end() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.working, b.over = false, b.over+stageTime()-b.began
}

// look returns the moment, by stageTime, and how long it has been at work until then, with what is under way.
func (b *busyTime) look() (now, busy time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now, busy = stageTime(), b.over
	if b.working {
		busy += now - b.began
	}
	return now, busy
}

// departure is when a chunk left for the log, for figures alone.
type departure struct {
	queued time.Duration // how long it had waited
	sent   time.Duration // by stageTime
	synced time.Duration // for how long the journal had been at work by then
}

// depart notes that a chunk leaves now, after such a wait.
func (f *figures) depart(queued time.Duration) departure {
	f.queue.AddDuration(queued)
	sent, synced := f.journal.look()
	return departure{queued, sent, synced}
}

// arrive notes that a chunk's turn to be applied has come now, by stageTime, and returns how long that took and for how much of it this node's journal
// was at work.
func (f *figures) arrive(d departure) (now, replicate, sync time.Duration) {
	now, synced := f.journal.look()
	replicate, sync = now-d.sent, synced-d.synced
	f.replicate.AddDuration(replicate)
	f.replicateSync.AddDuration(sync)
	return now, replicate, sync
}
