package paxos

import (
	"strings"
	"testing"
	"time"
)

func TestCounting_VotesOfOneVoterCountOnce(t *testing.T) {
	r := newRig(t, 1, 5, Restored{})
	b := r.elect()
	r.store()
	for range 3 {
		r.receive(2, Accepted{Ballot: b, Slot: 1})
	}
	r.wantChosen(0)
	r.receive(3, Accepted{Ballot: b, Slot: 1})
	r.wantChosen(1)
}

func TestCounting_VotesAtOtherBallotsDoNotCount(t *testing.T) {
	r := newRig(t, 1, 3, Restored{Promised: ballot(3, 1)})
	r.elect()
	r.store()
	r.receive(2, Accepted{Ballot: ballot(3, 1), Slot: 1})
	r.wantChosen(0)
}

func TestCounting_VotesForOtherSlotsDoNotCount(t *testing.T) {
	r := newRig(t, 1, 3, Restored{})
	b := r.elect()
	r.store()
	for _, s := range []Slot{0, 2, 1 << 40} {
		r.receive(2, Accepted{Ballot: b, Slot: s})
	}
	r.wantChosen(0)
}

func TestCounting_OnlyVotersAreHeard(t *testing.T) {
	r := newRig(t, 1, 3, Restored{})
	b := r.elect()
	r.store()
	for _, id := range []NodeID{0, 1, 4, 99} {
		r.want(r.receive(id, Accepted{Ballot: b, Slot: 1}), "nothing")
	}
}

func TestAccept_IsRefusedBelowThePromise(t *testing.T) {
	r := newRig(t, 2, 3, Restored{Promised: ballot(5, 3)})
	r.want(r.receive(1, Accept{Ballot: ballot(4, 1), Slot: 1, Entry: noop()}), "->1 Reject{ballot 4.1, promised 5.3}")
	r.want(r.receive(1, Heartbeat{Ballot: ballot(4, 1), Number: 1}), "->1 Reject{ballot 4.1, promised 5.3}")
}

func TestAccept_HigherBallotReplacesTheRecord(t *testing.T) {
	r := newRig(t, 2, 3, Restored{Promised: ballot(1, 1), Records: []Record{record(1, ballot(1, 1), "old")}})
	fx := r.receive(3, Accept{Ballot: ballot(2, 3), Slot: 1, Entry: batch("new")})
	if fx.Write.Promised != ballot(2, 3) || len(fx.Write.Records) != 1 || fx.Write.Records[0].Ballot != ballot(2, 3) {
		t.Fatalf("stores %v", fx.Write)
	}
}

func TestAccept_WindowBoundsWhatALaggardHolds(t *testing.T) {
	r := newRig(t, 2, 3, Restored{}, withLimits(Limits{PipelineSlots: 2}))
	last := Slot(2 * windowFactor)
	if fx := r.receive(1, Accept{Ballot: ballot(1, 1), Slot: last, Entry: noop()}); fx.Write.IsEmpty() {
		t.Fatalf("refuses slot %v, the last of its window", last)
	}
	fx := r.receive(1, Accept{Ballot: ballot(1, 1), Slot: last + 1, Entry: noop(), Chosen: last})
	if !fx.Write.IsEmpty() || len(fx.SendAfterStore) != 0 {
		t.Fatalf("takes a slot beyond its window: %v", fx)
	}
	if len(sent[Learn](fx.Send)) != 1 {
		t.Fatalf("does not catch up: %v", fx)
	}
}

func TestPipeline_IsBoundedInSlots(t *testing.T) {
	r := newRig(t, 1, 3, Restored{}, withLimits(Limits{PipelineSlots: 2}))
	r.lead()
	r.propose("a")
	r.propose("b")
	if r.core.CanPropose(1) {
		t.Fatal("a third slot fits into a pipeline of two")
	}
	r.settle()
	if !r.core.CanPropose(1) {
		t.Fatal("no room once the slots are chosen")
	}
}

func TestPipeline_IsBoundedInBytesButLetsOneThrough(t *testing.T) {
	r := newRig(t, 1, 3, Restored{}, withLimits(Limits{PipelineBytes: 10}))
	r.lead()
	if !r.core.CanPropose(1000) {
		t.Fatal("one large entry is not let through")
	}
	r.propose("123456")
	if r.core.CanPropose(5) || !r.core.CanPropose(4) {
		t.Fatal("6 bytes of 10 are in flight: 4 fit, 5 do not")
	}
}

