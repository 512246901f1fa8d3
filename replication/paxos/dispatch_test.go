package paxos

import (
	"reflect"
	"runtime"
	"strings"
	"testing"
)

// everyMessage holds a message of each kind.
var everyMessage = []Message{
	Prepare{}, Promise{}, Reject{}, Accept{}, Accepted{}, Heartbeat{}, HeartbeatAck{}, Canvass{}, CanvassReply{}, Learn{},
	Learned{}, ReadAsk{}, ReadSlot{}, Forward{}, HandOver{}, Offer{}, CheckpointAsk{}, CheckpointPart{}, CheckpointDigest{},
	Ask{}, Answer{},
}

// TestDispatch asserts every cell of role x message; an empty cell is a message that means nothing to the role.
func TestDispatch(t *testing.T) {
	want := map[MessageKind][roleCount]string{ // follower, candidate, leader
		KindPrepare:      {"onPrepare", "onPrepare", "onPrepare"},
		KindPromise:      {"", "onPromise", ""},
		KindReject:       {"", "onRejectAsCandidate", "onRejectAsLeader"},
		KindAccept:       {"onAccept", "onAccept", "onAccept"},
		KindAccepted:     {"", "", "onAccepted"},
		KindHeartbeat:    {"onHeartbeat", "onHeartbeat", "onHeartbeat"},
		KindHeartbeatAck: {"", "", "onHeartbeatAck"},
		KindCanvass:      {"onCanvass", "onCanvass", "onCanvass"},
		KindCanvassReply: {"onCanvassReply", "", ""},
		KindLearn:        {"onLearn", "onLearn", "onLearn"},
		KindLearned:      {"onLearned", "onLearned", "onLearned"},
		KindReadAsk:      {"", "", "onReadAsk"},
		KindReadSlot:     {"onReadSlot", "onReadSlot", "onReadSlot"},
		KindForward:      {"", "", ""}, // the driver takes it before it reaches the core
		KindHandOver:     {"onHandOver", "", ""},
		KindOffer:        {"onOffer", "onOffer", "onOffer"},

		KindCheckpointAsk: {"", "", ""}, KindCheckpointPart: {"", "", ""}, KindCheckpointDigest: {"", "", ""}, // the driver's, too
		KindAsk: {"", "", ""}, KindAnswer: {"", "", ""},
	}
	if len(want) != len(everyMessage) || len(handlers[0]) != len(everyMessage)+1 {
		t.Fatalf("%d kinds in this table, %d messages, %d columns", len(want), len(everyMessage), len(handlers[0]))
	}
	for kind, cells := range want {
		for role, name := range cells {
			if got := handlerName(handlers[role][kind]); got != name {
				t.Errorf("%v x %v is handled by %q, want %q", Role(role), kind, got, name)
			}
		}
	}
	for role := range handlers {
		if handlers[role][0] != nil {
			t.Errorf("%v handles a message of no kind", Role(role))
		}
	}
}

func handlerName(h handler) string {
	if h == nil {
		return ""
	}
	name := runtime.FuncForPC(reflect.ValueOf(h).Pointer()).Name()
	return name[strings.LastIndex(name, ".")+1:]
}

// TestEveryRoleSurvivesEveryMessage: zero values and strange numbers of each message, to each role.
func TestEveryRoleSurvivesEveryMessage(t *testing.T) {
	roles := map[Role]func(*rig){
		RoleFollower: func(*rig) {}, RoleCandidate: func(r *rig) { r.campaign() }, RoleLeader: func(r *rig) { r.lead() },
	}
	huge := Ballot{Round: 1 << 62, Node: 2}
	strange := append([]Message{
		Promise{Part: 9, Parts: 3}, Promise{Ballot: ballot(1, 1), Parts: 1 << 31}, Reject{Promised: huge},
		Accept{Ballot: huge, Slot: 1 << 62, Chosen: 1 << 62}, Accepted{Ballot: ballot(1, 1), Slot: 1 << 63},
		Heartbeat{Ballot: huge, Chosen: 1 << 62}, HeartbeatAck{Ballot: ballot(1, 1), Number: 1 << 63},
		Learn{From: 1 << 63}, Learned{Records: []Record{{Slot: 1 << 63}}}, ReadSlot{Number: 1 << 63}, ReadAsk{Number: 1<<64 - 1},
	}, everyMessage...)
	for role, become := range roles {
		for _, m := range strange {
			r := newRig(t, 1, 3, Restored{})
			become(r)
			r.wantRole(role)
			r.receive(2, m)
			r.tickAfter(testElection)
			r.store()
		}
	}
}
