// Package paxostest drives several paxos cores through a simulated clock, network and disk: by hand, by the verbs of
// a scenario transcript, or by a random schedule. It checks the invariants of the protocol after every step.
//
// Nothing happens by itself: time passes by Advance, messages arrive by Deliver, writes reach stable storage by Sync.
// An Env belongs to one goroutine.
package paxostest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/paxredis/paxredis/replication/paxos"
)

// Options describe a cluster.
type Options struct {
	Nodes int
	// Spares are nodes with the next ids that are not started until they Join.
	Spares int
	Lease  bool // reads are confirmed by the leader's lease
	Limits paxos.Limits
	Seed   uint64
	// Log, if not nil, is told in one line all that happens.
	Log func(line string)
}

// Env is a cluster under simulation.
type Env struct {
	options Options
	first   paxos.Configuration
	now     int64 // real nanoseconds
	nodes   []*node
	packets []Packet
	cut     map[link]bool
	ledger  ledger
	errs    []error
	// Route, if not nil, decides what becomes of a message: it calls Env.Enqueue any number of times.
	Route func(Packet)
	// Quiet leaves messages and writes out of the log.
	Quiet bool
	Stats Stats
}

// Stats counts what happened.
type Stats struct {
	Steps, Delivered, Syncs, Crashes, Leaders, Applied, Reads, Proposed, HandOvers int
	// Configurations are those chosen, Joins the nodes that came, Cuts the logs cut, Fetches the checkpoints installed.
	Configurations, Joins, Cuts, Fetches int
}

// Add adds the counts of o.
func (s *Stats) Add(o Stats) {
	s.Steps += o.Steps
	s.Delivered += o.Delivered
	s.Syncs += o.Syncs
	s.Crashes += o.Crashes
	s.Leaders += o.Leaders
	s.Applied += o.Applied
	s.Reads += o.Reads
	s.Proposed += o.Proposed
	s.HandOvers += o.HandOvers
	s.Configurations += o.Configurations
	s.Joins += o.Joins
	s.Cuts += o.Cuts
	s.Fetches += o.Fetches
}

// New starts a cluster whose nodes have ids 1, 2, 3 ... and empty disks.
func New(o Options) (*Env, error) {
	e := &Env{options: o, cut: map[link]bool{}, now: int64(time.Hour)}
	for id := 1; id <= o.Nodes; id++ {
		e.first.Voters = append(e.first.Voters, paxos.Member{ID: paxos.NodeID(id)})
	}
	e.ledger.configurations = []paxos.Configuration{e.first}
	for id := 1; id <= o.Nodes+o.Spares; id++ {
		n := &node{id: paxos.NodeID(id), disk: newDisk()}
		n.clock = clock{startedAt: e.now}
		e.nodes = append(e.nodes, n)
		if id > o.Nodes {
			continue
		}
		n.joined = &e.first
		if err := e.Restart(n.id, 0); err != nil {
			return nil, err
		}
	}
	return e, nil
}

// Err returns the violations of invariants so far.
func (e *Env) Err() error { return errors.Join(e.errs...) }

func (e *Env) violated(format string, args ...any) {
	if len(e.errs) < 5 {
		e.errs = append(e.errs, fmt.Errorf(format, args...))
	}
}

func (e *Env) logf(format string, args ...any) {
	if e.options.Log != nil {
		e.options.Log(fmt.Sprintf(format, args...))
	}
}

// detail logs what Quiet leaves out.
func (e *Env) detail(format string, args ...any) {
	if !e.Quiet {
		e.logf(format, args...)
	}
}

func (e *Env) node(id paxos.NodeID) *node { return e.nodes[id-1] }

// IDs returns the ids of all nodes.
func (e *Env) IDs() []paxos.NodeID {
	ids := make([]paxos.NodeID, len(e.nodes))
	for i, n := range e.nodes {
		ids[i] = n.id
	}
	return ids
}

// Now returns the real time in nanoseconds.
func (e *Env) Now() int64 { return e.now }

// Advance lets time pass, without a tick.
func (e *Env) Advance(d time.Duration) {
	e.now += int64(d)
	e.checkLeases()
}

// Tick ticks the nodes that are up, all of them without ids.
func (e *Env) Tick(ids ...paxos.NodeID) {
	if len(ids) == 0 {
		ids = e.IDs()
	}
	for _, id := range ids {
		e.Step(id, paxos.Ticked{})
	}
}

// Core returns a node's core, nil while it is down.
func (e *Env) Core(id paxos.NodeID) *paxos.Core { return e.node(id).core }

// Status returns what a node that is up says of itself.
func (e *Env) Status(id paxos.NodeID) paxos.Status {
	n := e.node(id)
	return n.core.Status(n.clock.instant(e.now))
}

// ReadyLeader returns the node that leads, has an entry of its own chosen and the highest ballot of such; 0 without one.
func (e *Env) ReadyLeader() paxos.NodeID {
	var best paxos.NodeID
	var highest paxos.Ballot
	for _, n := range e.nodes {
		if n.core == nil {
			continue
		}
		if id, ballot, ready := n.core.Leader(); ready && id == n.id && highest.Less(ballot) {
			best, highest = n.id, ballot
		}
	}
	return best
}

// Announced returns the highest slot that any node has handed over to be applied.
func (e *Env) Announced() paxos.Slot { return e.ledger.announced }

// Propose proposes a batch at a node if it can propose, and says whether it could.
func (e *Env) Propose(id paxos.NodeID, payload string) bool {
	n := e.node(id)
	if n.core == nil || !n.core.CanPropose(len(payload)) {
		return false
	}
	e.Stats.Proposed++
	e.Step(id, paxos.Proposed{Entry: paxos.Entry{Kind: paxos.EntryBatch, Payload: []byte(payload)}})
	return true
}

// AskRead asks a node that is up for a read slot, and returns the read's id.
func (e *Env) AskRead(id paxos.NodeID) uint64 {
	n := e.node(id)
	n.nextRead++
	n.reads = append(n.reads, read{id: n.nextRead, floor: e.ledger.announced})
	e.Step(id, paxos.ReadAsked{ID: n.nextRead})
	return n.nextRead
}

// WaitingReads returns how many reads of a node are unanswered.
func (e *Env) WaitingReads(id paxos.NodeID) int { return len(e.node(id).reads) }

// SetClock gives a node's clock a rate, in parts per million above real time.
func (e *Env) SetClock(id paxos.NodeID, ppm int64) {
	n := e.node(id)
	n.clock = clock{startedAt: e.now, base: n.clock.mono(e.now), ppm: ppm, wall: n.clock.wall}
}

// SetWall sets a node's wall clock by that much.
func (e *Env) SetWall(id paxos.NodeID, by time.Duration) { e.node(id).clock.wall += int64(by) }

// clock is a node's clock: base at real time startedAt, and from then on a little faster or slower.
type clock struct {
	startedAt, base, ppm, wall int64
}

func (c *clock) mono(now int64) int64 {
	passed := now - c.startedAt
	return c.base + passed + passed/1_000_000*c.ppm
}

func (c *clock) instant(now int64) paxos.Instant {
	mono := c.mono(now)
	return paxos.Instant{Mono: mono, Boot: mono, Real: mono + c.wall}
}

// seed of a boot of a node: never the same twice in one Env.
func (e *Env) seedOf(n *node) uint64 {
	return rand.New(rand.NewPCG(e.options.Seed, uint64(n.id)<<32|n.boot)).Uint64()
}
