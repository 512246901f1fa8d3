package monitor

import "time"

// NodeStatus is what a node tells about itself: /status, and what other nodes are told. Counts are since the start of the process, or since CONFIG
// RESETSTAT where docs/monitoring.md says so; sizes are bytes, slots are numbers in the log.
type NodeStatus struct {
	// Time is the node's wall clock when this was made.
	Time          time.Time `json:"time"`
	ID            uint64    `json:"id"`
	UUID          string    `json:"uuid,omitempty"`
	Cluster       string    `json:"cluster,omitempty"`
	Version       string    `json:"version"`
	RedisVersion  string    `json:"redis_version,omitempty"`
	PID           int       `json:"pid"`
	Boot          uint64    `json:"boot"` // counts the starts of the data directory
	Started       time.Time `json:"started"`
	UptimeSeconds float64   `json:"uptime_seconds"`

	State State `json:"state"`
	// Ready is what /readyz says, and NotReady why not.
	Ready    bool     `json:"ready"`
	NotReady []string `json:"not_ready,omitempty"`

	ClientAddress string `json:"client_address,omitempty"`
	PeerAddress   string `json:"peer_address,omitempty"`
	HTTPAddress   string `json:"http_address,omitempty"` // empty: there is none

	Role     string `json:"role,omitempty"` // leader, follower, candidate, learner or removed
	Leader   uint64 `json:"leader"`         // 0: none is known
	Ballot   string `json:"ballot,omitempty"`
	Lease    bool   `json:"lease"`
	ReadMode string `json:"read_mode,omitempty"`

	Slots             Slots          `json:"slots"`
	ConfigurationSlot uint64         `json:"configuration_slot"`
	Members           []MemberStatus `json:"members"`
	Links             []LinkStatus   `json:"links"`

	Sync       SyncStatus       `json:"sync"`
	Replicated ReplicatedStatus `json:"replicated"`
	Clients    ClientStatus     `json:"clients"`
	Traffic    TrafficStatus    `json:"traffic"`
	Memory     MemoryStatus     `json:"memory"`
	Keyspace   KeyspaceStatus   `json:"keyspace"`
	Disk       DiskStatus       `json:"disk"`
	Checkpoint CheckpointStatus `json:"checkpoint"`
	Loading    *LoadingStatus   `json:"loading,omitempty"` // only while the state is restored
	CPU        CPUStatus        `json:"cpu"`
	// Differing are the nodes whose state at slot DifferingAt is not this node's; there should be none.
	Differing   []uint64 `json:"differing,omitempty"`
	DifferingAt uint64   `json:"differing_at,omitempty"`
	// Events are the newest ones, the oldest first.
	Events []Event `json:"events"`
}

// State is how far a process is.
type State string

// The states of a node.
const (
	StateStarting State = "starting" // the journal and the checkpoint are checked, or the node asks to join
	StateLoading  State = "loading"  // the state is restored
	StateServing  State = "serving"
	StateRemoved  State = "removed" // it is no member any more
	StateStopping State = "stopping"
)

// Slots are where a node is in the log.
type Slots struct {
	Chosen uint64 `json:"chosen"`
	// Known is the highest slot that this node knows to be chosen anywhere.
	Known   uint64 `json:"known"`
	Applied uint64 `json:"applied"`
	// Lag is Known less Applied; in a view of the cluster another node may know of more.
	Lag        uint64 `json:"lag"`
	First      uint64 `json:"first"` // the first that is kept
	Checkpoint uint64 `json:"checkpoint"`
}

// MemberStatus is a member as the node sees it.
type MemberStatus struct {
	ID       uint64 `json:"id"`
	UUID     string `json:"uuid,omitempty"`
	Address  string `json:"address"` // for its peers
	Role     string `json:"role"`    // voter or learner
	State    string `json:"state"`   // leader, reachable, unreachable or unknown: the leader alone knows of all
	Synced   uint64 `json:"synced"`  // the slot up to which it has the log on stable storage; 0: not known
	Replaces uint64 `json:"replaces,omitempty"`
}

// LinkStatus is the node's link to another one.
type LinkStatus struct {
	ID                 uint64    `json:"id"`
	Address            string    `json:"address"`
	ClientAddress      string    `json:"client_address,omitempty"` // as the other node has said
	Connected          bool      `json:"connected"`
	Since              time.Time `json:"since"`
	RoundTripMicros    uint64    `json:"round_trip_usec"` // of the newest ping; 0: none yet
	SentMessages       uint64    `json:"sent_messages"`
	ReceivedMessages   uint64    `json:"received_messages"`
	SentBytes          uint64    `json:"sent_bytes"`
	ReceivedBytes      uint64    `json:"received_bytes"`
	QueuedMessages     int       `json:"queued_messages"`
	QueuedBytes        int       `json:"queued_bytes"`
	DroppedMessages    uint64    `json:"dropped_messages"`
	Made               uint64    `json:"made"` // how many links there were, renewals included
	OtherConfiguration bool      `json:"other_configuration,omitempty"`
	LastError          string    `json:"last_error,omitempty"`
}

