package paxos

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// accepts returns what a step proposes, as "slot payload" in order, to one voter.
func accepts(fx *Effects, to NodeID) string {
	var texts []string
	for _, envelope := range fx.Send {
		if m, ok := envelope.Message.(Accept); ok && envelope.To == to {
			texts = append(texts, fmt.Sprintf("%v %v", m.Slot, m.Entry))
		}
	}
	return strings.Join(texts, ", ")
}

func TestPhase1_AdoptsTheHighestBallotWhateverTheOrder(t *testing.T) {
	low, high := record(1, ballot(1, 2), "low"), record(1, ballot(2, 3), "high")
	for _, answers := range [][2]Record{{low, high}, {high, low}} {
		r := newRig(t, 1, 5, Restored{Promised: ballot(3, 4)})
		b := r.campaign()
		r.receive(2, Promise{Ballot: b, Accepted: answers[:1], Parts: 1})
		fx := r.receive(3, Promise{Ballot: b, Accepted: answers[1:], Parts: 1})
		r.wantRole(RoleLeader)
		if got := accepts(fx, 2); got != `1 batch "high", 2 noop` {
			t.Fatalf("proposes %s", got)
		}
	}
}

func TestPhase1_OwnRecordIsOneOfTheAnswers(t *testing.T) {
	r := newRig(t, 1, 3, Restored{Promised: ballot(2, 3), Records: []Record{record(1, ballot(2, 3), "own")}})
	b := r.campaign()
	fx := r.receive(2, Promise{Ballot: b, Accepted: []Record{record(1, ballot(1, 2), "theirs")}, Parts: 1})
	if got := accepts(fx, 2); got != `1 batch "own", 2 noop` {
		t.Fatalf("proposes %s", got)
	}
}

func TestPhase1_GapsBecomeNoops(t *testing.T) {
	r := newRig(t, 1, 3, Restored{Promised: ballot(2, 3), Chosen: 4})
	b := r.campaign()
	accepted := []Record{record(5, ballot(1, 2), "five"), record(8, ballot(1, 2), "eight")}
	fx := r.receive(2, Promise{Ballot: b, Chosen: 4, Accepted: accepted, Parts: 1})
	if got := accepts(fx, 3); got != `5 batch "five", 6 noop, 7 noop, 8 batch "eight", 9 noop` {
		t.Fatalf("proposes %s", got)
	}
}

// The lost write: with one field for the promised and the accepted ballot, a mere promise made an old record look new,
// and a later phase 1 took it over the chosen value.
func TestPhase1_PromiseDoesNotRaiseTheBallotOfARecord(t *testing.T) {
	r := newRig(t, 2, 3, Restored{Promised: ballot(1, 1), Records: []Record{record(1, ballot(1, 1), "old")}})
	r.wait(testLease)
	fx := r.receive(3, Prepare{Ballot: ballot(5, 3), From: 1})
	for _, accepted := range one[Promise](t, fx.SendAfterStore).Accepted {
		if accepted.Ballot != ballot(1, 1) {
			t.Fatalf("reports %v, which was accepted at 1.1", accepted)
		}
	}
	r.start(Restored{Promised: ballot(5, 3), Records: []Record{record(1, ballot(1, 1), "old")}}) // the same from disk
	b := r.campaign()
	fx = r.receive(1, Promise{Ballot: b, Accepted: []Record{record(1, ballot(2, 1), "chosen")}, Parts: 1})
	if got := accepts(fx, 1); got != `1 batch "chosen", 2 noop` {
		t.Fatalf("the chosen value is overwritten: proposes %s", got)
	}
}

func TestPhase1_PromiseIsRefusedBelowAHigherOne(t *testing.T) {
	r := newRig(t, 2, 3, Restored{Promised: ballot(5, 3)})
	r.wait(testLease)
	r.want(r.receive(1, Prepare{Ballot: ballot(4, 1), From: 1}), "->1 Reject{ballot 4.1, promised 5.3}")
}

