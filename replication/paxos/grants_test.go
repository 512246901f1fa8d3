package paxos

import (
	"testing"
	"time"
)

// wouldPromise canvasses the node on behalf of id.
func (r *rig) wouldPromise(id NodeID) bool {
	r.t.Helper()
	return one[CanvassReply](r.t, r.receive(id, Canvass{Number: 1}).Send).Granted
}

// following starts node 2 of 3 past its restart grant, following the leader of ballot b since this moment.
func following(t *testing.T, b Ballot, options ...func(*Config)) *rig {
	t.Helper()
	r := newRig(t, 2, 3, Restored{}, options...)
	r.wait(testLease)
	r.receive(b.Node, Heartbeat{Ballot: b, Number: 1})
	return r
}

func TestL1_GrantRunsFromTheReceipt(t *testing.T) {
	for _, m := range []Message{
		Heartbeat{Ballot: ballot(1, 1), Number: 2},
		Accept{Ballot: ballot(1, 1), Slot: 1, Entry: batch("a")},
	} {
		r := following(t, ballot(1, 1))
		r.wait(testLease / 2)
		r.receive(1, m)
		if r.wait(testLease - 1); r.wouldPromise(3) {
			t.Errorf("the grant of a %v ended early", m.Kind())
		}
		if r.wait(1); !r.wouldPromise(3) {
			t.Errorf("the grant of a %v runs on after its time", m.Kind())
		}
	}
}

func TestL1_SetClocksDoNotEndAGrant(t *testing.T) {
	r := following(t, ballot(1, 1))
	r.now.Real += int64(time.Hour)
	r.now.Boot += int64(time.Hour)
	if r.wouldPromise(3) {
		t.Fatal("a jump of the wall clock ended a grant")
	}
}

func TestL1_LateMessageOfAnEarlierLeaderTakesNoGrant(t *testing.T) {
	r := following(t, ballot(2, 1))
	for _, late := range []Message{Heartbeat{Ballot: ballot(1, 3), Number: 9}, Accept{Ballot: ballot(1, 3), Slot: 1, Entry: noop()}} {
		r.want(r.receive(3, late), "nothing")
	}
	if r.wouldPromise(3) {
		t.Fatal("the late leader took over the grant")
	}
}

func TestL2_RunningGrantLeavesPrepareUnanswered(t *testing.T) {
	r := following(t, ballot(1, 1))
	r.want(r.receive(3, Prepare{Ballot: ballot(2, 3), From: 1}), "nothing")
	if r.core.acceptor.promised != (Ballot{}) {
		t.Fatalf("promised %v while a grant runs", r.core.acceptor.promised)
	}
}

func TestL2_RunningGrantRefusesTheCanvass(t *testing.T) {
	r := following(t, ballot(1, 1))
	if r.wouldPromise(3) {
		t.Fatal("says yes while a grant runs")
	}
	if !r.wouldPromise(1) {
		t.Fatal("refuses the very node it granted to")
	}
}

func TestL2_LeaderItselfIsBoundByItsHeartbeat(t *testing.T) {
	r := newRig(t, 1, 3, Restored{})
	r.lead()
	r.tickAfter(testHeartbeat)
	r.want(r.receive(3, Prepare{Ballot: ballot(9, 3), From: 1}), "nothing")
	if r.wouldPromise(3) {
		t.Fatal("a leader whose lease may run says yes to another")
	}
}

func TestL2_EndedGrantLetsThePrepareThrough(t *testing.T) {
	r := following(t, ballot(1, 1))
	r.wait(testLease)
	if fx := r.receive(3, Prepare{Ballot: ballot(2, 3), From: 1}); len(sent[Promise](fx.SendAfterStore)) != 1 {
		t.Fatalf("no promise after the grant: %v", fx)
	}
}

func TestL2_LeaderMayRenewUnderItsOwnGrant(t *testing.T) {
	r := following(t, ballot(1, 1))
	if fx := r.receive(1, Prepare{Ballot: ballot(2, 1), From: 1}); len(sent[Promise](fx.SendAfterStore)) != 1 {
		t.Fatalf("the leader granted to gets no promise: %v", fx)
	}
}

func TestL2_NodeBackFromAPartitionDoesNotDepose(t *testing.T) {
	r := newRig(t, 3, 3, Restored{})
	for range 20 {
		r.tickAfter(testElection) // alone: nobody answers its canvass
	}
	r.wantRole(RoleFollower)
	if r.core.acceptor.promised != (Ballot{}) || r.core.maxRound != 0 {
		t.Fatalf("the round rose to %v without a majority", r.core.maxRound)
	}
	r.receive(1, Heartbeat{Ballot: ballot(1, 1), Number: 1})
	if id, _, _ := r.core.Leader(); id != 1 {
		t.Fatalf("follows %v, want the working leader 1", id)
	}
}

func TestL2_LateYesDoesNotCountForANewerCanvass(t *testing.T) {
	r := newRig(t, 1, 3, Restored{})
	old := r.canvass()
	r.canvass()
	r.receive(2, CanvassReply{Number: old, Granted: true})
	r.wantRole(RoleFollower)
}

func TestL3_RestartedNodeGrantsToNobodyForALease(t *testing.T) {
	for name, restored := range map[string]Restored{
		"with votes":            {Promised: ballot(4, 1), Chosen: 7},
		"with an empty journal": {}, // it may have answered a heartbeat, which writes nothing
	} {
		r := newRig(t, 2, 3, restored)
		r.wait(testLease - 1)
		if r.wouldPromise(1) || r.wouldPromise(3) {
			t.Errorf("%s: says yes within a lease of its start", name)
		}
		r.want(r.receive(3, Prepare{Ballot: ballot(9, 3), From: 1}), "nothing")
		if r.wait(1); !r.wouldPromise(3) {
			t.Errorf("%s: refuses after a lease", name)
		}
	}
}

