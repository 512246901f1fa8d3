package replication

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/paxredis/paxredis/replication/paxos"
)

// audiences has each node count as many subscribers of the channel "all" as its id says, and of "own" one if it is the second.
func audiences(c *cluster) {
	for id, n := range c.nodes {
		n.group.CountAt(func(a Audience) []uint64 {
			counts := make([]uint64, len(a.Names))
			for i, name := range a.Names {
				switch {
				case string(name) == "all":
					counts[i] = uint64(id)
				case string(name) == "own" && id == 2 && a.Sharded:
					counts[i] = 1
				}
			}
			return counts
		})
	}
}

// elsewhere asks a node how many subscribers its peers have.
func elsewhere(t *testing.T, n *node, sharded bool, names ...string) []uint64 {
	t.Helper()
	type outcome struct {
		counts []uint64
		err    error
	}
	done := make(chan outcome, 1)
	a := Audience{Sharded: sharded}
	for _, name := range names {
		a.Names = append(a.Names, []byte(name))
	}
	n.group.CountElsewhere(a, func(counts []uint64, err error) { done <- outcome{counts, err} })
	got := <-done
	if got.err != nil {
		t.Fatalf("node %v: %v", n.id, got.err)
	}
	return got.counts
}

// TestSubscribersAreCountedOnAllPeers, of those that are there: a node whose links are gone has none, without anybody waiting for it.
func TestSubscribersAreCountedOnAllPeers(t *testing.T) {
	c := newCluster(t, 3, calm)
	c.nodes[2].mustWrite("a 1") // all have loaded
	audiences(c)
	for _, want := range []struct {
		id     paxos.NodeID
		counts []uint64
	}{{1, []uint64{5, 1, 0}}, {2, []uint64{4, 0, 0}}, {3, []uint64{3, 1, 0}}} {
		c.nodes[want.id].write("x 1") // and so has this one
		if got := elsewhere(t, c.nodes[want.id], true, "all", "own", ""); !slices.Equal(got, want.counts) {
			t.Errorf("node %v: %v, want %v", want.id, got, want.counts)
		}
	}
	if got := elsewhere(t, c.nodes[1], false, "own"); got[0] != 0 {
		t.Errorf("a channel that is not sharded: %v", got)
	}
	c.crash(3)
	c.nodes[1].group.LinkDown(3)
	if got := elsewhere(t, c.nodes[1], false, "all"); got[0] != 2 {
		t.Errorf("a node that died is counted: %v", got)
	}
	c.crash(2)
	c.nodes[1].group.LinkDown(2)
	if got := elsewhere(t, c.nodes[1], false, "all", "x"); !slices.Equal(got, []uint64{0, 0}) {
		t.Errorf("nobody is left: %v", got)
	}
}

// TestAPeerThatDoesNotTellItsSubscribersIsLeftOut: one that refuses, as an earlier release does, one that says nothing until the time is up,
// and one whose link breaks meanwhile.
func TestAPeerThatDoesNotTellItsSubscribersIsLeftOut(t *testing.T) {
	c := newCluster(t, 3, calm)
	for _, id := range c.all {
		c.nodes[id].mustWrite("a 1")
	}
	audiences(c)
	refusal, err := encodeAnswer(answer{state: answerRefused, refused: "of a later release"})
	if err != nil {
		t.Fatal(err)
	}
	c.net.setFilter(func(from, to paxos.NodeID, m paxos.Message) int {
		a, ok := m.(paxos.Answer)
		if !ok || to != 1 || from != 3 {
			return 1
		}
		c.nodes[1].group.Receive(3, []paxos.Message{paxos.Answer{Number: a.Number, Payload: refusal}})
		return 1 // and a second answer, which counts no more
	})
	if got := elsewhere(t, c.nodes[1], false, "all"); got[0] != 2 {
		t.Errorf("a peer that refused: %v", got)
	}
	asked := make(chan struct{}, 1)
	c.net.setFilter(func(from, to paxos.NodeID, m paxos.Message) int {
		if _, ok := m.(paxos.Answer); ok && to == 1 && from == 3 {
			asked <- struct{}{}
			return 0
		}
		return 1
	})
	begin := func() chan uint64 {
		done := make(chan uint64, 1)
		c.nodes[1].group.CountElsewhere(Audience{Names: [][]byte{[]byte("all")}}, func(counts []uint64, _ error) { done <- counts[0] })
		<-asked
		return done
	}
	done := begin()
	c.nodes[1].group.LinkDown(3)
	if got := <-done; got != 2 {
		t.Errorf("a peer whose link broke: %v", got)
	}
	c.nodes[1].group.LinkUp(3)
	done = begin()
	c.nodes[1].clock.ahead.Add(2 * int64(c.nodes[1].group.cfg.Limits.ElectionMax))
	if got := <-done; got != 2 {
		t.Errorf("a peer that said nothing: %v", got)
	}
}

// TestQuestionsOfSubscribersAreBounded: in their length, also those of a peer, and in their number.
func TestQuestionsOfSubscribersAreBounded(t *testing.T) {
	c := newCluster(t, 3, calm)
	for _, id := range c.all {
		c.nodes[id].mustWrite("a 1")
	}
	audiences(c)
	long := Audience{Names: [][]byte{bytes.Repeat([]byte("n"), MaxAudienceBytes-audienceNameCost)}}
	if err := long.Check(); err != nil {
		t.Error(err)
	}
	long.Names[0] = append(long.Names[0], 'n')
	c.nodes[1].group.CountElsewhere(long, func(_ []uint64, err error) {
		if err == nil || !strings.Contains(err.Error(), "65536 may be asked for at once") {
			t.Errorf("%v", err)
		}
	})
	payload, err := encodeRequest(request{kind: askAudience, audience: long})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := decodeRequest(payload); err == nil {
		t.Error("a peer may ask for more than it can")
	}

	// No peer answers.
	c.net.setFilter(func(_, _ paxos.NodeID, m paxos.Message) int {
		if _, ok := m.(paxos.Answer); ok {
			return 0
		}
		return 1
	})
	one := Audience{Names: [][]byte{[]byte("all")}}
	ended, refused := make(chan error, maxPolls), make(chan error, 1)
	var cancels []func()
	for range maxPolls {
		cancels = append(cancels, c.nodes[1].group.CountElsewhere(one, func(_ []uint64, err error) { ended <- err }))
	}
	c.nodes[1].group.CountElsewhere(one, func(_ []uint64, err error) { refused <- err })
	if err := <-refused; err == nil || !strings.Contains(err.Error(), "256 questions") {
		t.Errorf("%v", err)
	}
	for _, cancel := range cancels {
		cancel()
	}
	c.nodes[1].turn(func(l *loop) {
		if len(l.polls.own) != 0 {
			t.Errorf("%d questions are kept that nobody waits for", len(l.polls.own))
		}
	})
	if len(ended) != 0 {
		t.Error("a cancelled question was answered")
	}
}
