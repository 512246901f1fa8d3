package paxos

// leader is phase 2 and what keeps a leadership alive.
type leader struct {
	ballot Ballot
	// inFlight are the slots above the chosen watermark, in order and without gaps: inFlight[0] is chosen+1.
	inFlight      []proposal
	bytesInFlight int
	// readySlot holds the no-op of this ballot; once it is chosen the leader is ready for batches and reads.
	readySlot Slot
	ready     bool
	// reconfigures is the slot in flight that holds a configuration, 0 without one: nothing is proposed after it (rule M1).
	reconfigures Slot
	// announced is the chosen watermark last sent to everybody.
	announced Slot
	// awaited is the highest slot proposed that others than this node wait for.
	awaited Slot
	heartbeats
	members  []memberProgress // the voters, in the order of Configuration.Voters, then the learners
	asks     []readAsk        // waiting for a round
	rounds   []readRound      // on their way, oldest first
	handOver handOver
}

// proposal is one slot of the pipeline.
type proposal struct {
	record   Record
	sequence uint64 // the write that holds this node's own acceptance
	votes    Tally
	chosen   bool
	// resendAt is the Instant.Mono at which it is sent again to who has not voted; resendWait doubles each time, since
	// a large entry, or a slow disk, may simply take long.
	resendAt, resendWait int64
}

// memberProgress is what the leader knows of a member.
type memberProgress struct {
	id     NodeID
	acked  uint64 // highest heartbeat number answered
	synced Slot
	// heardAt is the Instant.Mono of the last answer.
	heardAt int64
}

// heartbeats are the numbered heartbeats of one ballot.
type heartbeats struct {
	number uint64 // of the newest sent
	sent   []sentHeartbeat
	sentAt int64 // Instant.Mono of the newest
	// confirmed is the newest number that a majority has answered; confirmedSent is when it was sent.
	confirmed     uint64
	confirmedSent Instant
}

type sentHeartbeat struct {
	number uint64
	at     Instant
}

// firstResend is how many heartbeats a proposal waits before it is sent again.
const firstResend = 4

// startLeading proposes again what phase 1 found, a no-op where it found nothing, and then a no-op of its own ballot
// (Lamport, "Paxos Made Simple", section 3).
func (c *Core) startLeading() {
	won := c.candidate
	c.candidate, c.failedPhases1 = candidate{}, 0
	c.role = RoleLeader
	c.catchUp = catchUp{}
	c.leader = leader{ballot: won.ballot, announced: c.log.chosen}
	c.leader.confirmedSent = c.now // a majority has just promised, which is as good as its answers to a heartbeat, the lease apart
	for _, m := range c.configuration.Members() {
		c.leader.members = append(c.leader.members, memberProgress{id: m.ID, heardAt: c.now.Mono})
	}
	c.observer.Became(RoleLeader, won.ballot, "a majority promised")
	for s := c.log.chosen + 1; s <= won.highest; s++ {
		entry := Entry{Kind: EntryNoop}
		if record, ok := won.adopted[s]; ok && !BreakNoop.On() {
			entry = record.Entry
		}
		c.propose(entry, false)
		if c.leader.reconfigures != 0 {
			break // rule M1: what follows is for a leader of that configuration to propose
		}
	}
	if c.leader.reconfigures == 0 {
		c.leader.readySlot = c.nextSlot()
		c.propose(Entry{Kind: EntryNoop}, false)
	}
	c.sendHeartbeat()
	c.adoptLocalReads()
}

func (c *Core) nextSlot() Slot { return c.log.chosen + 1 + Slot(len(c.leader.inFlight)) }

