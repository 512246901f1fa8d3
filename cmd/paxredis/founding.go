package main

import (
	"context"
	"fmt"
	"log/slog"
	"slices"

	"github.com/google/uuid"

	"github.com/paxredis/paxredis/peer"
	"github.com/paxredis/paxredis/replication/paxos"
	"github.com/paxredis/paxredis/storage"
)

// founding is how a data directory comes to belong to a node of a cluster: as one that is there already, as that of a first
// voter, of a node that joins, or of a single node.
type founding struct {
	config Config
	keys   []peer.Key // none if the config has none
	log    *slog.Logger
}

// identity decides what the data directory is opened as. For a node that joins it returns once it is a member, or when ctx
// ends. Nothing is written.
func (f *founding) identity(ctx context.Context) (storage.Options, error) {
	known, ok, err := storage.ReadIdentity(f.config.DataDir)
	switch {
	case err != nil:
		return storage.Options{}, err
	case ok:
		return f.existing(known)
	case len(f.config.Peers) > 0:
		return f.firstVoter()
	case len(f.config.Join) > 0:
		return f.joiner(ctx)
	}
	return f.single()
}

// existing is a directory that was used before: who it belongs to is decided. The flags of its first start may be given
// again. Where they are what the cluster was founded with they must still say the same; elsewhere they count for nothing, since
// what they would found is not this cluster.
func (f *founding) existing(known storage.Identity) (storage.Options, error) {
	c := &f.config
	o := storage.Options{NodeID: known.NodeID}
	if wasFoundedWithPeers(known) {
		if err := f.checkFoundation(known); err != nil {
			return o, err
		}
		o.Configuration.Voters = c.Peers // for a directory of before they were written down
		return o, nil
	}
	if c.ID != 0 && paxos.NodeID(c.ID) != known.NodeID {
		f.log.Warn("--id is ignored: the data directory is that of another node", "id", c.ID, "data-dir", c.DataDir, "node", known.NodeID)
	}
	if len(c.Peers) > 1 {
		f.log.Warn("--peers is ignored: the data directory's node began alone, joined, or was recovered or restored; what members its cluster has is known there; new ones join with --join",
			"data-dir", c.DataDir, "cluster", known.ClusterUUID)
	}
	if address, err := c.advertised(); err == nil && !known.Joined { // for a directory of before it was written down
		o.Configuration.Voters = []paxos.Member{{ID: known.NodeID, Address: address}}
	}
	return o, nil
}

// wasFoundedWithPeers reports whether the directory is that of a first voter: the UUID of such a cluster is derived from what
// its nodes were told (peer.ClusterUUID, a UUID of version 8), where all others are random.
func wasFoundedWithPeers(known storage.Identity) bool {
	id, err := uuid.Parse(known.ClusterUUID)
	return err == nil && id.Version() == 8 && !known.Joined
}

// checkFoundation compares a directory of a first voter with the flags.
func (f *founding) checkFoundation(known storage.Identity) error {
	c := &f.config
	if c.ID != 0 && paxos.NodeID(c.ID) != known.NodeID {
		return fmt.Errorf("--id %d: %s is the data directory of node %v: correct --id (or leave it out), or --data-dir", c.ID, c.DataDir, known.NodeID)
	}
	if len(c.Peers) == 0 || !c.hasKey() {
		return nil
	}
	given := peer.ClusterUUID(f.keys[0], c.Peers)
	if !slices.ContainsFunc(f.keys, func(k peer.Key) bool { return peer.ClusterUUID(k, c.Peers) == known.ClusterUUID }) {
		return fmt.Errorf("--peers: %s belongs to cluster %s, and these peers with this key are another one, %s: "+
			"leave --peers out (the directory knows its members), or correct --peers, the key or --data-dir", c.DataDir, known.ClusterUUID, given)
	}
	return nil
}