// SyncStatus is how long recent syncs of the journal took.
type SyncStatus struct {
	P50Micros uint64 `json:"p50_usec"`
	P99Micros uint64 `json:"p99_usec"`
}

// ReplicatedStatus is what the node has on its way into the log.
type ReplicatedStatus struct {
	Batches        uint64  `json:"batches"` // proposed as leader
	BatchMean      float64 `json:"batch_mean"`
	ChunksInFlight int     `json:"chunks_in_flight"`
	BytesInFlight  int     `json:"bytes_in_flight"`
	Unstored       int     `json:"unstored"`  // writes that wait for the journal
	Unapplied      int     `json:"unapplied"` // slots that wait to be applied
}

// ClientStatus are the node's clients.
type ClientStatus struct {
	Connected int    `json:"connected"`
	Max       int    `json:"max"`
	Blocked   int    `json:"blocked"`
	Accepted  uint64 `json:"accepted"`
	Rejected  uint64 `json:"rejected"`
}

// TrafficStatus is what they do. All but the rates is since CONFIG RESETSTAT.
type TrafficStatus struct {
	OpsPerSecond         uint64  `json:"ops_per_second"`
	InputBytesPerSecond  float64 `json:"input_bytes_per_second"`
	OutputBytesPerSecond float64 `json:"output_bytes_per_second"`
	Commands             uint64  `json:"commands"`
	InputBytes           uint64  `json:"input_bytes"`
	OutputBytes          uint64  `json:"output_bytes"`
	Errors               uint64  `json:"errors"`
	Hits                 uint64  `json:"hits"`
	Misses               uint64  `json:"misses"`
}

// MemoryStatus is what the node takes.
type MemoryStatus struct {
	Used    uint64 `json:"used"`
	Peak    uint64 `json:"peak"`
	RSS     uint64 `json:"rss"`
	Dataset uint64 `json:"dataset"`
	Max     uint64 `json:"max"` // 0: no limit
	Policy  string `json:"policy,omitempty"`
	System  uint64 `json:"system"`
	// Watermark is from where on commands that may take more are refused, WatermarkUsed what is in use of WatermarkLimit, the container's or the
	// machine's memory; 0: nobody looks. WatermarkReached says that they are refused now.
	Watermark        uint64 `json:"watermark"`
	WatermarkUsed    uint64 `json:"watermark_used"`
	WatermarkLimit   uint64 `json:"watermark_limit"`
	WatermarkReached bool   `json:"watermark_reached"`
}

// KeyspaceStatus is what the node holds.
type KeyspaceStatus struct {
	Keys       int    `json:"keys"`
	Expires    int    `json:"expires"`
	Tombstones uint64 `json:"tombstones"`
	Expired    uint64 `json:"expired"`
	Evicted    uint64 `json:"evicted"`
}

// DiskStatus is the data directory's disk.
type DiskStatus struct {
	Free          uint64 `json:"free"`
	JournalBytes  uint64 `json:"journal_bytes"` // that the journal has grown by since the newest checkpoint
	WritesRefused bool   `json:"writes_refused"`
	Encrypted     bool   `json:"encrypted"`       // the data directory is
	Error         string `json:"error,omitempty"` // why Free is not known
}

// CheckpointStatus is where the node's checkpoints are.
type CheckpointStatus struct {
	Slot         uint64     `json:"slot"`
	Records      uint64     `json:"records"`
	At           *time.Time `json:"at,omitempty"`
	TookMicros   uint64     `json:"took_usec"`
	RunningSlot  uint64     `json:"running_slot,omitempty"`
	FetchingSlot uint64     `json:"fetching_slot,omitempty"`
	FetchedBytes uint64     `json:"fetched_bytes,omitempty"`
	Skipped      uint64     `json:"skipped"`
	NotTaken     string     `json:"not_taken,omitempty"`
}

// LoadingStatus is how much of the state is restored, in records of a checkpoint and slots of the log.
type LoadingStatus struct {
	Done  uint64 `json:"done"`
	Total uint64 `json:"total"`
}

// CPUStatus is the time that the process has used.
type CPUStatus struct {
	UserSeconds   float64 `json:"user_seconds"`
	SystemSeconds float64 `json:"system_seconds"`
}
