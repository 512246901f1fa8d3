package replication

import "github.com/paxredis/paxredis/replication/paxos"

// Machine is the replicated state machine. All nodes call Apply with the same arguments in the same order, replies
// apart, so an implementation must be deterministic and must not fail: what one node cannot apply, none can.
type Machine interface {
	CheckpointMachine

	// Apply runs the count commands encoded back to back in commands, all from one origin and one slot.
	// replies is where the commands' replies go when this node is their origin and still waits for them, otherwise nil.
	// Called from one goroutine; commands must not be kept after the return.
	//
	// Two calls have no commands. Without replies, the slot does nothing but let time pass, on every node alike. With
	// replies, what waits behind commands takes its turn, on its origin alone: slot and stamp.TimeMS are those applied
	// already, and the call must leave no trace in the replicated state, nor in when anything in it will happen.
	Apply(slot uint64, stamp Stamp, commands []byte, count int, replies Replies)

	// NextDeadline returns the Unix millisecond at which the next key expires, 0 without one. It may run beside Apply,
	// from any goroutine.
	NextDeadline() int64
}

// Stamp is what the leader gives a slot in place of all that differs between nodes: clock, chance, settings.
type Stamp struct {
	// TimeMS is the wall-clock time in Unix milliseconds, which never goes back.
	TimeMS int64
	// Seed is the random seed.
	Seed uint64
	// RetentionMS is Config.TombstoneRetention of the leader, in milliseconds; 0 is the machine's own.
	RetentionMS int64
}

// Replies is what an origin keeps of a chunk while its commands are on their way through the log. The group knows
// only how to say that there will be no reply; the machine finds the rest behind it.
type Replies interface {
	// Fail ends the wait of every command of the chunk with an outcome other than applied. The machine is not given
	// these Replies afterwards. Called at most once, on a goroutine of the group; it must not block.
	Fail(outcome Outcome)
}

// CheckpointMachine is a machine whose state can be written while commands go on.
type CheckpointMachine interface {
	// Freeze freezes the state as of the newest applied slot. Only one FrozenState exists at a time. Called from the
	// goroutine that calls Apply.
	Freeze() FrozenState
	// Recollect has the next FrozenState hold all records, as the first one does, instead of those alone that changed since the one
	// before. Each call does a little of that; false says that all is done. It may run beside Apply; it does not run beside Freeze, nor
	// while there is a FrozenState.
	Recollect() (more bool)
	// Restore replaces the state by that of checkpoint c, whose records next returns until it reports false. On an error
	// the machine is empty. One that matches paxos.ErrNewerFormat says that nothing is damaged and only a later release can read it:
	// the group ends then, where it gives any other checkpoint up that cannot be restored. It does not run beside Apply or Freeze.
	Restore(c paxos.Checkpoint, next func() (paxos.CheckpointRecord, bool, error)) error
	// Reset makes the machine empty. It does not run beside Apply or Freeze.
	Reset()
}

// FrozenState is a state to be written. It belongs to one goroutine, beside the one that calls Apply.
type FrozenState interface {
	// Next returns records that changed since the checkpoint before, about maxBytes of them; none at their end.
	Next(maxBytes int) []paxos.CheckpointRecord
	// Waiting is how many bytes of records the machine had to set aside and Next has not returned. Safe on any goroutine.
	Waiting() int
	// Finish ends the FrozenState after its last record, and returns the checkpoint; Slot and Group are the caller's to fill.
	Finish() paxos.Checkpoint
}
