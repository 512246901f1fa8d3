package peer

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/paxredis/paxredis/peer/internal/wire"
	"github.com/paxredis/paxredis/replication/paxos"
)

const (
	// joinedBytes bounds the answer to a node that joins, which has a whole configuration in it.
	joinedBytes = 64 << 10
	// maxJoining bounds the nodes that are being admitted at the same time.
	maxJoining = 8
	// maxAddressBytes is what a host name and a port take at most.
	maxAddressBytes = 255 + len(":65535")
)

// JoinConfig says which node asks to be added to a cluster, and whom it asks.
type JoinConfig struct {
	// Address is the host:port of a member's peer listener.
	Address string
	// Keys are the cluster key, and others that are accepted beside it.
	Keys []Key
	// Member is the node: its UUID, the address at which the others will reach it, and its id; 0 asks for the next free one.
	Member paxos.Member
	Limits Limits
}

// JoinAnswer is what a node that was added knows from then on.
type JoinAnswer struct {
	ClusterUUID string
	// Member is the node as the configuration has it.
	Member        paxos.Member
	Configuration paxos.Configuration
}

// Join asks the member at c.Address, once, to have the node added to the cluster, and returns when it is a member, or
// with the reason why it is not: an error that matches ErrRefused if the member said so, another if it cannot be
// reached or ctx ends. Asking again after any error is harmless.
func Join(ctx context.Context, c JoinConfig) (JoinAnswer, error) {
	limits := c.Limits.WithDefaults()
	id, err := newIdentity(c.Keys)
	if err := errors.Join(limits.Check(), checkJoiner(c.Member), err); err != nil {
		return JoinAnswer{}, err
	}
	dialer := net.Dialer{Timeout: limits.DialTimeout}
	conn, err := dialer.DialContext(ctx, "tcp", c.Address)
	if err != nil {
		return JoinAnswer{}, fmt.Errorf("peer: join: %w", err)
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	joined, err := askToJoin(conn, id, limits, c.Member)
	if ctx.Err() != nil {
		err = ctx.Err()
	}
	if err != nil {
		return JoinAnswer{}, fmt.Errorf("peer: join by %s: %w", c.Address, err)
	}
	return toJoinAnswer(joined)
}

// checkJoiner refuses what cannot be a new member, at both ends.
func checkJoiner(m paxos.Member) error {
	if m.UUID == "" || len(m.UUID) > maxUUIDBytes {
		return fmt.Errorf("peer: the UUID of a node that joins has %d bytes instead of 1 to %d", len(m.UUID), maxUUIDBytes)
	}
	if len(m.Address) > maxAddressBytes {
		return fmt.Errorf("peer: the address of a node that joins is longer than %d bytes", maxAddressBytes)
	}
	if host, _, err := net.SplitHostPort(m.Address); err != nil {
		return fmt.Errorf("peer: the address of a node that joins: %w", err)
	} else if host == "" {
		return fmt.Errorf("peer: the address %q of a node that joins has no host that others could dial", m.Address)
	}
	return nil
}

// askToJoin is the joiner's end of the exchange: one frame each way.
func askToJoin(conn net.Conn, id *identity, limits Limits, m paxos.Member) (*wire.Joined, error) {
	if err := conn.SetDeadline(time.Now().Add(limits.HelloTimeout)); err != nil {
		return nil, err
	}
	if err := setSocketOptions(conn, limits.StallTimeout); err != nil {
		return nil, err
	}
	raw := newRawConn(conn, limits.HelloBytes+2*joinedBytes)
	s, err := handshake(id, raw, tls.Client(raw, id.tls))
	if err != nil {
		return nil, err
	}
	ask := &wire.Join{MinFormat: minFormat, MaxFormat: maxFormat, Id: uint32(m.ID), NodeUuid: m.UUID, Address: m.Address}
	if err := s.proof.write(s, frameJoin, roleJoiner, ask, helloBodyBytes); err != nil {
		return nil, explain(err)
	}
	// The other end gives up first, and says so.
	if err := conn.SetDeadline(time.Now().Add(limits.JoinTimeout + limits.HelloTimeout)); err != nil {
		return nil, err
	}
	fields, err := s.proof.read(s, frameJoined, roleAdmitter, joinedBytes)
	if err != nil {
		return nil, explain(err)
	}
	joined := &wire.Joined{}
	if err := proto.Unmarshal(fields, joined); err != nil {
		return nil, badFrame("joined: %v", err)
	}
	if joined.Refused != "" {
		return nil, &refusal{by: "by the peer", reason: boundedReason(joined.Refused)}
	}
	return joined, nil
}

func toJoinAnswer(joined *wire.Joined) (JoinAnswer, error) {
	c, err := paxos.DecodeConfiguration(joined.Configuration)
	if err != nil {
		return JoinAnswer{}, fmt.Errorf("peer: join: %w", err)
	}
	m, ok := c.Member(paxos.NodeID(joined.Id))
	if !ok || joined.ClusterUuid == "" || len(joined.ClusterUuid) > maxUUIDBytes {
		return JoinAnswer{}, fmt.Errorf("peer: join: the answer makes this node %d of cluster %q, which its configuration does not have",
			joined.Id, joined.ClusterUuid)
	}
	return JoinAnswer{ClusterUUID: joined.ClusterUuid, Member: m, Configuration: c}, nil
}

func decodeJoin(fields []byte) (*wire.Join, error) {
	join := &wire.Join{}
	if err := proto.Unmarshal(fields, join); err != nil {
		return nil, badFrame("join: %v", err)
	}
	return join, nil
}

// answerJoin is the member's end: it has the node added, and says how that went. The error is for this node's log.
func (t *Transport) answerJoin(ctx context.Context, s *secure, ask *wire.Join) error {
	joined, err := t.admitted(ctx, ask)
	if err != nil {
		joined = &wire.Joined{Refused: joinRefusal(err)}
	}
	if err := s.SetDeadline(time.Now().Add(t.limits.HelloTimeout)); err != nil {
		return err
	}
	if err := s.proof.write(s, frameJoined, roleAdmitter, joined, joinedBytes); err != nil {
		return explain(err)
	}
	_ = s.CloseWrite() // lets the answer arrive before the end; the connection is given up either way
	if err == nil {
		t.notices.report(slog.LevelInfo, fmt.Sprintf("node %d at %s", joined.Id, ask.Address), "node admitted", "it asked to join")
	}
	return err
}

// joinRefusal is the text of err for the other end. It is never empty, which would say yes.
func joinRefusal(err error) string {
	text := err.Error()
	var no *refusal
	if errors.As(err, &no) {
		text = no.reason
	}
	if text = boundedReason(text); text == "" {
		return "no reason given"
	}
	return text
}

// admitted has the node added and returns the answer for it.
func (t *Transport) admitted(ctx context.Context, ask *wire.Join) (*wire.Joined, error) {
	defer t.joining.Add(-1)
	if t.joining.Add(1) > maxJoining {
		return nil, fmt.Errorf("node %v has %d other nodes join already; try again", t.door.self, maxJoining)
	}
	m := paxos.Member{ID: paxos.NodeID(ask.Id), UUID: ask.NodeUuid, Address: ask.Address}
	if no := t.door.judgeJoin(ask, m); no != nil {
		return nil, no
	}
	if t.admit == nil {
		return nil, errors.New("this node does not admit members")
	}
	ctx, cancel := context.WithTimeout(ctx, t.limits.JoinTimeout)
	defer cancel()
	c, err := t.admit(ctx, m)
	if err != nil {
		return nil, err
	}
	added, ok := findJoiner(&c, m)
	if !ok {
		return nil, fmt.Errorf("the configuration of slot %v does not have the node at %s; try again", c.Slot, m.Address)
	}
	encoded, err := c.Encode()
	if len(encoded) > joinedBytes-helloBodyBytes {
		return nil, fmt.Errorf("the configuration of slot %v has %d bytes, too many to be sent", c.Slot, len(encoded))
	}
	return &wire.Joined{ClusterUuid: t.door.clusterUUID, Id: uint32(added.ID), Configuration: encoded}, err
}

// judgeJoin says why a node cannot be a new member, whatever the cluster thinks of it.
func (d *door) judgeJoin(ask *wire.Join, m paxos.Member) *refusal {
	switch _, common := agreedFormat(ask.MinFormat, ask.MaxFormat); {
	case !common:
		return refuse("the node that joins speaks formats %d to %d, node %v %d to %d; upgrade the older one",
			ask.MinFormat, ask.MaxFormat, d.self, minFormat, maxFormat)
	case m.UUID == d.nodeUUID:
		return refuse("node %v asks itself to join: give --join the address of another node", d.self)
	case m.ID == d.self:
		return refuse("id %v is that of the node asked; a node that joins has an id of its own, or none", m.ID)
	}
	if err := checkJoiner(m); err != nil {
		return refuse("%v", err)
	}
	return nil
}

// findJoiner returns the member that m has become: the one of its UUID, or of its id, or the newest at its address.
func findJoiner(c *paxos.Configuration, m paxos.Member) (found paxos.Member, ok bool) {
	for _, other := range c.Members() {
		if other.UUID == m.UUID {
			return other, true
		}
		same := m.ID == 0 && other.Address == m.Address || other.ID == m.ID
		if same && other.UUID == "" && other.ID > found.ID {
			found, ok = other, true
		}
	}
	return found, ok
}