func TestPipeline_OpensOnlyOnceAnOwnEntryIsChosen(t *testing.T) {
	r := newRig(t, 1, 3, Restored{})
	if r.core.CanPropose(0) {
		t.Fatal("a follower can propose")
	}
	r.elect()
	if r.core.CanPropose(0) {
		t.Fatal("proposes before its own no-op is chosen")
	}
	r.settle()
	if !r.core.CanPropose(0) {
		t.Fatal("cannot propose though its own no-op is chosen")
	}
}

func TestPipeline_ProposalThatCannotBeIsFatal(t *testing.T) {
	r := newRig(t, 1, 3, Restored{})
	if fx := r.core.Step(r.now, Proposed{Entry: noop()}); fx.Fatal == nil || !strings.Contains(fx.Fatal.Error(), "cannot propose") {
		t.Fatalf("got %v", fx.Fatal)
	}
}

func TestLeader_SendsAndStoresInParallel(t *testing.T) {
	r := newRig(t, 1, 3, Restored{})
	r.lead()
	fx := r.propose("a")
	if len(sent[Accept](fx.Send)) != 2 || len(fx.Write.Records) != 1 {
		t.Fatalf("got %v", fx)
	}
}

func TestLeader_AnnouncesChosenAtOnceWhenIdle(t *testing.T) {
	r := newRig(t, 1, 3, Restored{})
	b := r.lead()
	r.propose("a")
	r.store()
	fx := r.receive(2, Accepted{Ballot: b, Slot: 2})
	if heartbeats := sent[Heartbeat](fx.Send); len(heartbeats) != 2 || heartbeats[0].Chosen != 2 {
		t.Fatalf("the watermark waits for the next heartbeat: %v", fx)
	}
}

// Nobody else waits for the entry, so its being chosen costs no messages of its own; but the others learn of it with the next tick, or the
// next Accept.
func TestLeader_ALocalEntryIsAnnouncedWithTheNextTick(t *testing.T) {
	r := newRig(t, 1, 3, Restored{})
	b := r.lead()
	local := func(s Slot) *Effects {
		r.step(Proposed{Entry: batch("a"), Local: true})
		r.store()
		return r.receive(2, Accepted{Ballot: b, Slot: s})
	}
	if fx := local(2); len(fx.Send) != 0 || len(fx.Chosen) != 1 {
		t.Fatalf("chosen: %v", fx)
	}
	if fx := r.tickAfter(time.Millisecond); len(sent[Heartbeat](fx.Send)) != 2 || sent[Heartbeat](fx.Send)[0].Chosen != 2 {
		t.Fatalf("the next tick: %v", fx)
	}
	if fx := r.tickAfter(time.Millisecond); len(fx.Send) != 0 {
		t.Fatalf("told once, and again: %v", fx)
	}
	local(3)
	if fx := r.propose("b"); sent[Accept](fx.Send)[0].Chosen != 3 {
		t.Fatalf("the next Accept: %v", fx)
	}
	r.store()
	if fx := r.receive(2, Accepted{Ballot: b, Slot: 4}); len(sent[Heartbeat](fx.Send)) != 2 {
		t.Fatalf("an entry that others wait for, behind a local one: %v", fx)
	}
}

func TestLeader_ResendsWithGrowingPatience(t *testing.T) {
	r := newRig(t, 1, 3, Restored{})
	r.lead()
	r.propose("a")
	r.store()
	resends := func(heartbeats int) (count int) {
		for range heartbeats {
			count += len(sent[Accept](r.tickAfter(testHeartbeat).Send))
			r.ackAll()
		}
		return count
	}
	if n := resends(firstResend - 1); n != 0 {
		t.Fatalf("%d resends before their time", n)
	}
	if n := resends(1); n != 2 {
		t.Fatalf("%d resends, want one to each voter", n)
	}
	if n := resends(2*firstResend - 1); n != 0 {
		t.Fatalf("%d resends within twice the first wait", n)
	}
	if n := resends(1); n != 2 {
		t.Fatalf("%d second resends, want 2", n)
	}
}