// propose puts an entry into the next slot: to the other voters and, in parallel, to this node's own storage. local is Proposed.Local.
func (c *Core) propose(entry Entry, local bool) {
	record := Record{Slot: c.nextSlot(), Ballot: c.leader.ballot, Entry: entry}
	wait := firstResend*int64(c.limits.Heartbeat) + transferTime(len(entry.Payload))
	c.accept(record)
	c.leader.inFlight = append(c.leader.inFlight, proposal{
		record: record, sequence: c.nextSequence(), resendAt: c.now.Mono + wait, resendWait: wait,
	})
	c.leader.bytesInFlight += len(entry.Payload)
	c.leader.announced = c.log.chosen
	if !local {
		c.leader.awaited = record.Slot
	}
	if entry.Kind == EntryConfiguration {
		c.leader.reconfigures = record.Slot
	}
	accept := Accept{Ballot: record.Ballot, Slot: record.Slot, Entry: record.Entry, Chosen: c.log.chosen}
	for i := range c.leader.members {
		if m := &c.leader.members[i]; i < len(c.configuration.Voters) || c.keepsUp(m) {
			c.sendOther(m.id, accept)
		}
	}
}

// keepsUp reports whether a learner takes entries as they come. One that is further behind fetches them first.
func (c *Core) keepsUp(m *memberProgress) bool {
	return m.synced+Slot(c.limits.PipelineSlots) > c.log.chosen
}

// sendOther sends m to a node unless it is this one.
func (c *Core) sendOther(to NodeID, m Message) {
	if to != c.self {
		c.send(to, m)
	}
}

// tellMembers sends m to every other member.
func (c *Core) tellMembers(m Message) {
	for i := range c.leader.members {
		c.sendOther(c.leader.members[i].id, m)
	}
}

// CanPropose reports whether an entry of that many payload bytes may be proposed now: this node leads, an entry of its
// own ballot is chosen, the pipeline has room, and neither a hand-over nor a change of the members is under way.
func (c *Core) CanPropose(payloadBytes int) bool {
	l := &c.leader
	if c.role != RoleLeader || !l.ready || l.handingOver() || l.reconfigures != 0 && !BreakM1.On() || len(l.inFlight) >= c.limits.PipelineSlots {
		return false
	}
	return l.bytesInFlight == 0 || l.bytesInFlight+payloadBytes <= c.limits.PipelineBytes
}

// InFlight returns how many slots this leader has proposed that are not chosen yet.
func (c *Core) InFlight() int { return len(c.leader.inFlight) }

func (c *Core) onProposed(entry Entry, local bool) {
	bytes := len(entry.Payload)
	if entry.Kind == EntryConfiguration {
		bytes = 0 // what CanReconfigure asks for
		if next, err := DecodeConfiguration(entry.Payload); err != nil || next.Base != c.configuration.Slot {
			c.fatal("a configuration that cannot follow that of slot %v was proposed: base %v, %v", c.configuration.Slot, next.Base, err)
			return
		}
	}
	if !c.CanPropose(bytes) {
		c.fatal("entry proposed while node %v cannot propose", c.self)
		return
	}
	c.propose(entry, local)
}

// onAccepted counts a vote at this very ballot.
func (c *Core) onAccepted(from NodeID, m Message) {
	accepted := m.(Accepted)
	if accepted.Ballot != c.leader.ballot && !BreakVotes.On() {
		c.observer.Ignored(from, m, "a vote at another ballot")
		return
	}
	if progress := c.progress(from); progress != nil && accepted.Slot == progress.synced+1 {
		progress.synced = accepted.Slot
	}
	c.countVote(from, accepted.Slot)
	c.advanceChosen()
}

func (c *Core) countVote(from NodeID, s Slot) {
	if s <= c.log.chosen || s >= c.nextSlot() {
		return
	}
	p := &c.leader.inFlight[s-c.log.chosen-1]
	p.votes.Add(&c.configuration, from)
	p.chosen = p.votes.IsQuorum(&c.configuration)
	if p.chosen && BreakC2.On() {
		c.leader.inFlight[0].chosen = true
	}
}

