package paxos

// grant is the lease time a node has granted to a leader: rules L1 to L3. It is measured on CLOCK_MONOTONIC alone, the
// clock that says least, so that no set clock ends it early.
type grant struct {
	running bool
	to      Ballot
	since   int64 // Instant.Mono of the receipt
}

// grantRuns reports whether a grant made since the start of this node runs now.
func (c *Core) grantRuns() bool {
	g := &c.follower.grant
	g.running = g.running && c.now.Mono < g.since+int64(c.limits.Lease)
	return g.running
}

// forgottenGrantRuns reports whether a grant made before the last restart, to whomever, may run now (rule L3). It is
// apart from the grant above, which the next heartbeat replaces: that heartbeat may be a late one of another leader.
func (c *Core) forgottenGrantRuns() bool { return c.now.Mono < c.follower.forgottenEnds }

// grantRunsAgainst reports whether a grant to somebody else than id runs now (rule L2).
func (c *Core) grantRunsAgainst(id NodeID) bool {
	return c.forgottenGrantRuns() || c.grantRuns() && c.follower.grant.to.Node != id && !BreakL2.On()
}

// RefusesAllBut reports whether at the moment now only id could have a promise of this node: the very thing that a lease of id rests on.
func (c *Core) RefusesAllBut(id NodeID, now Instant) bool {
	g := &c.follower.grant
	return now.Mono < c.follower.forgottenEnds || g.running && g.to.Node == id && now.Mono < g.since+int64(c.limits.Lease)
}

// grantEnds is the Instant.Mono at which the last grant ends, or has ended.
func (c *Core) grantEnds() int64 {
	if !c.follower.grant.running {
		return c.follower.forgottenEnds
	}
	return max(c.follower.grant.since+int64(c.limits.Lease), c.follower.forgottenEnds)
}

// releasedBy reports whether the leader holding the grant has given it up: it named its own ballot in a hand-over.
func (c *Core) releasedBy(handOver Ballot) bool {
	return !handOver.IsZero() && c.follower.grant.to == handOver && !c.forgottenGrantRuns()
}

func (c *Core) dropGrant() { c.follower.grant = grant{} }

// resumeGrant behaves after a restart as if a grant had just been made, since one may have been (rule L3). A node with
// an empty journal is no exception: a heartbeat is answered without a write. Only a node that is the single voter grants to nobody; one
// whose configuration has another for its single voter may have become a voter without having kept it.
func (c *Core) resumeGrant() {
	if !c.configuration.isOnlyVoter(c.self) && !BreakL3.On() {
		c.follower.forgottenEnds = c.now.Mono + int64(c.limits.Lease)
	}
}

// Lease returns the lease this leader holds: it is held while now.Elapsed(sent) < lasts (rule L4). ok is false on any
// node but a leader that serves by lease, and before an entry of its own ballot is chosen.
func (c *Core) Lease() (sent Instant, lasts int64, ok bool) {
	if !c.leaseReads || c.role != RoleLeader || !c.leader.ready || c.leader.handingOver() || c.leader.confirmed == 0 {
		return Instant{}, 0, false
	}
	lease := int64(c.limits.Lease)
	if BreakL4Drift.On() {
		return c.leader.confirmedSent, lease, true
	}
	return c.leader.confirmedSent, lease - lease/1_000_000*c.limits.DriftPPM - int64(c.limits.LeaseMargin), true
}

func (c *Core) leaseHeld() bool {
	sent, lasts, ok := c.Lease()
	return ok && c.now.Elapsed(sent) < lasts
}
