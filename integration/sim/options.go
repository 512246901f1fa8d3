package sim

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/paxredis/paxredis/replication"
	"github.com/paxredis/paxredis/replication/paxos"
)

// Fault is a kind of thing that goes wrong, or that an operator does, in the middle of a history.
type Fault uint8

// The kinds of faults.
const (
	FaultCrash       Fault = iota // a process ends; what was not synced is lost, or torn
	FaultCrashAll                 // all processes end at once
	FaultCrashInDisk              // a process ends in the middle of what it does with its disk
	FaultRestart                  // a process is closed gracefully
	FaultFreeze                   // a process stands still (SIGSTOP)
	FaultSuspend                  // a machine stands still, CLOCK_MONOTONIC with it
	FaultIsolate                  // a node is cut off from all others
	FaultSplit                    // the nodes fall into two halves
	FaultOneWay                   // nothing gets from one node to another
	FaultPartial                  // two nodes are cut off from each other alone
	FaultBridge                   // one node reaches all others, which do not reach each other
	FaultChain                    // each node reaches its neighbours alone
	FaultLinkBreak                // a connection breaks, and what is on its way is lost
	FaultLoss                     // a message is lost
	FaultRepeat                   // a message comes twice
	FaultSlowLinks                // messages take long
	FaultSlowDisk                 // a disk takes long
	FaultClockJump                // a wall clock is set
	FaultTransfer                 // leadership is handed over
	FaultAdd                      // a member joins
	FaultRemove                   // a member leaves
	FaultReplace                  // a member is replaced
	FaultLost                     // a member's directory is lost, and it is replaced
	FaultCheckpoint               // a checkpoint is asked for
	FaultFull                     // a disk has no room for checkpoints
	FaultSync                     // a sync fails, and the disk goes on without what was to be synced
	FaultDamage                   // a disk alters, or loses, what was synced
	FaultReturn                   // a member's directory is lost, and it is to come back under its id with another
	FaultIsland                   // a leader is cut off, works on alone and is asked for a change, as are those that replace it
	FaultSlowApply                // a process takes long to apply what is chosen
	FaultHeldVotes                // the votes of one node for another come late: when that one leads again, with another ballot
	FaultRot                      // a checkpoint that was synced cannot be read any more
	FaultKinds       int   = iota // how many there are
)

var faultNames = [...]string{
	"crash", "crash-all", "crash-in-disk", "restart", "freeze", "suspend", "isolate", "split", "one-way", "partial", "bridge", "chain",
	"link-break", "loss", "repeat", "slow-links", "slow-disk", "clock-jump", "transfer", "add", "remove", "replace", "lost-directory",
	"checkpoint", "full-disk", "sync-error", "damage", "return", "island", "slow-apply", "held-votes", "rot",
}

func (f Fault) String() string { return faultNames[f] }

// Faults is a set of kinds.
type Faults uint64

// AllFaults is every kind.
const AllFaults Faults = 1<<FaultKinds - 1

// Has reports whether a kind is in the set.
func (s Faults) Has(f Fault) bool { return s&(1<<f) != 0 }

// Without returns the set without a kind.
func (s Faults) Without(f Fault) Faults { return s &^ (1 << f) }

// Only is the set of those kinds.
func Only(kinds ...Fault) (s Faults) {
	for _, f := range kinds {
		s |= 1 << f
	}
	return s
}

// Counts is how often each kind happened.
type Counts [FaultKinds]int

// Add adds another count.
func (c *Counts) Add(other *Counts) {
	for i := range c {
		c[i] += other[i]
	}
}

func (c Counts) String() string {
	var parts []string
	for i, n := range c {
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%v %d", Fault(i), n))
		}
	}
	return strings.Join(parts, ", ")
}