func TestPhase1_ForeignBallotsAreIgnored(t *testing.T) {
	r := newRig(t, 2, 3, Restored{})
	r.wait(testLease)
	for _, m := range []Message{
		Prepare{Ballot: ballot(4, 3), From: 1}, Accept{Ballot: ballot(4, 3), Slot: 1, Entry: noop()}, Heartbeat{Ballot: ballot(4, 3), Number: 1},
	} {
		r.want(r.receive(1, m), "nothing")
	}
}

func TestPhase1_OnlyPromisesOfThisBallotCount(t *testing.T) {
	r := newRig(t, 1, 3, Restored{})
	old := r.campaign()
	r.receive(2, Reject{Ballot: old, Promised: ballot(7, 3)})
	r.wantRole(RoleFollower)
	b := r.campaign()
	if b.Round <= 7 {
		t.Fatalf("ballot %v is not above the promise that refused the last", b)
	}
	r.receive(2, Promise{Ballot: old, Parts: 1})
	r.wantRole(RoleCandidate)
	r.receive(2, Promise{Ballot: b, Parts: 1})
	r.wantRole(RoleLeader)
}

func TestPhase1_PromisesOfOneVoterCountOnce(t *testing.T) {
	r := newRig(t, 1, 5, Restored{})
	b := r.campaign()
	for range 3 {
		r.receive(2, Promise{Ballot: b, Parts: 1})
	}
	r.wantRole(RoleCandidate)
}

func TestPhase1_RejectOfAnEarlierBallotIsIgnored(t *testing.T) {
	r := newRig(t, 1, 3, Restored{})
	r.campaign()
	r.receive(2, Reject{Ballot: ballot(99, 3), Promised: ballot(100, 3)})
	r.wantRole(RoleCandidate)
}

func TestPhase1_SplitPromiseStaysWithinTheBudget(t *testing.T) {
	var held []Record
	for s := Slot(1); s <= 5; s++ {
		held = append(held, record(s, ballot(1, 1), "0123456789"))
	}
	r := newRig(t, 2, 3, Restored{Promised: ballot(1, 1), Records: held}, withLimits(Limits{LearnBytes: 25}))
	r.wait(testLease)
	fx := r.receive(3, Prepare{Ballot: ballot(2, 3), From: 1})
	parts := sent[Promise](fx.SendAfterStore)
	var sizes []int
	for i, part := range parts {
		if int(part.Part) != i || part.Parts != 3 {
			t.Fatalf("part %d of %d in place %d", part.Part, part.Parts, i)
		}
		sizes = append(sizes, len(part.Accepted))
	}
	if fmt.Sprint(sizes) != "[2 2 1]" {
		t.Fatalf("parts of %v records, want [2 2 1]", sizes)
	}
}

func TestPhase1_OnlyAWholeAnswerCounts(t *testing.T) {
	r := newRig(t, 1, 3, Restored{})
	b := r.campaign()
	part := func(n uint32) Promise { return Promise{Ballot: b, Part: n, Parts: 3} }
	for _, n := range []uint32{2, 2, 0, 0} {
		r.receive(2, part(n))
		r.wantRole(RoleCandidate)
	}
	r.receive(2, part(1))
	r.wantRole(RoleLeader)
}

func TestPhase1_PartsOfTwoAnswersAreNotOne(t *testing.T) {
	r := newRig(t, 1, 3, Restored{})
	b := r.campaign()
	// Cut as [1 2][3 4]; once slot 1 was learned in between, as [2 3][4]: slot 3 would be missing.
	r.receive(2, Promise{Ballot: b, Chosen: 0, Part: 0, Parts: 2, Accepted: []Record{record(1, ballot(1, 2), "a"), record(2, ballot(1, 2), "b")}})
	r.receive(2, Promise{Ballot: b, Chosen: 1, Part: 1, Parts: 2, Accepted: []Record{record(4, ballot(1, 2), "d")}})
	if r.core.candidate.promised.Has(&r.core.configuration, 2) {
		t.Fatal("two halves of different answers count as one")
	}
}

