package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"runtime/debug"
	"sync"
	"syscall"
	"time"

	"github.com/google/uuid"

	"github.com/paxredis/paxredis/cmd/paxredis/monitor"
	"github.com/paxredis/paxredis/cmd/paxredis/tracing"
	"github.com/paxredis/paxredis/peer"
	"github.com/paxredis/paxredis/replication"
	"github.com/paxredis/paxredis/replication/paxos"
	"github.com/paxredis/paxredis/resp"
	"github.com/paxredis/paxredis/statemachine"
	"github.com/paxredis/paxredis/storage"
)

// stopGrace is how long a step of a graceful stop may take beyond the commit timeout, within which every accepted command gets
// its answer.
const stopGrace = 5 * time.Second

// errSecondSignal ends the process at once.
var errSecondSignal = errors.New("a second signal came before the graceful stop was done: stopped at once; what was acknowledged is safe")

// runServer runs one node until a signal or a fatal error.
func runServer(args []string, std stdio) error {
	c, err := loadConfig(args, std)
	if err != nil {
		return err
	}
	if c.CheckConfig {
		return reportConfig(c, std)
	}
	c.level = new(slog.LevelVar)
	c.level.Set(c.LogLevel)
	log := newLogger(c, std)
	if unknown := unknownVariables(); len(unknown) > 0 {
		log.Warn("variables of the environment that look like settings are none", "names", unknown)
	}

	// Signals are caught from the start: one that comes while the data directory is read, or while the node waits to be taken
	// into a cluster, ends the start gracefully too.
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	defer signal.Stop(signals)

	// One that says that the keys were exchanged must not end the process at any time.
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	defer signal.Stop(hangups)

	n, err := startUnless(signals, c, log)
	if err != nil {
		return err
	}
	failure, atOnce := n.awaitEnd(signals, hangups, c)
	if atOnce {
		return failure
	}
	return errors.Join(failure, n.stopUnless(signals, c.CommitTimeout+stopGrace))
}

// awaitEnd returns when the node is to stop, with the error that has it stop, if it is one; atOnce: it must not even say good-bye.
func (n *node) awaitEnd(signals, hangups <-chan os.Signal, c Config) (failure error, atOnce bool) {
	for {
		select {
		case <-hangups:
			n.reloadKeys(c)
		case s := <-signals:
			n.log.Info("stopping", "reason", s.String())
			return nil, false
		case <-n.shutdown:
			n.log.Info("stopping", "reason", "a client sent SHUTDOWN")
			return nil, false
		case failure := <-n.failed:
			n.log.Error("stopping", "reason", failure)
			return failure, errors.Is(failure, errForgotten) // rule D4: it must not take part
		case <-n.group.Done():
			// Rules D2 and D3: a node that cannot keep its promise must not go on.
			return n.group.Err(), true
		}
	}
}

// errForgotten ends a process at once whose directory took the place of another one.
var errForgotten = errors.New("this node may have forgotten its votes")

// errStopped is why a start was given up.
var errStopped = errors.New("a signal came")

// startUnless starts a node. A signal meanwhile ends what it waits for, and is there for the caller as soon as the node runs; a
// second one ends the start at once.
func startUnless(signals chan os.Signal, c Config, log *slog.Logger) (*node, error) {
	type outcome struct {
		n   *node
		err error
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	started := make(chan outcome, 1)
	go func() {
		n, err := startNode(ctx, c, log)
		started <- outcome{n, err}
	}()
	var came os.Signal
	for {
		select {
		case o := <-started:
			if came != nil && o.err == nil {
				select {
				case signals <- came:
				default: // there is another one
				}
			}
			return o.n, o.err
		case s := <-signals:
			if came != nil {
				return nil, errSecondSignal
			}
			came = s
			cancel(errStopped)
		}
	}
}

func newLogger(c Config, std stdio) *slog.Logger {
	options := &slog.HandlerOptions{Level: c.level}
	if c.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(std.err, options))
	}
	return slog.New(slog.NewTextHandler(std.err, options))
}

// node is one running node. Fields are set in the order of the start; what is nil was not reached.
type node struct {
	log       *slog.Logger
	shutdown  chan struct{} // a client asked for the end
	failed    chan error    // the node is of no use as it was started
	store     *storage.Store
	empty     bool // as the store was opened
	machine   *statemachine.Machine
	transport *peer.Transport // nil without a cluster key
	group     *replication.Group
	server    *resp.Server
	traces    *tracing.Tracer // nil without --otlp-endpoint
	monitor   *monitor.Monitor
	web       *monitor.Server // nil without --http-listen
	watching  sync.WaitGroup
	unwatch   context.CancelFunc
}

