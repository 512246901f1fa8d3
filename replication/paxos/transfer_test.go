package paxos

import (
	"testing"
	"time"
)

func TestHandOver_WaitsUntilTheTargetHasCaughtUp(t *testing.T) {
	r := newRig(t, 1, 3, Restored{})
	b := r.lead()
	r.propose("a")
	r.store()
	r.step(HandOverAsked{To: 2})
	if r.core.CanPropose(0) {
		t.Fatal("proposes during a hand-over")
	}
	r.receive(3, Accepted{Ballot: b, Slot: 2}) // chosen, but node 2 lacks it
	r.wantRole(RoleLeader)
	fx := r.receive(2, HeartbeatAck{Ballot: b, Number: r.core.leader.number, Chosen: 1, Synced: 2})
	r.wantRole(RoleFollower)
	if m := one[HandOver](t, fx.Send); m.Ballot != b || m.Chosen != 2 {
		t.Fatalf("sends %v", m)
	}
}

func TestHandOver_WaitsForThePipeline(t *testing.T) {
	r := newRig(t, 1, 3, Restored{})
	r.lead()
	r.propose("a")
	r.step(HandOverAsked{To: 2})
	r.ackAll()
	r.wantRole(RoleLeader)
	r.settle()
	r.wantRole(RoleFollower)
}

func TestHandOver_LeaderGivesUpItsOwnGrant(t *testing.T) {
	r := newRig(t, 1, 3, Restored{})
	b := r.lead()
	r.step(HandOverAsked{To: 2})
	r.wantRole(RoleFollower)
	fx := r.receive(2, Prepare{Ballot: ballot(b.Round+1, 2), From: 2, HandOver: b})
	if len(sent[Promise](fx.SendAfterStore)) != 1 {
		t.Fatalf("the former leader gives no promise: %v", fx)
	}
}

func TestHandOver_TargetStartsPhase1AtOnceAndNamesTheBallot(t *testing.T) {
	r := following(t, ballot(4, 1))
	fx := r.receive(1, HandOver{Ballot: ballot(4, 1)})
	r.wantRole(RoleCandidate)
	for _, prepare := range sent[Prepare](fx.SendAfterStore) {
		if prepare.HandOver != ballot(4, 1) || prepare.Ballot != ballot(5, 2) {
			t.Fatalf("sends %v", prepare)
		}
	}
}

func TestHandOver_IsTakenOnlyFromTheLeaderFollowed(t *testing.T) {
	r := following(t, ballot(4, 1))
	r.want(r.receive(3, HandOver{Ballot: ballot(4, 1)}), "nothing")
	r.want(r.receive(1, HandOver{Ballot: ballot(3, 1)}), "nothing")
	r.wantRole(RoleFollower)
}

func TestHandOver_GrantIsDroppedOnlyForThatVeryBallot(t *testing.T) {
	for _, c := range []struct {
		handOver Ballot
		promises int
	}{{ballot(4, 1), 1}, {ballot(3, 1), 0}, {ballot(4, 3), 0}, {Ballot{}, 0}} {
		r := following(t, ballot(4, 1))
		fx := r.receive(3, Prepare{Ballot: ballot(5, 3), From: 1, HandOver: c.handOver})
		if got := len(sent[Promise](fx.SendAfterStore)); got != c.promises {
			t.Errorf("hand-over of %v against a grant to 4.1: %d promises, want %d", c.handOver, got, c.promises)
		}
	}
}

func TestHandOver_ExpiresAndTheLeaderGoesOn(t *testing.T) {
	r := newRig(t, 1, 3, Restored{}, withLease)
	b := r.lead()
	r.propose("a")
	r.store()
	r.step(HandOverAsked{To: 2})
	r.receive(3, Accepted{Ballot: b, Slot: 2}) // chosen; node 2 never gets it
	for range 12 {
		r.tickAfter(testHeartbeat)
		r.ack(3, r.core.leader.number)
	}
	r.wantRole(RoleLeader)
	if _, _, leased := r.core.Lease(); !r.core.CanPropose(0) || !leased {
		t.Fatal("the leader does not go on after a hand-over that failed")
	}
}

func TestHandOver_ReadsThatWaitedAreServedWhenItExpires(t *testing.T) {
	r := newRig(t, 1, 3, Restored{})
	r.lead()
	r.propose("a")
	r.step(HandOverAsked{To: 2})
	r.step(ReadAsked{ID: 1})
	var ready []ReadReady
	for range 14 {
		fx := r.tickAfter(testHeartbeat)
		if len(r.core.acceptor.writes) > 0 {
			r.store()
		}
		ready = append(ready, fx.ReadReady...)
		ready = append(ready, r.ack(3, r.core.leader.number).ReadReady...)
	}
	if len(ready) != 1 {
		t.Fatalf("answered: %v", ready)
	}
}

func TestHandOver_WithoutATargetGoesToTheMostUpToDate(t *testing.T) {
	r := newRig(t, 1, 3, Restored{})
	b := r.lead()
	r.propose("a")
	r.store()
	fx := r.receive(3, Accepted{Ballot: b, Slot: 2})
	if len(fx.Chosen) != 1 {
		t.Fatal("not chosen")
	}
	r.receive(3, HeartbeatAck{Ballot: b, Number: r.core.leader.number, Chosen: 2, Synced: 2})
	fx = r.step(HandOverAsked{})
	if len(sent[HandOver](fx.Send)) != 1 || fx.Send[len(fx.Send)-1].To != 3 {
		t.Fatalf("got %v", fx)
	}
}

func TestHandOver_NotToAVoterNotHeardLately(t *testing.T) {
	r := newRig(t, 1, 3, Restored{})
	r.lead()
	for range 9 {
		r.tickAfter(testHeartbeat)
		r.ack(2, r.core.leader.number)
	}
	if got := r.core.mostUpToDate(); got != 2 {
		t.Fatalf("chooses %v, want 2, the only one heard", got)
	}
}

func TestHandOver_ImpossibleTargetsAreRefused(t *testing.T) {
	for _, to := range []NodeID{1, 9} {
		r := newRig(t, 1, 3, Restored{})
		r.lead()
		r.step(HandOverAsked{To: to})
		if r.wantRole(RoleLeader); !r.core.CanPropose(0) {
			t.Errorf("hands over to %v", to)
		}
	}
	follower := following(t, ballot(1, 1))
	follower.want(follower.step(HandOverAsked{To: 1}), "nothing")
}

func TestLinkDown_ShortensTheWaitButNotTheGrant(t *testing.T) {
	r := following(t, ballot(1, 1))
	r.step(LinkDown{Peer: 1})
	if fx := r.tickAfter(testLease - time.Nanosecond); len(sent[Canvass](fx.Send)) != 0 {
		t.Fatalf("canvasses while its grant runs: %v", fx)
	}
	if fx := r.tickAfter(2 * testHeartbeat); len(sent[Canvass](fx.Send)) != 2 {
		t.Fatalf("does not canvass soon after: %v", fx)
	}
}