// countOwnAcceptances counts this node's votes whose records are now on its own stable storage.
func (c *Core) countOwnAcceptances() {
	for i := range c.leader.inFlight {
		if p := &c.leader.inFlight[i]; (p.sequence <= c.acceptor.durable || BreakD1OwnVote.On()) && !p.votes.Has(&c.configuration, c.self) {
			c.countVote(c.self, p.record.Slot)
		}
	}
	c.advanceChosen()
}

// advanceChosen moves the watermark over the slots chosen without a gap.
func (c *Core) advanceChosen() {
	for len(c.leader.inFlight) > 0 && c.leader.inFlight[0].chosen {
		p := c.leader.inFlight[0]
		c.leader.inFlight = c.leader.inFlight[1:]
		c.leader.bytesInFlight -= len(p.record.Entry.Payload)
		c.choose(p.record)
	}
	if c.replaced != nil {
		return // phase 1 comes next (rule M1)
	}
	if !c.leader.ready && c.leader.readySlot != 0 && c.log.chosen >= c.leader.readySlot {
		c.leader.ready = true
		c.startRound()
	}
	c.proceedHandOver()
}

// announceChosen tells everybody the watermark at once when others wait for it and no Accept is there to carry it. When nobody does, it
// is left to the next Accept, or to the next tick: a heartbeat and its answers would cost every node as much as the write itself did.
func (c *Core) announceChosen() {
	if l := &c.leader; len(l.inFlight) == 0 && l.announced < c.log.chosen && l.announced < l.awaited {
		c.sendHeartbeat()
	}
}

// sendHeartbeat sends a heartbeat with a fresh number. The leader grants to itself what it asks of others: while its
// lease may run it promises to nobody else.
func (c *Core) sendHeartbeat() {
	h := &c.leader.heartbeats
	h.number++
	h.sent = append(h.sent, sentHeartbeat{h.number, c.now})
	h.sentAt = c.now.Mono
	c.follower.grant = grant{running: true, to: c.leader.ballot, since: c.now.Mono}
	c.leader.announced = c.log.chosen
	c.synced = c.votersSynced()
	c.tellMembers(Heartbeat{Ballot: c.leader.ballot, Chosen: c.log.chosen, Number: h.number, Synced: c.synced})
	c.confirmHeartbeats()
}

func (c *Core) votersSynced() []SyncedThrough {
	synced := make([]SyncedThrough, len(c.configuration.Voters))
	for i := range c.configuration.Voters {
		synced[i] = SyncedThrough{Node: c.configuration.Voters[i].ID, Slot: c.syncedBy(&c.leader.members[i])}
	}
	return synced
}

// syncedBy is how far a member has the log on stable storage, as the leader knows it.
func (c *Core) syncedBy(m *memberProgress) Slot {
	if m.id == c.self {
		return c.syncedAt(c.leader.ballot)
	}
	return m.synced
}

// progress is what is known of a member, nil for any other node.
func (c *Core) progress(id NodeID) *memberProgress {
	for i := range c.leader.members {
		if c.leader.members[i].id == id {
			return &c.leader.members[i]
		}
	}
	return nil
}

// isRecent reports whether a member answered lately.
func (c *Core) isRecent(m *memberProgress) bool {
	return m.id == c.self || c.now.Mono-m.heardAt <= int64(c.limits.Lease)
}

// onHeartbeatAck confirms the leadership for everything that waited when that heartbeat was sent (rule L6).
func (c *Core) onHeartbeatAck(from NodeID, m Message) {
	ack := m.(HeartbeatAck)
	progress := c.progress(from)
	if ack.Ballot != c.leader.ballot || ack.Number > c.leader.number || progress == nil {
		c.observer.Ignored(from, m, "answers another ballot's heartbeat")
		return
	}
	progress.acked = max(progress.acked, ack.Number)
	progress.synced = max(progress.synced, ack.Synced)
	progress.heardAt = c.now.Mono
	c.confirmHeartbeats()
	c.proceedHandOver()
}