// startNode brings a node up, each layer before those that need it. When a step fails, what was started is stopped.
func startNode(ctx context.Context, c Config, log *slog.Logger) (*node, error) {
	n := &node{log: log, shutdown: make(chan struct{}, 1), failed: make(chan error, 1)}
	if err := n.start(ctx, c); err != nil {
		return nil, errors.Join(err, n.stop(stopGrace))
	}
	return n, nil
}

func (n *node) start(ctx context.Context, c Config) error {
	// The keys come first: a node that may not take part does not touch its data directory.
	keys, err := clusterKeys(c)
	if err != nil {
		return err
	}
	dataKeys, err := dataKeys(c.DataKeyFile, c.DataKey)
	if err != nil {
		return err
	}
	if err := n.startMonitor(c); err != nil {
		return err
	}
	// Who this node is: a node that joins becomes a member before it has a directory, so that one that is refused leaves nothing
	// behind, and one that is interrupted asks again.
	options, err := (&founding{config: c, keys: keys, log: n.log}).identity(ctx)
	if err != nil {
		return err
	}
	n.log = n.log.With("node", uint64(options.NodeID))
	// Storage: the lock keeps a second process out before anything is answered.
	options.DataKeys, options.SegmentBytes, options.Logger = dataKeys, int64(c.JournalSegment), n.log
	n.log.Info("checking the journal and the checkpoint; clients are taken, and told LOADING, after that", "dir", c.DataDir)
	if n.store, err = storage.Open(c.DataDir, options); err != nil {
		return err
	}
	n.empty = n.store.IsEmpty()
	identity := n.store.Identity()
	first, ok := n.store.FirstConfiguration()
	if !ok {
		return fmt.Errorf("--peers: %s was made by a release that did not write the first voters down: give --peers once more, as they were", c.DataDir)
	}
	n.machine = statemachine.New(statemachine.Config{HashSeed: hashSeed(identity.ClusterUUID)})
	// The peer listener is opened before the group, which sends from its first moment on, but takes no message yet.
	transport, err := n.listenPeers(c, keys, identity, first)
	if err != nil {
		return err
	}
	n.group, err = replication.Open(n.groupConfig(c, identity, first), n.store.Restored(), faultyStorage(n.store), faultyTransport(transport), newMachine(n.machine), systemClock())
	if err != nil {
		return err
	}
	n.group.Met(identity.NodeID, identity.NodeUUID)
	if n.transport != nil {
		n.transport.Start(watchedLinks{n.group, n.monitor})
	}
	if err := n.startTraces(c, identity); err != nil {
		return err
	}
	// Clients come last. Until the state is restored they are told LOADING.
	if n.server, err = resp.Start(clientConfig(c, n), n.groupForClients(), n.machine); err != nil {
		return err
	}
	n.attachMonitor(c)
	n.unwatch = n.watch(c)
	n.log.Info("serving clients", "address", n.server.Addr().String(), "tls", addressText(n.server.TLSAddr()), "unixsocket", c.Endpoints.UnixSocket, "version", version, "pid", os.Getpid(),
		"cluster", identity.ClusterUUID, "boot", identity.Boot, "peers", n.peerAddress(), "encrypted", identity.Encrypted)
	return nil
}

// listenPeers opens the peer listener, also of a node that is its cluster's only one: it can grow.
func (n *node) listenPeers(c Config, keys []peer.Key, identity storage.Identity, first paxos.Configuration) (replication.Transport, error) {
	if !c.hasKey() {
		return alone{identity.NodeID, n.fail}, nil
	}
	address := c.listensAt(identity, first)
	if c.InsecurePeers {
		n.log.Warn("--insecure-peers: whoever reaches the peer port can read and write everything", "address", address)
	}
	var err error
	n.transport, err = peer.Listen(peer.Config{
		Self:          identity.NodeID,
		NodeUUID:      identity.NodeUUID,
		ClusterUUID:   identity.ClusterUUID,
		Boot:          identity.Boot,
		Configuration: first,
		Keys:          keys,
		Listen:        address,
		ClientAddress: c.clientAddress(),
		Meet:          n.meet,
		Admit:         n.admit,
		Refused:       n.refused,
		Replaced:      n.replaced,
		Logger:        n.log,
	})
	return addressed{n.transport, n.store, identity.NodeID, c.ownAddress(), n.log}, err
}

