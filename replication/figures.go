package replication

import (
	"sync/atomic"
	"time"
)

// figures are what a group counts for those who watch it, since the start. Each is added to once for a chunk, a batch, a write of the journal, or more seldom:
// never for a command.
type figures struct {
	queue, replicate, replicateSync, apply, sync Histogram // durations
	batchCommands, batchBytes                    Histogram
	elections, leaders                           atomic.Uint64
	checkpoints                                  atomic.Uint64
	journal                                      busyTime
}

// Figures are a group's counts since the start of the process.
type Figures struct {
	// What the chunks of this node's own clients took, in nanoseconds: Queue from their first command until they left for the log, Replicate until
	// they were chosen and it was their turn to be applied, ReplicateSync for how much of that this node's journal wrote and synced, whatever for, Apply to be
	// applied. Sync is each sync of the journal, also of what others proposed.
	Queue, Replicate, ReplicateSync, Apply, Sync HistogramCounts
	// BatchCommands and BatchBytes are of the batches that this node proposed as leader.
	BatchCommands, BatchBytes HistogramCounts
	// Elections is how often this node stood for leader, Leaders how often it found another leader to follow, itself included.
	Elections, Leaders uint64
	// Checkpoints is how many this node has published.
	Checkpoints uint64
}

// Figures returns the counts.
func (g *Group) Figures() Figures {
	f := &g.figures
	return Figures{Queue: f.queue.Read(), Replicate: f.replicate.Read(), ReplicateSync: f.replicateSync.Read(), Apply: f.apply.Read(), Sync: f.sync.Read(),
		BatchCommands: f.batchCommands.Read(), BatchBytes: f.batchBytes.Read(),
		Elections: f.elections.Load(), Leaders: f.leaders.Load(), Checkpoints: f.checkpoints.Load()}
}

// StageReplies are Replies that are told, before their chunk is applied, how long it has waited until then, as Figures.Queue, Figures.Replicate and
// Figures.ReplicateSync have it. Called on the goroutine that applies.
type StageReplies interface {
	Replies
	Waited(queue, replicate, sync time.Duration)
}

// stageTime is a clock for figures alone, in nanoseconds: cheaper than a Clock, and without influence on anything.
func stageTime() time.Duration { return time.Since(started) }
