package peer

import (
	"errors"
	"net"
	"strconv"
	"strings"

	"github.com/paxredis/paxredis/peer/internal/wire"
	"github.com/paxredis/paxredis/replication/paxos"
)

// door decides who may have a link with this node: the one list of rules for both ends of a handshake.
type door struct {
	self                  paxos.NodeID
	clusterUUID, nodeUUID string
	clientAddress         string
	boot                  uint64
	meet                  func(paxos.NodeID, string) error
}

func newDoor(cfg Config) *door {
	d := &door{self: cfg.Self, clusterUUID: cfg.ClusterUUID, nodeUUID: cfg.NodeUUID,
		clientAddress: cfg.ClientAddress, boot: cfg.Boot, meet: cfg.Meet}
	if d.meet == nil {
		d.meet = func(paxos.NodeID, string) error { return nil }
	}
	return d
}

// shown is what a node shows of itself in a Hello or an Answer.
type shown struct {
	id                paxos.NodeID
	cluster, uuid     string
	boot              uint64
	configuration     []byte
	configurationSlot paxos.Slot
	clientAddress     string // empty: it does not say, or nothing that could be one
}

func shownBy(h *wire.Hello) shown {
	return shown{id: paxos.NodeID(h.From), cluster: h.ClusterUuid, uuid: h.NodeUuid, boot: h.Boot,
		configuration: h.Configuration, configurationSlot: paxos.Slot(h.ConfigurationSlot), clientAddress: usableAddress(h.ClientAddress)}
}

func shownByAnswer(a *wire.Answer) shown {
	return shown{id: paxos.NodeID(a.From), cluster: a.ClusterUuid, uuid: a.NodeUuid, boot: a.Boot,
		configuration: a.Configuration, configurationSlot: paxos.Slot(a.ConfigurationSlot), clientAddress: usableAddress(a.ClientAddress)}
}

// usableAddress returns an address that clients may be told, as it is; empty if it is none. It is no reason to refuse a link.
func usableAddress(address string) string {
	host, port, err := net.SplitHostPort(address)
	isOdd := func(c rune) bool { return c <= ' ' || c > '~' || c == ',' || c == '@' }
	if err != nil || len(address) > maxAddressBytes || strings.ContainsFunc(host, isOdd) {
		return ""
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return ""
	}
	return address
}

func (d *door) hello(v *view, to paxos.NodeID, continues bool) *wire.Hello {
	return &wire.Hello{ClusterUuid: d.clusterUUID, From: uint32(d.self), To: uint32(to), NodeUuid: d.nodeUUID,
		Configuration: v.digest, ConfigurationSlot: uint64(v.configuration.Slot), Boot: d.boot,
		MinFormat: minFormat, MaxFormat: maxFormat, Continues: continues, ClientAddress: d.clientAddress}
}

func (d *door) answer(v *view, to uint32, format uint8, no *refusal) *wire.Answer {
	a := &wire.Answer{ClusterUuid: d.clusterUUID, From: uint32(d.self), To: to, NodeUuid: d.nodeUUID,
		Configuration: v.digest, ConfigurationSlot: uint64(v.configuration.Slot), Boot: d.boot, Format: uint32(format), ClientAddress: d.clientAddress}
	if no != nil {
		a.Refused, a.Removed, a.Replaced = boundedReason(no.reason), no.removed, no.replaced
	}
	return a
}

func boundedReason(reason string) string {
	return strings.ToValidUTF8(reason[:min(len(reason), reasonBytes)], "")
}

