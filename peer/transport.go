package peer

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/paxredis/paxredis/replication/paxos"
)

// Config is what a Transport needs to know.
type Config struct {
	// Self is this node; NodeUUID and ClusterUUID are what its data directory says.
	Self                  paxos.NodeID
	NodeUUID, ClusterUUID string
	// Boot counts the times the data directory was opened; 0 is below every other number.
	Boot uint64
	// Configuration is the newest one this node knows. Self need not be in it.
	Configuration paxos.Configuration
	// Keys are this node's cluster key and, while keys are exchanged, others that are accepted beside it.
	Keys []Key
	// Listen is the host:port of the peer listener.
	Listen string
	// ClientAddress is where this node's clients connect, which its peers are told, so that each can tell clients of all; empty: nobody is
	// told. Without a host it is the one at which peers reach this node.
	ClientAddress string
	// Meet is asked about the UUID a node shows for its id, and refuses by an error (rule D4), which matches paxos.ErrOtherUUID if
	// the id is known with another one. It may block, and is
	// called by several goroutines. Nil accepts what Configuration does not contradict.
	Meet func(paxos.NodeID, string) error
	// Admit makes a node that asks for it a member and returns the configuration that has it, or why not. The node has
	// the cluster key; its id may be 0, for the next free one. A node may ask again. Admit must return when its context
	// ends, which is after Limits.JoinTimeout at the latest, and is called by several goroutines. Nil admits nobody.
	Admit func(context.Context, paxos.Member) (paxos.Configuration, error)
	// Refused is told, maybe more than once, that a member says this node was removed from the cluster by a
	// configuration that this node does not know. It must not block for long. It may be nil.
	Refused func(by paxos.NodeID, why string)
	// Replaced is told, maybe more than once, that a member knows this node's id with another UUID (rule D4): the data directory is not
	// the one that voted under that id. It must not block for long. It may be nil.
	Replaced func(by paxos.NodeID, why string)
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
	limits  Limits
	notices *notices
	// credentials are what the node shows and accepts now.
	credentials atomic.Pointer[identity]
	door        *door
	admission   admission
	listener    net.Listener
	epoch       time.Time
	handler     Handler // set by Start, before any goroutine
	admit       func(context.Context, paxos.Member) (paxos.Configuration, error)
	onRemoved   func(paxos.NodeID, string)
	// onReplaced is Config.Replaced.
	onReplaced func(paxos.NodeID, string)
	joining    atomic.Int32

	// view is whom there are links with; it is replaced under mu.
	view atomic.Pointer[view]

	mu              sync.Mutex
	started, closed bool
	// leaving has the last link of each node that was removed, until it is over.
	leaving map[paxos.NodeID]*link

	cancel    context.CancelFunc
	ctx       context.Context
	running   sync.WaitGroup
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
	t := &Transport{limits: limits, notices: newNotices(logger, limits.RefusalLog),
		door: newDoor(cfg), admission: admission{max: limits.Unauthenticated}, listener: listener,
		epoch: time.Now(), admit: cfg.Admit, onRemoved: cfg.Refused, onReplaced: cfg.Replaced, leaving: make(map[paxos.NodeID]*link)}
	t.credentials.Store(id)
	t.ctx, t.cancel = context.WithCancel(context.Background())
	t.SetMembers(cfg.Configuration)
	return t, nil
}

func checkConfig(cfg Config) error {
	if err := cfg.Configuration.Check(); err != nil {
		return fmt.Errorf("peer: %w", err)
	}
	for _, m := range cfg.Configuration.Members() {
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

// Start accepts and dials from now on and calls h. Only the first call counts.
func (t *Transport) Start(h Handler) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.started || t.closed {
		return
	}
	t.started, t.handler = true, h
	t.running.Go(func() { t.accept(t.ctx) })
	t.steer()
}

// Send queues m for to and returns at once. Without a link, or for a node that is neither a member nor a guest, m is
// dropped; in a full queue the oldest message is. m and all it refers to must not change any more.
func (t *Transport) Send(to paxos.NodeID, m paxos.Message) {
	if r := t.view.Load().remotes[to]; r != nil {
		r.outbox.put(m)
		r.prompt()
	}
}

// SendAll does what Send does for each of them, in their order, and has those to one node leave together.
func (t *Transport) SendAll(all []paxos.Envelope) {
	remotes := t.view.Load().remotes
	for i := range all {
		if r := remotes[all[i].To]; r != nil {
			r.outbox.put(all[i].Message)
		}
	}
	for i := range all {
		if r := remotes[all[i].To]; r != nil {
			r.prompt()
		}
	}
}

// adopt makes l its member's link and runs it.
func (t *Transport) adopt(l *link, continues bool, peer shown) error {
	renewed, err := l.r.adopt(l, continues, peer)
	if err != nil {
		return err
	}
	if !t.credentials.Load().accepts(l.proof) {
		l.fail(errKeyGone) // the keys were exchanged while it was made
	}
	if !renewed {
		t.notices.report(slog.LevelInfo, l.r.subject(), "peer link up", "authenticated")
	}
	t.running.Go(l.run)
	return nil
}

// uptime is the time since start in nanoseconds, at least 1.
func (t *Transport) uptime() uint64 { return uint64(max(time.Since(t.epoch), 1)) }

// Addr is where the listener is bound.
func (t *Transport) Addr() net.Addr { return t.listener.Addr() }

// Close stops accepting and dialling, has every link write what is queued (for at most Limits.FlushTimeout), ends
// them all and waits for all goroutines. The handler is not called after Close has returned; it must not wait for
// Close itself.
func (t *Transport) Close() error {
	var err error
	t.closeOnce.Do(func() {
		t.mu.Lock()
		t.closed = true
		t.mu.Unlock()
		err = t.listener.Close()
		t.cancel()
		t.closeLinks()
	})
	t.running.Wait()
	return err
}

func (t *Transport) closeLinks() {
	var open []*link
	for _, r := range t.view.Load().remotes {
		open = append(open, r.close(errClosed, ending{reason: endClosing})...)
	}
	flush(open, t.limits.FlushTimeout)
}
