package paxos

// Instant is a moment as three clocks of one node see it, each in nanoseconds. Instants of different nodes, or of
// different boots of one, are not comparable.
type Instant struct {
	// Mono never jumps, and may stand still while the machine is suspended (CLOCK_MONOTONIC).
	Mono int64
	// Boot goes on while the machine is suspended (CLOCK_BOOTTIME).
	Boot int64
	// Real is the wall clock, which may be set (CLOCK_REALTIME).
	Real int64
}

// Elapsed returns the nanoseconds between since and i by the clock that says most, and never less than 0 (rule L4).
func (i Instant) Elapsed(since Instant) int64 {
	if BreakL4Clock.On() {
		return i.Mono - since.Mono
	}
	return max(i.Mono-since.Mono, i.Boot-since.Boot, i.Real-since.Real, 0)
}

// Event is something that happened to the core. The concrete types below are all there are.
type Event interface{ event() }

// Received is a message from a peer.
type Received struct {
	From    NodeID
	Message Message
}

// Ticked says that time has passed; the driver sends one every TickInterval.
type Ticked struct{}

// Stored says that every Write up to and including that sequence number is on stable storage.
type Stored struct {
	Sequence uint64
}

// Proposed asks the leader to have an entry chosen. The driver sends one only while Core.CanPropose.
type Proposed struct {
	Entry Entry
	// Local says that nobody but this node waits for the entry: the others are told with the next Accept or tick that it is chosen.
	Local bool
}

// ReadAsked asks for a read slot. IDs increase. The core answers each ID once, by a ReadReady, in order; it asks
// again by itself when leadership moves or a message is lost, for as long as that takes.
type ReadAsked struct {
	ID uint64
}

// LinkUp says that a link to a peer has been (re-)established: what was sent to it before may be lost.
type LinkUp struct {
	Peer NodeID
}

// LinkDown says that the link to a peer broke. It is a hint that shortens the wait for a leader that is gone, and
// never needed: grants run out all the same.
type LinkDown struct {
	Peer NodeID
}

// HandOverAsked tells the leader to hand leadership to another voter, the most up to date one when To is 0.
// On any other node it does nothing.
type HandOverAsked struct {
	To NodeID
}

// Compacted says that the log was cut below First, and that the newest published checkpoint is that of slot Checkpoint.
type Compacted struct {
	First, Checkpoint Slot
}

// Fetched ends a Fetch. Slot is that of the checkpoint installed: everything up to it is applied, and the log before it is
// cut off. 0 says that no checkpoint could be had; the core goes on to ask.
type Fetched struct {
	Slot Slot
	// Configuration is the one that governs the slots after Slot.
	Configuration Configuration
	// From is the node that gave the checkpoint: it keeps the entries behind it for this node.
	From NodeID
}

func (Received) event()      {}
func (Compacted) event()     {}
func (Fetched) event()       {}
func (Ticked) event()        {}
func (Stored) event()        {}
func (Proposed) event()      {}
func (ReadAsked) event()     {}
func (LinkUp) event()        {}
func (LinkDown) event()      {}
func (HandOverAsked) event() {}

// Envelope is a message and where it goes.
type Envelope struct {
	To      NodeID
	Message Message
}

// ReadReady answers the ReadAsked of that ID: the read may run once Slot is applied.
type ReadReady struct {
	ID   uint64
	Slot Slot
}

// Serve asks the driver to answer a Learn from storage: read chosen entries from From to at most Through, within
// Limits.LearnBytes (one entry at least), and send them to To as Learned{Records, Chosen: Through}. The driver may
// take its time: catching up never starves normal traffic.
type Serve struct {
	To            NodeID
	From, Through Slot
}

// Fetch asks the driver to get a checkpoint of slot Slot or later from From, or from any other node, to install it, and to
// say so with Fetched, in success and in failure. Until then the core asks for no entries.
type Fetch struct {
	From NodeID
	Slot Slot
	// Least is that of an older one that will do as well, if it was begun before and a node still gives it: that node keeps the log behind it.
	Least Slot
}

// Effects is what the driver must do after a Step. The core keeps none of the slices: they belong to the driver.
//
// The order matters in one way: the messages in SendAfterStore leave only once Write is on stable storage, and so do
// those of later effects whose own Write is empty (their Sequence is the same). Everything else may be done at once
// and in parallel.
type Effects struct {
	// Write is to be appended and synced, unless it is empty. Sequence numbers the writes 1, 2, 3 ...; effects with an
	// empty write repeat the newest sequence.
	Write    Write
	Sequence uint64
	// Send may leave at once.
	Send []Envelope
	// SendAfterStore reports or rests on durable state: Promise, Accepted, and Prepare, whose ballot must never be used
	// again after a crash.
	SendAfterStore []Envelope
	// Chosen are entries to apply, in slot order, each slot once, without gaps.
	Chosen []Record
	// ReadReady answers ReadAsked.
	ReadReady []ReadReady
	// Serve are catch-up requests of peers.
	Serve []Serve
	// Fetch, if not nil, is the checkpoint this node needs.
	Fetch *Fetch
	// Configuration, if not nil, is the configuration that has become active in this step: an entry with it was chosen, or
	// came with a checkpoint.
	Configuration *Configuration
	// LeaderChanged says that Core.Leader or Core.LeaderReady changed: origins send again what is unapplied.
	LeaderChanged bool
	// Fatal, if not nil, is why this node must stop.
	Fatal error
}