// judgeHello says which format the link has, or why a hello is refused.
func (d *door) judgeHello(v *view, h *wire.Hello) (format uint8, no *refusal) {
	from, to := paxos.NodeID(h.From), paxos.NodeID(h.To)
	format, common := agreedFormat(h.MinFormat, h.MaxFormat)
	switch {
	case from == d.self && h.NodeUuid == d.nodeUUID:
		return 0, refuse("node %v dialled itself: the address of node %v is its own; correct --peers", from, to)
	case from == d.self:
		return 0, refuse("two nodes have id %v (their UUIDs are %s and %s): stop one", from, h.NodeUuid, d.nodeUUID)
	case to != d.self:
		return 0, refuse("node %v wants node %v, but this is node %v; correct --peers", from, to, d.self)
	case !common:
		return 0, refuse("node %v speaks formats %d to %d, node %v %d to %d; upgrade the older one",
			from, h.MinFormat, h.MaxFormat, d.self, minFormat, maxFormat)
	}
	if no := d.judgeNode(v, shownBy(h)); no != nil {
		return 0, no
	}
	if v.configuration.IsMember(from) && from < d.self {
		return 0, refuse("node %v dialled node %v, but links are dialled by the higher id", from, d.self)
	}
	return format, nil
}

// judgeAnswer says why the answer of the node dialled as id ends the handshake, nil when it does not.
func (d *door) judgeAnswer(v *view, id paxos.NodeID, a *wire.Answer) *refusal {
	switch {
	case a.Refused != "":
		between := paxos.NodeID(a.From) == id && paxos.NodeID(a.To) == d.self && a.ClusterUuid == d.clusterUUID
		return &refusal{by: "by the peer", reason: boundedReason(a.Refused), removed: a.Removed && between, replaced: a.Replaced && between}
	case paxos.NodeID(a.To) != d.self:
		return refuse("the answer is for node %d, not for node %v", a.To, d.self)
	case paxos.NodeID(a.From) != id:
		return refuse("the address of node %v is that of node %d; correct --peers", id, a.From)
	case a.Format < minFormat || a.Format > maxFormat:
		return refuse("node %v chose format %d, which node %v does not speak", id, a.Format, d.self)
	}
	return d.judgeNode(v, shownByAnswer(a))
}

// judgeNode applies rule D4: one cluster, known ids, one UUID for each, and no older copies of a data directory. A node
// that this one does not know, but that works with a newer configuration, is let in as a guest: this node lags, and
// learns from it that it is a member.
func (d *door) judgeNode(v *view, s shown) *refusal {
	if s.cluster != d.clusterUUID {
		return refuse("node %v belongs to cluster %q, node %v to %q; were they started with the same --peers and key?",
			s.id, s.cluster, d.self, d.clusterUUID)
	}
	member, known := v.configuration.Member(s.id)
	if s.id == 0 || !known && s.configurationSlot <= v.configuration.Slot {
		return d.refuseStranger(v, s.id)
	}
	if s.uuid == "" || len(s.uuid) > maxUUIDBytes || member.UUID != "" && member.UUID != s.uuid {
		return refuse("node %v shows UUID %q, but is known as %q: its data directory is another one; bring it back with: paxredis member replace %v",
			s.id, s.uuid, member.UUID, s.id).asReplaced()
	}
	if r := v.remotes[s.id]; r != nil {
		if met := r.boot(); s.boot < met {
			return refuse("node %v shows boot %d, but was met at boot %d: its data directory is an older copy; stop it and bring it back with: paxredis member replace %v",
				s.id, s.boot, met, s.id)
		}
	}
	if err := d.meet(s.id, s.uuid); err != nil {
		no := refuse("node %v shows UUID %q: %v", s.id, s.uuid, err)
		no.replaced = errors.Is(err, paxos.ErrOtherUUID)
		return no
	}
	return nil
}

// refuseStranger tells a removed node from one that is not added yet: ids are never used again (rule M2).
func (d *door) refuseStranger(v *view, id paxos.NodeID) *refusal {
	if removed(&v.configuration, id) {
		no := refuse("node %v is not a member (removed, as of the configuration of slot %v): it can only come back as a new node, with an empty data directory and --join",
			id, v.configuration.Slot)
		no.removed = true
		return no
	}
	return refuse("node %v is not a member (removed, or not yet added): add it with paxredis member add", id)
}