func TestL3_HeartbeatDoesNotReplaceTheForgottenGrant(t *testing.T) {
	r := newRig(t, 2, 3, Restored{Promised: ballot(1, 1)})
	r.receive(1, Heartbeat{Ballot: ballot(1, 1), Number: 1}) // perhaps late, and the grant was to node 3
	if r.wouldPromise(1) {
		t.Fatal("the forgotten grant was dropped for a heartbeat")
	}
	r.receive(1, HandOver{Ballot: ballot(1, 1)})
	r.wantRole(RoleFollower)
	r.want(r.receive(3, Prepare{Ballot: ballot(2, 3), HandOver: ballot(1, 1), From: 1}), "nothing")
}

func TestL4_LeaseIsMeasuredFromTheSend(t *testing.T) {
	r := newRig(t, 1, 3, Restored{}, withLease)
	r.lead()
	r.tickAfter(testHeartbeat)
	sentAt, number := r.now, r.core.leader.number
	r.wait(100 * time.Millisecond)
	r.ack(2, number)
	from, lasts, ok := r.core.Lease()
	want := int64(testLease) - int64(testLease)/100 - int64(10*time.Millisecond)
	if !ok || from != sentAt || lasts != want {
		t.Fatalf("lease from %v for %v (%v), want from the send %v for %v", from, lasts, ok, sentAt, want)
	}
}

func TestL4_LeaseNeedsAMajority(t *testing.T) {
	r := newRig(t, 1, 5, Restored{}, withLease)
	r.lead()
	before, _, _ := r.core.Lease()
	r.tickAfter(testHeartbeat)
	r.ack(2, r.core.leader.number)
	if from, _, _ := r.core.Lease(); from != before {
		t.Fatal("two of five extended the lease")
	}
	r.ack(3, r.core.leader.number)
	if from, _, _ := r.core.Lease(); from != r.now {
		t.Fatal("three of five did not extend the lease")
	}
}

func TestL4_LeaseNeedsAnOwnEntryChosenAndLeaseMode(t *testing.T) {
	r := newRig(t, 1, 3, Restored{}, withLease)
	r.elect()
	r.ackAll()
	if _, _, ok := r.core.Lease(); ok {
		t.Fatal("a lease before an entry of its own ballot is chosen")
	}
	quorum := newRig(t, 1, 3, Restored{})
	quorum.lead()
	if _, _, ok := quorum.core.Lease(); ok {
		t.Fatal("a lease in quorum mode")
	}
}

func TestL4_ElapsedIsByTheClockThatSaysMost(t *testing.T) {
	since := Instant{Mono: 100, Boot: 200, Real: 300}
	for _, c := range []struct {
		now  Instant
		want int64
	}{
		{Instant{110, 205, 301}, 10},
		{Instant{101, 250, 300}, 50},
		{Instant{101, 201, 900}, 600},
		{Instant{101, 201, 0}, 1}, // the wall clock was set back
		{Instant{90, 190, 290}, 0},
	} {
		if got := c.now.Elapsed(since); got != c.want {
			t.Errorf("from %v to %v: %d, want %d", since, c.now, got, c.want)
		}
	}
}

func TestL4_LeaseIsGivenUpBeforeAHandOver(t *testing.T) {
	r := newRig(t, 1, 3, Restored{}, withLease)
	r.lead()
	r.propose("in flight, so that the hand-over waits")
	r.step(HandOverAsked{To: 2})
	r.wantRole(RoleLeader)
	if _, _, ok := r.core.Lease(); ok {
		t.Fatal("the lease is held during a hand-over")
	}
}

func TestL3_ARestartedNodeThatKnowsAnotherSingleVoterGrants(t *testing.T) {
	// Node 4 joined when node 1 was alone, and was promoted since; it has lost its state, not that it may have granted.
	cfg := Config{Self: 4, Configuration: Configuration{Voters: []Member{{ID: 1}}, Learners: []Member{{ID: 4}}}, Seed: 7}
	r := &rig{t: t, cfg: cfg, now: Instant{Mono: 1e12, Boot: 2e12, Real: 3e12}}
	r.start(Restored{First: 11})
	fx := r.receive(5, Canvass{Number: 1})
	if one[CanvassReply](t, fx.Send).Granted {
		t.Fatal("it would promise at once")
	}
	r.wait(testLease)
	fx = r.receive(5, Canvass{Number: 2})
	if !one[CanvassReply](t, fx.Send).Granted {
		t.Fatal("it refuses for longer than a lease")
	}
}

func TestANodeWhoseJournalStandsStillConfirmsNoLeader(t *testing.T) {
	r := newRig(t, 2, 5, Restored{})
	leader := ballot(1, 1)
	r.receive(1, Accept{Ballot: leader, Slot: 1, Entry: batch("stuck")})
	for number := uint64(1); number < 20; number++ {
		fx := r.receive(1, Heartbeat{Ballot: leader, Number: number})
		if stalled := r.core.acceptor.stalled(r.now.Mono, int64(r.core.limits.ElectionMin)); stalled == (len(sent[HeartbeatAck](fx.Send)) > 0) {
			t.Fatalf("heartbeat %d: stands still %v, and sends %v", number, stalled, fx)
		}
		r.wait(testHeartbeat)
	}
	r.store()
	one[HeartbeatAck](t, r.receive(1, Heartbeat{Ballot: leader, Number: 20}).Send)
}
