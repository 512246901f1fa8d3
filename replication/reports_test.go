package replication

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/paxredis/paxredis/replication/paxos"
)

// reporting has each node of a cluster tell who it is.
func reporting(cfg *Config) {
	text := []byte("I am " + cfg.Self.String())
	cfg.Report = func() []byte { return text }
}

func TestEveryNodeTellsEveryOtherAboutItself(t *testing.T) {
	c := newCluster(t, 3, reporting)
	for from := paxos.NodeID(1); from <= 3; from++ {
		for of := paxos.NodeID(1); of <= 3; of++ {
			if from == of {
				continue
			}
			text, err := c.nodes[from].group.Report(t.Context(), of)
			if err != nil || string(text) != "I am "+of.String() {
				t.Errorf("node %v of %v: %q, %v", from, of, text, err)
			}
		}
	}
}

// A report needs no leader and no majority: it is there to see why there is none.
func TestAReportNeedsNoMajority(t *testing.T) {
	c := newCluster(t, 5, reporting)
	for _, id := range []paxos.NodeID{2, 4, 5} {
		c.crash(id)
	}
	if text, err := c.nodes[1].group.Report(t.Context(), 3); err != nil || string(text) != "I am 3" {
		t.Errorf("%q, %v", text, err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if text, err := c.nodes[1].group.Report(ctx, 2); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("of a node that is down: %q, %v", text, err)
	}
	if waiting := len(c.nodes[1].group.reports.waiting); waiting != 0 {
		t.Errorf("%d requests are remembered that nobody waits for", waiting)
	}
}

func TestANodeThatTellsNothingSaysSo(t *testing.T) {
	c := newCluster(t, 2, func(cfg *Config) {
		if cfg.Self == 1 {
			large := bytes.Repeat([]byte("x"), MaxReportBytes+1)
			cfg.Report = func() []byte { return large }
		}
	})
	for of, why := range map[paxos.NodeID]string{1: "more than the", 2: errNoReports.Error()} {
		if text, err := c.nodes[3-of].group.Report(t.Context(), of); err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("node %v: %q, %v", of, text, err)
		}
	}
}

// sentMessages is a transport that keeps what it is given.
type sentMessages struct{ sent []paxos.Envelope }

func (s *sentMessages) Send(to paxos.NodeID, m paxos.Message) {
	s.sent = append(s.sent, paxos.Envelope{To: to, Message: m})
}
func (s *sentMessages) SendAll(all []paxos.Envelope) { s.sent = append(s.sent, all...) }
func (*sentMessages) SetMembers(paxos.Configuration) {}

// A release before reports refuses their kind; one that does not lead points elsewhere without looking at it. Neither is waited for.
func TestReportsOfAnOlderReleaseAreRefusedAtOnce(t *testing.T) {
	for name, a := range map[string]answer{"refused": {state: answerRefused, refused: "of a later release"}, "elsewhere": {state: answerElsewhere, node: 3}} {
		r := newReports(nil, &sentMessages{}, 1)
		done := make(chan answer, 1)
		number := r.await(2, done)
		payload, err := encodeAnswer(a)
		if err != nil {
			t.Fatal(err)
		}
		r.answered(3, paxos.Answer{Number: number, Payload: payload}) // who was not asked
		if len(done) != 0 {
			t.Errorf("%s: the answer of another node was taken", name)
		}
		r.answered(2, paxos.Answer{Number: number, Payload: payload})
		if got := <-done; got.state != a.state || got.why() == "" {
			t.Errorf("%s: %+v", name, got)
		}
		r.answered(2, paxos.Answer{Number: number, Payload: payload}) // late: nobody waits
	}
}

func TestRequestsForReportsAreBounded(t *testing.T) {
	sent := &sentMessages{}
	r := newReports(func() []byte { return []byte("me") }, sent, 1)
	var flood []paxos.Message
	for n := range uint64(3 * maxReportsAsked) {
		flood = append(flood, paxos.Ask{Number: n | reportNumber}, paxos.Ask{Number: n}) // the latter is for the leader
	}
	r.takeFrom(2, flood)
	if got := len(r.asked); got != maxReportsAsked {
		t.Fatalf("%d requests wait, the bound is %d", got, maxReportsAsked)
	}
	for len(r.asked) > 0 {
		r.tell(<-r.asked)
	}
	if len(sent.sent) != maxReportsAsked || sent.sent[0].To != 2 || sent.sent[0].Message.(paxos.Answer).Number != reportNumber {
		t.Errorf("%d answers, the first %+v", len(sent.sent), sent.sent[0])
	}
}
