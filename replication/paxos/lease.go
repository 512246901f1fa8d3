package paxos

// grant is the lease time a node has granted to a leader: rules L1 to L3. It is measured on CLOCK_MONOTONIC alone, the
// clock that says least, so that no set clock ends it early.
type grant struct {
	running bool
	// to is the ballot granted; zero after a restart, when it is not known any more.
	to    Ballot
	since int64 // Instant.Mono of the receipt
}

// grantRunsAgainst reports whether a grant to somebody else than id runs now (rule L2).
func (c *Core) grantRunsAgainst(id NodeID) bool {
	g := &c.follower.grant
	if g.running && c.now.Mono >= c.grantEnds() {
		g.running = false
	}
	return g.running && g.to.Node != id
}

func (c *Core) grantEnds() int64 {
	if !c.follower.grant.running {
		return 0
	}
	return c.follower.grant.since + int64(c.limits.Lease)
}

// releasedBy reports whether the leader holding the grant has given it up: it named its own ballot in a hand-over.
func (c *Core) releasedBy(handOver Ballot) bool {
	return !handOver.IsZero() && c.follower.grant.to == handOver
}

func (c *Core) dropGrant() { c.follower.grant = grant{} }

// resumeGrant behaves after a restart as if a grant had just been made, since one may have been (rule L3). A node that
// never promised anything cannot have granted, and neither can the only voter there is.
func (c *Core) resumeGrant(restored Restored) {
	neverVoted := restored.Promised.IsZero() && restored.Chosen == 0 && len(restored.Records) == 0
	if !neverVoted && len(c.configuration.Voters) > 1 {
		c.follower.grant = grant{since: c.now.Mono, running: true}
	}
}

// Lease returns the lease this leader holds: it is held while now.Elapsed(sent) < lasts (rule L4). ok is false on any
// node but a leader that serves by lease, and before an entry of its own ballot is chosen.
func (c *Core) Lease() (sent Instant, lasts int64, ok bool) {
	if !c.leaseReads || c.role != RoleLeader || !c.leader.ready || c.leader.handingOver() || c.leader.confirmed == 0 {
		return Instant{}, 0, false
	}
	lease := int64(c.limits.Lease)
	return c.leader.confirmedSent, lease - lease/1_000_000*c.limits.DriftPPM - int64(c.limits.LeaseMargin), true
}

func (c *Core) leaseHeld() bool {
	sent, lasts, ok := c.Lease()
	return ok && c.now.Elapsed(sent) < lasts
}
