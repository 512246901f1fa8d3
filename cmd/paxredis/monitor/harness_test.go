package monitor

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/paxredis/paxredis/peer"
	"github.com/paxredis/paxredis/replication"
	"github.com/paxredis/paxredis/replication/paxos"
	"github.com/paxredis/paxredis/resp"
)

// fakeGroup is a group that says what a test has it say.
type fakeGroup struct {
	mu         sync.Mutex
	status     replication.Status
	checkpoint replication.CheckpointStatus
	figures    replication.Figures
	loading    bool
	// reports are what other nodes tell; one that is not there does not answer.
	reports map[paxos.NodeID]string
	asked   int
}

func (g *fakeGroup) Status() replication.Status {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.status
}

func (g *fakeGroup) CheckpointStatus() replication.CheckpointStatus {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.checkpoint
}

func (g *fakeGroup) Figures() replication.Figures { return g.figures }

func (g *fakeGroup) Loading() (bool, uint64, uint64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.loading, 3, 7
}

func (g *fakeGroup) Report(ctx context.Context, of paxos.NodeID) ([]byte, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.asked++
	text, ok := g.reports[of]
	if !ok {
		return nil, errors.New("no answer")
	}
	return []byte(text), nil
}

// fakeClients are the clients of such a node.
type fakeClients struct {
	info     resp.InfoSource
	figures  resp.Figures
	stopping bool
}

func (c *fakeClients) Info() *resp.InfoSource { return &c.info }
func (c *fakeClients) Figures() resp.Figures  { return c.figures }
func (c *fakeClients) IsStopping() bool       { return c.stopping }

// fakeNode is a Monitor of a node of three, which follows node 2, and what it is made of.
type fakeNode struct {
	*Monitor
	group   *fakeGroup
	clients *fakeClients
	links   []peer.LinkStatus
	clock   *fakeClock
}

// fakeClock is a wall clock that a test moves.
type fakeClock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *fakeClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *fakeClock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func newFakeNode() *fakeNode {
	configuration := paxos.Configuration{Slot: 2}
	n := &fakeNode{group: &fakeGroup{reports: map[paxos.NodeID]string{}}, clients: &fakeClients{}, clock: &fakeClock{now: time.Unix(1_800_000_000, 0)}}
	for id := paxos.NodeID(1); id <= 3; id++ {
		configuration.Voters = append(configuration.Voters, paxos.Member{ID: id})
		n.clients.info.Paxos.Members = append(n.clients.info.Paxos.Members, resp.MemberInfo{ID: uint64(id), Role: "voter", Address: "10.0.0." + id.String() + ":7379"})
		if id != 1 {
			n.links = append(n.links, peer.LinkStatus{ID: id, Connected: true, ClientAddress: ":6379"})
		}
	}
	n.group.status = replication.Status{Status: paxos.Status{Self: 1, Role: paxos.RoleFollower, Leader: 2, Ballot: paxos.Ballot{Round: 7, Node: 2}, Chosen: 50, Known: 50,
		Configuration: configuration}, Applied: 48}
	n.Monitor = New("test", n.clock.Now)
	return n
}

// attach says that the node works.
func (n *fakeNode) attach() *fakeNode {
	n.Attach(Parts{Group: n.group, Clients: n.clients, Links: func() []peer.LinkStatus { return n.links }, FreeDisk: func() (uint64, error) { return 1 << 30, nil },
		NodeUUID: "u1", ClusterUUID: "c", Boot: 4, ClientAddress: ":6379", PeerAddress: "10.0.0.1:7379"})
	return n
}

// tells has another node tell about itself.
func (n *fakeNode) tells(t *testing.T, id paxos.NodeID, s NodeStatus) {
	t.Helper()
	text, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	n.group.mu.Lock()
	defer n.group.mu.Unlock()
	n.group.reports[id] = string(text)
}

// fresh forgets that the cluster was looked at just now.
func (n *fakeNode) fresh() {
	n.cluster.mu.Lock()
	defer n.cluster.mu.Unlock()
	n.cluster.madeAt = time.Time{}
}
