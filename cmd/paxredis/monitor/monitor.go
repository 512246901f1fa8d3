package monitor

import (
	"context"
	"encoding/json"
	"os"
	"sync/atomic"
	"time"

	"github.com/paxredis/paxredis/cmd/paxredis/tracing"
	"github.com/paxredis/paxredis/peer"
	"github.com/paxredis/paxredis/replication"
	"github.com/paxredis/paxredis/replication/paxos"
	"github.com/paxredis/paxredis/resp"
)

// Group is what is asked of a replication.Group.
type Group interface {
	Status() replication.Status
	CheckpointStatus() replication.CheckpointStatus
	Figures() replication.Figures
	Loading() (loading bool, done, total uint64)
	// Report has another node tell about itself.
	Report(ctx context.Context, of paxos.NodeID) ([]byte, error)
}

// Clients is what is asked of a resp.Server.
type Clients interface {
	Info() *resp.InfoSource
	Figures() resp.Figures
	IsStopping() bool
}

// Parts are a node that works. All of its functions may be called by several goroutines.
type Parts struct {
	Group   Group
	Clients Clients
	// Links tells of the links to other nodes; nil: there are none.
	Links func() []peer.LinkStatus
	// Spans counts those of traces; nil: none are made.
	Spans func() tracing.Counts
	// FreeDisk is how much room is left where the node's data is.
	FreeDisk func() (uint64, error)

	NodeUUID, ClusterUUID      string
	Boot                       uint64
	ClientAddress, PeerAddress string
}

// Monitor tells about one node. Its methods are safe for use by several goroutines.
type Monitor struct {
	version string
	now     func() time.Time
	started time.Time
	events  events
	parts   atomic.Pointer[Parts]
	http    atomic.Pointer[string] // the address; nil: none
	cluster clusterView
}

// New makes a Monitor of a node that starts. now is the wall clock.
func New(version string, now func() time.Time) *Monitor {
	return &Monitor{version: version, now: now, started: now(), cluster: newClusterView()}
}

// Attach says that the node works.
func (m *Monitor) Attach(p Parts) { m.parts.Store(&p) }

// ServesAt says where the node's HTTP server is.
func (m *Monitor) ServesAt(address string) { m.http.Store(&address) }

// Note remembers an event. node is whom it is about, 0 for nobody else; took is how long it took, 0 if that is of no interest. It returns at once.
func (m *Monitor) Note(kind string, node uint64, text string, took time.Duration) {
	m.events.add(Event{Time: m.now(), Kind: kind, Node: node, Text: text, TookMicros: micros(took)})
}

// Observe remembers an event of a group. It returns at once.
func (m *Monitor) Observe(e replication.Event) {
	m.Note(string(e.Kind), uint64(e.Node), e.Text, e.Took)
}

// Report is what another node is told that asks: the JSON of Status.
func (m *Monitor) Report() []byte {
	s := m.Status()
	text, err := json.Marshal(&s)
	if err != nil {
		return nil // no type in it can fail
	}
	return text
}

// Status tells about the node. It waits while a command is applied.
func (m *Monitor) Status() NodeStatus {
	now := m.now()
	s := NodeStatus{Time: now, Version: m.version, PID: os.Getpid(), Started: m.started, UptimeSeconds: now.Sub(m.started).Seconds(),
		State: StateStarting, Members: []MemberStatus{}, Links: []LinkStatus{}, Events: m.events.all()}
	if at := m.http.Load(); at != nil {
		s.HTTPAddress = *at
	}
	if p := m.parts.Load(); p != nil {
		p.describe(&s)
	}
	s.NotReady = m.NotReady()
	s.Ready = len(s.NotReady) == 0
	return s
}

func micros(d time.Duration) uint64 { return uint64(max(d, 0).Microseconds()) }
