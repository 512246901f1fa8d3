package paxos

// catchUp is how a node that misses chosen entries fetches them: one request at a time, from the node that is known
// to have them first, then from each other in turn.
type catchUp struct {
	// through is the highest slot known to be chosen somewhere.
	through Slot
	from    NodeID
	// askAgainAt is the Instant.Mono at which the request under way is given up; 0 when there is none.
	askAgainAt int64
}

// wantThrough starts to fetch the entries up to through, from the node from unless a request is under way.
func (c *Core) wantThrough(through Slot, from NodeID) {
	c.catchUp.through = max(c.catchUp.through, through)
	if c.catchUp.askAgainAt == 0 {
		c.catchUp.from = from
		c.askToLearn()
	}
}

func (c *Core) askToLearn() {
	c.catchUp.askAgainAt = c.now.Mono + int64(c.limits.ElectionMin)
	c.send(c.catchUp.from, Learn{From: c.log.chosen + 1})
}

// tickCatchUp asks the next voter when one has not answered.
func (c *Core) tickCatchUp() {
	if c.catchUp.askAgainAt == 0 || c.now.Mono < c.catchUp.askAgainAt {
		return
	}
	if c.log.chosen >= c.catchUp.through {
		c.catchUp = catchUp{}
		return
	}
	c.catchUp.from = c.peerAfter(c.catchUp.from)
	c.askToLearn()
}

// peerAfter returns the voter after id in the configuration's order, this node left out.
func (c *Core) peerAfter(id NodeID) NodeID {
	voters := c.configuration.Voters
	at := c.configuration.voterIndex(id)
	for range voters {
		at = (at + 1) % len(voters)
		if voters[at].ID != c.self {
			return voters[at].ID
		}
	}
	return id
}

// onLearn has the driver answer from storage, as far as chosen entries are stored here.
func (c *Core) onLearn(from NodeID, m Message) {
	learn := m.(Learn)
	through := c.storedChosen()
	if learn.From == 0 || learn.From > through {
		c.send(from, Learned{Chosen: through})
		return
	}
	c.effects.Serve = append(c.effects.Serve, Serve{To: from, From: learn.From, Through: through})
}

// onLearned takes chosen entries over, stores them, and goes on until it has caught up.
//
// An entry is stored at the higher of the ballot it came with and the one of an own record of that slot. Lowering it
// would be a lie that costs: this node may be the one voter that two majorities share, and then a candidate must see
// from it a ballot no lower than the one the value was chosen at.
func (c *Core) onLearned(from NodeID, m Message) {
	learned := m.(Learned)
	before := c.log.chosen
	for _, record := range learned.Records {
		if record.Slot != c.log.chosen+1 {
			continue
		}
		if held, ok := c.acceptor.record(record.Slot); ok && record.Ballot.Less(held.Ballot) {
			record.Ballot = held.Ballot
		}
		c.learn(record)
	}
	if c.log.chosen == before {
		c.observer.Ignored(from, m, "brings nothing new")
		if from == c.catchUp.from && c.catchUp.askAgainAt != 0 {
			c.catchUp.askAgainAt = c.now.Mono + 2*int64(c.limits.Heartbeat) // it has nothing yet: not a lost message
		}
		return
	}
	c.catchUp.through = max(c.catchUp.through, learned.Chosen)
	c.learnedMore(from)
}

func (c *Core) learn(record Record) {
	if c.role == RoleLeader {
		return // what a leader has in flight it has chosen itself
	}
	c.writeRecord(record)
	c.choose(record)
}

func (c *Core) learnedMore(from NodeID) {
	if c.role == RoleCandidate {
		c.extendCandidacy()
	}
	if c.log.chosen < c.catchUp.through {
		c.catchUp.from = from
		c.askToLearn()
	} else {
		c.catchUp = catchUp{}
	}
	// A candidate lacks only what its voters reported, which may be less than what was heard of elsewhere.
	if c.role == RoleCandidate {
		c.judgePhase1()
	}
}
