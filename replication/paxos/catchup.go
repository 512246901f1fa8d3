package paxos

import "slices"

// catchUp is how a node that misses chosen entries fetches them: one request at a time, from the node that is known
// to have them first, then from each other in turn.
type catchUp struct {
	// through is the highest slot known to be chosen somewhere.
	through Slot
	from    NodeID
	// askAgainAt is the Instant.Mono at which the request under way is given up; 0 when there is none.
	askAgainAt int64
	// fetching: the driver gets a checkpoint. Until it is done, no entry is asked for or taken over.
	fetching bool
	// enquired is the node that enquire asked last.
	enquired NodeID
}

// keeper is the node that gave this one a checkpoint and keeps the entries behind it, while others cut theirs: what they offer would have
// this node begin anew. Until it has given them, or offers a checkpoint itself, it is asked again, left times.
type keeper struct {
	node NodeID
	left int
}

// keeperPatience is how often in a row a keeper is asked in place of a node that offered a checkpoint, and brings nothing new.
const keeperPatience = 20

// wantThrough starts to fetch the entries up to through, from the node from unless a request is under way.
func (c *Core) wantThrough(through Slot, from NodeID) {
	c.catchUp.through = max(c.catchUp.through, through)
	if c.catchUp.askAgainAt == 0 && !c.catchUp.fetching {
		c.catchUp.from = from
		c.askToLearn()
	}
}

func (c *Core) askToLearn() {
	c.catchUp.askAgainAt = c.now.Mono + int64(c.limits.ElectionMin)
	c.send(c.catchUp.from, Learn{From: c.log.chosen + 1})
}

// tickCatchUp asks the next member when one has not answered.
func (c *Core) tickCatchUp() {
	if c.catchUp.fetching || c.catchUp.askAgainAt == 0 || c.now.Mono < c.catchUp.askAgainAt {
		return
	}
	if c.log.chosen >= c.catchUp.through {
		c.catchUp = catchUp{}
		return
	}
	next := c.peerAfter(c.catchUp.from)
	// A leader that this node's configuration does not know is from a later one, whose members may be the only ones left.
	if leader := c.follower.ballot.Node; leader != c.self && leader != c.catchUp.from && leader != 0 && !c.configuration.IsMember(leader) {
		next = leader
	}
	c.catchUp.from = next
	c.askToLearn()
}

// peerAfter returns the member after id in the configuration's order, this node left out; 0 if there is no other.
func (c *Core) peerAfter(id NodeID) NodeID {
	members := c.configuration.Members()
	at := slices.IndexFunc(members, func(m Member) bool { return m.ID == id })
	for range members {
		at = (at + 1) % len(members)
		if members[at].ID != c.self {
			return members[at].ID
		}
	}
	return 0
}

// onLearn has the driver answer from storage, as far as chosen entries are stored here, or offers a checkpoint for what is
// cut off.
func (c *Core) onLearn(from NodeID, m Message) {
	learn := m.(Learn)
	through := c.storedChosen()
	if BreakServe.On() {
		through = c.log.chosen
	}
	switch {
	case learn.From == 0 || learn.From > through:
		c.send(from, Learned{Chosen: through})
		return
	case learn.From < c.log.first:
		c.send(from, Offer{Checkpoint: c.log.checkpoint, First: c.log.first, Chosen: through})
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
	if c.catchUp.fetching {
		c.observer.Ignored(from, m, "a checkpoint is being fetched")
		return
	}
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
	c.keeper.left = keeperPatience
	c.learnedMore(from)
}

func (c *Core) learn(record Record) {
	if c.role == RoleLeader {
		return // what a leader has in flight it has chosen itself
	}
	if record.Slot >= c.log.first { // what is below was cut off here
		c.writeRecord(record)
	}
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
		c.catchUp, c.keeper = catchUp{}, keeper{}
	}
	// A candidate lacks only what its voters reported, which may be less than what was heard of elsewhere.
	if c.role == RoleCandidate {
		c.judgePhase1()
	}
}

// enquire asks the members in turn for what comes next. A node that does not vote, and hears no leader, may have become a voter
// without having been told; and those who know may not be members any more.
func (c *Core) enquire() {
	c.catchUp.enquired = c.peerAfter(c.catchUp.enquired)
	if c.catchUp.enquired != 0 {
		c.send(c.catchUp.enquired, Learn{From: c.log.chosen + 1})
	}
}

// lacksState reports whether this node has cut off slots whose state it has lost.
func (c *Core) lacksState() bool { return c.log.chosen < c.log.first-1 }

// resumeCatchUp begins to fetch what a node without its state has cut off. One whose configuration has nobody else to ask has lost later
// ones with its state: it waits to hear from a leader.
func (c *Core) resumeCatchUp() {
	if !c.lacksState() {
		return
	}
	c.catchUp.through = c.log.first - 1
	if from := c.peerAfter(c.self); from != 0 {
		c.catchUp.from, c.catchUp.askAgainAt = from, c.now.Mono+int64(c.limits.Heartbeat) // once links are up
	}
}

// onOffer has the driver fetch a checkpoint, when it brings this node further than it is. One that ends below what is cut off here is of no
// use: this node knows the slots up to the cut to be chosen, and would forget that it does by starting from less.
func (c *Core) onOffer(from NodeID, m Message) {
	offer := m.(Offer)
	if c.role == RoleLeader || c.catchUp.fetching || offer.Checkpoint <= c.log.chosen {
		c.observer.Ignored(from, m, "brings nothing new")
		return
	}
	if offer.Checkpoint+1 < c.log.first {
		c.observer.Ignored(from, m, "ends below what is cut off here")
		return
	}
	c.catchUp.through = max(c.catchUp.through, offer.Chosen, offer.Checkpoint)
	if c.keeper.node != 0 && c.keeper.node != from && c.keeper.left > 0 {
		c.keeper.left--
		c.catchUp.from = c.keeper.node
		c.askToLearn()
		return
	}
	c.keeper = keeper{}
	c.catchUp.from, c.catchUp.fetching = from, true
	c.effects.Fetch = &Fetch{From: from, Slot: offer.Checkpoint, Least: max(c.log.chosen+1, c.log.first-1)}
}

// onFetched goes on from the checkpoint installed, or asks another member for what is missing.
func (c *Core) onFetched(ev Fetched) {
	c.catchUp.fetching = false
	if ev.Slot <= c.log.chosen {
		c.catchUp.askAgainAt = c.now.Mono + int64(c.limits.ElectionMin)
		if c.role == RoleCandidate {
			c.judgePhase1()
		}
		return
	}
	c.acceptor.forgetThrough(ev.Slot)
	c.log = log{chosen: ev.Slot, first: max(c.log.first, ev.Slot+1), checkpoint: ev.Slot}
	c.takeConfiguration(ev.Configuration)
	from := c.catchUp.from
	if ev.From != 0 {
		from = ev.From
	}
	c.learnedMore(from)
	c.keeper = keeper{from, keeperPatience}
}

// onCompacted notes how far the log was cut.
func (c *Core) onCompacted(ev Compacted) {
	c.log.first, c.log.checkpoint = max(c.log.first, ev.First), max(c.log.checkpoint, ev.Checkpoint)
}
