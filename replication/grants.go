package replication

import "github.com/paxredis/paxredis/replication/paxos"

// heldLease is the leader's lease as the loop last saw it.
type heldLease struct {
	ballot paxos.Ballot
	sent   paxos.Instant
	lasts  int64
}

func (h *heldLease) holds(now paxos.Instant) bool { return h != nil && now.Elapsed(h.sent) < h.lasts }

// ReadGrant is the right by which a read runs at once.
type ReadGrant struct {
	stale  bool
	ballot paxos.Ballot
}

// ReadNow reports whether a read may run right now on the local state, and by what right: in stale mode whenever there is
// a state; in lease mode on the leader while it has a lease and has applied everything chosen (rules L4, L5). Whether the lease holds
// StillValid says, without which a right is worth nothing: to read the clocks once is enough. It takes no lock.
func (g *Group) ReadNow() (ReadGrant, bool) {
	switch g.cfg.ReadMode {
	case ReadStale:
		return ReadGrant{stale: true}, !g.loading.active.Load() && !g.lacksState() && !g.removed.Load()
	case ReadLease:
		held := g.lease.Load()
		if held == nil || g.applier.applied.Load() < g.chosen.Load() {
			return ReadGrant{}, false
		}
		return ReadGrant{ballot: held.ballot}, true
	}
	return ReadGrant{}, false
}

// StillValid reports whether a right still holds. It is asked after the value is read, or kept from changing, and before the reply is queued:
// the process may have stood still in between (rule L4).
func (g *Group) StillValid(grant ReadGrant) bool {
	if grant.stale || paxos.BreakL4Recheck.On() {
		return true
	}
	held := g.lease.Load()
	return held.holds(g.clock.Now()) && held.ballot == grant.ballot
}

// publishReads lets ReadNow see what the core's newest step changed. It runs before the step's messages leave: a lease
// is given up, and a slot counts as chosen, here before it does anywhere else.
func (l *loop) publishReads() {
	l.g.chosen.Store(uint64(l.core.Chosen()))
	if l.g.cfg.ReadMode != ReadLease {
		return
	}
	sent, lasts, ok := l.core.Lease()
	held := l.g.lease.Load()
	if !ok {
		if held != nil && !paxos.BreakL4GiveUp.On() {
			l.g.lease.Store(nil)
		}
		return
	}
	_, ballot, _ := l.core.Leader()
	if held == nil || held.sent != sent || held.ballot != ballot {
		l.g.lease.Store(&heldLease{ballot: ballot, sent: sent, lasts: lasts})
	}
}
