package peer

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/paxredis/paxredis/replication/paxos"
)

// Config is what a Transport needs to know.
type Config struct {
	// Self is this node; NodeUUID and ClusterUUID are what its data directory says.
	Self                  paxos.NodeID
	NodeUUID, ClusterUUID string
	// Members are all nodes of the configuration; Self may be among them.
	Members []paxos.Member
	// Keys are this node's cluster key and, while keys are exchanged, others that are accepted beside it.
	Keys []Key
	// Listen is the host:port of the peer listener.
	Listen string
	// Meet is asked about the UUID a node shows for its id, and refuses by an error (rule D4). It may block, and is
	// called by several goroutines. Nil accepts what Members do not contradict.
	Meet func(paxos.NodeID, string) error
	// Logger may be nil.
	Logger *slog.Logger
	Limits Limits
}

// Handler is who gets the messages. The methods are never called at the same time for one peer, but for
// different peers they are.
type Handler interface {
	// Receive takes messages in the order in which the peer's link brought them. It may block, which holds up the peer;
	// the slice and the messages are the handler's from then on.
	Receive(from paxos.NodeID, ms []paxos.Message)
	// LinkUp says that a link to the peer is up and messages sent before may be lost. It comes before any message of
	// that link. It must not block for long.
	LinkUp(peer paxos.NodeID)
	// LinkDown says that the peer has no link any more. It comes after the last Receive of that link and before the next
	// LinkUp. It must not block for long.
	LinkDown(peer paxos.NodeID)
}

// Transport is this node's end of the links to all other members. Its methods may be called by several goroutines.
type Transport struct {
	limits    Limits
	notices   *notices
	identity  *identity
	tls       *tls.Config
	door      *door
	admission admission
	listener  net.Listener
	remotes   map[paxos.NodeID]*remote
	started   time.Time
	handler   Handler // set by Start, before any goroutine

	cancel    context.CancelFunc
	ctx       context.Context
	running   sync.WaitGroup
	startOnce sync.Once
	closeOnce sync.Once
}

// Listen checks cfg and binds the listener; nothing is accepted or dialled before Start.
func Listen(cfg Config) (*Transport, error) {
	limits := cfg.Limits.WithDefaults()
	if err := errors.Join(limits.Check(), checkConfig(cfg)); err != nil {
		return nil, err
	}
	id, err := newIdentity(cfg.Keys)
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", cfg.Listen)
	if err != nil {
		return nil, fmt.Errorf("peer: %w", err)
	}
	logger := cfg.Logger
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	t := &Transport{limits: limits, notices: newNotices(logger, limits.RefusalLog), identity: id,
		tls: id.tlsConfig(), door: newDoor(cfg), admission: admission{max: limits.Unauthenticated}, listener: listener,
		remotes: make(map[paxos.NodeID]*remote), started: time.Now()}
	t.ctx, t.cancel = context.WithCancel(context.Background())
	for _, m := range cfg.Members {
		if m.ID != cfg.Self {
			t.remotes[m.ID] = &remote{id: m.ID, address: m.Address, outbox: newOutbox(limits), since: t.started}
		}
	}
	return t, nil
}

func checkConfig(cfg Config) error {
	seen := make(map[paxos.NodeID]bool)
	for _, m := range cfg.Members {
		if m.ID == 0 || seen[m.ID] {
			return fmt.Errorf("peer: node id %v is 0 or given twice", m.ID)
		}
		seen[m.ID] = true
		if _, _, err := net.SplitHostPort(m.Address); m.ID != cfg.Self && err != nil {
			return fmt.Errorf("peer: node %v: %w", m.ID, err)
		}
	}
	switch {
	case cfg.Self == 0:
		return errors.New("peer: this node has no id")
	case cfg.NodeUUID == "" || cfg.ClusterUUID == "":
		return errors.New("peer: node UUID and cluster UUID must be known before links are made")
	case len(cfg.NodeUUID) > maxUUIDBytes || len(cfg.ClusterUUID) > maxUUIDBytes:
		return fmt.Errorf("peer: a UUID is longer than %d bytes", maxUUIDBytes)
	}
	return nil
}

// maxUUIDBytes keeps a hello within its bound.
const maxUUIDBytes = 64

func newDoor(cfg Config) *door {
	d := &door{self: cfg.Self, clusterUUID: cfg.ClusterUUID, nodeUUID: cfg.NodeUUID, meet: cfg.Meet,
		configuration: configurationDigest(cfg.Members), members: make(map[paxos.NodeID]paxos.Member)}
	for _, m := range cfg.Members {
		d.members[m.ID] = m
	}
	if d.meet == nil {
		d.meet = func(paxos.NodeID, string) error { return nil }
	}
	return d
}

// Start accepts and dials from now on and calls h. Only the first call counts.
func (t *Transport) Start(h Handler) {
	t.startOnce.Do(func() {
		t.handler = h
		t.running.Go(func() { t.accept(t.ctx) })
		for _, r := range t.remotes {
			if r.id > t.door.self {
				t.running.Go(func() { t.dial(t.ctx, r) })
			}
		}
	})
}

// Send queues m for to and returns at once. Without a link, or for a node that is no member, m is dropped; in a full
// queue the oldest message is. m and all it refers to must not change any more.
func (t *Transport) Send(to paxos.NodeID, m paxos.Message) {
	if r := t.remotes[to]; r != nil {
		r.outbox.put(m)
	}
}

// SetMembers says which configuration is active from now on.
func (t *Transport) SetMembers(c paxos.Configuration) {}

// adopt makes l its member's link and runs it.
func (t *Transport) adopt(l *link, continues bool) error {
	renewed, err := l.r.adopt(l, continues)
	if err != nil {
		return err
	}
	if !renewed {
		t.notices.report(slog.LevelInfo, l.r.subject(), "peer link up", "authenticated")
	}
	t.running.Go(l.run)
	return nil
}

// uptime is the time since start in nanoseconds, at least 1.
func (t *Transport) uptime() uint64 { return uint64(max(time.Since(t.started), 1)) }

// Addr is where the listener is bound.
func (t *Transport) Addr() net.Addr { return t.listener.Addr() }

// Close stops accepting and dialling, has every link write what is queued (for at most Limits.FlushTimeout), ends
// them all and waits for all goroutines. The handler is not called after Close has returned; it must not wait for
// Close itself.
func (t *Transport) Close() error {
	var err error
	t.closeOnce.Do(func() {
		err = t.listener.Close()
		t.cancel()
		t.closeLinks()
	})
	t.running.Wait()
	return err
}

func (t *Transport) closeLinks() {
	deadline := time.NewTimer(t.limits.FlushTimeout)
	defer deadline.Stop()
	var open []*link
	for _, r := range t.remotes {
		open = append(open, r.close()...)
	}
	for i, l := range open {
		select {
		case <-l.dead:
		case <-deadline.C:
			for _, late := range open[i:] {
				late.fail(errClosed)
			}
			return
		}
	}
}

func (t *Transport) sortedRemotes() []*remote {
	sorted := make([]*remote, 0, len(t.remotes))
	for _, r := range t.remotes {
		sorted = append(sorted, r)
	}
	slices.SortFunc(sorted, func(a, b *remote) int { return int(int64(a.id) - int64(b.id)) })
	return sorted
}
