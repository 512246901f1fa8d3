package replication

import (
	"sync/atomic"
	"time"
)

// Chunk is an ordered run of one lane's commands on their way into the log. Whoever holds it between Lane.Begin and
// Lane.End may append to it.
type Chunk struct {
	// Commands are encoded commands, back to back.
	Commands []byte
	// Count is how many commands Commands holds. A chunk may have none and yet have Replies: what waits behind them
	// takes its turn once everything the lane handed over before is applied.
	Count int
	// Replies is the owner's; nil in a fresh chunk.
	Replies Replies

	born time.Time
}

// LaneListener is told about a lane's reads. Its methods run on goroutines of the group and must not block.
type LaneListener interface {
	// ReadsReady says that the reads that asked with a ticket up to through may run now, against the local state.
	ReadsReady(through uint64)
	// ReadsFailed says that the reads that asked with a ticket up to through got no read slot in time.
	ReadsFailed(through uint64, outcome Outcome)
}

// Lane is where one event loop hands over its commands and asks for read slots. There is no lock, channel operation
// or allocation per command: the loop takes the open chunk with one atomic swap, appends whatever it has parsed, and
// puts it back with another; the group takes the chunk the same way when it has room for a batch.
// All methods but the group's own belong to the loop's goroutine.
type Lane struct {
	group    *Group
	listener LaneListener
	open     atomic.Pointer[Chunk]
	full     chan *Chunk
	asked    atomic.Uint64
}
