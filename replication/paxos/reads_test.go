package paxos

import (
	"testing"
	"time"
)

func TestL5_ReadWaitsForAnOwnEntryChosen(t *testing.T) {
	r := newRig(t, 1, 3, Restored{Promised: ballot(1, 2), Chosen: 3})
	b := r.elect()
	if fx := r.step(ReadAsked{ID: 1}); len(fx.ReadReady)+len(sent[Heartbeat](fx.Send)) != 0 {
		t.Fatalf("a round before its own no-op is chosen: %v", fx)
	}
	r.ackAll()
	r.store()
	fx := r.receive(2, Accepted{Ballot: b, Slot: 4})
	if len(fx.ReadReady) != 0 || len(sent[Heartbeat](fx.Send)) == 0 {
		t.Fatalf("no fresh round once the no-op is chosen: %v", fx)
	}
	r.want(r.ack(2, r.core.leader.number), "read 1 ready at slot 4")
}

func TestL5_ReadSeesWhatWasChosenWhenItArrived(t *testing.T) {
	r := newRig(t, 1, 3, Restored{})
	r.lead()
	r.propose("a")
	r.settle()
	r.step(ReadAsked{ID: 1})
	r.want(r.ack(2, r.core.leader.number), "read 1 ready at slot 2")
}

func TestL6_HeartbeatSentBeforeTheReadDoesNotConfirmIt(t *testing.T) {
	r := newRig(t, 1, 3, Restored{})
	r.lead()
	r.tickAfter(testHeartbeat)
	earlier := r.core.leader.number
	fx := r.step(ReadAsked{ID: 1})
	if fresh := sent[Heartbeat](fx.Send); len(fresh) != 2 || fresh[0].Number <= earlier {
		t.Fatalf("no fresh heartbeat: %v", fx)
	}
	if fx := r.ack(2, earlier); len(fx.ReadReady) != 0 {
		t.Fatalf("confirmed by heartbeat %d, sent before the read: %v", earlier, fx)
	}
	if fx := r.ack(3, earlier); len(fx.ReadReady) != 0 {
		t.Fatalf("confirmed by heartbeat %d, sent before the read: %v", earlier, fx)
	}
	r.want(r.ack(3, r.core.leader.number), "read 1 ready at slot 1")
}

func TestL6_ALaterHeartbeatConfirmsTheRead(t *testing.T) {
	r := newRig(t, 1, 3, Restored{})
	r.lead()
	r.step(ReadAsked{ID: 1}) // its own heartbeat is lost
	r.tickAfter(testHeartbeat)
	r.want(r.ack(2, r.core.leader.number), "read 1 ready at slot 1")
}

func TestL6_AMajorityMustAnswer(t *testing.T) {
	r := newRig(t, 1, 5, Restored{})
	r.lead()
	r.step(ReadAsked{ID: 1})
	number := r.core.leader.number
	for range 3 {
		r.want(r.ack(2, number), "nothing")
	}
	r.want(r.ack(3, number), "read 1 ready at slot 1")
}

func TestL6_NumbersAreFreshAndUnsentOnesDoNotCount(t *testing.T) {
	r := newRig(t, 1, 3, Restored{})
	r.lead()
	seen := map[uint64]bool{}
	for id := uint64(1); id <= 50; id++ {
		fx := r.tickAfter(testHeartbeat / 2)
		fx2 := r.step(ReadAsked{ID: id})
		for _, heartbeat := range append(sent[Heartbeat](fx.Send), sent[Heartbeat](fx2.Send)...) {
			seen[heartbeat.Number] = true
		}
		r.ackAll()
	}
	if uint64(len(seen)) > r.core.leader.number {
		t.Fatal("a number was used twice")
	}
	r.step(ReadAsked{ID: 51})
	r.want(r.ack(2, r.core.leader.number+1), "nothing")
}

func TestL6_AcksOfAnotherBallotDoNotCount(t *testing.T) {
	r := newRig(t, 1, 3, Restored{Promised: ballot(3, 1)})
	r.lead()
	r.step(ReadAsked{ID: 1})
	r.want(r.receive(2, HeartbeatAck{Ballot: ballot(3, 1), Number: r.core.leader.number}), "nothing")
}

