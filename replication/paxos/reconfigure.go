package paxos

// CanReconfigure reports whether a configuration may be proposed now: rule M2 asks for a leader with an entry of its own
// ballot chosen, and for one change at a time.
func (c *Core) CanReconfigure() bool { return c.CanPropose(0) }

// Configuration returns the configuration that governs the next slot to be chosen, as far as this node knows.
func (c *Core) Configuration() Configuration { return c.configuration }

// isRemoved reports whether id was a member once, as far as this node knows.
func (c *Core) isRemoved(id NodeID) bool {
	return !c.configuration.IsMember(id) && id <= c.configuration.Highest()
}

// chooseConfiguration makes the configuration of a chosen entry the active one.
func (c *Core) chooseConfiguration(record Record) {
	configuration, err := DecodeConfiguration(record.Entry.Payload)
	if err != nil {
		c.fatal("the configuration chosen in slot %v cannot be used: %w", record.Slot, err)
		return
	}
	configuration.Slot = record.Slot
	if configuration.Base == c.configuration.Slot || BreakM1Base.On() || record.Slot <= c.configuration.Slot {
		c.takeConfiguration(configuration)
	} else if c.role == RoleLeader {
		c.replace() // void; but whatever was accepted after it is still to be found by phase 1
	}
}

// replace notes, once a step, that the configuration before this moment is over.
func (c *Core) replace() {
	if c.replaced == nil {
		replaced := c.configuration
		c.replaced = &replaced
	}
}

// takeConfiguration makes a configuration the active one, unless this node knows of a later one: it was told that when it
// joined, and still learns the slots before.
func (c *Core) takeConfiguration(configuration Configuration) {
	if configuration.Slot <= c.configuration.Slot {
		return
	}
	c.replace()
	c.configuration = configuration
	c.effects.Configuration = &configuration
}

// enterConfiguration ends a step in which a configuration has become active. Rule M1: a leader, which proposed nothing after
// it, runs phase 1 again, with a new round; no tally, lease or read round of the configuration before goes on.
func (c *Core) enterConfiguration() {
	replaced := c.replaced
	c.replaced = nil
	c.follower.canvass = canvass{}
	why := "the configuration of slot " + c.configuration.Slot.String()
	if c.role == RoleLeader {
		c.bidFarewell(replaced)
	}
	switch {
	case c.role == RoleFollower:
		if c.configuration.isOnlyVoter(c.self) {
			c.follower.electionAt = c.now.Mono
		}
	case c.configuration.IsVoter(c.self):
		c.startPhase1(c.candidate.handOver, why)
		if BreakM1Phase1.On() {
			c.startLeading()
		}
	default:
		c.becomeFollower(Ballot{}, why)
	}
}

// bidFarewell tells the members of the former configuration, those left out above all, that it is over. The ballot is the
// one they accepted the new one at, so they may take their own record for chosen (rule C1).
func (c *Core) bidFarewell(former *Configuration) {
	for _, m := range former.Members() {
		c.sendOther(m.ID, Heartbeat{Ballot: c.leader.ballot, Chosen: c.log.chosen, Number: c.leader.number})
	}
}