func TestLeader_LinkUpSendsAgainWhatIsInFlight(t *testing.T) {
	r := newRig(t, 1, 3, Restored{})
	b := r.lead()
	r.propose("a")
	r.propose("b")
	r.receive(3, Accepted{Ballot: b, Slot: 2})
	if got := accepts(r.step(LinkUp{Peer: 3}), 3); got != `3 batch "b"` {
		t.Fatalf("sends again %s, want what node 3 has not voted for", got)
	}
}

func TestLeader_StepsDownWithoutAMajority(t *testing.T) {
	r := newRig(t, 1, 5, Restored{})
	r.lead()
	for range 11 {
		r.tickAfter(testHeartbeat)
		r.ack(2, r.core.leader.number) // two of five
		r.wantRole(RoleLeader)
	}
	r.tickAfter(testHeartbeat)
	fx := r.tickAfter(testHeartbeat)
	r.wantRole(RoleFollower)
	if len(sent[Heartbeat](fx.Send)) != 0 || !fx.LeaderChanged {
		t.Fatalf("goes on: %v", fx)
	}
}

func TestLeader_StaysWithAMajority(t *testing.T) {
	r := newRig(t, 1, 5, Restored{})
	r.lead()
	for range 100 {
		r.tickAfter(testHeartbeat)
		r.ack(2, r.core.leader.number)
		r.ack(3, r.core.leader.number)
	}
	r.wantRole(RoleLeader)
}

func TestLeader_StepsDownWhenItsJournalStandsStill(t *testing.T) {
	r := newRig(t, 1, 3, Restored{})
	r.lead()
	r.propose("a")
	for range 12 {
		r.tickAfter(testHeartbeat)
		r.ackAll()
		r.wantRole(RoleLeader)
	}
	r.tickAfter(testHeartbeat)
	r.wantRole(RoleFollower)
	if fx := r.tickAfter(testElection); len(sent[Canvass](fx.Send)) != 0 {
		t.Fatalf("canvasses with a journal that stands still: %v", fx)
	}
}

// TestLeader_AllowsALargeEntryItsTime: a journal that is busy with 64 MiB does not stand still, and sending them again
// before they can have arrived would only delay them more.
func TestLeader_AllowsALargeEntryItsTime(t *testing.T) {
	r := newRig(t, 1, 3, Restored{})
	r.lead()
	r.propose(strings.Repeat("x", 64<<20))
	takes := time.Duration(transferTime(64 << 20))
	resent := 0
	for waited := time.Duration(0); waited < takes+r.core.limits.ElectionMin-2*testHeartbeat; waited += testHeartbeat {
		fx := r.tickAfter(testHeartbeat)
		r.ackAll()
		r.wantRole(RoleLeader)
		if resent += len(sent[Accept](fx.Send)); resent > 0 && waited < takes {
			t.Fatalf("sent again after %v, before it can have arrived", waited)
		}
	}
	for range 4 {
		r.tickAfter(testHeartbeat)
		r.ackAll()
	}
	r.wantRole(RoleFollower)
}

func TestLeader_RenewsAboveAPromiseWhileAMajorityAnswers(t *testing.T) {
	r := newRig(t, 1, 3, Restored{})
	b := r.lead()
	r.propose("a")
	fx := r.receive(3, Reject{Ballot: b, Promised: ballot(6, 3)})
	r.wantRole(RoleCandidate)
	if prepare := sent[Prepare](fx.SendAfterStore); len(prepare) != 2 || prepare[0].Ballot != ballot(7, 1) {
		t.Fatalf("does not go above 6.3: %v", fx)
	}
	r.store()
	fx = r.receive(2, Promise{Ballot: ballot(7, 1), Parts: 1})
	if got := accepts(fx, 2); got != `2 batch "a", 3 noop` {
		t.Fatalf("what was in flight is lost: proposes %s", got)
	}
}

func TestLeader_GivesWayToAPromiseWithoutAMajority(t *testing.T) {
	r := newRig(t, 1, 3, Restored{})
	b := r.lead()
	r.wait(testLease + time.Millisecond)
	r.receive(3, Reject{Ballot: b, Promised: ballot(6, 3)})
	r.wantRole(RoleFollower)
}

func TestLeader_IgnoresARejectOfAnEarlierBallot(t *testing.T) {
	r := newRig(t, 1, 3, Restored{Promised: ballot(3, 1)})
	r.lead()
	r.want(r.receive(3, Reject{Ballot: ballot(3, 1), Promised: ballot(3, 2)}), "nothing")
	r.wantRole(RoleLeader)
}