func TestL6_OneRoundServesAllThatWait(t *testing.T) {
	r := newRig(t, 1, 3, Restored{})
	r.lead()
	for id := uint64(1); id <= maxReadRounds; id++ {
		r.step(ReadAsked{ID: id}) // each starts a round
	}
	for id := uint64(maxReadRounds + 1); id <= 10; id++ {
		r.want(r.step(ReadAsked{ID: id}), "nothing") // these wait together
	}
	r.receive(2, ReadAsk{Number: 77})
	r.ack(2, r.core.leader.number)
	fx := r.ack(2, r.core.leader.number)
	if len(fx.ReadReady) != 10-maxReadRounds {
		t.Fatalf("one round answers %d reads, want %d", len(fx.ReadReady), 10-maxReadRounds)
	}
	if slot := one[ReadSlot](t, fx.Send); slot.Number != 77 {
		t.Fatalf("answers %v", slot)
	}
}

func TestReads_LeaseAnswersAtOnceAndOnlyWhileHeld(t *testing.T) {
	r := newRig(t, 1, 3, Restored{}, withLease)
	r.lead()
	r.want(r.step(ReadAsked{ID: 1}), "read 1 ready at slot 1")
	r.want(r.receive(2, ReadAsk{Number: 5}), "->2 ReadSlot{ballot 1.1, number 5, slot 1}")
	r.now.Real += int64(testLease) // the wall clock says that the lease is over
	if fx := r.step(ReadAsked{ID: 2}); len(fx.ReadReady) != 0 || len(sent[Heartbeat](fx.Send)) != 2 {
		t.Fatalf("a read without a lease must take a round: %v", fx)
	}
}

// followerWithReads is node 2, following node 1, with reads asked.
func followerWithReads(t *testing.T, count uint64) (*rig, uint64) {
	t.Helper()
	r := newRig(t, 2, 3, Restored{})
	r.receive(1, Heartbeat{Ballot: ballot(1, 1), Number: 1})
	for id := uint64(1); id <= count; id++ {
		r.step(ReadAsked{ID: id})
	}
	return r, r.core.reads.base
}

func TestReads_FollowerAsksTheLeaderForAllThatWait(t *testing.T) {
	r, base := followerWithReads(t, 3)
	fx := r.receive(1, ReadSlot{Ballot: ballot(1, 1), Number: base + 2, Slot: 9})
	r.want(fx, "->1 Learn{from 1} | read 1 ready at slot 9 | read 2 ready at slot 9")
	r.want(r.receive(1, ReadSlot{Ballot: ballot(1, 1), Number: base + 2, Slot: 9}), "nothing") // once
	r.want(r.receive(1, ReadSlot{Ballot: ballot(1, 1), Number: base + 3, Slot: 10}), "read 3 ready at slot 10")
}

// A leader may not have told yet that the slot is chosen, and the read waits for its being applied.
func TestReads_AReadSlotIsTakenForChosen(t *testing.T) {
	r, base := followerWithReads(t, 1)
	b := ballot(1, 1)
	r.receive(1, Accept{Ballot: b, Slot: 1, Entry: batch("a")})
	r.store()
	if fx := r.receive(1, ReadSlot{Ballot: ballot(2, 3), Number: base + 1, Slot: 1}); len(fx.Chosen) != 0 {
		t.Errorf("by the word of whom this node does not follow (rule C1): %v", fx)
	}
	r.step(ReadAsked{ID: 2})
	if fx := r.receive(1, ReadSlot{Ballot: b, Number: base + 2, Slot: 1}); len(fx.Chosen) != 1 {
		t.Errorf("by the leader's: %v", fx)
	}
}

func TestReads_AnswersOfAnEarlierBootAreIgnored(t *testing.T) {
	old, oldBase := followerWithReads(t, 3)
	r := newRig(t, 2, 3, Restored{}, func(c *Config) { c.Seed = old.cfg.Seed + 1 })
	if r.core.reads.base == oldBase {
		t.Fatal("two boots number their reads alike")
	}
	r.receive(1, Heartbeat{Ballot: ballot(1, 1), Number: 1})
	r.step(ReadAsked{ID: 1})
	for _, number := range []uint64{oldBase + 1, oldBase + 3, 0, 1 << 63} {
		r.want(r.receive(1, ReadSlot{Ballot: ballot(1, 1), Number: number, Slot: 4}), "nothing")
	}
}

