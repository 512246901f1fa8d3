package paxos

import "testing"

func TestALearnBelowTheCutIsOfferedTheCheckpoint(t *testing.T) {
	r := newRig(t, 1, 3, Restored{Chosen: 20, First: 11, Checkpoint: 15})
	r.want(r.receive(2, Learn{From: 10}), "->2 Offer{checkpoint 15, first 11, chosen 20}")
	r.want(r.receive(2, Learn{From: 11}), "serves slots 11 to 20 to 2")
	r.step(Compacted{First: 16, Checkpoint: 20})
	r.want(r.receive(2, Learn{From: 15}), "->2 Offer{checkpoint 20, first 16, chosen 20}")
}

func TestAnOfferIsFetchedAndCatchingUpGoesOnBehindIt(t *testing.T) {
	r := newRig(t, 1, 3, Restored{})
	leader := Ballot{Round: 1, Node: 2}
	r.receive(2, Accept{Ballot: leader, Slot: 3, Entry: batch("kept")})
	r.receive(2, Accept{Ballot: leader, Slot: 12, Entry: batch("later")})
	r.receive(2, Heartbeat{Ballot: leader, Chosen: 12, Number: 1})
	r.want(r.receive(2, Offer{Checkpoint: 10, First: 5, Chosen: 12}), "fetches checkpoint 10 from 2")
	r.want(r.receive(3, Offer{Checkpoint: 11, First: 5, Chosen: 12}), "nothing") // one at a time

	// Until it is there, nothing is chosen here: the state is about to jump.
	fx := r.receive(2, Learned{Records: []Record{record(1, leader, "1")}, Chosen: 12})
	if len(fx.Chosen) != 0 {
		t.Fatalf("chosen while a checkpoint is fetched: %v", fx)
	}
	configuration := votersOf(3)
	configuration.Slot = 7
	fx = r.step(Fetched{Slot: 10, Configuration: configuration})
	r.wantChosen(10)
	if one[Learn](t, fx.Send).From != 11 || fx.Configuration == nil || fx.Configuration.Slot != 7 {
		t.Fatalf("after the checkpoint: %v", fx)
	}
	if _, ok := r.core.acceptor.record(3); ok {
		t.Fatal("a record that the checkpoint covers is kept in memory")
	}
	if _, ok := r.core.acceptor.record(12); !ok {
		t.Fatal("a vote above the checkpoint is forgotten")
	}
}

func TestAfterAFailedFetchAnotherMemberIsAsked(t *testing.T) {
	r := newRig(t, 1, 3, Restored{})
	r.receive(2, Heartbeat{Ballot: Ballot{Round: 1, Node: 2}, Chosen: 12, Number: 1})
	r.receive(2, Offer{Checkpoint: 10, First: 5, Chosen: 12})
	r.step(Fetched{})
	r.wait(testElection)
	fx := r.step(Ticked{})
	for _, envelope := range fx.Send {
		if learn, ok := envelope.Message.(Learn); ok && (learn.From != 1 || envelope.To != 3) {
			t.Fatalf("asked: %v", fx)
		}
	}
	one[Learn](t, fx.Send)
}

func TestWhatWasCutOffWasChosen(t *testing.T) {
	// The state is lost, the votes are not.
	r := newRig(t, 1, 3, Restored{First: 11, Records: []Record{record(11, ballot(1, 2), "vote")}})
	r.wait(testLease)
	fx := r.receive(3, Prepare{Ballot: ballot(2, 3), From: 5})
	promise := one[Promise](t, fx.SendAfterStore)
	if promise.Chosen != 10 || len(promise.Accepted) != 1 || promise.Accepted[0].Slot != 11 {
		t.Fatalf("promised %v: what was cut off must be reported as chosen, what is kept as accepted", promise)
	}
	fx = r.receive(3, Learned{Records: []Record{record(1, ballot(1, 2), "1")}, Chosen: 12})
	if len(fx.Chosen) != 1 || !fx.Write.IsEmpty() {
		t.Fatalf("a slot below the cut is to be applied and not stored: %v", fx)
	}
}

