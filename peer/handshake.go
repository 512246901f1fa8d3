package peer

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"encoding/binary"
	"fmt"
	"io"
	"strings"

	"google.golang.org/protobuf/proto"

	"github.com/paxredis/paxredis/peer/internal/wire"
	"github.com/paxredis/paxredis/replication/paxos"
)

const (
	macBytes = sha256.Size
	// helloBodyBytes bounds the body of a hello and of its answer.
	helloBodyBytes = 1 << 10
	// reasonBytes bounds the text of a refusal.
	reasonBytes = 512
	// exporterLabel binds a MAC to the TLS connection it was made on (RFC 8446, 7.5).
	exporterLabel = "EXPORTER-paxredis-peer-hello-v1"
)

// The roles in a handshake: a MAC made in one is worth nothing in the other.
const (
	roleDialler  byte = 'd'
	roleAcceptor byte = 'a'
)

// proof makes and checks the MACs of one connection.
type proof struct {
	exporter []byte
	// own goes with the certificate this node showed, theirs with the one the peer showed.
	own, theirs []byte
}

func newProof(id *identity, state tls.ConnectionState) (*proof, error) {
	theirs, err := id.macKeyOf(state)
	if err != nil {
		return nil, err
	}
	exporter, err := state.ExportKeyingMaterial(exporterLabel, nil, sha256.Size)
	if err != nil {
		return nil, fmt.Errorf("TLS exporter: %w", err)
	}
	return &proof{exporter: exporter, own: id.own(), theirs: theirs}, nil
}

// mac covers the connection, the role and every field of the hello, ids included.
func (p *proof) mac(key []byte, role byte, fields []byte) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte("paxredis hello v1\x00"))
	h.Write(p.exporter)
	h.Write([]byte{role})
	var length [4]byte
	binary.BigEndian.PutUint32(length[:], uint32(len(fields)))
	h.Write(length[:])
	h.Write(fields)
	return h.Sum(nil)
}

// write sends fields behind their MAC in one frame.
func (p *proof) write(w io.Writer, typ frameType, role byte, m wireMessage) error {
	fields, err := appendWire(nil, m, m.SizeVT())
	if err != nil {
		return err
	}
	if len(fields) > helloBodyBytes-macBytes {
		return fmt.Errorf("a hello of %d bytes is longer than %d", len(fields), helloBodyBytes-macBytes)
	}
	body := append(p.mac(p.own, role, fields), fields...)
	_, err = w.Write(appendFrame(nil, typ, 0, body))
	return err
}

// read reads a frame that write made at the other end and returns its fields.
func (p *proof) read(r io.Reader, typ frameType, role byte) ([]byte, error) {
	body, err := readHelloFrame(r, typ)
	if err != nil {
		return nil, err
	}
	fields := body[macBytes:]
	if !hmac.Equal(body[:macBytes], p.mac(p.theirs, role, fields)) {
		return nil, errBadMAC
	}
	return fields, nil
}

// readHelloFrame reads one frame of that type from r, and not a byte more.
func readHelloFrame(r io.Reader, typ frameType) ([]byte, error) {
	var buf [headerBytes + helloBodyBytes]byte
	if _, err := io.ReadFull(r, buf[:headerBytes]); err != nil {
		return nil, err
	}
	if err := checkHeader(buf[:], helloBodyBytes); err != nil {
		return nil, err
	}
	size := headerBytes + int(binary.BigEndian.Uint32(buf[:]))
	if _, err := io.ReadFull(r, buf[headerBytes:size]); err != nil {
		return nil, err
	}
	f, _, err := parseFrame(buf[:size], helloBodyBytes)
	if err != nil {
		return nil, err
	}
	if f.typ != typ || len(f.body) < macBytes {
		return nil, badFrame("type %d of %d bytes where a handshake has type %d", f.typ, len(f.body), typ)
	}
	return f.body, nil
}

// decodeHello and decodeAnswer read fields that a MAC has vouched for.
func decodeHello(fields []byte) (*wire.Hello, error) {
	hello := &wire.Hello{}
	if err := proto.Unmarshal(fields, hello); err != nil { // checks that strings are UTF-8
		return nil, badFrame("hello: %v", err)
	}
	return hello, nil
}

func decodeAnswer(fields []byte) (*wire.Answer, error) {
	answer := &wire.Answer{}
	if err := proto.Unmarshal(fields, answer); err != nil {
		return nil, badFrame("answer: %v", err)
	}
	return answer, nil
}

