package paxos

import "strconv"

// Slot is a position in the replicated log. The first slot is 1; 0 means "none".
type Slot uint64

func (s Slot) String() string { return strconv.FormatUint(uint64(s), 10) }

// EntryKind says what the payload of an Entry is.
type EntryKind uint8

// The kinds of entries. The values are part of the journal's and the links' formats.
const (
	EntryNoop          EntryKind = 1 // empty payload: fills a slot
	EntryBatch         EntryKind = 2 // client commands, opaque to this package
	EntryConfiguration EntryKind = 3 // a membership: Configuration.Encode
	EntryCheckpoint    EntryKind = 4 // where every node takes a checkpoint; opaque to this package
)

func (k EntryKind) String() string {
	switch k {
	case EntryNoop:
		return "noop"
	case EntryBatch:
		return "batch"
	case EntryConfiguration:
		return "configuration"
	case EntryCheckpoint:
		return "checkpoint"
	}
	return "kind(" + strconv.Itoa(int(k)) + ")"
}

// Entry is the value a slot holds. Its payload is never modified once the entry exists: it is shared between
// goroutines, links and the journal without copies.
type Entry struct {
	Kind    EntryKind
	Payload []byte
}

// Record is an entry together with the ballot at which an acceptor accepted it in a slot. The ballot is that of
// the acceptance, and is kept apart from what the acceptor has promised.
type Record struct {
	Slot   Slot
	Ballot Ballot
	Entry  Entry
}

// Write is what an acceptor must have on stable storage before it answers (rule D1).
// Records later in the slice, and in later writes, supersede earlier ones of the same slot.
type Write struct {
	// Promised is the highest ballot promised; zero leaves the stored promise as it is.
	Promised Ballot
	// Records are newly accepted entries.
	Records []Record
	// Chosen is a hint: every slot up to it is chosen, with the value of the newest record stored for it. Zero
	// leaves the hint as it is. Losing a hint is harmless, so it never needs a sync of its own.
	Chosen Slot
}

// IsEmpty reports whether w holds nothing that needs a sync.
func (w *Write) IsEmpty() bool { return w.Promised.IsZero() && len(w.Records) == 0 }

// Restored is what an acceptor reads back from stable storage at start.
type Restored struct {
	// Promised is the highest ballot promised or accepted.
	Promised Ballot
	// Chosen is the stored hint: the driver applies the slots up to it from storage before it starts the core.
	Chosen Slot
	// First is the lowest slot that is not cut off: what is below it was chosen, and is in the checkpoint. 1, or 0, if
	// nothing was ever cut. A driver that could not restore the state leaves Chosen below First-1; the core then fetches
	// a checkpoint from a peer.
	First Slot
	// Checkpoint is the slot of the newest published checkpoint, 0 without one.
	Checkpoint Slot
	// Records are the newest records of the slots above Chosen, in slot order; gaps are allowed.
	Records []Record
}
