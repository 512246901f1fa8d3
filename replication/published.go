package replication

import (
	"sync"
	"time"

	"github.com/paxredis/paxredis/replication/paxos"
)

// published is the loop's state as the rest of the process may see it.
type published struct {
	mu       sync.Mutex
	core     paxos.Status
	counters counters
}

func (p *published) set(core paxos.Status, c counters) {
	p.mu.Lock()
	p.core, p.counters = core, c
	p.mu.Unlock()
}

func (p *published) get() (paxos.Status, counters) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.core, p.counters
}

// Status is a picture of a group. Counters count from the start of the process.
type Status struct {
	paxos.Status
	ReadMode ReadMode
	// Applied is the newest applied slot.
	Applied paxos.Slot
	// SyncP50 and SyncP99 are how long the recent syncs of the journal took.
	SyncP50, SyncP99 time.Duration
	// Batches is how many batches this node proposed as leader, BatchMean how many commands they held on average.
	Batches   uint64
	BatchMean float64
	// Forwarded is how many sections this node sent to a leader for the first time, Resent how many again; Received is
	// how many it took over as leader, Dropped how many messages or sections it left to be sent again.
	Forwarded, Resent, Received, Dropped uint64
	// ChunksInFlight and BytesInFlight are this node's own commands on their way.
	ChunksInFlight, BytesInFlight int
	// Unstored and Unapplied are how many writes and slots wait for the journal and the applier.
	Unstored, Unapplied int
	// Sessions are the nodes' sessions, by node id.
	Sessions []NodeSession
}

// NodeSession is a node's newest session.
type NodeSession struct {
	Node paxos.NodeID
	Session
}

// Status returns a picture of the group.
func (g *Group) Status() Status {
	core, c := g.published.get()
	s := Status{
		Status: core, ReadMode: g.cfg.ReadMode, Applied: paxos.Slot(g.applier.applied.Load()),
		SyncP50: g.saver.latency.quantile(0.5), SyncP99: g.saver.latency.quantile(0.99),
		Batches: c.batches, Forwarded: c.forwarded, Resent: c.resent, Received: c.received, Dropped: c.dropped,
		Unstored: int(g.saver.queue.count.Load()), Unapplied: int(g.applier.queue.count.Load()),
	}
	s.Configuration = g.Configuration()
	if g.removed.Load() {
		s.Role, s.Removed = paxos.RoleRemoved, true
	}
	if c.batches > 0 {
		s.BatchMean = float64(c.commands) / float64(c.batches)
	}
	s.ChunksInFlight, _, s.BytesInFlight = g.origin.load()
	sessions, _ := g.applier.snapshot()
	s.Sessions = sessions.export()
	return s
}
