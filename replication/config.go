package replication

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"github.com/paxredis/paxredis/replication/paxos"
)

// ReadMode is by what right a read runs (rules L4 to L6).
type ReadMode uint8

// The read modes.
const (
	// ReadQuorum confirms leadership by a round of heartbeats; it uses no clock.
	ReadQuorum ReadMode = 0
	// ReadLease confirms leadership by a lease, which rests on bounded clock drift.
	ReadLease ReadMode = 1
	// ReadStale reads the local state as it is.
	ReadStale ReadMode = 2
)

func (m ReadMode) String() string {
	switch m {
	case ReadQuorum:
		return "quorum"
	case ReadLease:
		return "lease"
	case ReadStale:
		return "stale"
	}
	return "unknown"
}

// Config is what a group needs to know at start. The zero value of a bound means its default.
type Config struct {
	Self paxos.NodeID
	// UUID is that of the node's data directory; a node that has not told it yet may leave it out.
	UUID          string
	Configuration paxos.Configuration
	Limits        paxos.Limits
	ReadMode      ReadMode
	// CommitTimeout is how long a command or a read may wait for its outcome. Default 10 s.
	CommitTimeout time.Duration
	// TombstoneRetention is for how long the state machine is to remember the versions of removed keys, in the log's time, while this
	// node leads: it goes into the stamp of each batch, so that it may differ between nodes. In whole milliseconds; 0 is the machine's own.
	TombstoneRetention time.Duration
	// Session names this boot's session; Boot grows by one with each start of the data directory.
	Session uuid.UUID
	Boot    uint64
	// Logger may be nil.
	Logger *slog.Logger
	// Observe is told of events, on goroutines of the group, which it must not hold up. It may be nil.
	Observe func(Event)
	// Report makes what this node tells another one that asks about it, at most MaxReportBytes. It is called on a goroutine of its own, one
	// call at a time, and ends before the group does. Nil: it tells nothing.
	Report func() []byte
	Bounds Bounds
}

// Bounds are the sizes of a group's queues. The zero value of a field means its default.
type Bounds struct {
	// ChunkBytes is the size of commands at which a lane's open chunk is closed. Default 128 KiB.
	ChunkBytes int
	// LaneChunks is how many closed chunks a lane holds before it holds up its event loop. Default 8.
	LaneChunks int
	// BatchBytes is the soft size of a batch and of a Forward; one chunk is always let through. Default 1 MiB.
	BatchBytes int
	// BatchesInFlight is how many batches a leader has in flight before it lets the next one grow. It is what makes
	// batches: while these are on their way, everything else gathers. Default 2.
	BatchesInFlight int
	// ForwardsInFlight is the same for the Forwards of an origin that is not the leader. Default 2.
	ForwardsInFlight int
	// BatchGrowth is the longest that a batch is let grow for while clients are being answered, and BatchAlone for how long a batch is on its way
	// before the next one follows it though it is small: longer than most slots take in one place. Between places far apart it adds little to
	// what a slot takes. Default 2.5 ms and 3 ms.
	BatchGrowth, BatchAlone time.Duration
	// WindowBytes bounds the commands an origin has on their way; one chunk is always let through. Default 16 MiB.
	WindowBytes int
	// LargeBytes is the size of one command beyond which it goes through the log in fragments (Lane.Large). Default 1 MiB.
	LargeBytes int
	// FragmentBytes is the size of a fragment: what a command may have in front of it of a large one. Default 256 KiB.
	FragmentBytes int
	// FragmentsInFlight is how many fragments an origin that is not the leader has on their way. Default 4.
	FragmentsInFlight int
	// PeerBytes bounds the sections a leader holds for one origin until they fit into a batch. Default 32 MiB; it must
	// not be below WindowBytes.
	PeerBytes int
	// InboxMessages and InboxBytes bound the messages of peers that wait for the loop; one slice of messages is always
	// let through. Default 4,096 and 64 MiB.
	InboxMessages, InboxBytes int
	// UnstoredBytes and UnappliedBytes are how far the journal and the applier may fall behind before the group stops
	// taking entries. Default 64 MiB each.
	UnstoredBytes, UnappliedBytes int
	CheckpointBounds
}

