package resp

import (
	"cmp"
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/paxredis/paxredis/replication"
)

// Peer is another node of the cluster as this node's links know it.
type Peer struct {
	ID uint64
	// ClientAddress is where its clients connect, host:port; without a host it is the one of its address as a member. Empty: it has not
	// said.
	ClientAddress string
	// Connected says that there is a link since Since, with so many bytes Queued for it.
	Connected bool
	Since     time.Time
	Queued    int
}

// clusterNode is a member as CLUSTER tells of it.
type clusterNode struct {
	id         uint64
	name       string // 40 hexadecimal digits, for good
	host       string // where clients connect; empty: not known
	port       int
	peerPort   int // what Redis calls the bus
	isMyself   bool
	isMaster   bool
	isLearner  bool
	reachable  bool
	since      time.Time
	queued     int
	syncedSlot uint64
}

// hasAddress reports whether clients can be told where it is.
func (n *clusterNode) hasAddress() bool { return n.host != "" && n.port != 0 }

// topology is the cluster as this node shows it to cluster clients: one shard that has all hash slots. Its master is the leader, so that
// all nodes agree, as tools check, and writes take the shortest way; but a command is welcome at every node, and nothing is ever moved. While
// nobody is known to lead, the master is the node that is asked: there its clients wait for the next leader.
type topology struct {
	nodes  []clusterNode // sorted by id
	hasLed bool
	epoch  uint64
	offset uint64
}

// The modes of INFO and HELLO.
const (
	modeStandalone = "standalone"
	modeCluster    = "cluster"
)

func (s *Server) mode() string {
	if s.config.ClusterMode {
		return modeCluster
	}
	return modeStandalone
}

// nameOf makes a name as Redis's nodes have of what it is about in this cluster.
func (s *Server) nameOf(what string) string {
	sum := sha1.Sum([]byte("paxredis " + what + " of cluster " + s.config.ClusterUUID))
	return hex.EncodeToString(sum[:])
}

func (s *Server) nodeName(id uint64) string { return s.nameOf(fmt.Sprintf("node %d", id)) }

func (s *Server) shardName() string { return s.nameOf("shard") }

// topology collects it. c is who asks: a node that listens on every address is where its clients have found it.
func (s *Server) topology(c *Client) *topology {
	st, configuration := s.node.Status(), s.node.Configuration()
	t := &topology{hasLed: st.Leader != 0, epoch: uint64(st.Ballot.Round), offset: uint64(st.Applied)}
	master := st.Leader
	if master == 0 {
		master = st.Self
	}
	peers := make(map[uint64]Peer)
	if s.config.Peers != nil {
		for _, p := range s.config.Peers() {
			peers[p.ID] = p
		}
	}
	for _, m := range configuration.Members() {
		n := clusterNode{id: uint64(m.ID), name: s.nodeName(uint64(m.ID)), isMaster: m.ID == master, isMyself: m.ID == st.Self,
			isLearner: !configuration.IsVoter(m.ID)}
		n.syncedSlot, _ = progressOf(m.ID, &st)
		n.locate(m, peers[n.id], s, c)
		t.nodes = append(t.nodes, n)
	}
	slices.SortFunc(t.nodes, func(a, b clusterNode) int { return cmp.Compare(a.id, b.id) })
	return t
}

// locate finds out where a node is, and whether it is there.
func (n *clusterNode) locate(m replication.Member, p Peer, s *Server, c *Client) {
	memberHost, memberPort := splitListen(m.Address)
	n.peerPort = portOf(memberPort)
	if n.isMyself {
		n.reachable, n.syncedSlot = true, s.machine.Stats().Slot
		n.host, n.port = s.advertised(c)
		return
	}
	n.reachable, n.since, n.queued = p.Connected, p.Since, p.Queued
	host, port := splitListen(p.ClientAddress)
	if p.ClientAddress != "" && host == "" {
		host = memberHost
	}
	n.host, n.port = host, portOf(port)
}

// advertised is where clients of this node are told to connect.
func (s *Server) advertised(c *Client) (host string, port int) {
	host, text := splitListen(s.config.Advertise)
	if port = portOf(text); host != "" && port != 0 {
		return host, port
	}
	if port == 0 {
		port = s.port()
	}
	if host == "" && c != nil && c.kind != endpointUnix {
		host, _ = splitListen(c.local.String())
	}
	return host, port
}

func portOf(text string) int {
	n, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		return 0
	}
	return int(n)
}

// find returns the node of a name, nil if there is none.
func (t *topology) find(name string) *clusterNode {
	for i := range t.nodes {
		if t.nodes[i].name == name {
			return &t.nodes[i]
		}
	}
	return nil
}

// master is the node that is shown to have the slots.
func (t *topology) master() *clusterNode {
	for i := range t.nodes {
		if t.nodes[i].isMaster {
			return &t.nodes[i]
		}
	}
	return nil
}

// usable are the nodes that clients can be sent to, the master first: those whose address is known and that this node hears of.
func (t *topology) usable() []*clusterNode {
	var found []*clusterNode
	for i := range t.nodes {
		n := &t.nodes[i]
		switch {
		case !n.hasAddress() || !n.reachable && !n.isMaster:
		case n.isMaster:
			found = slices.Insert(found, 0, n)
		default:
			found = append(found, n)
		}
	}
	return found
}

// line is the node as a line of CLUSTER NODES, without its end.
func (n *clusterNode) line(t *topology) string {
	role, master, slots := "slave", "-", ""
	if n.isMaster {
		role, slots = "master", " 0-16383"
	} else if m := t.master(); m != nil {
		master = m.name
	}
	flags, link := role, "connected"
	if n.isMyself {
		flags = "myself," + flags
	}
	if !n.reachable {
		flags, link = flags+",fail?", "disconnected"
	}
	if !n.hasAddress() {
		flags += ",noaddr"
	}
	return fmt.Sprintf("%s %s:%d@%d %s %s 0 0 %d %s%s", n.name, n.host, n.port, n.peerPort, flags, master, t.epoch, link, slots)
}
