package paxos

import (
	"slices"
	"testing"
	"time"
)

// next returns configuration c as changed by change, for an entry.
func next(t *testing.T, c Configuration, change func(*Configuration)) Entry {
	t.Helper()
	c.Base, c.HighestID = c.Slot, c.Highest()
	c.Voters, c.Learners = slices.Clone(c.Voters), slices.Clone(c.Learners)
	change(&c)
	payload, err := c.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return Entry{Kind: EntryConfiguration, Payload: payload}
}

func withLearner(id NodeID) func(*Configuration) {
	return func(c *Configuration) { c.Learners = append(c.Learners, Member{ID: id}) }
}

func without(id NodeID) func(*Configuration) {
	return func(c *Configuration) {
		c.Voters = slices.DeleteFunc(c.Voters, func(m Member) bool { return m.ID == id })
	}
}

// reconfigure has a leader propose a change and everybody accept it.
func (r *rig) reconfigure(change func(*Configuration)) {
	r.t.Helper()
	r.step(Proposed{Entry: next(r.t, r.core.Configuration(), change)})
	r.settle()
}

func TestM1_NothingIsProposedAfterAConfigurationUntilItIsChosen(t *testing.T) {
	r := newRig(t, 1, 3, Restored{})
	r.lead()
	r.step(Proposed{Entry: next(t, r.core.Configuration(), withLearner(4))})
	if r.core.CanPropose(1) || r.core.CanReconfigure() {
		t.Fatal("a leader with a configuration in flight takes proposals")
	}
}

func TestM1_LeaderRunsPhase1AgainInTheNewConfiguration(t *testing.T) {
	r := newRig(t, 1, 3, Restored{}, withLease)
	before := r.lead()
	r.reconfigure(func(c *Configuration) { c.Voters = append(c.Voters, Member{ID: 4}) })
	r.wantRole(RoleCandidate)
	if !before.Less(r.core.candidate.ballot) || before.Round == r.core.candidate.ballot.Round {
		t.Fatalf("phase 1 of the new configuration has ballot %v after %v, want a new round", r.core.candidate.ballot, before)
	}
	if _, _, held := r.core.Lease(); held {
		t.Fatal("L4: the lease outlives the configuration it was granted in")
	}
	ballot := r.core.candidate.ballot
	r.store()
	r.receive(2, Promise{Ballot: ballot, Chosen: r.core.Chosen(), Parts: 1})
	r.wantRole(RoleCandidate) // two of four
	r.receive(4, Promise{Ballot: ballot, Parts: 1})
	r.wantRole(RoleLeader)
	if r.core.CanPropose(1) {
		t.Fatal("a leader proposes before an entry of its ballot is chosen in the new configuration")
	}
}

func TestM1_PromisesOfTheOldConfigurationDoNotLeadInTheNewOne(t *testing.T) {
	// The promise that completes the majority says that slot 1 is chosen; it holds a configuration.
	// Those who promised would be a majority of it, had they been asked in it.
	entry := next(t, votersOf(3), without(3))
	r := newRig(t, 1, 3, Restored{})
	ballot := r.campaign()
	r.receive(2, Promise{Ballot: ballot, Chosen: 1, Parts: 1})
	r.wantRole(RoleCandidate)
	fx := r.receive(2, Learned{Records: []Record{{Slot: 1, Ballot: Ballot{Round: 1, Node: 3}, Entry: entry}}, Chosen: 1})
	if proposed := sent[Accept](fx.Send); len(proposed) != 0 {
		t.Fatalf("proposed by right of the old configuration: %v", proposed)
	}
	r.wantRole(RoleCandidate)
	if r.core.candidate.ballot == ballot || r.core.candidate.promised.IsQuorum(&r.core.configuration) {
		t.Fatalf("phase 1 did not begin anew: ballot %v, %v", r.core.candidate.ballot, r.core.candidate.promised)
	}
}

func TestM1_WhatWasAcceptedAfterAConfigurationWaitsForIt(t *testing.T) {
	old := Ballot{Round: 1, Node: 2}
	entry := next(t, votersOf(3), withLearner(4))
	r := newRig(t, 1, 3, Restored{})
	ballot := r.campaign()
	r.receive(2, Promise{Ballot: ballot, Parts: 1, Accepted: []Record{{Slot: 1, Ballot: old, Entry: entry}, record(2, old, "later")}})
	r.wantRole(RoleLeader)
	if n := len(r.core.leader.inFlight); n != 1 {
		t.Fatalf("%d slots are proposed, want the configuration alone", n)
	}
	r.store()
	r.receive(2, Accepted{Ballot: ballot, Slot: 1})
	r.wantRole(RoleCandidate)
	if r.core.Configuration().Slot != 1 {
		t.Fatalf("active is %v", r.core.Configuration())
	}
}

func TestM1_ACanvassEndsWithItsConfiguration(t *testing.T) {
	r := newRig(t, 1, 5, Restored{})
	number := r.canvass()
	r.receive(2, CanvassReply{Number: number, Granted: true})
	entry := next(t, votersOf(5), func(c *Configuration) { without(2)(c); without(5)(c) })
	r.receive(3, Learned{Records: []Record{{Slot: 1, Ballot: Ballot{Round: 1, Node: 3}, Entry: entry}}, Chosen: 1})
	r.receive(2, CanvassReply{Number: number, Granted: true})
	r.wantRole(RoleFollower)
}

