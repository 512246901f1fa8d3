//go:build mutation

package sim

import (
	"time"

	"github.com/paxredis/paxredis/replication"
	"github.com/paxredis/paxredis/replication/paxos"
)

// The options of mutants that the faults drawn by default show too seldom: what is broken matters under some faults alone, and every other
// one takes their place.

// Disks and processes.
var (
	// restless has processes end, stand apart and hear everything twice.
	restless = &Options{Limits: quick(paxos.Limits{}), FaultEvery: 200 * time.Millisecond, FaultLasts: 500 * time.Millisecond,
		Faults: Only(FaultCrash, FaultCrashAll, FaultSlowDisk, FaultIsolate, FaultRepeat)}
	// failing has them end in the middle of what they do with their disks, too.
	failing = &Options{Limits: quick(paxos.Limits{}), FaultEvery: 200 * time.Millisecond, FaultLasts: 500 * time.Millisecond,
		Faults: Only(FaultCrash, FaultCrashAll, FaultSlowDisk, FaultIsolate, FaultCrashInDisk)}
	// damaging has disks alter what they hold.
	damaging = &Options{FaultEvery: 150 * time.Millisecond, FaultLasts: 300 * time.Millisecond, Faults: Only(FaultDamage, FaultCrash)}
	// renewed has sessions replaced while what was sent in them is on its way.
	renewed = &Options{Limits: quick(paxos.Limits{}), Faults: Only(FaultCrash, FaultRestart, FaultLinkBreak, FaultRepeat, FaultPartial)}
)

// Ballots.
var (
	// inParts has answers to a candidate come in many parts, of which some are lost.
	inParts = &Options{Limits: quick(paxos.Limits{LearnBytes: 64}), Nodes: 3, Faults: Only(FaultCrash, FaultCrashAll, FaultLoss)}
	// islands has leaders that are cut off work on, with pipelines that have room for it.
	islands = &Options{Limits: quick(paxos.Limits{}), Nodes: 3, FaultEvery: 300 * time.Millisecond, FaultLasts: 1500 * time.Millisecond,
		Bounds: replication.Bounds{BatchesInFlight: 32, ForwardsInFlight: 32}, Faults: Only(FaultIsland)}
	// heldBack has votes come late, and leaders that lose what was not synced.
	heldBack = &Options{Limits: quick(paxos.Limits{}), Nodes: 3, FaultEvery: 250 * time.Millisecond, FaultLasts: 600 * time.Millisecond,
		Faults: Only(FaultSlowLinks, FaultHeldVotes)}
)

// Leases and reads.
var (
	// lasting has leases that outlast restarts.
	lasting = &Options{Limits: paxos.Limits{Lease: 2 * time.Second, ElectionMin: 2100 * time.Millisecond, ElectionMax: 2500 * time.Millisecond}.WithDefaults(),
		ReadMode: replication.ReadLease, ReadModeSet: true, Faults: Only(FaultCrash, FaultIsolate, FaultPartial)}
	// drifting has clocks that differ.
	drifting = &Options{Limits: paxos.Limits{DriftPPM: 400_000, ElectionMin: 450 * time.Millisecond, ElectionMax: 500 * time.Millisecond}.WithDefaults(),
		ReadMode: replication.ReadLease, ReadModeSet: true, Faults: Only(FaultIsolate, FaultLinkBreak, FaultOneWay)}
	// suspended has clocks that stand still.
	suspended = &Options{Limits: quick(paxos.Limits{}), ReadMode: replication.ReadLease, ReadModeSet: true, FaultEvery: 300 * time.Millisecond,
		FaultLasts: 600 * time.Millisecond, Faults: Only(FaultSuspend)}
	// late has answers to heartbeats come late, and processes that stand still in the middle of a read.
	late = &Options{Limits: quick(paxos.Limits{}), ReadMode: replication.ReadLease, ReadModeSet: true, FaultEvery: 150 * time.Millisecond,
		FaultLasts: 390 * time.Millisecond, Faults: Only(FaultSlowLinks, FaultOneWay, FaultIsolate, FaultFreeze)}
	// parted has leaders that reach nobody and lead on for long after another one may.
	parted = &Options{Limits: paxos.Limits{Lease: 100 * time.Millisecond, ElectionMin: 2 * time.Second, ElectionMax: 2500 * time.Millisecond}.WithDefaults(),
		ReadMode: replication.ReadQuorum, ReadModeSet: true, Faults: Only(FaultIsolate, FaultSplit, FaultPartial, FaultFreeze)}
	// thawing has processes stand still for longer than it takes to replace them, and clients that go from one to another.
	thawing = &Options{Limits: quick(paxos.Limits{}), Nodes: 3, Clients: 16, ReadMode: replication.ReadQuorum, ReadModeSet: true,
		FaultEvery: 200 * time.Millisecond, FaultLasts: 390 * time.Millisecond, Faults: Only(FaultFreeze, FaultSuspend, FaultPartial)}
)