// Options say what a history is made of. The zero value of a field means what the seed says, or its default.
type Options struct {
	// Nodes is how many voters the cluster begins with: 3 or 5, as the seed says, if 0.
	Nodes int
	// Clients issue operations, each one at a time. Default 8.
	Clients int
	// Operations is how many operations there are before the faults stop. Default 500.
	Operations int
	// NoFaults, else Faults are the kinds that may happen: a part of AllFaults, as the seed says, if 0.
	NoFaults bool
	Faults   Faults
	// FaultEvery is the mean time between two faults, FaultLasts how long one lasts at most: as the seed says, if 0.
	FaultEvery, FaultLasts time.Duration
	// Skip are the numbers of faults that are left out: Report.Happened has those of a history.
	Skip []int
	// Salt gives another history with the same faults at the same times.
	Salt uint64
	// ReadMode is that of all nodes; ReadModeSet says that it was given.
	ReadMode    replication.ReadMode
	ReadModeSet bool
	// CommitTimeout is that of all nodes. Default 3 s.
	CommitTimeout time.Duration
	Bounds        replication.Bounds
	// Limits are those of all nodes: as the seed says, if zero.
	Limits paxos.Limits
	// Trace, if not nil, gets a line an event.
	Trace io.Writer
}

// Figures are what there was in a history besides faults: a check of what never happens says nothing.
type Figures struct {
	// Uncertain operations are those whose client was not told what became of them, Compared the reads that were compared with the reference.
	Uncertain, Compared int
	// Ballots is the highest round of any promise, Boots how many processes there were.
	Ballots, Boots int
	// Large is how many commands went through the log in fragments.
	Large int
	// Published is how many checkpoints nodes took, Rewritten how many of those took nothing over from one that had rotted, and Received how
	// many were fetched from another node.
	Published, Rewritten, Received int
	// Spoilt were not published: as they were read back, the one before turned out to have rotted.
	Spoilt int
	// Configurations became active, HandOvers brought the node they named to lead.
	Configurations, HandOvers int
	// DiskFailures and SyncFailures have ended a process, Refusals are starts on a damaged disk, FrozenReads freezes in the middle of a read.
	DiskFailures, SyncFailures, Refusals, FrozenReads int
}

// Add adds others.
func (f *Figures) Add(other *Figures) {
	f.Uncertain += other.Uncertain
	f.Compared += other.Compared
	f.Ballots += other.Ballots
	f.Boots += other.Boots
	f.Published += other.Published
	f.Rewritten += other.Rewritten
	f.Large += other.Large
	f.Spoilt += other.Spoilt
	f.Received += other.Received
	f.Configurations += other.Configurations
	f.HandOvers += other.HandOvers
	f.DiskFailures += other.DiskFailures
	f.SyncFailures += other.SyncFailures
	f.Refusals += other.Refusals
	f.FrozenReads += other.FrozenReads
}

func (f Figures) String() string {
	return fmt.Sprintf("%d boots, %d ballots, %d hand-overs done, %d configurations active, %d checkpoints taken, %d of them anew, and %d fetched, %d spoilt, "+
		"%d disks and %d syncs failed, %d damaged disks refused, %d reads frozen, %d uncertain outcomes, %d reads compared, %d large commands",
		f.Boots, f.Ballots, f.HandOvers, f.Configurations, f.Published, f.Rewritten, f.Received, f.Spoilt, f.DiskFailures, f.SyncFailures, f.Refusals,
		f.FrozenReads, f.Uncertain, f.Compared, f.Large)
}

// Report is what became of a history.
type Report struct {
	Seed uint64
	// Options are those of the history, with what the seed said filled in.
	Options Options
	// Hash is of everything that happened: equal for equal seeds and options, in every process.
	Hash uint64
	// Events is how many things happened, Operations how many operations were begun, Slots how many slots were chosen.
	Events     uint64
	Operations int
	// Answered is how many of them came to an outcome.
	Answered int
	Slots    int
	Figures  Figures
	// Simulated is how long the history took by its own clock.
	Simulated time.Duration
	Faults    Counts
	// Happened are the numbers of the planned faults that happened.
	Happened []int
	// Violation is what did not hold, nil if everything did. TraceError is why Options.Trace does not have everything.
	Violation  error
	TraceError error
}
