package replication

import (
	"context"
	"errors"
	"time"

	"github.com/paxredis/paxredis/replication/paxos"
)

// CheckpointStatus is where a node's checkpoints are.
type CheckpointStatus struct {
	// Slot and Records are those of the newest published checkpoint, Took and At how long and when it was taken.
	Slot    paxos.Slot
	Records uint64
	Took    time.Duration
	At      time.Time
	// Running is the slot of the one being written, 0 without one.
	Running paxos.Slot
	// Fetching is the slot of the one being fetched from a peer, 0 without one; Fetched is how many bytes of it are here.
	Fetching paxos.Slot
	Fetched  uint64
	// JournalBytes is how much the journal has grown since the newest one.
	JournalBytes uint64
}

// Checkpoint has the cluster decide on the slot of a checkpoint, and returns that slot. If wait is set it returns once this
// node has published that checkpoint, or a later one.
func (g *Group) Checkpoint(ctx context.Context, wait bool) (paxos.Slot, error) {
	return 0, errors.New("not there")
}

// workOnCheckpoint has the slot of a checkpoint decided.
func (l *loop) workOnCheckpoint(*asked) (answer, bool) {
	return answer{state: answerRefused, refused: "this node takes no checkpoints"}, true
}
