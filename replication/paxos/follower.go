package paxos

// follower is whom a node follows, and its canvass when it hears nobody.
type follower struct {
	// ballot is the one followed; its node is the leader. Zero: no leader is known.
	ballot Ballot
	// electionAt is the Instant.Mono at which this node canvasses unless it hears a leader.
	electionAt int64
	grant      grant
	// forgottenEnds is the Instant.Mono until which a grant made before the last restart may run (rule L3).
	forgottenEnds int64
	// canvass is the attempt under way; its number is 0 when there is none.
	canvass       canvass
	canvassNumber uint64
}

type canvass struct {
	number uint64
	yes    Tally
}

// becomeFollower gives up any other role. A zero ballot means that nobody is followed yet.
func (c *Core) becomeFollower(b Ballot, why string) {
	if c.role == RoleLeader {
		c.leader = leader{}
		c.reads.unsend()
	}
	c.candidate = candidate{}
	c.role = RoleFollower
	c.follower.canvass = canvass{}
	c.follower.ballot = b
	c.synced = nil
	c.resetElection()
	c.observer.Became(RoleFollower, b, why)
	c.askLeader()
}

// follow notes a sign of life of the leader of ballot b, which is at or above the promise: the leader is followed,
// granted its lease time (rule L1), and the election is put off. It reports false, and does nothing, for a ballot below
// the one a running grant is for: that is a late message of an earlier leader, which must not take over the grant.
func (c *Core) follow(b Ballot) bool {
	if c.grantRuns() && b.Less(c.follower.grant.to) {
		return false
	}
	c.maxRound = max(c.maxRound, b.Round)
	if c.role != RoleFollower || c.follower.ballot != b {
		c.becomeFollower(b, "heard its leader")
		c.failedPhases1 = 0
	}
	c.follower.canvass = canvass{}
	if !BreakL1.On() || !c.grantRuns() || c.follower.grant.to != b {
		c.follower.grant = grant{to: b, since: c.now.Mono, running: true}
	}
	c.resetElection()
	return true
}

func (c *Core) resetElection() { c.follower.electionAt = c.electionTimeout() }

// electionTimeout returns the Instant.Mono that is a random election timeout from now.
func (c *Core) electionTimeout() int64 {
	spread := int64(c.limits.ElectionMax - c.limits.ElectionMin)
	return c.now.Mono + int64(c.limits.ElectionMin) + c.random.Int64N(spread)
}

// tickFollower canvasses when no leader was heard for an election timeout.
func (c *Core) tickFollower() {
	if c.now.Mono < c.follower.electionAt {
		return
	}
	if c.acceptor.stalled(c.now.Mono, int64(c.limits.ElectionMin)) {
		return // a node whose journal stands still could not even promise to itself
	}
	if !c.follower.ballot.IsZero() {
		c.becomeFollower(Ballot{}, "heard no leader")
	}
	switch {
	case c.catchUp.fetching, c.lacksState() && c.configuration.isOnlyVoter(c.self): // it has no state to lead with
		c.resetElection()
	case c.configuration.IsVoter(c.self):
		c.startCanvass()
	default: // nobody would count its votes
		c.resetElection()
		c.enquire()
	}
}

// startCanvass asks every voter whether it would promise, itself first, and tries again a little later.
func (c *Core) startCanvass() {
	c.follower.canvassNumber++
	c.follower.canvass = canvass{number: c.follower.canvassNumber}
	// Soon, since a canvass disturbs nobody, and the grants that refused this one are about to run out.
	c.follower.electionAt = c.now.Mono + int64(c.limits.Heartbeat) + c.random.Int64N(2*int64(c.limits.Heartbeat))
	if c.grantRunsAgainst(c.self) {
		return
	}
	c.follower.canvass.yes.Add(&c.configuration, c.self)
	c.askVoters(Canvass{Number: c.follower.canvassNumber, Chosen: c.log.chosen})
	c.judgeCanvass()
}

// onCanvass answers whether this node would promise: only if no grant to somebody else runs (rule L2). Nothing changes.
func (c *Core) onCanvass(from NodeID, m Message) {
	c.send(from, CanvassReply{
		Number: m.(Canvass).Number, Granted: !c.grantRunsAgainst(from) && !c.isRemoved(c.self) && !c.isRemoved(from),
		Promised: c.acceptor.promised, Chosen: c.log.chosen,
	})
}

func (c *Core) onCanvassReply(from NodeID, m Message) {
	reply := m.(CanvassReply)
	c.maxRound = max(c.maxRound, reply.Promised.Round)
	if !reply.Granted && reply.Chosen > c.log.chosen {
		// It may refuse because of a configuration that this node has not heard of: in that of its own, this one may never
		// find a majority again.
		c.wantThrough(reply.Chosen, from)
	}
	if reply.Number != c.follower.canvass.number || !reply.Granted {
		c.observer.Ignored(from, m, "not a yes to the canvass under way")
		return
	}
	c.follower.canvass.yes.Add(&c.configuration, from)
	c.judgeCanvass()
}

func (c *Core) judgeCanvass() {
	if c.follower.canvass.yes.IsQuorum(&c.configuration) {
		c.startPhase1(Ballot{}, "canvass won")
	}
}

// onHeartbeat handles a leader's heartbeat: follow, grant, learn what is chosen, and say how far this node is.
func (c *Core) onHeartbeat(from NodeID, m Message) {
	heartbeat := m.(Heartbeat)
	if heartbeat.Ballot.Node != from {
		c.observer.Ignored(from, m, "another node's ballot")
		return
	}
	if heartbeat.Ballot.Less(c.acceptor.promised) {
		c.send(from, Reject{Ballot: heartbeat.Ballot, Promised: c.acceptor.promised})
		return
	}
	if !c.follow(heartbeat.Ballot) {
		c.observer.Ignored(from, m, "granted to a later leader")
		return
	}
	c.synced = heartbeat.Synced
	c.heardChosen(heartbeat.Ballot, heartbeat.Chosen)
	if c.acceptor.stalled(c.now.Mono, int64(c.limits.ElectionMin)) {
		// A leader whose majority needs this node can have nothing chosen, and must not keep others from trying.
		c.observer.Ignored(from, m, "the own journal stands still")
		return
	}
	c.send(from, HeartbeatAck{
		Ballot: heartbeat.Ballot, Number: heartbeat.Number, Chosen: c.log.chosen, Synced: c.syncedAt(heartbeat.Ballot),
	})
}

// onLinkDown shortens the wait when the link that broke is the leader's: its grant must still run out.
func (c *Core) onLinkDown(peer NodeID) {
	if c.catchUp.askAgainAt != 0 && c.catchUp.from == peer {
		c.catchUp.askAgainAt = c.now.Mono
	}
	if c.role != RoleFollower || c.follower.ballot.Node != peer {
		return
	}
	soon := max(c.grantEnds(), c.now.Mono) + c.random.Int64N(2*int64(c.limits.Heartbeat))
	c.follower.electionAt = min(c.follower.electionAt, soon)
}
