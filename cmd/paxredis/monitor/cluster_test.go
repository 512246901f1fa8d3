package monitor

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/paxredis/paxredis/replication/paxos"
)

// view looks at the cluster anew.
func (n *fakeNode) view(t *testing.T) ClusterStatus {
	t.Helper()
	n.fresh()
	c, err := n.Cluster(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestTheClusterIsSeenFromAnyNode(t *testing.T) {
	n := newFakeNode().attach()
	n.tells(t, 2, NodeStatus{Time: n.clock.Now().Add(time.Minute), Leader: 2, Ballot: "7.2", Slots: Slots{Known: 60, Applied: 60}})
	n.tells(t, 3, NodeStatus{Leader: 1, Ballot: "6.1", Slots: Slots{Known: 55, Applied: 40}, ClientAddress: "c3:1"})
	c := n.view(t)
	if c.SeenFrom != 1 || c.Leader != 2 || c.Ballot != "7.2" || !c.Majority || c.Voters != 3 || c.VotersReached != 3 || c.Chosen != 60 || c.ConfigurationSlot != 2 {
		t.Errorf("%+v", c)
	}
	for i, want := range []struct {
		lag     uint64
		address string
	}{{12, "10.0.0.1:6379"}, {0, "10.0.0.2:6379"}, {20, "c3:1"}} {
		if got := c.Nodes[i]; got.ID != uint64(i+1) || !got.Reached || got.Lag != want.lag || got.ClientAddress != want.address || len(got.Status) == 0 {
			t.Errorf("node %d: %+v, want %+v", i+1, got, want)
		}
	}
	if offset := time.Duration(c.Nodes[1].ClockOffsetMicros) * time.Microsecond; offset < 59*time.Second || offset > time.Minute {
		t.Errorf("a clock that is a minute ahead: %v", offset)
	}
}

func TestANodeThatIsNotReachedIsShownAsItWasLast(t *testing.T) {
	n := newFakeNode().attach()
	n.tells(t, 2, NodeStatus{Leader: 2, Ballot: "7.2", Slots: Slots{Known: 60, Applied: 60}})
	n.tells(t, 3, NodeStatus{Leader: 2, Ballot: "7.2"})
	n.view(t)
	n.clock.add(time.Minute)
	n.links[0].Connected, n.links[0].LastError = false, "reset by peer"
	delete(n.group.reports, 3)
	c := n.view(t)
	if c.Majority || c.VotersReached != 1 || c.Leader != 2 || c.Chosen != 60 { // this node itself has not noticed yet
		t.Errorf("%+v", c)
	}
	two, three := c.Nodes[1], c.Nodes[2]
	if two.Reached || two.AgeSeconds != 60 || !strings.Contains(string(two.Status), `"applied":60`) || !strings.Contains(two.Error, "no link") || !strings.Contains(two.Error, "reset by peer") {
		t.Errorf("a node without a link: %+v", two)
	}
	if three.Reached || three.AgeSeconds != 60 || three.Error != "no answer" {
		t.Errorf("a node that does not answer: %+v", three)
	}
	n.clock.add(time.Minute)
	n.tells(t, 3, NodeStatus{Leader: 2, Ballot: "7.2"})
	if c = n.view(t); !c.Majority || c.Nodes[1].AgeSeconds != 120 || c.Nodes[2].AgeSeconds != 0 || c.Nodes[2].Error != "" {
		t.Errorf("one is back: %+v", c)
	}
	n.clients.info.Paxos.Members = n.clients.info.Paxos.Members[:1]
	if c = n.view(t); len(c.Nodes) != 1 || len(n.cluster.last) != 1 {
		t.Errorf("who left is remembered: %+v", c)
	}
}

// What a later release tells is passed on whole, and what cannot be read is said to be so.
func TestReportsOfOtherReleases(t *testing.T) {
	n := newFakeNode().attach()
	n.group.reports[2] = `{"leader": 2, "ballot": "7.2", "fuel": {"left": 3}}`
	n.group.reports[3] = `{"leader": "nobody"}`
	c := n.view(t)
	if !strings.Contains(string(c.Nodes[1].Status), "fuel") || c.Nodes[2].Reached || c.Nodes[2].Error == "" || c.VotersReached != 2 {
		t.Errorf("%+v", c)
	}
	if _, err := json.Marshal(c); err != nil {
		t.Error(err)
	}
}

func TestManyWhoWatchAskOnce(t *testing.T) {
	n := newFakeNode().attach()
	n.tells(t, 2, NodeStatus{})
	n.tells(t, 3, NodeStatus{})
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if _, err := n.Cluster(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n.group.asked >= 40 {
		t.Errorf("the two others were asked %d times by 20", n.group.asked)
	}
	n.fresh()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := n.Cluster(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("one who has gone: %v", err)
	}
}

func TestWithoutALeaderThereIsNoMajority(t *testing.T) {
	n := newFakeNode().attach()
	n.group.status.Leader, n.group.status.Ballot, n.group.status.Role = 0, paxos.Ballot{}, paxos.RoleCandidate
	n.tells(t, 2, NodeStatus{Ballot: "0.0"})
	n.tells(t, 3, NodeStatus{Ballot: "9.3"})
	if c := n.view(t); c.Majority || c.Leader != 0 || c.VotersReached != 3 {
		t.Errorf("%+v", c)
	}
}

func TestANodeThatStartsSeesItself(t *testing.T) {
	n := newFakeNode()
	c, err := n.Cluster(t.Context())
	if err != nil || len(c.Nodes) != 1 || !strings.Contains(string(c.Nodes[0].Status), `"starting"`) || c.Majority {
		t.Errorf("%+v, %v", c, err)
	}
}
