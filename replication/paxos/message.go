package paxos

// Message is what nodes of a cluster say to each other. Each concrete type below is one message; they are values
// and are never modified once sent. Messages may be lost, repeated, delayed and reordered.
type Message interface {
	// Kind identifies the concrete type, for dispatch and for the codec.
	Kind() MessageKind
}

// MessageKind identifies a message type. The values are part of the links' format.
type MessageKind uint8

// The message kinds.
const (
	KindPrepare      MessageKind = 1
	KindPromise      MessageKind = 2
	KindReject       MessageKind = 3
	KindAccept       MessageKind = 4
	KindAccepted     MessageKind = 5
	KindHeartbeat    MessageKind = 6
	KindHeartbeatAck MessageKind = 7
	KindCanvass      MessageKind = 8
	KindCanvassReply MessageKind = 9
	KindLearn        MessageKind = 10
	KindLearned      MessageKind = 11
	KindReadAsk      MessageKind = 12
	KindReadSlot     MessageKind = 13
	KindForward      MessageKind = 14
	KindHandOver     MessageKind = 15
	KindOffer        MessageKind = 16
	// The kinds from here on are the driver's: it takes them before they reach the core.
	KindCheckpointAsk    MessageKind = 17
	KindCheckpointPart   MessageKind = 18
	KindCheckpointDigest MessageKind = 19
	KindAsk              MessageKind = 20
	KindAnswer           MessageKind = 21
)

// Prepare is phase 1a: a candidate asks for the promise of an acceptor, for all slots from From on.
type Prepare struct {
	Ballot Ballot
	// From is the first slot the candidate does not know to be chosen.
	From Slot
	// HandOver is the ballot of the leader that told the candidate to take over, zero without one. An acceptor whose
	// grant is to that very ballot drops the grant.
	HandOver Ballot
}

// Promise is phase 1b. It reports what the acceptor accepted in slots that it does not itself know to be chosen;
// what is at or below Chosen the candidate learns as chosen (Learn) instead. A large answer comes in several parts,
// all of which the candidate needs.
type Promise struct {
	Ballot   Ballot
	Chosen   Slot
	Accepted []Record
	// Part counts from 0 to Parts-1.
	Part, Parts uint32
}

// Reject says that the sender of a Prepare, Accept or Heartbeat at Ballot was refused because of a higher promise.
type Reject struct {
	Ballot   Ballot
	Promised Ballot
}

// Accept is phase 2a. Chosen is the leader's chosen watermark.
type Accept struct {
	Ballot Ballot
	Slot   Slot
	Entry  Entry
	Chosen Slot
}

// Accepted is phase 2b: the record is on the sender's stable storage.
type Accepted struct {
	Ballot Ballot
	Slot   Slot
}

// SyncedThrough tells how far a voter has the log on stable storage: all slots up to Slot.
type SyncedThrough struct {
	Node NodeID
	Slot Slot
}

// Heartbeat keeps followers from canvassing, carries the chosen watermark and, by its number, confirms leadership
// for the reads that wait.
type Heartbeat struct {
	Ballot Ballot
	Chosen Slot
	// Number is fresh for every heartbeat of a ballot; no retry reuses one (rule L6).
	Number uint64
	// Synced is the leader's knowledge of every voter, itself included, for WAIT.
	Synced []SyncedThrough
}

// HeartbeatAck answers the Heartbeat of that number: the sender has granted the leader its lease time (rule L1).
type HeartbeatAck struct {
	Ballot Ballot
	Number uint64
	// Chosen is the sender's own chosen watermark.
	Chosen Slot
	// Synced is the highest slot such that it and every slot above Chosen up to it is accepted at Ballot and synced.
	Synced Slot
}

// Canvass asks whether the receiver would promise; it changes nothing at the receiver.
type Canvass struct {
	// Number identifies the attempt, so that a late answer does not count for a newer one.
	Number uint64
	Chosen Slot
}

// CanvassReply answers a Canvass.
type CanvassReply struct {
	Number   uint64
	Granted  bool
	Promised Ballot
	Chosen   Slot
}

// Learn asks any node for chosen entries from a slot on.
type Learn struct {
	From Slot
}

// Learned carries chosen entries, in slot order without gaps, starting at the slot asked for. It is within a byte
// budget, except that one entry is always sent.
type Learned struct {
	Records []Record
	// Chosen is the sender's chosen watermark.
	Chosen Slot
}

// ReadAsk asks the leader for a read slot (rule L5), for all reads that wait at the sender.
type ReadAsk struct {
	Number uint64
}

// ReadSlot answers the ReadAsk of that number: a read that runs once Slot is applied is linearizable.
type ReadSlot struct {
	Ballot Ballot
	Number uint64
	Slot   Slot
}