func TestReads_AnswerToWhatWasNotAskedIsIgnored(t *testing.T) {
	r, base := followerWithReads(t, 1)
	r.want(r.receive(1, ReadSlot{Ballot: ballot(1, 1), Number: base + 2, Slot: 4}), "nothing")
}

func TestReads_AreAskedAgainWhenALeaderAppears(t *testing.T) {
	r := newRig(t, 2, 3, Restored{})
	r.want(r.step(ReadAsked{ID: 1}), "nothing") // nobody to ask
	fx := r.receive(3, Heartbeat{Ballot: ballot(1, 3), Number: 1})
	if ask := one[ReadAsk](t, fx.Send); ask.Number != r.core.reads.base+1 {
		t.Fatalf("asks %v", ask)
	}
	fx = r.receive(1, Heartbeat{Ballot: ballot(2, 1), Number: 1})
	if len(sent[ReadAsk](fx.Send)) != 1 {
		t.Fatalf("does not ask the new leader: %v", fx)
	}
}

func TestReads_AreAskedAgainWhenAnAnswerIsOverdueOrTheLinkIsNew(t *testing.T) {
	r, _ := followerWithReads(t, 1)
	if fx := r.tickAfter(firstResend*testHeartbeat - time.Nanosecond); len(sent[ReadAsk](fx.Send)) != 0 {
		t.Fatalf("asks again too early: %v", fx)
	}
	if fx := r.tickAfter(time.Nanosecond); len(sent[ReadAsk](fx.Send)) != 1 {
		t.Fatalf("does not ask again: %v", fx)
	}
	if fx := r.step(LinkUp{Peer: 1}); len(sent[ReadAsk](fx.Send)) != 1 {
		t.Fatalf("does not ask over the new link: %v", fx)
	}
	if fx := r.step(LinkUp{Peer: 3}); len(sent[ReadAsk](fx.Send)) != 0 {
		t.Fatalf("asks for another's link: %v", fx)
	}
}

func TestReads_KeepTheirPlaceWhenTheNodeLeads(t *testing.T) {
	r := newRig(t, 1, 3, Restored{})
	r.step(ReadAsked{ID: 1})
	r.elect()
	r.settle()
	r.step(ReadAsked{ID: 2})
	if n := len(r.core.reads.waiting); n != 1 {
		t.Fatalf("%d reads wait, want only the second", n)
	}
}

func TestReads_OfADeposedLeaderGoToTheNewOne(t *testing.T) {
	r := newRig(t, 1, 3, Restored{})
	r.lead()
	r.step(ReadAsked{ID: 1})
	fx := r.receive(3, Heartbeat{Ballot: ballot(8, 3), Number: 1})
	if ask := one[ReadAsk](t, fx.Send); ask.Number != r.core.reads.base+1 {
		t.Fatalf("asks %v", ask)
	}
}

func TestReads_LeaderHoldsOneAskANode(t *testing.T) {
	r := newRig(t, 1, 3, Restored{})
	r.elect() // not ready: asks wait
	for number := uint64(1); number <= 100; number++ {
		r.receive(2, ReadAsk{Number: number})
	}
	if n := len(r.core.leader.asks); n != 1 || r.core.leader.asks[0].number != 100 {
		t.Fatalf("%d asks held: %v", n, r.core.leader.asks)
	}
}

func TestReads_LinkUpForgetsWhatTheNodeAskedBefore(t *testing.T) {
	r := newRig(t, 1, 3, Restored{})
	r.elect()
	r.receive(2, ReadAsk{Number: 1 << 40})
	r.receive(3, ReadAsk{Number: 7})
	r.step(LinkUp{Peer: 2})
	r.receive(2, ReadAsk{Number: 3}) // its new boot numbers from elsewhere
	r.settle()
	var numbers []uint64
	for range 2 {
		fx := r.ack(2, r.core.leader.number)
		for _, slot := range sent[ReadSlot](fx.Send) {
			numbers = append(numbers, slot.Number)
		}
	}
	for _, ask := range r.core.leader.asks {
		t.Fatalf("still waits: %v", ask)
	}
	for _, number := range numbers {
		if number == 1<<40 {
			t.Fatal("answers what the former boot asked")
		}
	}
}
