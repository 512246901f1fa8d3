package paxos

import "slices"

// acceptor is the durable state of the protocol and how much of it is on stable storage yet. The promised ballot and
// the ballot of each accepted record are kept apart: a promise says nothing about what was accepted.
type acceptor struct {
	promised Ballot
	// records are the newest accepted records of slots above the chosen watermark.
	records map[Slot]Record
	// unstored are records and promises handed out to be written and not yet reported stored, oldest first.
	unstored []unstoredRecord
	writes   []unstoredWrite
	// pending are the slots of this step's write.
	pending []Slot
	// durable is the highest sequence reported stored, storedAt the Instant.Mono of the report.
	durable  uint64
	storedAt int64
	answered answeredPrepare
}

// answeredPrepare is a Prepare whose answer may still be on its way.
type answeredPrepare struct {
	to     NodeID
	ballot Ballot
	known  Slot
	// until is the Instant.Mono at which so large an answer should have arrived.
	until int64
}

type unstoredRecord struct {
	slot     Slot
	sequence uint64
}

type unstoredWrite struct {
	sequence uint64
	since    int64 // Instant.Mono
	bytes    int   // of payload
}

// windowFactor is how many pipelines an acceptor accepts ahead of what it knows to be chosen. A leader's own pipeline
// is one; the rest is for chosen slots this node has not heard of yet. Beyond it, catching up comes first, so that a
// node that lags holds a bounded number of entries in memory.
const windowFactor = 4

// newAcceptor goes on from what storage kept. A record that was learned may have a ballot above the promise; once its
// slot is no longer known to be chosen it must not be overwritten at a lower one, so the promise rises to it.
func newAcceptor(restored Restored) acceptor {
	a := acceptor{promised: restored.Promised, records: make(map[Slot]Record, len(restored.Records))}
	for _, r := range restored.Records {
		a.records[r.Slot] = r
		if a.promised.Less(r.Ballot) {
			a.promised = r.Ballot
		}
	}
	return a
}

func (a *acceptor) record(s Slot) (Record, bool) {
	r, ok := a.records[s]
	return r, ok
}

func (a *acceptor) forget(s Slot) { delete(a.records, s) }

// forgetThrough lets go of all records up to s.
func (a *acceptor) forgetThrough(s Slot) {
	for held := range a.records {
		if held <= s {
			delete(a.records, held)
		}
	}
}

// handedOut notes that the write of this step has that sequence.
func (a *acceptor) handedOut(sequence uint64, mono int64, records []Record) {
	bytes := 0
	for i := range records {
		bytes += len(records[i].Entry.Payload)
	}
	a.writes = append(a.writes, unstoredWrite{sequence, mono, bytes})
	for _, s := range a.pending {
		a.unstored = append(a.unstored, unstoredRecord{s, sequence})
	}
	a.pending = a.pending[:0]
}

func (a *acceptor) stored(sequence uint64, mono int64) {
	a.durable, a.storedAt = max(a.durable, sequence), mono
	for len(a.writes) > 0 && a.writes[0].sequence <= sequence {
		a.writes = a.writes[1:]
	}
	for len(a.unstored) > 0 && a.unstored[0].sequence <= sequence {
		a.unstored = a.unstored[1:]
	}
}

// stalled reports whether the journal has stood still for longer than timeout nanoseconds: whether nothing was stored
// for longer than that and what a slow disk takes to write everything that waits.
func (a *acceptor) stalled(mono, timeout int64) bool {
	if len(a.writes) == 0 {
		return false
	}
	bytes := 0
	for i := range a.writes {
		bytes += a.writes[i].bytes
	}
	return mono-max(a.writes[0].since, a.storedAt) > timeout+transferTime(bytes)
}

// lowestUnstored returns the lowest slot whose newest record is not on stable storage, 0 without one.
func (a *acceptor) lowestUnstored() Slot {
	var lowest Slot
	for _, u := range a.unstored {
		if lowest == 0 || u.slot < lowest {
			lowest = u.slot
		}
	}
	for _, s := range a.pending {
		if lowest == 0 || s < lowest {
			lowest = s
		}
	}
	return lowest
}

// storedChosen is the highest slot up to which every entry is chosen and on this node's stable storage.
func (c *Core) storedChosen() Slot {
	if lowest := c.acceptor.lowestUnstored(); lowest != 0 && lowest <= c.log.chosen {
		return lowest - 1
	}
	return c.log.chosen
}

// syncedAt is the highest slot such that every slot up to it is on stable storage, chosen or accepted at ballot.
func (c *Core) syncedAt(ballot Ballot) Slot {
	s := c.log.chosen
	for {
		record, ok := c.acceptor.record(s + 1)
		if !ok || record.Ballot != ballot {
			break
		}
		s++
	}
	if lowest := c.acceptor.lowestUnstored(); lowest != 0 && lowest <= s {
		return lowest - 1
	}
	return s
}

// promise raises the promised ballot and has it stored.
func (c *Core) promise(b Ballot) {
	c.acceptor.promised = b
	c.maxRound = max(c.maxRound, b.Round)
	c.effects.Write.Promised = b
}

