package paxos

// localReads are the read slots this node's driver has asked for. Whoever leads, a read keeps its place until it is
// answered; on a follower one ReadAsk stands for all of them.
type localReads struct {
	waiting []uint64 // IDs, ascending
	// base makes the numbers of this boot unlike those of any other, so that no late answer fits (rule L6).
	base uint64
	// askedThrough is the highest ID the leader was asked for, at Instant.Mono askedAt.
	askedThrough uint64
	askedAt      int64
}

// readAsk is a request for a read slot as the leader holds it: all reads of a node up to a number.
type readAsk struct {
	from   NodeID // the leader itself for its own reads
	number uint64
}

// readRound is a heartbeat whose confirmation answers the reads that arrived before it was sent (rule L6).
type readRound struct {
	heartbeat uint64
	asks      []readAsk
	slot      Slot
}

// maxReadRounds bounds the rounds under way. One more than a round trip's worth adds nothing but messages.
const maxReadRounds = 2

// unsend forgets that anybody was asked: the leader changed.
func (r *localReads) unsend() { r.askedThrough = 0 }

func (c *Core) onReadAsked(id uint64) {
	c.reads.waiting = append(c.reads.waiting, id)
	if c.role == RoleLeader {
		c.addAsk(readAsk{from: c.self, number: id})
		return
	}
	c.askLeader()
}

// askLeader asks the leader followed, if there is one, for everything that waits here.
func (c *Core) askLeader() {
	if c.role != RoleFollower || c.follower.ballot.IsZero() || len(c.reads.waiting) == 0 {
		return
	}
	newest := c.reads.waiting[len(c.reads.waiting)-1]
	c.reads.askedThrough, c.reads.askedAt = newest, c.now.Mono
	c.send(c.follower.ballot.Node, ReadAsk{Number: c.reads.base + newest})
}

// tickReads asks again when an answer is overdue.
func (c *Core) tickReads() {
	if c.now.Mono-c.reads.askedAt >= firstResend*int64(c.limits.Heartbeat) {
		c.askLeader()
	}
}

// adoptLocalReads makes a new leader serve the reads that waited while it was not.
func (c *Core) adoptLocalReads() {
	if n := len(c.reads.waiting); n > 0 {
		c.addAsk(readAsk{from: c.self, number: c.reads.waiting[n-1]})
	}
}

func (c *Core) onReadAsk(from NodeID, m Message) {
	c.addAsk(readAsk{from: from, number: m.(ReadAsk).Number})
}

// addAsk queues a request; a newer one of the same node covers its older ones, so there is at most one a voter.
func (c *Core) addAsk(ask readAsk) {
	if c.leader.ready && (c.leaseHeld() || BreakL6Round.On()) {
		c.answerRead(ask, c.log.chosen)
		return
	}
	for i := range c.leader.asks {
		if c.leader.asks[i].from == ask.from {
			c.leader.asks[i].number = max(c.leader.asks[i].number, ask.number)
			c.startRound()
			return
		}
	}
	c.leader.asks = append(c.leader.asks, ask)
	c.startRound()
}

// forgetAsks drops what a node asked before its link broke: it may have been started again since.
func (c *Core) forgetAsks(from NodeID) {
	keep := func(asks []readAsk) []readAsk {
		var kept []readAsk
		for _, ask := range asks {
			if ask.from != from {
				kept = append(kept, ask)
			}
		}
		return kept
	}
	c.leader.asks = keep(c.leader.asks)
	for i := range c.leader.rounds {
		c.leader.rounds[i].asks = keep(c.leader.rounds[i].asks)
	}
}

// startRound sends a fresh heartbeat for all reads that wait, once an entry of this ballot is chosen (rule L5). What
// is chosen at that moment is the state they must see.
func (c *Core) startRound() {
	l := &c.leader
	if !l.ready && !BreakL5Ready.On() || l.handingOver() || len(l.asks) == 0 || len(l.rounds) >= maxReadRounds {
		return
	}
	l.rounds = append(l.rounds, readRound{heartbeat: l.number + 1, asks: l.asks, slot: c.log.chosen})
	l.asks = nil
	if BreakL6Fresh.On() {
		l.rounds[len(l.rounds)-1].heartbeat--
	}
	c.sendHeartbeat()
}

// finishRounds answers the rounds whose heartbeat is confirmed, and starts the next.
func (c *Core) finishRounds() {
	for c.role == RoleLeader && len(c.leader.rounds) > 0 && c.leader.rounds[0].heartbeat <= c.leader.confirmed {
		round := c.leader.rounds[0]
		c.leader.rounds = c.leader.rounds[1:]
		for _, ask := range round.asks {
			c.answerRead(ask, round.slot)
		}
	}
	c.startRound()
}

func (c *Core) answerRead(ask readAsk, slot Slot) {
	if ask.from == c.self {
		c.answerLocal(ask.number, slot)
		return
	}
	c.send(ask.from, ReadSlot{Ballot: c.leader.ballot, Number: ask.number, Slot: slot})
}

func (c *Core) onReadSlot(from NodeID, m Message) {
	answer := m.(ReadSlot)
	id := answer.Number - c.reads.base
	if answer.Number < c.reads.base || id > c.reads.askedThrough {
		c.observer.Ignored(from, m, "answers no read asked in this boot")
		return
	}
	if answer.Ballot == c.follower.ballot && c.role == RoleFollower {
		c.heardChosen(answer.Ballot, answer.Slot) // a leader names no slot but chosen ones, and may not have told of this one yet
	}
	c.answerLocal(id, answer.Slot)
}

// answerLocal answers every local read up to id: a slot that serves a later read serves an earlier one too.
func (c *Core) answerLocal(id uint64, slot Slot) {
	for len(c.reads.waiting) > 0 && c.reads.waiting[0] <= id {
		c.effects.ReadReady = append(c.effects.ReadReady, ReadReady{ID: c.reads.waiting[0], Slot: slot})
		c.reads.waiting = c.reads.waiting[1:]
	}
}