func TestWithoutItsStateANodeDoesNotLead(t *testing.T) {
	r := newRig(t, 1, 3, Restored{First: 11})
	ballot := r.campaign()
	r.receive(2, Promise{Ballot: ballot, Chosen: 10, Parts: 1})
	r.wantRole(RoleCandidate)
	r.receive(3, Promise{Ballot: ballot, Chosen: 10, Parts: 1})
	r.wantRole(RoleCandidate)
}

func TestAMajorityThatKeepsNothingBackIsEnough(t *testing.T) {
	// Node 4 knows slot 20 to be chosen and can show nothing for it; three of five others report all they accepted.
	r := newRig(t, 1, 5, Restored{})
	ballot := r.campaign()
	r.receive(4, Promise{Ballot: ballot, Chosen: 20, Parts: 1})
	r.receive(2, Promise{Ballot: ballot, Parts: 1})
	r.wantRole(RoleCandidate)
	r.receive(3, Promise{Ballot: ballot, Parts: 1})
	r.wantRole(RoleLeader)
}

func TestAFounderWithoutItsStateWaitsForTheOthers(t *testing.T) {
	// Node 1 was alone at first. The configurations since are lost with its state.
	r := newRig(t, 1, 1, Restored{First: 11, Promised: ballot(6, 5)})
	for range 3 {
		if fx := r.tickAfter(testElection); len(fx.Send)+len(fx.SendAfterStore) > 0 || !fx.Write.IsEmpty() {
			t.Fatalf("it does not wait: %v", fx)
		}
		r.wantRole(RoleFollower)
	}
	fx := r.receive(4, Heartbeat{Ballot: ballot(7, 4), Chosen: 20, Number: 1})
	if learn := one[Learn](t, fx.Send); learn.From != 1 {
		t.Fatalf("asks from slot %v on", learn.From)
	}
	r.want(r.receive(4, Offer{Checkpoint: 15, First: 12, Chosen: 20}), "fetches checkpoint 15 from 4")
}

func TestACheckpointThatEndsBelowTheCutIsNotFetched(t *testing.T) {
	// Node 1 has lost the state of slot 1000, and knows all up to there to be chosen. With the state of slot 800 it would have forgotten that
	// at its next start, and might help to choose other values for what lies between.
	r := newRig(t, 1, 3, Restored{First: 1001, Records: []Record{record(1001, ballot(1, 3), "vote")}})
	r.want(r.receive(2, Offer{Checkpoint: 800, First: 400, Chosen: 810}), "nothing")
	r.want(r.receive(3, Offer{Checkpoint: 999, First: 400, Chosen: 1100}), "nothing")
	r.want(r.receive(3, Offer{Checkpoint: 1000, First: 400, Chosen: 1100}), "fetches checkpoint 1000 from 3")
}

// Whoever gave a checkpoint keeps what follows it. The others have cut it, and to take what they offer would be to begin anew, for ever.
func TestBehindACheckpointItsGiverIsAskedBeforeAnotherOfferIsTaken(t *testing.T) {
	r := newRig(t, 1, 3, Restored{})
	r.receive(2, Heartbeat{Ballot: Ballot{Round: 1, Node: 2}, Chosen: 30, Number: 1})
	r.receive(2, Offer{Checkpoint: 10, First: 5, Chosen: 30})
	fx := r.step(Fetched{Slot: 10, From: 3, Configuration: votersOf(3)})
	if asked := fx.Send[0]; asked.To != 3 || asked.Message != (Learn{From: 11}) {
		t.Fatalf("after the checkpoint: %v", fx)
	}
	offer := Offer{Checkpoint: 20, First: 15, Chosen: 30}
	for range keeperPatience {
		r.want(r.receive(2, offer), "->3 Learn{from 11}")
	}
	r.receive(3, Learned{Records: []Record{record(11, ballot(1, 2), "11")}, Chosen: 30})
	for range keeperPatience {
		r.want(r.receive(2, offer), "->3 Learn{from 12}")
	}
	r.want(r.receive(2, offer), "fetches checkpoint 20 from 2") // it does not answer
	r.step(Fetched{Slot: 20, From: 2, Configuration: votersOf(3)})
	r.want(r.receive(2, Offer{Checkpoint: 28, First: 25, Chosen: 30}), "fetches checkpoint 28 from 2") // nor does it have them
}
