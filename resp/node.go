package resp

import (
	"context"
	"time"

	"github.com/paxredis/paxredis/replication"
)

// Lane is one event loop's way into the log: a replication.Lane. Its methods belong to the loop's goroutine.
type Lane interface {
	// Begin takes the open chunk, or a fresh one.
	Begin() *replication.Chunk
	// End puts a chunk back and wakes the group. While the lane is full it waits for room, or fails the chunk.
	End(c *replication.Chunk)
	// IsFull reports whether End may have to wait.
	IsFull() bool
	// LargeBytes is the size of one command beyond which it is to be handed over by Large, if TakesLarge says that there is room, with nothing else
	// of its client on its way. Large does not wait.
	LargeBytes() int
	TakesLarge() bool
	Large(c *replication.Chunk)
	// AskRead asks for a read slot for all reads with tickets up to this one; tickets grow.
	AskRead(ticket uint64)
	// Answering says that replies to n chunks are about to be written, Answered that they have been, and that what came meanwhile
	// has been handed over: the group may wait in between with the next batch.
	Answering(n int)
	Answered(n int)
}

// Node is what the connection layer needs of the replicated group: a replication.Group, by way of FromGroup. All methods
// are safe for use by several goroutines. Those without a context do not block.
type Node interface {
	// NewLane makes a lane for one event loop, which is told about its reads.
	NewLane(l replication.LaneListener) Lane
	// ReadNow reports whether a read may run at once on the local state, and by what right.
	ReadNow() (replication.ReadGrant, bool)
	// StillValid reports whether the right still holds: asked once the state that is read stands still, before replies from it are queued.
	StillValid(replication.ReadGrant) bool
	// Loading reports whether the node still restores its state, and how far it is.
	Loading() (loading bool, done, total uint64)
	// WaitSynced calls done once n voters have synced slot, at once if so. cancel returns promptly.
	WaitSynced(slot uint64, n int, done func(count int)) (cancel func())
	// Synced returns how many voters have synced slot.
	Synced(slot uint64) int
	// CountAt sets who counts this node's subscribers for its peers, on a goroutine that must not be held up.
	CountAt(counter replication.AudienceCounter)
	// CountElsewhere calls done once with how many subscribers the peers have that are there. cancel returns promptly.
	CountElsewhere(a replication.Audience, done func(counts []uint64, err error)) (cancel func())
	// WatchSaves has watch told how long each write to the journal took; it must not block.
	WatchSaves(watch func(took time.Duration))
	// Status returns the group's figures.
	Status() replication.Status
	// Configuration returns the members, as far as this node knows.
	Configuration() replication.Configuration
	// Change has the members changed, or their leader, and returns once that is done.
	Change(ctx context.Context, c replication.Change) (replication.Configuration, error)
	// Checkpoint has the cluster decide on a checkpoint, waits, if asked to, until this node has it, and returns its slot.
	Checkpoint(ctx context.Context, wait bool) (replication.Slot, error)
	// CheckpointStatus tells about this node's checkpoints.
	CheckpointStatus() replication.CheckpointStatus
}

// FromGroup makes a Node of a group.
func FromGroup(g *replication.Group) Node { return groupNode{g} }

// groupNode differs from the group only in the type that NewLane returns.
type groupNode struct{ *replication.Group }

func (n groupNode) NewLane(l replication.LaneListener) Lane { return n.Group.NewLane(l) }