// accept takes a record over and has it stored, with the promise that goes with it.
func (c *Core) accept(r Record) {
	if c.acceptor.promised.Less(r.Ballot) {
		c.promise(r.Ballot)
	}
	c.acceptor.records[r.Slot] = r
	c.writeRecord(r)
}

func (c *Core) writeRecord(r Record) {
	c.effects.Write.Records = append(c.effects.Write.Records, r)
	c.acceptor.pending = append(c.acceptor.pending, r.Slot)
}

// onPrepare handles Prepare, phase 1a: promise unless a higher ballot is promised. Rules: D1 (the promise leaves only
// once stored), L2 (a running grant to somebody else leaves it unanswered, a hand-over apart).
func (c *Core) onPrepare(from NodeID, m Message) {
	prepare := m.(Prepare)
	if prepare.Ballot.Node != from {
		c.observer.Ignored(from, m, "another node's ballot")
		return
	}
	if c.grantRunsAgainst(from) && !c.releasedBy(prepare.HandOver) {
		c.observer.Ignored(from, m, "granted to another")
		return
	}
	if prepare.Ballot.Less(c.acceptor.promised) && !BreakPromised.On() {
		c.send(from, Reject{Ballot: prepare.Ballot, Promised: c.acceptor.promised})
		return
	}
	if c.acceptor.promised != prepare.Ballot {
		c.promise(prepare.Ballot)
		c.dropGrant()
		c.becomeFollower(Ballot{}, "promised "+prepare.Ballot.String())
	}
	c.sendPromise(from, prepare)
}

// sendPromise reports what this node accepted above its chosen watermark, in parts within LearnBytes. While a large answer is on its way,
// another one would only come behind it, and an election of this node's own would make it worthless.
func (c *Core) sendPromise(to NodeID, prepare Prepare) {
	known := c.knownChosen()
	answered := answeredPrepare{to: to, ballot: prepare.Ballot, known: known}
	if under := c.acceptor.answered; under.until > c.now.Mono && under.to == to && under.ballot == prepare.Ballot && under.known == known {
		c.observer.Ignored(to, prepare, "the answer is on its way")
		return
	}
	parts, bytes := c.promiseParts(max(prepare.From, known+1))
	if travels := transferTime(bytes); travels > 0 {
		answered.until = c.now.Mono + travels
		c.follower.electionAt = answered.until + int64(c.limits.ElectionMax)
	}
	c.acceptor.answered = answered
	for i, records := range parts {
		c.send(to, Promise{Ballot: prepare.Ballot, Chosen: known, Accepted: records, Part: uint32(i), Parts: uint32(len(parts))})
	}
}

func (c *Core) promiseParts(from Slot) (parts [][]Record, total int) {
	parts = [][]Record{nil}
	bytes := 0
	for _, s := range c.acceptedSlots(from) {
		record := c.acceptor.records[s]
		if BreakBallots.On() {
			record.Ballot = c.acceptor.promised
		}
		if bytes > 0 && bytes+len(record.Entry.Payload) > c.limits.LearnBytes {
			parts, bytes = append(parts, nil), 0
		}
		last := len(parts) - 1
		parts[last] = append(parts[last], record)
		bytes += len(record.Entry.Payload)
		total += len(record.Entry.Payload)
	}
	return parts, total
}

// acceptedSlots returns the slots from on that hold a record, in order.
func (c *Core) acceptedSlots(from Slot) []Slot {
	slots := make([]Slot, 0, len(c.acceptor.records))
	for s := range c.acceptor.records {
		if s >= from {
			slots = append(slots, s)
		}
	}
	slices.Sort(slots)
	return slots
}

// onAccept handles Accept, phase 2a: vote for the entry unless a higher ballot is promised. Rules: D1 (Accepted leaves
// only once stored), C1 (which "chosen" may be believed), L1 (the sender is granted its lease time).
func (c *Core) onAccept(from NodeID, m Message) {
	accept := m.(Accept)
	if accept.Ballot.Node != from {
		c.observer.Ignored(from, m, "another node's ballot")
		return
	}
	if accept.Ballot.Less(c.acceptor.promised) && !BreakAccepted.On() {
		c.send(from, Reject{Ballot: accept.Ballot, Promised: c.acceptor.promised})
		return
	}
	if !c.follow(accept.Ballot) {
		c.observer.Ignored(from, m, "granted to a later leader")
		return
	}
	c.vote(from, accept)
	c.heardChosen(accept.Ballot, accept.Chosen)
}

func (c *Core) vote(from NodeID, m Accept) {
	switch {
	case m.Slot <= c.knownChosen():
		// The slot is chosen, so the leader proposes the chosen value (phase 1): the vote adds nothing and harms nothing.
		c.send(from, Accepted{Ballot: m.Ballot, Slot: m.Slot})
	case m.Slot > c.knownChosen()+Slot(windowFactor*c.limits.PipelineSlots):
		c.observer.Ignored(from, m, "too far above the chosen watermark: catching up first")
	default:
		if held, ok := c.acceptor.record(m.Slot); !ok || held.Ballot != m.Ballot {
			c.accept(Record{Slot: m.Slot, Ballot: m.Ballot, Entry: m.Entry})
		}
		c.send(from, Accepted{Ballot: m.Ballot, Slot: m.Slot})
	}
}