// Forward carries commands from their origin to the leader. Its payload is opaque to this package: the driver takes
// the message before it reaches the core.
type Forward struct {
	Payload []byte
}

// HandOver tells its receiver to start phase 1 at once: the leader of Ballot has stopped and given up its lease.
type HandOver struct {
	Ballot Ballot
	Chosen Slot
}

// Offer answers a Learn for slots that the sender has cut off: what is below First is to be had as a checkpoint only.
type Offer struct {
	// Checkpoint is the slot of the sender's newest checkpoint.
	Checkpoint Slot
	First      Slot
	// Chosen is the sender's chosen watermark.
	Chosen Slot
}

// CheckpointAsk asks any node for a part of the checkpoint of a slot. Slot 0 is the receiver's newest. A driver's message.
type CheckpointAsk struct {
	// Number comes back with the answer.
	Number uint64
	Slot   Slot
	// Cursor is where the part begins: empty, or Next of the part before it.
	Cursor []byte
}

// CheckpointPart answers a CheckpointAsk. A driver's message.
type CheckpointPart struct {
	Number uint64
	Slot   Slot
	// Head is the encoded Checkpoint, in the answer to an empty cursor only.
	Head []byte
	// Data is a run of records, and Next the cursor of the next part; empty when this is the last.
	Data, Next []byte
	// Refused, if not empty, is why there is nothing: the sender has no such checkpoint (any more).
	Refused string
}

// CheckpointDigest tells every node the digest of a checkpoint that the sender has published. A driver's message.
type CheckpointDigest struct {
	Slot   Slot
	Digest []byte
}

// Ask has another node, most often the leader, do something and say how it went. A driver's message.
type Ask struct {
	Number  uint64
	Payload []byte
}

// Answer answers the Ask of that number.
type Answer struct {
	Number  uint64
	Payload []byte
}

// Kind implements Message.
func (Prepare) Kind() MessageKind { return KindPrepare }

// Kind implements Message.
func (Promise) Kind() MessageKind { return KindPromise }

// Kind implements Message.
func (Reject) Kind() MessageKind { return KindReject }

// Kind implements Message.
func (Accept) Kind() MessageKind { return KindAccept }

// Kind implements Message.
func (Accepted) Kind() MessageKind { return KindAccepted }

// Kind implements Message.
func (Heartbeat) Kind() MessageKind { return KindHeartbeat }

// Kind implements Message.
func (HeartbeatAck) Kind() MessageKind { return KindHeartbeatAck }

// Kind implements Message.
func (Canvass) Kind() MessageKind { return KindCanvass }

// Kind implements Message.
func (CanvassReply) Kind() MessageKind { return KindCanvassReply }

// Kind implements Message.
func (Learn) Kind() MessageKind { return KindLearn }

// Kind implements Message.
func (Learned) Kind() MessageKind { return KindLearned }

// Kind implements Message.
func (ReadAsk) Kind() MessageKind { return KindReadAsk }

// Kind implements Message.
func (ReadSlot) Kind() MessageKind { return KindReadSlot }

// Kind implements Message.
func (Forward) Kind() MessageKind { return KindForward }

// Kind implements Message.
func (HandOver) Kind() MessageKind { return KindHandOver }

// Kind implements Message.
func (Offer) Kind() MessageKind { return KindOffer }

// Kind implements Message.
func (CheckpointAsk) Kind() MessageKind { return KindCheckpointAsk }

// Kind implements Message.
func (CheckpointPart) Kind() MessageKind { return KindCheckpointPart }

// Kind implements Message.
func (CheckpointDigest) Kind() MessageKind { return KindCheckpointDigest }

// Kind implements Message.
func (Ask) Kind() MessageKind { return KindAsk }

// Kind implements Message.
func (Answer) Kind() MessageKind { return KindAnswer }

var kindNames = [...]string{
	KindPrepare: "Prepare", KindPromise: "Promise", KindReject: "Reject", KindAccept: "Accept",
	KindAccepted: "Accepted", KindHeartbeat: "Heartbeat", KindHeartbeatAck: "HeartbeatAck", KindCanvass: "Canvass",
	KindCanvassReply: "CanvassReply", KindLearn: "Learn", KindLearned: "Learned", KindReadAsk: "ReadAsk",
	KindReadSlot: "ReadSlot", KindForward: "Forward", KindHandOver: "HandOver",
	KindOffer: "Offer", KindCheckpointAsk: "CheckpointAsk", KindCheckpointPart: "CheckpointPart",
	KindCheckpointDigest: "CheckpointDigest", KindAsk: "Ask", KindAnswer: "Answer",
}

func (k MessageKind) String() string {
	if int(k) < len(kindNames) && kindNames[k] != "" {
		return kindNames[k]
	}
	return "unknown"
}
