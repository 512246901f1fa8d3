package paxos

// Status is a picture of a core, for INFO and the status command.
type Status struct {
	Self     NodeID
	Role     Role
	Leader   NodeID // 0: nobody is known to lead
	Ballot   Ballot // of the leader followed, or of this node's own attempt
	Promised Ballot
	Chosen   Slot
	// Known is the highest slot that is known to be chosen anywhere, at least Chosen.
	Known Slot
	// FirstKept is the lowest slot whose entry is still stored.
	FirstKept Slot
	Ready     bool
	// Lease reports whether this node holds a lease at this moment.
	Lease bool
	// Synced is how far each voter has the log on stable storage, as the leader knows it, or last told; empty without a leader.
	Synced        []SyncedThrough
	InFlight      int
	Configuration Configuration
	// Checkpoint is the slot of the newest checkpoint published here, 0 without one.
	Checkpoint Slot
	// Removed reports whether this node is no member of the configuration any more.
	Removed bool
	// Members is what the leader knows of every member, voters first; empty elsewhere.
	Members []MemberProgress
}

// MemberProgress is how far a member is.
type MemberProgress struct {
	Node NodeID
	// Synced is the highest slot such that it and all below are on the member's stable storage.
	Synced Slot
	// Recent reports whether it answered within the time of a lease; a new leader takes every member for one that has, until that is over.
	Recent bool
	// Answered reports whether it has answered this leader at all.
	Answered bool
}

// Status returns a picture of the core at the moment now.
func (c *Core) Status(now Instant) Status {
	leader, ballot, ready := c.Leader()
	if c.role == RoleCandidate {
		ballot = c.candidate.ballot
	}
	synced := c.synced
	if c.role == RoleLeader {
		synced = c.votersSynced() // it knows more than it told last
	}
	sent, lasts, ok := c.Lease()
	return Status{
		Self: c.self, Role: c.shownRole(), Leader: leader, Ballot: ballot, Promised: c.acceptor.promised, Chosen: c.log.chosen, Known: max(c.log.chosen, c.catchUp.through),
		FirstKept: c.log.first, Checkpoint: c.log.checkpoint, Removed: c.isRemoved(c.self), Members: c.memberProgress(), Ready: ready, Lease: ok && now.Elapsed(sent) < lasts, Synced: synced,
		InFlight: len(c.leader.inFlight), Configuration: c.configuration,
	}
}

// shownRole tells followers that cannot stand for leader from others.
func (c *Core) shownRole() Role {
	switch {
	case c.role != RoleFollower || c.configuration.IsVoter(c.self):
		return c.role
	case c.configuration.IsMember(c.self):
		return RoleLearner
	}
	return RoleRemoved
}

func (c *Core) memberProgress() []MemberProgress {
	progress := make([]MemberProgress, len(c.leader.members))
	for i := range c.leader.members {
		progress[i] = c.describe(&c.leader.members[i])
	}
	return progress
}

func (c *Core) describe(m *memberProgress) MemberProgress {
	return MemberProgress{Node: m.id, Synced: c.syncedBy(m), Recent: c.isRecent(m), Answered: m.id == c.self || m.acked > 0}
}

// Progress returns what the leader knows of one member; all of it is zero for any other node, and where this node does not lead.
func (c *Core) Progress(id NodeID) MemberProgress {
	if m := c.progress(id); m != nil {
		return c.describe(m)
	}
	return MemberProgress{}
}

// Leader returns whom this node follows, itself included, and at which ballot; 0 is nobody. ready is true only on the
// leader itself, once an entry of its own ballot is chosen.
func (c *Core) Leader() (id NodeID, ballot Ballot, ready bool) {
	if c.role == RoleLeader {
		return c.self, c.leader.ballot, c.leader.ready
	}
	return c.follower.ballot.Node, c.follower.ballot, false
}

// Chosen returns the chosen watermark: every slot up to it is chosen and was handed over to be applied.
func (c *Core) Chosen() Slot { return c.log.chosen }
