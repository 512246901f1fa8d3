package replication

import "time"

// CheckpointBounds say when checkpoints are taken, and what taking and fetching one may cost.
type CheckpointBounds struct {
	// CheckpointBytes is how much the journal grows until the leader has a checkpoint taken. Default 64 MiB. A node keeps
	// about two of these of the log, and reads up to two when it starts.
	CheckpointBytes int
	// CheckpointInterval is after how long one is taken even if less was written. Default 5 minutes. Nothing is taken while
	// nothing changes.
	CheckpointInterval time.Duration
	// FrozenBytes is how much commands may have to set aside of the state that is being written before no more are applied.
	// Default 32 MiB.
	FrozenBytes int
	// PartBytes is the size of the parts in which a checkpoint is written, and, up to 64 KiB, of those that are sent to a
	// peer. Default 256 KiB.
	PartBytes int
	// FetchBytesPerSecond bounds the rate at which this node fetches a checkpoint from a peer. Default 8 MiB/s: more was measured
	// to delay the commands of the other nodes where all share a disk.
	FetchBytesPerSecond int
	// KeptLogBytes is how much of the log stays, besides what CheckpointBytes says, for peers that fetch a checkpoint from this node:
	// what is written until they have caught up. Default 1 GiB. With more they have to fetch another checkpoint.
	KeptLogBytes int
}

func (b CheckpointBounds) withDefaults() CheckpointBounds {
	orDefault(&b.CheckpointBytes, 64<<20)
	orDefault(&b.CheckpointInterval, 5*time.Minute)
	orDefault(&b.FrozenBytes, 32<<20)
	orDefault(&b.PartBytes, 256<<10)
	orDefault(&b.FetchBytesPerSecond, 8<<20)
	orDefault(&b.KeptLogBytes, 1<<30)
	return b
}
