package monitor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/paxredis/paxredis/replication/paxos"
)

const (
	// askTimeout is how long another node may take to tell about itself. One that is up answers within a round trip, or once the command at hand is applied.
	askTimeout = time.Second
	// viewLasts is for how long a view of the cluster is shown to everybody who asks: however many watch, each node is asked so often.
	viewLasts = 250 * time.Millisecond
)

// ClusterStatus is the cluster as one node sees it, which asked all the others: /cluster.
type ClusterStatus struct {
	// Time is the wall clock of the node SeenFrom when the answers were there.
	Time     time.Time `json:"time"`
	SeenFrom uint64    `json:"seen_from"`
	Cluster  string    `json:"cluster,omitempty"`
	// Leader and Ballot are those of the highest ballot that a node has told of which follows a leader; 0: none does.
	Leader uint64 `json:"leader"`
	Ballot string `json:"ballot,omitempty"`
	// Voters is how many there are, VotersReached how many of them have told about themselves now, SeenFrom included, and Majority whether those
	// are one and follow a leader.
	Voters        int  `json:"voters"`
	VotersReached int  `json:"voters_reached"`
	Majority      bool `json:"majority"`
	// Chosen is the highest slot that any node knows to be chosen.
	Chosen            uint64 `json:"chosen"`
	ConfigurationSlot uint64 `json:"configuration_slot"`
	// Nodes are the members, by id, and SeenFrom even if it is none.
	Nodes []ClusterNode `json:"nodes"`
}

// ClusterNode is a node in a view of the cluster.
type ClusterNode struct {
	ID      uint64 `json:"id"`
	Address string `json:"address"` // for its peers
	// Role is voter, learner, or none.
	Role          string `json:"role"`
	ClientAddress string `json:"client_address,omitempty"`
	// Reached says that Status is of now; else Error says why not, and Status is what the node told last, AgeSeconds ago, if it has told anything.
	Reached    bool    `json:"reached"`
	Error      string  `json:"error,omitempty"`
	AgeSeconds float64 `json:"age_seconds"`
	// Lag is how many slots the node has to apply until it is where Chosen is; of a node that was not reached, as far as it is known.
	Lag uint64 `json:"lag"`
	// QuestionMicros is how long the node took to answer, and ClockOffsetMicros by how much its wall clock is ahead of that of the node asked,
	// give or take half of that; both 0 of that node itself.
	QuestionMicros    uint64 `json:"question_usec"`
	ClockOffsetMicros int64  `json:"clock_offset_usec"`
	// Status is as of /status there: a node of a later release may tell more than this one knows.
	Status json.RawMessage `json:"status,omitempty"`

	known reportKnown
}

// reportKnown is what this release needs to know of a report.
type reportKnown struct {
	Time          time.Time `json:"time"`
	Leader        uint64    `json:"leader"`
	Ballot        string    `json:"ballot"`
	ClientAddress string    `json:"client_address"`
	Slots         Slots     `json:"slots"`
}

// clusterView is the newest view and what each node told last.
type clusterView struct {
	// turn is held by who makes a view: one at a time.
	turn   chan struct{}
	mu     sync.Mutex
	newest ClusterStatus
	madeAt time.Time
	last   map[uint64]ClusterNode
}

func newClusterView() clusterView {
	return clusterView{turn: make(chan struct{}, 1), last: make(map[uint64]ClusterNode)}
}

// Cluster asks every other member about itself and returns what the cluster looks like. It waits for one that does not answer for a second at
// most. The error is ctx's.
func (m *Monitor) Cluster(ctx context.Context) (ClusterStatus, error) {
	v := &m.cluster
	select {
	case v.turn <- struct{}{}:
	case <-ctx.Done():
		return ClusterStatus{}, ctx.Err()
	}
	defer func() { <-v.turn }()
	v.mu.Lock()
	newest, age := v.newest, time.Since(v.madeAt)
	v.mu.Unlock()
	if age < viewLasts {
		return newest, nil
	}
	made := m.look(ctx)
	if ctx.Err() != nil {
		return ClusterStatus{}, ctx.Err() // what it could not ask is not what others should see
	}
	v.mu.Lock()
	v.newest, v.madeAt = made, time.Now()
	v.mu.Unlock()
	return made, nil
}

// look makes a view.
func (m *Monitor) look(ctx context.Context) ClusterStatus {
	own := m.Status()
	c := ClusterStatus{SeenFrom: own.ID, Cluster: own.Cluster, ConfigurationSlot: own.ConfigurationSlot}
	c.Nodes = nodesOf(&own)
	p := m.parts.Load()
	var asking sync.WaitGroup
	for i := range c.Nodes {
		n := &c.Nodes[i]
		if n.ID == own.ID {
			text, err := json.Marshal(&own)
			n.take(text, err)
			continue
		}
		asking.Go(func() { m.ask(ctx, p, &own, n) })
	}
	asking.Wait()
	for i := range c.Nodes {
		c.Nodes[i].completeAddress()
	}
	c.Time = m.now()
	m.remember(c.Nodes, c.Time)
	c.conclude()
	return c
}