func TestM2_AConfigurationThatChangesAnotherThanTheActiveOneIsVoid(t *testing.T) {
	first := votersOf(3)
	leader := Ballot{Round: 1, Node: 2}
	removed := next(t, first, without(3))
	added := next(t, first, withLearner(4)) // by a leader that did not know of the removal
	r := newRig(t, 1, 3, Restored{})
	r.receive(2, Learned{Records: []Record{{Slot: 1, Ballot: leader, Entry: removed}, {Slot: 2, Ballot: leader, Entry: added}}, Chosen: 2})
	r.wantChosen(2)
	if c := r.core.Configuration(); c.Slot != 1 || c.IsMember(3) || c.IsMember(4) {
		t.Fatalf("active is %v", c)
	}
}

func TestM2_OnlyALeaderThatIsReadyReconfigures(t *testing.T) {
	r := newRig(t, 1, 3, Restored{})
	r.elect()
	if r.core.CanReconfigure() {
		t.Fatal("a leader without a chosen entry of its own reconfigures")
	}
}

func TestM3_ARemovedNodeTakesNoPart(t *testing.T) {
	r := newRig(t, 1, 3, Restored{})
	leader := Ballot{Round: 1, Node: 2}
	entry := next(t, votersOf(3), without(1))
	r.receive(2, Learned{Records: []Record{{Slot: 1, Ballot: leader, Entry: entry}}, Chosen: 1})
	if s := r.core.Status(r.now); s.Role != RoleRemoved || !s.Removed {
		t.Fatalf("role %v, removed %v", s.Role, s.Removed)
	}
	if fx := r.tickAfter(10 * time.Second); len(sent[Canvass](fx.Send)) != 0 {
		t.Fatal("a removed node canvasses")
	}
	r.want(r.receive(3, Prepare{Ballot: Ballot{Round: 9, Node: 3}, From: 2}), "nothing")
	r.want(r.receive(2, Accept{Ballot: leader, Slot: 2, Entry: noop()}), "nothing")
	if reply := one[CanvassReply](t, r.receive(3, Canvass{Number: 1}).Send); reply.Granted {
		t.Fatal("a removed node says that it would promise")
	}
	r.store()
	r.want(r.receive(3, Learn{From: 1}), "serves slots 1 to 1 to 3")
}

func TestM3_ARemovedNodeIsNotHeard(t *testing.T) {
	r := newRig(t, 1, 3, Restored{})
	entry := next(t, votersOf(3), without(3))
	r.receive(2, Learned{Records: []Record{{Slot: 1, Ballot: Ballot{Round: 1, Node: 2}, Entry: entry}}, Chosen: 1})
	r.wait(testElection)
	r.want(r.receive(3, Prepare{Ballot: Ballot{Round: 9, Node: 3}, From: 1}), "nothing")
}

func TestALearnerStoresAndAnswersButDoesNotStandForLeader(t *testing.T) {
	r := newRig(t, 4, 3, Restored{}, func(c *Config) { withLearner(4)(&c.Configuration) })
	for range 5 {
		if fx := r.tickAfter(testElection); len(sent[Canvass](fx.Send)) != 0 {
			t.Fatal("a learner canvasses")
		}
	}
	leader := Ballot{Round: 1, Node: 1}
	fx := r.receive(1, Accept{Ballot: leader, Slot: 1, Entry: batch("x")})
	one[Accepted](t, fx.SendAfterStore)
	if s := r.core.Status(r.now); s.Role != RoleLearner {
		t.Fatalf("role %v", s.Role)
	}
}

func TestALearnerCountsForNothing(t *testing.T) {
	r := newRig(t, 1, 3, Restored{}, func(c *Config) { withLearner(4)(&c.Configuration) })
	number := r.canvass()
	r.receive(4, CanvassReply{Number: number, Granted: true})
	r.wantRole(RoleFollower)
	r.receive(2, CanvassReply{Number: number, Granted: true})
	r.store()
	ballot := r.core.candidate.ballot
	r.receive(4, Promise{Ballot: ballot, Parts: 1})
	r.wantRole(RoleCandidate)
	r.receive(2, Promise{Ballot: ballot, Parts: 1})
	r.wantRole(RoleLeader)
	r.store()
	r.receive(4, Accepted{Ballot: ballot, Slot: 1})
	r.receive(4, HeartbeatAck{Ballot: ballot, Number: r.core.leader.number})
	r.wantChosen(0)
	if r.core.leader.confirmed != 0 {
		t.Fatal("L6: a learner confirms the leadership")
	}
}

func TestAJoinerDoesNotGoBackToOlderConfigurations(t *testing.T) {
	r := newRig(t, 4, 3, Restored{}, func(c *Config) {
		withLearner(4)(&c.Configuration)
		c.Configuration.Slot = 9
	})
	entry := next(t, votersOf(3), without(3))
	r.receive(1, Learned{Records: []Record{{Slot: 1, Ballot: Ballot{Round: 1, Node: 2}, Entry: entry}}, Chosen: 9})
	r.wantChosen(1)
	if c := r.core.Configuration(); c.Slot != 9 || !c.IsMember(4) {
		t.Fatalf("active is %v", c)
	}
}
