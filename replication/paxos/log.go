package paxos

// log is the learner's side: how far the slots are known to be chosen. Everything up to chosen has been handed to the
// driver, in order and without gaps (rule C2); what is accepted above it is with the acceptor.
type log struct {
	chosen Slot
	// first is the lowest slot that is not cut off. All below it is chosen, and in the checkpoint of slot checkpoint, which
	// is the newest published here.
	first, checkpoint Slot
}

func newLog(r Restored) log {
	return log{chosen: r.Chosen, first: max(r.First, 1), checkpoint: r.Checkpoint}
}

// knownChosen is the highest slot such that it and all below are known to be chosen. It is above log.chosen only while a
// node that has lost its state fetches it: what it once cut off was chosen.
func (c *Core) knownChosen() Slot { return max(c.log.chosen, c.log.first-1) }

// choose marks the next slot chosen with the entry of record, hands it over to be applied, and lets go of it.
func (c *Core) choose(record Record) {
	if record.Slot != c.log.chosen+1 {
		c.fatal("slot %v chosen out of order after %v", record.Slot, c.log.chosen)
		return
	}
	c.log.chosen = record.Slot
	c.acceptor.forget(record.Slot)
	c.effects.Chosen = append(c.effects.Chosen, record)
	if record.Entry.Kind == EntryConfiguration {
		c.chooseConfiguration(record)
	}
}

// heardChosen takes a leader's word at ballot that the slots up to through are chosen. Rule C1: an own record counts
// only if it was accepted at that very ballot; at the first that was not, the entries are fetched.
func (c *Core) heardChosen(ballot Ballot, through Slot) {
	for c.log.chosen < through && !c.catchUp.fetching {
		record, ok := c.acceptor.record(c.log.chosen + 1)
		if !ok || record.Ballot != ballot && !BreakC1.On() {
			c.wantThrough(through, ballot.Node)
			return
		}
		c.choose(record)
	}
}