// nodesOf lists the members, and the node itself if it is none, without what they tell.
func nodesOf(own *NodeStatus) []ClusterNode {
	var nodes []ClusterNode
	for i := range own.Members {
		e := &own.Members[i]
		nodes = append(nodes, ClusterNode{ID: e.ID, Address: e.Address, Role: e.Role})
	}
	if !slices.ContainsFunc(nodes, func(n ClusterNode) bool { return n.ID == own.ID }) {
		nodes = append(nodes, ClusterNode{ID: own.ID, Address: own.PeerAddress, Role: "none"})
	}
	slices.SortFunc(nodes, func(a, b ClusterNode) int { return int(a.ID) - int(b.ID) })
	return nodes
}

// errNoLink is why a node is not asked.
var errNoLink = errors.New("there is no link to it")

// ask has a node tell about itself. One without a link cannot, and is not waited for.
func (m *Monitor) ask(ctx context.Context, p *Parts, own *NodeStatus, n *ClusterNode) {
	at := slices.IndexFunc(own.Links, func(l LinkStatus) bool { return l.ID == n.ID })
	if at >= 0 {
		n.ClientAddress = own.Links[at].ClientAddress
	}
	if at < 0 || !own.Links[at].Connected {
		n.take(nil, errNoLink)
		if at >= 0 && own.Links[at].LastError != "" {
			n.Error += ": " + own.Links[at].LastError
		}
		return
	}
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	began, wall := time.Now(), m.now()
	text, err := p.Group.Report(ctx, paxos.NodeID(n.ID))
	took := time.Since(began)
	n.take(text, err)
	if n.Reached {
		n.QuestionMicros = micros(took)
		n.ClockOffsetMicros = n.known.Time.Sub(wall.Add(took / 2)).Microseconds()
	}
}

// take takes what a node told, or why it did not.
func (n *ClusterNode) take(text []byte, err error) {
	if err == nil {
		if err = json.Unmarshal(text, &n.known); err != nil {
			err = fmt.Errorf("what it tells cannot be read: %w", err)
		}
	}
	if err != nil {
		n.Error, n.known = err.Error(), reportKnown{}
		return
	}
	n.Reached, n.Status = true, text
	if n.known.ClientAddress != "" {
		n.ClientAddress = n.known.ClientAddress
	}
}

// completeAddress gives a client address without a host that of the node's address as a member: such a node serves clients at all of its addresses.
func (n *ClusterNode) completeAddress() {
	host, port, err := net.SplitHostPort(n.ClientAddress)
	if err != nil || host != "" {
		return
	}
	if peers, _, err := net.SplitHostPort(n.Address); err == nil {
		n.ClientAddress = net.JoinHostPort(peers, port)
	}
}

// remember keeps what was told, and gives those that were not reached what they told last. Who is no member any more is forgotten.
func (m *Monitor) remember(nodes []ClusterNode, now time.Time) {
	v := &m.cluster
	v.mu.Lock()
	defer v.mu.Unlock()
	last := make(map[uint64]ClusterNode)
	for i := range nodes {
		n := &nodes[i]
		before, ok := v.last[n.ID]
		switch {
		case n.Reached:
			n.known.Time = now // by this node's clock
			last[n.ID] = *n
		case ok:
			n.Status, n.known = before.Status, before.known
			n.AgeSeconds = now.Sub(before.known.Time).Seconds()
			last[n.ID] = before
		}
	}
	v.last = last
}

// conclude sums up what the nodes told.
func (c *ClusterStatus) conclude() {
	var best paxos.Ballot
	for i := range c.Nodes {
		n := &c.Nodes[i]
		c.Chosen = max(c.Chosen, n.known.Slots.Known, n.known.Slots.Applied)
		if n.Role == "voter" {
			c.Voters++
			if n.Reached {
				c.VotersReached++
			}
		}
		if ballot, err := paxos.ParseBallot(n.known.Ballot); err == nil && n.Reached && n.known.Leader != 0 && !ballot.Less(best) {
			best, c.Leader, c.Ballot = ballot, n.known.Leader, n.known.Ballot
		}
	}
	c.Majority = c.Leader != 0 && 2*c.VotersReached > c.Voters
	for i := range c.Nodes {
		n := &c.Nodes[i]
		n.Lag = c.Chosen - min(c.Chosen, n.known.Slots.Applied)
	}
}