// firstVoter is a new directory of one of the nodes that a new cluster begins with. They agree on its UUID without having
// met (rule D4); one that begins alone needs nobody's agreement, and gets a random UUID, so that a directory that is lost does not found
// the same cluster again.
func (f *founding) firstVoter() (storage.Options, error) {
	c := &f.config
	if len(c.Peers) == 1 {
		return storage.Options{NodeID: c.Peers[0].ID, Configuration: paxos.Configuration{Voters: c.Peers}}, nil
	}
	id := paxos.NodeID(c.ID)
	if self := c.Peers.at(c.PeerAdvertise); self != nil {
		id = self.ID
	}
	if id == 0 {
		return storage.Options{}, usageErrorf("--peers %q: must include this node: say with --id or --peer-advertise which of them it is, since %s is new", c.Peers.String(), c.DataDir)
	}
	o := storage.Options{NodeID: id, Configuration: paxos.Configuration{Voters: c.Peers}}
	if c.hasKey() {
		o.ClusterUUID = peer.ClusterUUID(f.keys[0], c.Peers)
	}
	return o, nil
}

// single is a new directory of a node that is a cluster by itself. Its address is written down even if it has no key yet and so
// no peers: those of later will look for it there. One that has a key is more likely a member whose directory is gone, or not mounted:
// serving an empty store in its place would be worse than not to start.
func (f *founding) single() (storage.Options, error) {
	c := &f.config
	if c.hasKey() {
		return storage.Options{}, usageErrorf("--data-dir %s: holds no data, and there is a cluster key: if this node is a member, its directory is missing "+
			"(a disk that is not mounted? if it is lost: paxredis member replace); for a new cluster add --peers, which for a node that begins alone names "+
			"itself only: --peers 1=HOST:PORT; to become a member of a running one add --join", c.DataDir)
	}
	address, err := c.advertised()
	if err != nil {
		return storage.Options{}, err
	}
	self := paxos.Member{ID: paxos.NodeID(max(c.ID, 1)), Address: address}
	return storage.Options{NodeID: self.ID, Configuration: paxos.Configuration{Voters: []paxos.Member{self}}}, nil
}

// joiner is a new directory of a node that a running cluster takes in.
func (f *founding) joiner(ctx context.Context) (storage.Options, error) {
	c := &f.config
	address, err := c.advertised()
	if err != nil {
		return storage.Options{}, err
	}
	self := paxos.Member{ID: paxos.NodeID(c.ID), UUID: uuid.NewString(), Address: address}
	answer, err := join(ctx, c.Join, peer.JoinConfig{Keys: f.keys, Member: self}, f.log)
	if err != nil {
		return storage.Options{}, err
	}
	return storage.Options{
		NodeID: answer.Member.ID, NodeUUID: self.UUID, ClusterUUID: answer.ClusterUUID, Configuration: answer.Configuration, Joined: true,
	}, nil
}

// advertised is the address at which the other nodes reach one that is not among --peers.
func (c *Config) advertised() (string, error) {
	switch {
	case c.PeerAdvertise != "":
		return c.PeerAdvertise, nil
	case c.PeerListen == "":
		return defaultPeerListen, nil
	}
	if err := checkAdvertised(c.PeerListen); err != nil {
		return "", usageErrorf("--peer-listen %q: the other nodes cannot dial that (%w): say with --peer-advertise host:port where they reach this one", c.PeerListen, err)
	}
	return c.PeerListen, nil
}

// listensAt is where a node listens for its peers, given what it was founded with. Where it was moved to counts for more than --peers, which
// go on naming the addresses of the beginning.
func (c *Config) listensAt(self storage.Identity, first paxos.Configuration) string {
	if c.PeerListen != "" {
		return c.PeerListen
	}
	if self.Address != "" {
		return self.Address
	}
	if m := c.Peers.find(self.NodeID); m != nil {
		return m.Address
	}
	if m, ok := first.Member(self.NodeID); ok && m.Address != "" {
		return m.Address
	}
	return defaultPeerListen
}

// ownAddress is where the flags say that the other nodes reach this one; empty if they do not say it.
func (c *Config) ownAddress() string {
	if c.PeerAdvertise == "" && c.PeerListen == "" {
		return ""
	}
	address, err := c.advertised()
	if err != nil {
		return ""
	}
	return address
}
