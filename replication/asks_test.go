package replication

import (
	"reflect"
	"strings"
	"testing"

	"github.com/paxredis/paxredis/replication/internal/wire"
	"github.com/paxredis/paxredis/replication/paxos"
)

func TestRequestsAndAnswersComeBackAsTheyWere(t *testing.T) {
	for _, r := range []request{
		{kind: askCheckpoint},
		{kind: askChange, change: Change{Kind: ReplaceMember, Member: member(7, "u", "a:1"), Replaces: 3, Force: true}},
	} {
		payload, err := encodeRequest(r)
		if got, errBack := decodeRequest(payload); err != nil || errBack != nil || !reflect.DeepEqual(got, r) {
			t.Errorf("%+v came back as %+v, %v, %v", r, got, err, errBack)
		}
	}
	for _, a := range []answer{
		{state: answerRefused, refused: "why"}, {state: answerElsewhere, node: 3}, {state: answerDone, slot: 9},
		{state: answerDone, configuration: threeAndALearner()}, {state: answerDone, report: []byte("{}")},
	} {
		payload, err := encodeAnswer(a)
		if got, errBack := decodeAnswer(payload); err != nil || errBack != nil || !reflect.DeepEqual(got, a) {
			t.Errorf("%+v came back as %+v, %v, %v", a, got, err, errBack)
		}
	}
}

func TestRequestsThatNoNodeMakesAreRefused(t *testing.T) {
	for name, w := range map[string]*wire.Request{
		"format":  {Format: FormatVersion + 1, Group: groupID, Kind: 1},
		"group":   {Format: FormatVersion, Group: 2, Kind: 1},
		"kind":    {Format: FormatVersion, Group: groupID, Kind: 99},
		"address": {Format: FormatVersion, Group: groupID, Kind: 1, Change: &wire.MemberChange{Address: strings.Repeat("a", maxText+1)}},
		"change":  {Format: FormatVersion, Group: groupID, Kind: 1, Change: &wire.MemberChange{Kind: 256 + uint32(AddMember)}},
	} {
		payload, err := w.MarshalVT()
		if err != nil {
			t.Fatal(err)
		}
		if got, err := decodeRequest(payload); err == nil {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func FuzzAskPayloads(f *testing.F) {
	payload, err := encodeRequest(request{kind: askChange, change: adding(4)})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(payload)
	payload, err = encodeRequest(request{kind: askAudience, audience: Audience{Sharded: true, Names: [][]byte{[]byte("news"), {}}}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(payload)
	payload, err = encodeAnswer(answer{state: answerDone, configuration: threeAndALearner(), counts: []uint64{3, 0}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(payload)
	f.Fuzz(func(t *testing.T, payload []byte) {
		if r, err := decodeRequest(payload); err == nil {
			again, err := encodeRequest(r)
			if got, errBack := decodeRequest(again); err != nil || errBack != nil || !reflect.DeepEqual(got, r) {
				t.Errorf("%+v came back as %+v, %v, %v", r, got, err, errBack)
			}
		}
		if a, err := decodeAnswer(payload); err == nil && len(a.configuration.Voters) > 0 {
			if _, err := encodeAnswer(a); err != nil {
				t.Error(err)
			}
		}
	})
}

// Who does not lead says so, garbage is refused with a reason, and an answer to nothing is left alone.
func TestAsksThatAreNotForThisNode(t *testing.T) {
	c := newCluster(t, 3, calm)
	leader := c.leader()
	follower, third := c.others(leader.id)[0], c.others(leader.id)[1]
	follower.mustWrite("a 1")
	answers := make(chan answer, 8)
	c.net.setFilter(func(_, to paxos.NodeID, m paxos.Message) int {
		if reply, ok := m.(paxos.Answer); ok && to == third.id {
			got, err := decodeAnswer(reply.Payload)
			if err != nil {
				t.Error(err)
			}
			answers <- got
		}
		return 1
	})
	payload, err := encodeRequest(request{kind: askChange, change: removing(9)})
	if err != nil {
		t.Fatal(err)
	}
	follower.group.Receive(third.id, []paxos.Message{paxos.Ask{Number: 1, Payload: payload}})
	if got := <-answers; got.state != answerElsewhere || got.node != leader.id {
		t.Errorf("%+v", got)
	}
	leader.group.Receive(third.id, []paxos.Message{paxos.Ask{Number: 2, Payload: []byte("garbage")}})
	if got := <-answers; got.state != answerRefused || got.refused == "" {
		t.Errorf("%+v", got)
	}
	leader.group.Receive(third.id, []paxos.Message{paxos.Ask{Number: 3, Payload: payload}})
	if got := <-answers; got.state != answerRefused || !strings.Contains(got.refused, "no node 9") {
		t.Errorf("%+v", got)
	}
	third.mustWrite("b 1")
}

func TestAsksUnderWayAreBounded(t *testing.T) {
	c := newCluster(t, 3, nil)
	leader := c.leader()
	leader.mustWrite("a 1")
	payload, err := encodeRequest(request{kind: askChange, change: adding(0)})
	if err != nil {
		t.Fatal(err)
	}
	peer := c.others(leader.id)[0].id
	leader.turn(func(l *loop) {
		for i := range uint64(2 * maxAsked) {
			l.onAsk(peer, paxos.Ask{Number: i, Payload: payload})
			l.onAsk(peer, paxos.Ask{Number: i, Payload: payload})
		}
		if len(l.asks.asked) != maxAsked {
			t.Errorf("%d requests of a peer are held", len(l.asks.asked))
		}
		for range maxOwnAsks + 1 {
			l.startAsk(&ask{request: request{kind: askChange, change: adding(0)}, done: make(chan answer, 1)})
		}
		if len(l.asks.own) != maxOwnAsks {
			t.Errorf("%d requests of its own are under way", len(l.asks.own))
		}
	})
	leader.mustWrite("a 2")
}
