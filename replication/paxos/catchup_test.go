package paxos

import (
	"testing"
	"time"
)

// behind is node 1 of 5 that has just heard from leader 3 that slots through 9 are chosen; its request is under way.
func behind(t *testing.T) *rig {
	t.Helper()
	r := newRig(t, 1, 5, Restored{})
	fx := r.receive(3, Heartbeat{Ballot: ballot(1, 3), Chosen: 9, Number: 1})
	if learn := one[Learn](t, fx.Send); learn.From != 1 {
		t.Fatalf("asks %v", learn)
	}
	return r
}

func (r *rig) hear() *Effects {
	r.t.Helper()
	return r.receive(3, Heartbeat{Ballot: ballot(1, 3), Chosen: 9, Number: 1})
}

func learned(from, through, chosen Slot) Learned {
	m := Learned{Chosen: chosen}
	for s := from; s <= through; s++ {
		m.Records = append(m.Records, record(s, ballot(1, 3), "x"))
	}
	return m
}

func TestCatchUp_OneRequestAtATime(t *testing.T) {
	r := behind(t)
	for range 10 {
		if fx := r.hear(); len(sent[Learn](fx.Send)) != 0 {
			t.Fatalf("a second request: %v", fx)
		}
	}
	fx := r.receive(3, learned(1, 4, 9))
	if learn := one[Learn](t, fx.Send); learn.From != 5 || len(fx.Chosen) != 4 || len(fx.Write.Records) != 4 {
		t.Fatalf("does not go on: %v", fx)
	}
	if fx = r.receive(3, learned(5, 9, 9)); len(sent[Learn](fx.Send)) != 0 {
		t.Fatalf("asks for more than there is: %v", fx)
	}
	r.wantChosen(9)
}

func TestCatchUp_RotatesThroughTheVoters(t *testing.T) {
	r := behind(t)
	var asked []NodeID
	for range 5 {
		r.wait(600 * time.Millisecond)
		r.hear()
		for _, envelope := range r.step(Ticked{}).Send {
			if _, ok := envelope.Message.(Learn); ok {
				asked = append(asked, envelope.To)
			}
		}
	}
	want := []NodeID{4, 5, 2, 3, 4}
	for i := range want {
		if i >= len(asked) || asked[i] != want[i] {
			t.Fatalf("asks %v, want %v", asked, want)
		}
	}
}

func TestCatchUp_EmptyAnswerMovesOnSoon(t *testing.T) {
	r := behind(t)
	r.receive(3, Learned{})
	r.wait(2 * testHeartbeat)
	r.hear()
	if fx := r.step(Ticked{}); len(sent[Learn](fx.Send)) != 1 {
		t.Fatalf("does not ask the next: %v", fx)
	}
}

func TestCatchUp_BrokenLinkMovesOnAtOnce(t *testing.T) {
	r := behind(t)
	r.step(LinkDown{Peer: 3})
	fx := r.step(Ticked{})
	if len(sent[Learn](fx.Send)) != 1 || fx.Send[0].To != 4 {
		t.Fatalf("waits for a node that is gone: %v", fx)
	}
}

func TestCatchUp_NeverLowersTheBallotOfARecord(t *testing.T) {
	r := newRig(t, 1, 3, Restored{Promised: ballot(5, 2), Records: []Record{record(1, ballot(5, 2), "v")}})
	fx := r.receive(3, Learned{Records: []Record{record(1, ballot(2, 3), "v")}, Chosen: 1})
	if len(fx.Write.Records) != 1 || fx.Write.Records[0].Ballot != ballot(5, 2) {
		t.Fatalf("stores %v over a record of ballot 5.2", fx.Write)
	}
}

func TestCatchUp_TakesOnlyTheNextSlot(t *testing.T) {
	r := behind(t)
	fx := r.receive(3, learned(3, 5, 9))
	if len(fx.Chosen) != 0 || !fx.Write.IsEmpty() {
		t.Fatalf("takes slots beyond a gap: %v", fx)
	}
	r.receive(3, learned(1, 2, 9))
	if fx = r.receive(3, learned(1, 5, 9)); len(fx.Chosen) != 3 {
		t.Fatalf("takes %v of an overlapping answer, want 3 slots", fx.Chosen)
	}
}

func TestCatchUp_ServesOnlyWhatIsChosenAndStored(t *testing.T) {
	r := newRig(t, 2, 3, Restored{Promised: ballot(1, 1), Chosen: 3})
	r.want(r.receive(3, Learn{From: 2}), "serves slots 2 to 3 to 3")
	r.receive(1, Accept{Ballot: ballot(1, 1), Slot: 4, Entry: batch("a")})
	r.receive(1, Heartbeat{Ballot: ballot(1, 1), Chosen: 4, Number: 1})
	r.wantChosen(4)
	r.want(r.receive(3, Learn{From: 2}), "serves slots 2 to 3 to 3")
	r.want(r.receive(3, Learn{From: 4}), "->3 Learned{chosen 3}")
	r.store()
	r.want(r.receive(3, Learn{From: 4}), "serves slots 4 to 4 to 3")
	r.want(r.receive(3, Learn{From: 0}), "->3 Learned{chosen 4}")
}

func TestCatchUp_LeaderTakesNothingThatIsInFlight(t *testing.T) {
	r := newRig(t, 1, 3, Restored{})
	r.lead()
	r.propose("a")
	r.want(r.receive(2, Learned{Records: []Record{record(2, ballot(1, 1), "a")}, Chosen: 2}), "nothing")
	r.wantChosen(1)
}

func TestCatchUp_AsksALeaderOfALaterConfiguration(t *testing.T) {
	// Nodes 2 and 3 were replaced by 4 and 5, and switched off, while node 1 was away.
	r := newRig(t, 1, 3, Restored{First: 11})
	asked := map[NodeID]bool{}
	for range 4 {
		r.wait(600 * time.Millisecond)
		r.receive(4, Heartbeat{Ballot: ballot(7, 4), Chosen: 20, Number: 1})
		for _, envelope := range r.step(Ticked{}).Send {
			if _, ok := envelope.Message.(Learn); ok {
				asked[envelope.To] = true
			}
		}
	}
	if !asked[4] || !asked[2] && !asked[3] {
		t.Fatalf("asks %v, neither the leader nor members to be left out", asked)
	}
}