// confirmHeartbeats finds the newest heartbeat that a majority, this node included, has answered.
func (c *Core) confirmHeartbeats() {
	acked := make([]uint64, len(c.configuration.Voters))
	for i := range acked {
		acked[i] = c.leader.members[i].acked
		if c.configuration.Voters[i].ID == c.self {
			acked[i] = c.leader.number
		}
	}
	newest := reachedByMajority(acked)
	h := &c.leader.heartbeats
	if newest <= h.confirmed {
		return
	}
	h.confirmed = newest
	for len(h.sent) > 0 && h.sent[0].number <= newest {
		h.confirmedSent = h.sent[0].at
		h.sent = h.sent[1:]
	}
	if BreakL4Sent.On() {
		h.confirmedSent = c.now
	}
	c.finishRounds()
}

// tickLeader sends the regular heartbeat, sends again what found no answer, and steps down when a majority cannot be
// reached or the own journal stands still for an election timeout.
func (c *Core) tickLeader() {
	timeout := int64(c.limits.ElectionMin)
	switch {
	case c.now.Mono-c.leader.confirmedSent.Mono > timeout && len(c.configuration.Voters) > 1:
		c.becomeFollower(Ballot{}, "no majority answers")
		return
	case c.acceptor.stalled(c.now.Mono, timeout) && len(c.configuration.Voters) > 1:
		c.becomeFollower(Ballot{}, "the own journal stands still")
		return
	}
	if c.leader.handOver.expired(c.now.Mono) {
		c.leader.handOver = handOver{}
	}
	if c.now.Mono-c.leader.sentAt >= int64(c.limits.Heartbeat) || len(c.leader.inFlight) == 0 && c.leader.announced < c.log.chosen {
		c.sendHeartbeat()
	}
	c.resendOverdue()
}

func (c *Core) resendOverdue() {
	budget := c.limits.LearnBytes
	for i := range c.leader.inFlight {
		p := &c.leader.inFlight[i]
		if c.now.Mono < p.resendAt || p.chosen {
			continue
		}
		p.resendWait *= 2
		p.resendAt = c.now.Mono + p.resendWait
		for v := range c.configuration.Voters {
			c.resend(p, c.configuration.Voters[v].ID)
		}
		if budget -= len(p.record.Entry.Payload); budget <= 0 {
			return
		}
	}
}

func (c *Core) resend(p *proposal, to NodeID) {
	if to == c.self || p.votes.Has(&c.configuration, to) {
		return
	}
	c.send(to, Accept{Ballot: p.record.Ballot, Slot: p.record.Slot, Entry: p.record.Entry, Chosen: c.log.chosen})
}

// resendAll sends a member whose link is new a heartbeat, and a voter everything in flight that it has not voted for.
func (c *Core) resendAll(to NodeID) {
	if c.progress(to) == nil {
		return
	}
	c.forgetAsks(to)
	c.sendHeartbeat()
	if !c.configuration.IsVoter(to) {
		return
	}
	for i := range c.leader.inFlight {
		c.resend(&c.leader.inFlight[i], to)
	}
}

// onRejectAsLeader: a voter has promised a higher ballot, so this ballot will never have its vote again. A leader that
// still reaches a majority runs phase 1 again above that promise, which the grants it holds let through; one that does
// not steps down, and never deposes whoever leads now.
func (c *Core) onRejectAsLeader(from NodeID, m Message) {
	reject := m.(Reject)
	if reject.Ballot != c.leader.ballot || !c.leader.ballot.Less(reject.Promised) {
		c.observer.Ignored(from, m, "rejects an earlier ballot")
		return
	}
	c.maxRound = max(c.maxRound, reject.Promised.Round)
	why := from.String() + " promised " + reject.Promised.String()
	if c.now.Mono-c.leader.confirmedSent.Mono > int64(c.limits.Lease) {
		c.becomeFollower(Ballot{}, why)
		return
	}
	c.startPhase1(Ballot{}, why)
}