// maxUnappliedRecords bounds the slots, apart from their bytes, that wait for the applier.
const maxUnappliedRecords = 8192

func (b Bounds) withDefaults() Bounds {
	orDefault(&b.ChunkBytes, 128<<10)
	orDefault(&b.LaneChunks, 8)
	orDefault(&b.BatchBytes, 1<<20)
	orDefault(&b.BatchesInFlight, 2)
	orDefault(&b.ForwardsInFlight, 2)
	orDefault(&b.BatchGrowth, 2500*time.Microsecond)
	orDefault(&b.BatchAlone, 3*time.Millisecond)
	orDefault(&b.WindowBytes, 16<<20)
	orDefault(&b.LargeBytes, 1<<20)
	orDefault(&b.FragmentBytes, 256<<10)
	orDefault(&b.FragmentsInFlight, 4)
	orDefault(&b.PeerBytes, 2*b.WindowBytes)
	orDefault(&b.InboxMessages, 4096)
	orDefault(&b.InboxBytes, 64<<20)
	orDefault(&b.UnstoredBytes, 64<<20)
	orDefault(&b.UnappliedBytes, 64<<20)
	b.CheckpointBounds = b.CheckpointBounds.withDefaults()
	return b
}

func orDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

func (b Bounds) check() error {
	for _, bound := range []struct {
		name  string
		value int
	}{
		{"ChunkBytes", b.ChunkBytes}, {"LaneChunks", b.LaneChunks}, {"BatchBytes", b.BatchBytes},
		{"BatchesInFlight", b.BatchesInFlight}, {"ForwardsInFlight", b.ForwardsInFlight}, {"WindowBytes", b.WindowBytes},
		{"LargeBytes", b.LargeBytes}, {"FragmentBytes", b.FragmentBytes}, {"FragmentsInFlight", b.FragmentsInFlight},
		{"InboxMessages", b.InboxMessages}, {"InboxBytes", b.InboxBytes}, {"UnstoredBytes", b.UnstoredBytes},
		{"UnappliedBytes", b.UnappliedBytes}, {"CheckpointBytes", b.CheckpointBytes}, {"FrozenBytes", b.FrozenBytes},
		{"PartBytes", b.PartBytes}, {"FetchBytesPerSecond", b.FetchBytesPerSecond},
		{"KeptLogBytes", b.KeptLogBytes},
	} {
		if bound.value < 1 {
			return fmt.Errorf("%s %d must be at least 1", bound.name, bound.value)
		}
	}
	if b.CheckpointInterval < 0 {
		return fmt.Errorf("CheckpointInterval %v must not be negative", b.CheckpointInterval)
	}
	if b.BatchGrowth < 0 || b.BatchAlone < 0 {
		return fmt.Errorf("BatchGrowth %v and BatchAlone %v must not be negative", b.BatchGrowth, b.BatchAlone)
	}
	if b.PeerBytes < b.WindowBytes {
		return fmt.Errorf("PeerBytes %d must not be below WindowBytes %d, or a leader drops what an origin may send", b.PeerBytes, b.WindowBytes)
	}
	return nil
}

// withDefaults returns c complete, or what is wrong with it.
func (c Config) withDefaults() (Config, error) {
	orDefault(&c.CommitTimeout, 10*time.Second)
	c.Limits = c.Limits.WithDefaults()
	c.Bounds = c.Bounds.withDefaults()
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	var errs []error
	if c.CommitTimeout < 0 {
		errs = append(errs, fmt.Errorf("commit timeout %v must not be negative", c.CommitTimeout))
	}
	if c.TombstoneRetention < 0 {
		errs = append(errs, fmt.Errorf("tombstone retention %v must not be negative", c.TombstoneRetention))
	}
	if c.ReadMode > ReadStale {
		errs = append(errs, fmt.Errorf("read mode %d is none of quorum, lease and stale", c.ReadMode))
	}
	if c.Session == uuid.Nil {
		errs = append(errs, errors.New("a session UUID is needed"))
	}
	if c.Boot == 0 {
		errs = append(errs, errors.New("boot numbers start at 1"))
	}
	return c, errors.Join(append(errs, c.Limits.Check(), c.Bounds.check())...)
}