func TestPhase1_RepeatedPrepareAsksForTheSameSlots(t *testing.T) {
	r := newRig(t, 1, 3, Restored{})
	b := r.campaign()
	r.receive(2, Learned{Records: []Record{record(1, ballot(1, 2), "a")}, Chosen: 1})
	r.wantChosen(1)
	fx := r.tickAfter(4 * testHeartbeat)
	for _, prepare := range sent[Prepare](fx.SendAfterStore) {
		if prepare.From != 1 || prepare.Ballot != b {
			t.Fatalf("repeats %v", prepare)
		}
	}
}

func TestPhase1_ReportsOnlyAboveTheOwnWatermark(t *testing.T) {
	held := []Record{record(4, ballot(1, 1), "four")}
	r := newRig(t, 2, 3, Restored{Promised: ballot(1, 1), Chosen: 3, Records: held})
	r.wait(testLease)
	promise := one[Promise](t, r.receive(3, Prepare{Ballot: ballot(2, 3), From: 1}).SendAfterStore)
	if promise.Chosen != 3 || len(promise.Accepted) != 1 || promise.Accepted[0].Slot != 4 {
		t.Fatalf("reports %v", promise)
	}
}

func TestPhase1_WhatAVoterKnowsToBeChosenIsLearnedFirst(t *testing.T) {
	r := newRig(t, 1, 3, Restored{})
	b := r.campaign()
	fx := r.receive(2, Promise{Ballot: b, Chosen: 2, Parts: 1})
	r.wantRole(RoleCandidate)
	if learn := one[Learn](t, fx.Send); learn.From != 1 {
		t.Fatalf("asks from slot %v", learn.From)
	}
	r.receive(2, Learned{Records: []Record{record(1, ballot(1, 2), "a")}, Chosen: 2})
	r.wantRole(RoleCandidate)
	fx = r.receive(2, Learned{Records: []Record{record(2, ballot(1, 2), "b")}, Chosen: 2})
	r.wantRole(RoleLeader)
	if got := accepts(fx, 3); got != "3 noop" {
		t.Fatalf("proposes %s, want its own no-op in slot 3", got)
	}
}

func TestPhase1_DoesNotWaitForWhatOnlyOthersKnow(t *testing.T) {
	r := newRig(t, 1, 3, Restored{})
	r.receive(3, Heartbeat{Ballot: ballot(1, 3), Chosen: 9, Number: 1}) // node 3 knows 9 slots, and is gone
	b := r.campaign()
	r.receive(2, Promise{Ballot: b, Chosen: 1, Parts: 1})
	r.receive(2, Learned{Records: []Record{record(1, ballot(1, 3), "a")}, Chosen: 1})
	r.wantRole(RoleLeader)
}

func TestPhase1_GivesUpWithoutAMajorityAndGoesOnWhileItLearns(t *testing.T) {
	r := newRig(t, 1, 3, Restored{})
	b := r.campaign()
	r.receive(2, Promise{Ballot: b, Chosen: 50, Parts: 1})
	for s := Slot(1); s <= 10; s++ {
		r.tickAfter(500 * time.Millisecond)
		r.receive(2, Learned{Records: []Record{record(s, ballot(1, 2), "x")}, Chosen: 50})
		r.wantRole(RoleCandidate)
	}
	r.tickAfter(testElection)
	r.wantRole(RoleFollower)
}

func TestPhase1_LinkUpRepeatsThePrepareAtOnce(t *testing.T) {
	r := newRig(t, 1, 5, Restored{})
	b := r.campaign()
	r.want(r.step(LinkUp{Peer: 3}), fmt.Sprintf("after #1 ->3 Prepare{ballot %v, from 1}", b))
	r.receive(2, Promise{Ballot: b, Parts: 1})
	r.want(r.step(LinkUp{Peer: 2}), "nothing") // it has answered
}

