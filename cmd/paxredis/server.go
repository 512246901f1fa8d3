package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/google/uuid"

	"github.com/paxredis/paxredis/peer"
	"github.com/paxredis/paxredis/replication"
	"github.com/paxredis/paxredis/replication/paxos"
	"github.com/paxredis/paxredis/resp"
	"github.com/paxredis/paxredis/statemachine"
	"github.com/paxredis/paxredis/storage"
)

// stopGrace is how long a graceful stop may take beyond the commit timeout, within which every accepted command gets
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
	log := newLogger(c, std)

	// Signals are caught from the start: one that comes while the data directory is read ends the start gracefully too.
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	defer signal.Stop(signals)

	n, err := startNode(c, log)
	if err != nil {
		return err
	}
	select {
	case s := <-signals:
		log.Info("stopping", "reason", s.String())
	case <-n.shutdown:
		log.Info("stopping", "reason", "a client sent SHUTDOWN")
	case <-n.group.Done():
		// Rules D2 and D3: a node that cannot keep its promise must not go on, not even to say good-bye to its peers.
		return n.group.Err()
	}
	return n.stopUnless(signals, c.CommitTimeout+stopGrace)
}

func newLogger(c Config, std stdio) *slog.Logger {
	options := &slog.HandlerOptions{Level: c.LogLevel}
	var handler slog.Handler = slog.NewTextHandler(std.err, options)
	if c.LogFormat == "json" {
		handler = slog.NewJSONHandler(std.err, options)
	}
	return slog.New(handler).With("node", c.ID)
}

// node is one running node. Fields are set in the order of the start; what is nil was not reached.
type node struct {
	log       *slog.Logger
	shutdown  chan struct{} // a client asked for the end
	store     *storage.Store
	machine   *statemachine.Machine
	transport *peer.Transport // nil in a single node
	group     *replication.Group
	server    *resp.Server
}

// startNode brings a node up, each layer before those that need it. When a step fails, what was started is stopped.
func startNode(c Config, log *slog.Logger) (*node, error) {
	n := &node{log: log, shutdown: make(chan struct{}, 1)}
	if err := n.start(c); err != nil {
		ctx, cancel := context.WithTimeout(context.Background(), stopGrace)
		defer cancel()
		return nil, errors.Join(err, n.stop(ctx))
	}
	return n, nil
}

func (n *node) start(c Config) error {
	// The key comes first: a node that may not take part does not touch its data directory.
	key, clusterUUID, err := clusterIdentity(c)
	if err != nil {
		return err
	}
	// Storage: the lock keeps a second process out before anything is answered.
	n.store, err = storage.Open(c.DataDir, storage.Options{
		NodeID:       c.Self(),
		ClusterUUID:  clusterUUID,
		SegmentBytes: int64(c.JournalSegment),
		Logger:       n.log,
	})
	if err != nil {
		return err
	}
	identity := n.store.Identity()
	n.machine = statemachine.New(statemachine.Config{
		HashSeed:           hashSeed(identity.ClusterUUID),
		TombstoneRetention: c.TombstoneRetention,
	})
	// The peer listener is opened before the group, which sends from its first moment on, but takes no message yet.
	transport, err := n.listenPeers(c, key, identity)
	if err != nil {
		return err
	}
	n.group, err = replication.Open(groupConfig(c, identity, n.log), n.store.Restored(), n.store, transport, machine{n.machine}, replication.SystemClock{})
	if err != nil {
		return err
	}
	if n.transport != nil {
		n.transport.Start(n.group)
	}
	// Clients come last. Until the journal is applied they are told LOADING.
	n.server, err = resp.Start(clientConfig(c, n), resp.FromGroup(n.group), n.machine)
	if err != nil {
		return err
	}
	n.log.Info("serving clients", "address", n.server.Addr().String(), "version", version, "pid", os.Getpid(),
		"cluster", identity.ClusterUUID, "boot", identity.Boot, "nodes", len(c.Voters()))
	return nil
}

