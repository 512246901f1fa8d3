package paxos

import (
	"testing"
	"time"
)

func TestD1_PromiseLeavesOnlyOnceStored(t *testing.T) {
	r := newRig(t, 2, 3, Restored{})
	r.wait(testLease)
	fx := r.receive(1, Prepare{Ballot: ballot(1, 1), From: 1})
	r.want(fx, "#1 Write{promised 1.1} | after #1 ->1 Promise{ballot 1.1, chosen 0}")
}

func TestD1_AcceptedLeavesOnlyOnceStored(t *testing.T) {
	r := newRig(t, 2, 3, Restored{})
	fx := r.receive(1, Accept{Ballot: ballot(1, 1), Slot: 1, Entry: batch("a")})
	r.want(fx, `#1 Write{promised 1.1, records [1@1.1 batch "a"]} | after #1 ->1 Accepted{ballot 1.1, slot 1} | leader changed`)
}

func TestD1_RepeatedAcceptWaitsForTheFirstWrite(t *testing.T) {
	r := newRig(t, 2, 3, Restored{})
	accept := Accept{Ballot: ballot(1, 1), Slot: 1, Entry: batch("a")}
	r.receive(1, accept)
	r.want(r.receive(1, accept), "after #1 ->1 Accepted{ballot 1.1, slot 1}")
}

func TestD1_RepeatedPrepareWaitsForTheFirstWrite(t *testing.T) {
	r := newRig(t, 2, 3, Restored{})
	r.wait(testLease)
	r.receive(1, Prepare{Ballot: ballot(1, 1), From: 1})
	r.want(r.receive(1, Prepare{Ballot: ballot(1, 1), From: 1}), "after #1 ->1 Promise{ballot 1.1, chosen 0}")
}

func TestD1_PrepareLeavesOnlyOnceItsBallotIsStored(t *testing.T) {
	r := newRig(t, 1, 3, Restored{})
	fx := r.receive(2, CanvassReply{Number: r.canvass(), Granted: true})
	if fx.Write.Promised != ballot(1, 1) || len(sent[Prepare](fx.SendAfterStore)) != 2 || len(fx.Send) != 0 {
		t.Fatalf("a ballot is used before it is stored: %v", fx)
	}
}

func TestD1_BallotIsNeverUsedTwice(t *testing.T) {
	r := newRig(t, 1, 3, Restored{})
	used := r.campaign()
	r.start(Restored{Promised: used}) // what was stored before Prepare left
	if again := r.campaign(); !used.Less(again) {
		t.Fatalf("ballot %v is used after %v", again, used)
	}
}

func TestD1_OwnPromiseCountsOnlyOnceStored(t *testing.T) {
	r := newRig(t, 1, 1, Restored{})
	r.tickAfter(testElection)
	r.wantRole(RoleCandidate)
	if r.step(Stored{Sequence: 0}); r.core.role != RoleCandidate {
		t.Fatal("leads before its own promise is stored")
	}
	r.store()
	r.wantRole(RoleLeader)
}

func TestD1_OwnAcceptanceCountsOnlyOnceStored(t *testing.T) {
	r := newRig(t, 1, 3, Restored{})
	b := r.elect()
	r.receive(2, Accepted{Ballot: b, Slot: 1})
	r.wantChosen(0)
	r.store()
	r.wantChosen(1)
}

func TestD1_EarlierStoredDoesNotCoverLaterWrites(t *testing.T) {
	r := newRig(t, 1, 3, Restored{})
	b := r.lead()
	before := r.newest
	r.propose("a")
	first := r.newest
	r.propose("b")
	for s := Slot(2); s <= 3; s++ {
		r.receive(2, Accepted{Ballot: b, Slot: s})
	}
	r.step(Stored{Sequence: before})
	r.wantChosen(1)
	r.step(Stored{Sequence: first})
	r.wantChosen(2)
	r.store()
	r.wantChosen(3)
}

func TestD1_HeartbeatAckReportsOnlyWhatIsSynced(t *testing.T) {
	r := newRig(t, 2, 3, Restored{})
	b := ballot(1, 1)
	r.receive(1, Accept{Ballot: b, Slot: 1, Entry: batch("a")})
	if ack := one[HeartbeatAck](t, r.receive(1, Heartbeat{Ballot: b, Number: 1}).Send); ack.Synced != 0 {
		t.Fatalf("reports slot %v before it is stored", ack.Synced)
	}
	r.store()
	if ack := one[HeartbeatAck](t, r.receive(1, Heartbeat{Ballot: b, Number: 2}).Send); ack.Synced != 1 {
		t.Fatalf("reports slot %v, want 1", ack.Synced)
	}
}