// Members.
var (
	// coming has members come and go, and processes end.
	coming = &Options{Limits: quick(paxos.Limits{}), FaultEvery: 300 * time.Millisecond, Faults: Only(FaultAdd, FaultRemove, FaultCrash)}
	// growing has members come, go and be replaced, and partitions in between.
	growing = &Options{Limits: quick(paxos.Limits{}), FaultEvery: 120 * time.Millisecond, FaultLasts: 400 * time.Millisecond,
		Faults: Only(FaultAdd, FaultRemove, FaultReplace, FaultIsolate, FaultPartial, FaultLoss)}
)

// Checkpoints.
var (
	// oftenTaken has checkpoints taken all the time.
	oftenTaken = replication.Bounds{CheckpointBounds: replication.CheckpointBounds{CheckpointBytes: 4 << 10, PartBytes: 4096,
		CheckpointInterval: 500 * time.Millisecond, FetchBytesPerSecond: 1 << 20}}
	// slowly has nodes apply slowly what they learn, and fall behind the checkpoints of others.
	slowly = &Options{Limits: quick(paxos.Limits{LearnBytes: 512}), FaultEvery: 250 * time.Millisecond, FaultLasts: 2 * time.Second, Bounds: oftenTaken,
		Faults: Only(FaultIsolate, FaultCrash, FaultSlowLinks, FaultSlowApply, FaultCheckpoint)}
	// overtaken has them be in the middle of that when a checkpoint of another node is there.
	overtaken = &Options{Limits: quick(paxos.Limits{LearnBytes: 512}), Nodes: 5, FaultEvery: 200 * time.Millisecond, FaultLasts: 2 * time.Second,
		Bounds: replication.Bounds{CheckpointBounds: replication.CheckpointBounds{CheckpointBytes: 2 << 10, PartBytes: 1 << 20,
			CheckpointInterval: 300 * time.Millisecond, FetchBytesPerSecond: 4 << 20}},
		Faults: Only(FaultIsolate, FaultPartial, FaultSlowApply)}
	// inFragments has nearly all commands be large, in fragments that are lost and come twice, and checkpoints taken in the middle of them.
	inFragments = &Options{Limits: quick(paxos.Limits{}), CommitTimeout: 300 * time.Millisecond, FaultEvery: 150 * time.Millisecond, FaultLasts: 600 * time.Millisecond,
		Bounds: replication.Bounds{LargeBytes: 1, FragmentBytes: 4, CheckpointBounds: oftenTaken.CheckpointBounds},
		Faults: Only(FaultCrash, FaultRepeat, FaultLoss, FaultLinkBreak, FaultIsolate, FaultCheckpoint)}
	// mixedSizes has some commands be large, and many outcomes be uncertain: links are slow and cut, but processes live on, with what was not answered.
	mixedSizes = &Options{Limits: quick(paxos.Limits{}), CommitTimeout: 150 * time.Millisecond, FaultEvery: 150 * time.Millisecond, FaultLasts: 600 * time.Millisecond,
		Bounds: replication.Bounds{LargeBytes: 24, FragmentBytes: 8}, Faults: Only(FaultLoss, FaultLinkBreak, FaultIsolate, FaultPartial, FaultSlowLinks)}
	// clocks has wall clocks set, and leaders that go by others.
	clocks = &Options{Limits: quick(paxos.Limits{}), FaultEvery: 150 * time.Millisecond, FaultLasts: 600 * time.Millisecond, Bounds: oftenTaken,
		Faults: Only(FaultClockJump, FaultIsolate, FaultTransfer, FaultCheckpoint)}
)

// quick has leaders contend: short leases, and elections soon after them.
func quick(l paxos.Limits) paxos.Limits {
	l.Lease, l.ElectionMin, l.ElectionMax = 100*time.Millisecond, 120*time.Millisecond, 250*time.Millisecond
	return l.WithDefaults()
}
