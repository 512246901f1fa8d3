package paxos

// candidate is phase 1 under way: run once a leadership, for all slots not known to be chosen.
type candidate struct {
	ballot   Ballot
	handOver Ballot
	// from is the first slot asked for. It stays the same when Prepare is repeated, so that the parts of two answers to
	// it are cut alike.
	from Slot
	// promised are the voters whose whole answer is here; answers are those still coming in parts.
	promised Tally
	answers  map[NodeID]*promiseAnswer
	// adopted is, for each slot reported, the record accepted at the highest ballot.
	adopted map[Slot]Record
	highest Slot
	// learnThrough is the highest chosen watermark reported: those slots are learned, not proposed.
	learnThrough Slot
	learnFrom    NodeID
	// ownSequence is the write that holds this node's own promise.
	ownSequence uint64
	// givesUpAt and repeatAt are Instant.Mono.
	givesUpAt, repeatAt int64
}

// promiseAnswer gathers the parts of one answer. Two answers of a voter to the same ballot differ only if it learned
// more in between, so parts belong together when their chosen watermark is the same.
type promiseAnswer struct {
	parts  map[uint32]bool
	total  uint32
	chosen Slot
}

// startPhase1 raises the round above every one heard of, promises to itself, and sends Prepare once that is stored.
func (c *Core) startPhase1(handOver Ballot, why string) {
	ballot := Ballot{Round: c.maxRound + 1, Node: c.self}
	from := c.role
	if from == RoleLeader {
		c.leader = leader{}
		c.reads.unsend()
	}
	c.follower.ballot, c.follower.canvass = Ballot{}, canvass{}
	c.dropGrant()
	c.role = RoleCandidate
	c.candidate = candidate{
		ballot: ballot, handOver: handOver, from: c.log.chosen + 1, answers: map[NodeID]*promiseAnswer{}, adopted: map[Slot]Record{},
		learnThrough: c.knownChosen(), ownSequence: c.nextSequence(),
	}
	c.observer.Became(RoleCandidate, ballot, why)
	c.promise(ballot)
	for _, s := range c.acceptedSlots(c.log.chosen + 1) {
		c.adopt(c.acceptor.records[s])
	}
	c.extendCandidacy()
	c.prepareAll()
}

// extendCandidacy gives phase 1 another election timeout: at its start, and whenever catching up moves on. After one that failed it
// has twice as long, and so on: what voters accepted may be large, and takes its time to arrive.
func (c *Core) extendCandidacy() {
	wait, most := c.electionTimeout()-c.now.Mono, int64(c.limits.ElectionMax)+transferTime(c.limits.PipelineBytes)
	for range c.failedPhases1 {
		if wait *= 2; wait >= most {
			wait = most
			break
		}
	}
	c.candidate.givesUpAt = c.now.Mono + wait
}

func (c *Core) prepareAll() {
	c.candidate.repeatAt = c.now.Mono + 4*int64(c.limits.Heartbeat)
	for i := range c.configuration.Voters {
		c.prepareOne(c.configuration.Voters[i].ID)
	}
}

func (c *Core) prepareOne(to NodeID) {
	if to == c.self || !c.configuration.IsVoter(to) || c.candidate.promised.Has(&c.configuration, to) {
		return
	}
	delete(c.candidate.answers, to)
	c.send(to, Prepare{Ballot: c.candidate.ballot, From: c.candidate.from, HandOver: c.candidate.handOver})
}

// tickCandidate repeats what may be lost, and gives up after an election timeout without progress.
func (c *Core) tickCandidate() {
	switch {
	case c.now.Mono >= c.candidate.givesUpAt:
		c.failedPhases1++
		c.becomeFollower(Ballot{}, "phase 1 found no majority in time")
	case c.now.Mono >= c.candidate.repeatAt:
		c.prepareAll()
	}
}

func (c *Core) countOwnPromise() {
	if c.acceptor.durable >= c.candidate.ownSequence && !c.candidate.promised.Has(&c.configuration, c.self) {
		c.candidate.promised.Add(&c.configuration, c.self)
		c.judgePhase1()
	}
}

// onPromise gathers the parts of a voter's answer; only a whole answer counts.
func (c *Core) onPromise(from NodeID, m Message) {
	promise := m.(Promise)
	if promise.Ballot != c.candidate.ballot || promise.Parts == 0 || promise.Part >= promise.Parts || !c.configuration.IsVoter(from) {
		c.observer.Ignored(from, m, "not an answer to this phase 1")
		return
	}
	for _, record := range promise.Accepted {
		c.adopt(record)
	}
	if c.candidate.promised.Has(&c.configuration, from) {
		return // its whole answer is here; this is a part of an earlier one, or of a repeated one, which says no more
	}
	answer := c.candidate.answers[from]
	if answer == nil || answer.total != promise.Parts || answer.chosen != promise.Chosen {
		answer = &promiseAnswer{parts: map[uint32]bool{}, total: promise.Parts, chosen: promise.Chosen}
		c.candidate.answers[from] = answer
	}
	answer.parts[promise.Part] = true
	if promise.Chosen > c.candidate.learnThrough {
		c.candidate.learnThrough, c.candidate.learnFrom = promise.Chosen, from
	}
	if len(answer.parts) == int(answer.total) || BreakParts.On() {
		c.candidate.promised.Add(&c.configuration, from)
		c.judgePhase1()
	}
}

// adopt keeps, for each slot, the record accepted at the highest ballot.
func (c *Core) adopt(record Record) {
	held, ok := c.candidate.adopted[record.Slot]
	if !ok || held.Ballot.Less(record.Ballot) != BreakAdopt.On() {
		c.candidate.adopted[record.Slot] = record
	}
	c.candidate.highest = max(c.candidate.highest, record.Slot)
}

// judgePhase1 leads once a majority has promised and told all it accepted above this node's chosen watermark. What they know
// to be chosen instead is learned first.
func (c *Core) judgePhase1() {
	switch {
	case c.replaced != nil: // the promises are those of another configuration's voters: phase 1 begins anew (rule M1)
	case c.catchUp.fetching: // it is about to jump over slots that a leader would have to propose
	case c.toldAll().IsQuorum(&c.configuration):
		c.startLeading()
	case c.candidate.promised.IsQuorum(&c.configuration):
		from := c.candidate.learnFrom
		if from == 0 {
			from = c.peerAfter(c.self)
		}
		c.wantThrough(c.candidate.learnThrough, from)
	}
}

// toldAll are the voters that have promised and keep nothing back: all that they know to be chosen this node knows, too, and
// what they accepted above they have reported. One that knows more may have no entry left to show, if it lost its state.
func (c *Core) toldAll() Tally {
	var told Tally
	for i := range c.configuration.Voters {
		id := c.configuration.Voters[i].ID
		chosen := c.knownChosen()
		if answer := c.candidate.answers[id]; answer != nil {
			chosen = answer.chosen
		}
		if c.candidate.promised.Has(&c.configuration, id) && (chosen <= c.log.chosen || BreakTold.On()) {
			told.Add(&c.configuration, id)
		}
	}
	return told
}

// onRejectAsCandidate gives way to a higher promise; the next candidacy goes above it.
func (c *Core) onRejectAsCandidate(from NodeID, m Message) {
	reject := m.(Reject)
	if reject.Ballot != c.candidate.ballot {
		c.observer.Ignored(from, m, "rejects an earlier ballot")
		return
	}
	c.maxRound = max(c.maxRound, reject.Promised.Round)
	c.becomeFollower(Ballot{}, "rejected by "+from.String()+", which promised "+reject.Promised.String())
}