// configurationDigest identifies the members a node works with, whatever their order.
func configurationDigest(members []paxos.Member) []byte {
	h := sha256.New()
	for _, m := range sortedByID(members) {
		fmt.Fprintf(h, "%d=%q\n", m.ID, m.Address)
	}
	return h.Sum(nil)
}

// door decides who may have a link with this node: the one list of rules for both ends of a handshake.
type door struct {
	self                  paxos.NodeID
	clusterUUID, nodeUUID string
	configuration         []byte
	members               map[paxos.NodeID]paxos.Member
	meet                  func(paxos.NodeID, string) error
}

func (d *door) hello(to paxos.NodeID, continues bool) *wire.Hello {
	return &wire.Hello{ClusterUuid: d.clusterUUID, From: uint32(d.self), To: uint32(to), NodeUuid: d.nodeUUID,
		Configuration: d.configuration, MinFormat: formatVersion, MaxFormat: formatVersion, Continues: continues}
}

func (d *door) answer(to uint32, no *refusal) *wire.Answer {
	a := &wire.Answer{ClusterUuid: d.clusterUUID, From: uint32(d.self), To: to, NodeUuid: d.nodeUUID,
		Configuration: d.configuration, Format: formatVersion}
	if no != nil {
		a.Refused = boundedReason(no.reason)
	}
	return a
}

func boundedReason(reason string) string {
	return strings.ToValidUTF8(reason[:min(len(reason), reasonBytes)], "")
}

// judgeHello says why a hello is refused, nil when it is not.
func (d *door) judgeHello(h *wire.Hello) *refusal {
	from, to := paxos.NodeID(h.From), paxos.NodeID(h.To)
	switch {
	case from == d.self && h.NodeUuid == d.nodeUUID:
		return refuse("node %v dialled itself: the address of node %v is its own; correct --peers", from, to)
	case from == d.self:
		return refuse("two nodes have id %v (their UUIDs are %s and %s): stop one", from, h.NodeUuid, d.nodeUUID)
	case to != d.self:
		return refuse("node %v wants node %v, but this is node %v; correct --peers", from, to, d.self)
	case h.MinFormat > formatVersion || h.MaxFormat < formatVersion:
		return refuse("node %v speaks formats %d to %d, node %v only %d; upgrade the older one", from, h.MinFormat, h.MaxFormat, d.self, formatVersion)
	}
	if _, known := d.members[from]; known && from > d.self {
		return refuse("node %v dialled node %v, but links are dialled by the lower id", from, d.self)
	}
	return d.judgeNode(from, h.ClusterUuid, h.NodeUuid)
}

// judgeAnswer says why the answer of the node dialled as id ends the handshake, nil when it does not.
func (d *door) judgeAnswer(id paxos.NodeID, a *wire.Answer) *refusal {
	switch {
	case a.Refused != "":
		return &refusal{by: "by the peer", reason: a.Refused}
	case paxos.NodeID(a.To) != d.self:
		return refuse("the answer is for node %d, not for node %v", a.To, d.self)
	case paxos.NodeID(a.From) != id:
		return refuse("the address of node %v is that of node %d; correct --peers", id, a.From)
	case a.Format != formatVersion:
		return refuse("node %v chose format %d, which node %v does not speak", id, a.Format, d.self)
	}
	return d.judgeNode(id, a.ClusterUuid, a.NodeUuid)
}

// judgeNode applies rule D4: one cluster, known ids, and one UUID for each.
func (d *door) judgeNode(id paxos.NodeID, clusterUUID, nodeUUID string) *refusal {
	if clusterUUID != d.clusterUUID {
		return refuse("node %v belongs to cluster %q, node %v to %q; were they started with the same --peers and key?",
			id, clusterUUID, d.self, d.clusterUUID)
	}
	member, known := d.members[id]
	if !known || id == d.self {
		return refuse("node %v is unknown to node %v, or was removed", id, d.self)
	}
	if nodeUUID == "" || member.UUID != "" && member.UUID != nodeUUID {
		return refuse("node %v shows UUID %q, but is known as %q: its data directory is another one; bring it back with: paxredis member replace %v",
			id, nodeUUID, member.UUID, id)
	}
	if err := d.meet(id, nodeUUID); err != nil {
		return refuse("node %v shows UUID %q: %v", id, nodeUUID, err)
	}
	return nil
}