func TestRestart_PromiseCoversWhatWasLearned(t *testing.T) {
	r := newRig(t, 2, 3, Restored{Promised: ballot(2, 1), Records: []Record{record(1, ballot(5, 3), "learned")}})
	r.want(r.receive(1, Accept{Ballot: ballot(3, 1), Slot: 1, Entry: batch("late")}), "->1 Reject{ballot 3.1, promised 5.3}")
	if b := r.campaign(); b.Round <= 5 {
		t.Fatalf("campaigns with %v", b)
	}
}

func TestRestart_GoesOnFromWhatWasStored(t *testing.T) {
	held := []Record{record(8, ballot(4, 1), "eight")}
	r := newRig(t, 2, 3, Restored{Promised: ballot(4, 1), Chosen: 7, Records: held})
	r.want(r.receive(1, Heartbeat{Ballot: ballot(4, 1), Chosen: 8, Number: 3}),
		`->1 HeartbeatAck{ballot 4.1, number 3, chosen 8, synced 8} | chosen 8@4.1 batch "eight" | leader changed`)
}

func TestPhase1_APartOfAnEarlierAnswerDoesNotReplaceTheOneCounted(t *testing.T) {
	r := newRig(t, 1, 3, Restored{Promised: ballot(1, 3), Chosen: 90, Records: []Record{record(91, ballot(1, 3), "91")}})
	b := r.campaign()
	// Node 2 was asked twice, and has learned in between: its second answer is whole, and says that slots up to 95 are chosen.
	r.receive(2, Promise{Ballot: b, Chosen: 95, Accepted: []Record{record(96, ballot(1, 3), "96")}, Parts: 1})
	r.receive(2, Promise{Ballot: b, Chosen: 90, Accepted: []Record{record(92, ballot(1, 3), "92")}, Parts: 9})
	r.receive(2, Learned{Records: []Record{record(91, ballot(1, 3), "91")}, Chosen: 95})
	r.wantRole(RoleCandidate) // it lacks 92 to 95
	r.receive(2, learned(92, 95, 95))
	r.wantRole(RoleLeader)
}

func TestPhase1_WaitsForLargeAnswers(t *testing.T) {
	const size = 48 << 20 // three seconds, and so three election timeouts, at the slowest rate that counts
	large := Record{Slot: 1, Ballot: ballot(1, 3), Entry: Entry{Kind: EntryBatch, Payload: make([]byte, size)}}

	// The voter sends it once, and does not canvass before it can have arrived.
	voter := newRig(t, 2, 3, Restored{Promised: ballot(1, 3), Records: []Record{large}})
	voter.wait(testLease)
	prepare := Prepare{Ballot: ballot(2, 1), From: 1}
	one[Promise](t, voter.receive(1, prepare).SendAfterStore)
	voter.store()
	for range 11 {
		voter.wait(250 * time.Millisecond)
		if fx := voter.receive(1, prepare); len(fx.Send)+len(fx.SendAfterStore) > 0 {
			t.Fatalf("it sends it again: %v", fx)
		}
		if fx := voter.step(Ticked{}); len(sent[Canvass](fx.Send)) > 0 {
			t.Fatalf("it canvasses meanwhile: %v", fx)
		}
	}
	// A link that broke took it with it.
	voter.wait(10 * time.Second)
	one[Promise](t, voter.receive(1, prepare).SendAfterStore)
	voter.step(LinkUp{Peer: 1})
	one[Promise](t, voter.receive(1, prepare).SendAfterStore)

	// The candidate waits twice as long each time, until it is long enough.
	candidate := newRig(t, 1, 3, Restored{Promised: ballot(1, 3)})
	for _, patience := range []time.Duration{600, 1200, 2400, 4800} {
		candidate.campaign()
		candidate.tickAfter(patience*time.Millisecond - 1)
		candidate.wantRole(RoleCandidate)
		candidate.tickAfter(10 * time.Second)
		candidate.wantRole(RoleFollower)
	}
	candidate.lead()
	if candidate.core.failedPhases1 != 0 {
		t.Error("who leads has not forgotten the failures before")
	}
}