// clusterIdentity loads the cluster key and derives the cluster's UUID from it and the first voters (rule D4). A single
// node without a key has neither: its storage makes a UUID.
func clusterIdentity(c Config) (peer.Key, string, error) {
	var key peer.Key
	var err error
	switch {
	case c.ClusterKeyFile != "":
		key, err = peer.LoadKey(c.ClusterKeyFile)
	case c.ClusterKey != "":
		if key, err = peer.ParseKey(c.ClusterKey); err != nil {
			err = fmt.Errorf("%s: %w", keyVariable, err)
		}
	case c.InsecurePeers:
		key = peer.InsecureKey()
	default:
		return key, "", nil
	}
	if err != nil {
		return key, "", err
	}
	return key, peer.ClusterUUID(key, c.Voters()), nil
}

// listenPeers opens the peer listener of one node of several.
func (n *node) listenPeers(c Config, key peer.Key, identity storage.Identity) (replication.Transport, error) {
	if len(c.Voters()) == 1 {
		return noPeers{}, nil
	}
	if c.InsecurePeers {
		n.log.Warn("--insecure-peers: whoever reaches the peer port can read and write everything", "address", c.peerAddress())
	}
	var err error
	n.transport, err = peer.Listen(peer.Config{
		Self:          c.Self(),
		NodeUUID:      identity.NodeUUID,
		ClusterUUID:   identity.ClusterUUID,
		Boot:          identity.Boot,
		Configuration: paxos.Configuration{Voters: c.Voters()},
		Keys:          []peer.Key{key},
		Listen:        c.peerAddress(),
		Meet:          n.store.MeetPeer,
		Logger:        n.log,
	})
	return n.transport, err
}

func groupConfig(c Config, identity storage.Identity, log *slog.Logger) replication.Config {
	return replication.Config{
		Self:          c.Self(),
		Configuration: paxos.Configuration{Voters: c.Voters()},
		Limits:        c.Limits,
		ReadMode:      replication.ReadMode(c.ReadMode),
		CommitTimeout: c.CommitTimeout,
		Session:       uuid.New(),
		Boot:          identity.Boot,
		Logger:        log,
	}
}

func clientConfig(c Config, n *node) resp.Config {
	return resp.Config{
		Listen: c.Listen,
		Loops:  c.EventLoops,
		Limits: resp.Limits{
			MaxCommandBytes: int64(c.MaxCommandBytes),
			OutputBuffer:    int64(c.ClientOutputLimit),
			MaxClients:      clientsWithin(c.MaxClients, n.log),
		},
		Version:  version,
		Shutdown: n.askShutdown,
		Logger:   n.log,
	}
}

// askShutdown starts the graceful stop; asking twice is as good as once.
func (n *node) askShutdown() {
	select {
	case n.shutdown <- struct{}{}:
	default:
	}
}

// hashSeed keys the keyspace's hash tables. Nobody outside can guess it, and all nodes of a cluster agree on it, since
// the order of SCAN follows from it.
func hashSeed(clusterUUID string) [16]byte {
	sum := sha256.Sum256([]byte("paxredis keyspace hash seed v1\x00" + clusterUUID))
	return [16]byte(sum[:16])
}

// stopUnless stops the node gracefully, unless another signal comes first.
func (n *node) stopUnless(signals <-chan os.Signal, limit time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- n.stop(ctx) }()
	select {
	case err := <-done:
		if err == nil {
			n.log.Info("stopped")
		}
		return err
	case <-signals:
		return errSecondSignal
	}
}

// stop ends the layers from the clients down, each while those it needs still run. It goes on after an error.
func (n *node) stop(ctx context.Context) error {
	var errs []error
	// Clients: no new ones; what was accepted is answered, which needs the group.
	if n.server != nil {
		errs = append(errs, n.server.Close(ctx))
	}
	// The group: hands leadership over, which needs the peers and the journal.
	if n.group != nil {
		errs = append(errs, n.group.Close(ctx))
	}
	if n.transport != nil {
		errs = append(errs, n.transport.Close())
	}
	// Storage: nothing writes to it any more.
	if n.store != nil {
		errs = append(errs, n.store.Close())
	}
	return errors.Join(errs...)
}