// The callbacks of the peer links come only once the transport is started, and so when there is a group.

// meet is asked whether a node may have that id (rule D4): what the configuration says of it counts, and until that says something,
// what this node remembers. Then the group learns of it.
func (n *node) meet(id paxos.NodeID, uuid string) error {
	remember := n.store.MeetPeer
	configuration := n.group.Configuration()
	if m, _ := configuration.Member(id); m.UUID == uuid {
		remember = n.store.ConfirmPeer
	}
	if err := remember(id, uuid); err != nil {
		return err
	}
	n.group.Met(id, uuid)
	return nil
}

// admit takes a node into the cluster that asks this one for it.
func (n *node) admit(ctx context.Context, m paxos.Member) (paxos.Configuration, error) {
	return n.group.Change(ctx, replication.Change{Kind: replication.AddMember, Member: m})
}

// refused is told that this node is no member any more.
func (n *node) refused(by paxos.NodeID, why string) {
	n.group.Removed(fmt.Sprintf("node %v: %s", by, why))
}

// replaced is told that a peer knows this node's id with another UUID. A first voter that found its directory empty has lost another one,
// and the votes in it: it would found the cluster a second time, with others like it.
func (n *node) replaced(by paxos.NodeID, why string) {
	identity := n.store.Identity()
	if !wasFoundedWithPeers(identity) || !n.empty {
		return // it is kept out, and goes on asking: a member that joined may be known with its newer UUID soon
	}
	text := fmt.Sprintf("node %v says: %s. The data directory of this node was empty, and is not the one that voted as node %v: stop it, delete the new directory, "+
		"and bring the node back with: paxredis member replace %v", by, why, identity.NodeID, identity.NodeID)
	if err := n.store.Forget(text); err != nil {
		n.log.Error("that this directory must not be used could not be written down", "error", err)
	}
	n.fail(fmt.Errorf("%s: %w", text, errForgotten))
}

// fail has the node stopped, for a reason that is found out while it runs. The first reason counts.
func (n *node) fail(err error) {
	select {
	case n.failed <- err:
	default:
	}
}

// groupForClients is the group as clients may use it.
func (n *node) groupForClients() resp.Node {
	if n.transport == nil {
		return aloneNode{resp.FromGroup(n.group)}
	}
	return resp.FromGroup(n.group)
}

// peerAddress is where this node listens for peers, for the log.
func (n *node) peerAddress() string {
	if n.transport == nil {
		return "none (no cluster key)"
	}
	return n.transport.Addr().String()
}

// addressText is an address for the log; nil: there is none.
func addressText(address net.Addr) string {
	if address == nil {
		return ""
	}
	return address.String()
}

// watch begins to look at the free disk space and the memory, until what it returns is called.
func (n *node) watch(c Config) context.CancelFunc {
	ctx, cancel := context.WithCancel(context.Background())
	leave := retreat{leads: func() bool { return n.group.Status().Role == paxos.RoleLeader }, handOver: n.group.HandOver, log: n.log}
	if c.MinFreeDisk != 0 {
		d := &diskWatch{retreat: leave, least: uint64(c.MinFreeDisk), free: n.store.FreeBytes, refuse: n.server.SetRefusal, note: n.noteAs(eventDisk)}
		n.watching.Go(func() { d.run(ctx) })
	}
	if !c.MemoryWatermark.off() {
		m := &memoryWatch{retreat: leave, most: c.MemoryWatermark, measure: measureMemory, collect: debug.FreeOSMemory, tell: n.server.SetMemoryPressure, note: n.noteAs(eventMemory)}
		n.watching.Go(func() { m.run(ctx) })
	}
	return cancel
}

// smallBehind is how many bytes of small entries are taken while one of the largest commands is written.
const smallBehind = 16 << 20

// entriesBehind is how far a node's journal and its applier may be behind before it takes no more entries: by one of the largest commands and
// small ones behind it, which would else be dropped, and sent again only after 200 ms. Not by two: one that is sent again while it is being
// written is to be dropped.
func entriesBehind(c *Config) int { return max(64<<20, int(c.MaxCommandBytes)) + smallBehind }