func TestC1_FollowerTakesChosenOnlyAtSameBallot(t *testing.T) {
	r := newRig(t, 2, 3, Restored{Promised: ballot(4, 3), Records: []Record{record(1, ballot(3, 1), "old")}})
	fx := r.receive(3, Heartbeat{Ballot: ballot(4, 3), Chosen: 1, Number: 1})
	r.wantChosen(0)
	if learn := one[Learn](t, fx.Send); learn.From != 1 || len(fx.Chosen) != 0 {
		t.Fatalf("its own record of another ballot is trusted: %v", fx)
	}
}

func TestC1_AcceptCarriesChosenUnderTheSameRule(t *testing.T) {
	held := []Record{record(1, ballot(4, 3), "same"), record(2, ballot(3, 1), "old")}
	r := newRig(t, 2, 3, Restored{Promised: ballot(4, 3), Records: held})
	fx := r.receive(3, Accept{Ballot: ballot(4, 3), Slot: 3, Entry: batch("new"), Chosen: 2})
	r.wantChosen(1)
	if learn := one[Learn](t, fx.Send); learn.From != 2 {
		t.Fatalf("asks for slot %v, want 2", learn.From)
	}
}

func TestC1_FollowerTakesChosenAtTheLeadersBallot(t *testing.T) {
	r := newRig(t, 2, 3, Restored{Promised: ballot(4, 3), Records: []Record{record(1, ballot(4, 3), "a")}})
	fx := r.receive(3, Heartbeat{Ballot: ballot(4, 3), Chosen: 1, Number: 1})
	r.wantChosen(1)
	if len(sent[Learn](fx.Send)) != 0 {
		t.Fatalf("fetches what it has: %v", fx)
	}
}

func TestC2_SlotsAreAppliedInOrderWithoutGaps(t *testing.T) {
	r := newRig(t, 1, 3, Restored{})
	b := r.lead()
	r.propose("a")
	r.propose("b")
	r.store()
	if fx := r.receive(2, Accepted{Ballot: b, Slot: 3}); len(fx.Chosen) != 0 {
		t.Fatalf("applies slot 3 before slot 2: %v", fx)
	}
	fx := r.receive(3, Accepted{Ballot: b, Slot: 2})
	if len(fx.Chosen) != 2 || fx.Chosen[0].Slot != 2 || fx.Chosen[1].Slot != 3 {
		t.Fatalf("applies %v, want slots 2 and 3", fx.Chosen)
	}
}

func TestC2_SlotsAreAppliedOnce(t *testing.T) {
	r := newRig(t, 2, 3, Restored{})
	b := ballot(1, 1)
	r.receive(1, Accept{Ballot: b, Slot: 1, Entry: batch("a")})
	if fx := r.receive(1, Heartbeat{Ballot: b, Number: 1, Chosen: 1}); len(fx.Chosen) != 1 {
		t.Fatalf("applies %v, want slot 1", fx.Chosen)
	}
	learned := Learned{Records: []Record{record(1, b, "a")}, Chosen: 1}
	for _, m := range []Message{Heartbeat{Ballot: b, Number: 2, Chosen: 1}, learned} {
		if fx := r.receive(1, m); len(fx.Chosen) != 0 {
			t.Fatalf("%v makes it apply %v again", m, fx.Chosen)
		}
	}
}

func TestC2_LateAcceptOfAChosenSlotChangesNothing(t *testing.T) {
	r := newRig(t, 2, 3, Restored{Promised: ballot(1, 1), Chosen: 1})
	fx := r.receive(3, Accept{Ballot: ballot(2, 3), Slot: 1, Entry: batch("again")})
	if !fx.Write.IsEmpty() || len(fx.Chosen) != 0 {
		t.Fatalf("a chosen slot is written again: %v", fx)
	}
}

func TestSingleVoterLeadsWithoutWaiting(t *testing.T) {
	r := newRig(t, 1, 1, Restored{Promised: ballot(3, 1), Chosen: 5})
	r.step(Ticked{})
	r.store()
	r.wantRole(RoleLeader)
	r.store()
	r.wantChosen(6)
	r.propose("a")
	if fx := r.store(); len(fx.Chosen) != 1 {
		t.Fatalf("its own vote does not choose: %v", fx)
	}
	for range 100 {
		r.tickAfter(time.Second)
	}
	r.wantRole(RoleLeader)
}
