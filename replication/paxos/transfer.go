package paxos

// handOver is a planned change of leader under way at the leader: it proposes nothing, waits until the target has
// everything on stable storage, and then stops for good.
type handOver struct {
	to NodeID
	// givesUpAt is the Instant.Mono at which the leader goes on leading instead.
	givesUpAt int64
}

func (h *handOver) expired(mono int64) bool { return h.to != 0 && mono >= h.givesUpAt }

func (l *leader) handingOver() bool { return l.handOver.to != 0 }

// onHandOverAsked starts a hand-over to a voter that answers heartbeats.
func (c *Core) onHandOverAsked(to NodeID) {
	if c.role != RoleLeader || c.leader.handingOver() || c.leader.reconfigures != 0 {
		return
	}
	if to == 0 {
		to = c.mostUpToDate()
	}
	if to == 0 || to == c.self || !c.configuration.IsVoter(to) {
		return
	}
	c.leader.handOver = handOver{to: to, givesUpAt: c.now.Mono + int64(c.limits.ElectionMin)}
	c.proceedHandOver()
}

// mostUpToDate returns the voter that has synced most among those heard lately, 0 without one.
func (c *Core) mostUpToDate() NodeID {
	var best NodeID
	var bestSynced Slot
	for i := range c.configuration.Voters {
		m := &c.leader.members[i]
		if m.id == c.self || !c.isRecent(m) {
			continue
		}
		if best == 0 || m.synced > bestSynced {
			best, bestSynced = m.id, m.synced
		}
	}
	return best
}

// proceedHandOver stops leading once nothing is in flight and the target has all of it. From then on this ballot is
// never led again, so that whoever granted to it may drop the grant for a Prepare that names it.
func (c *Core) proceedHandOver() {
	if c.role != RoleLeader || !c.leader.handingOver() || len(c.leader.inFlight) > 0 {
		return
	}
	to, ballot := c.leader.handOver.to, c.leader.ballot
	if c.progress(to).synced < c.log.chosen {
		return
	}
	c.dropGrant()
	c.becomeFollower(Ballot{}, "handed over to "+to.String())
	c.send(to, HandOver{Ballot: ballot, Chosen: c.log.chosen})
}

// onHandOver starts phase 1 at once, without a canvass, if the leader followed says so.
func (c *Core) onHandOver(from NodeID, m Message) {
	ballot := m.(HandOver).Ballot
	if ballot.Node != from || ballot != c.follower.ballot {
		c.observer.Ignored(from, m, "not from the leader followed")
		return
	}
	if !c.configuration.IsVoter(c.self) {
		c.observer.Ignored(from, m, "not a voter, as far as this node knows")
		return
	}
	if c.grantRunsAgainst(from) {
		c.observer.Ignored(from, m, "a grant made before the restart may run")
		return
	}
	c.startPhase1(ballot, "handed over by "+from.String())
}