func (n *node) groupConfig(c Config, identity storage.Identity, first paxos.Configuration) replication.Config {
	return replication.Config{
		Self:               identity.NodeID,
		UUID:               identity.NodeUUID,
		Configuration:      first,
		Limits:             c.Limits,
		ReadMode:           replication.ReadMode(c.ReadMode),
		CommitTimeout:      c.CommitTimeout,
		TombstoneRetention: c.TombstoneRetention,
		Session:            uuid.New(),
		Boot:               identity.Boot,
		Logger:             n.log,
		Observe:            n.monitor.Observe,
		Report:             n.monitor.Report,
		Bounds: replication.Bounds{UnstoredBytes: entriesBehind(&c), UnappliedBytes: entriesBehind(&c), CheckpointBounds: replication.CheckpointBounds{
			CheckpointBytes:     int(c.CheckpointJournal),
			CheckpointInterval:  c.CheckpointInterval,
			FetchBytesPerSecond: int(c.CatchUpRate),
			KeptLogBytes:        int(c.CatchUpJournal),
		}},
	}
}

// clientLimits are the limits of clients, but for their number.
func clientLimits(c *Config) resp.Limits {
	return resp.Limits{
		MaxCommandBytes: int64(c.MaxCommandBytes),
		OutputBuffer:    int64(c.ClientOutputLimit),
		ClientMemory:    int64(c.MaxMemoryClients),
		QueryBuffer:     int64(c.ClientQueryLimit),
		RoomTime:        c.CommitTimeout,

		PubsubBuffer:     int64(c.PubsubLimit),
		PubsubSoftBuffer: int64(min(c.PubsubSoftLimit, c.PubsubLimit)), // the default may be above a limit that was given
		PubsubSoftTime:   c.PubsubSoftTime,
		TrackedKeys:      c.TrackedKeys,
	}
}

func clientConfig(c Config, n *node) resp.Config {
	limits := clientLimits(&c)
	limits.MaxClients = clientsWithin(c.MaxClients, n.log)
	policy, _ := statemachine.ParseEvictionPolicy(c.MaxMemoryPolicy) // Validate has seen to it
	return resp.Config{
		Listen:               c.Listen,
		TLS:                  c.Endpoints.TLS,
		UnixSocket:           c.Endpoints.UnixSocket,
		UnixSocketMode:       fs.FileMode(c.Endpoints.UnixSocketMode),
		Loops:                c.EventLoops,
		Limits:               limits,
		NotifyKeyspaceEvents: c.NotifyEvents,
		RequirePass:          c.RequirePass,
		ProtectedMode:        bool(c.ProtectedMode),
		MaxMemory:            int64(c.MaxMemory),
		MemoryLimit:          memoryLimit(),
		Eviction:             policy,
		EvictionSamples:      c.MaxMemorySamples,
		Parameters:           c.Parameters,
		Dir:                  c.DataDir,
		ClusterMode:          c.ClusterMode,
		ClusterUUID:          n.store.Identity().ClusterUUID,
		DataEncrypted:        n.store.Identity().Encrypted,
		Advertise:            c.clientAddress(),
		Peers:                n.peers,
		Version:              version,
		Checkpoints:          checkpoints{n.store, n.group},
		Now:                  wallClock,
		Tracing:              n.tracing(c),
		Shutdown:             n.askShutdown,
		Logger:               n.log,
		LogLevel:             c.level,
	}
}

// peers tells clients of the other nodes, as far as there are links.
func (n *node) peers() []resp.Peer {
	if n.transport == nil {
		return nil
	}
	var all []resp.Peer
	for _, l := range n.transport.Status() {
		all = append(all, resp.Peer{ID: uint64(l.ID), ClientAddress: l.ClientAddress, Connected: l.Connected, Since: l.Since, Queued: l.QueuedBytes})
	}
	return all
}

// askShutdown starts the graceful stop; asking twice is as good as once.
func (n *node) askShutdown() {
	select {
	case n.shutdown <- struct{}{}:
	default:
	}
}

// hashSeed keys the keyspace's hash tables. Nobody outside can guess it, and all nodes of a cluster agree on it, since
// the order of SCAN follows from it. A cluster that is recovered or restored has another UUID and so another seed: its state is
// loaded anew, record by record, and only cursors of a SCAN that was under way mean nothing there.
func hashSeed(clusterUUID string) [16]byte {
	sum := sha256.Sum256([]byte("paxredis keyspace hash seed v1\x00" + clusterUUID))
	return [16]byte(sum[:16])
}
