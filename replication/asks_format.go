package replication

import (
	"fmt"

	"github.com/paxredis/paxredis/replication/internal/wire"
	"github.com/paxredis/paxredis/replication/paxos"
)

func encodeRequest(r request) ([]byte, error) {
	c := &r.change
	var audience *wire.Audience
	if r.kind == askAudience {
		audience = &wire.Audience{Sharded: r.audience.Sharded, Names: r.audience.Names}
	}
	return (&wire.Request{
		Audience: audience,
		Format:   plainFormat, Group: groupID, Kind: uint32(r.kind),
		Change: &wire.MemberChange{
			Kind: uint32(c.Kind), Id: uint32(c.Member.ID), Uuid: c.Member.UUID, Address: c.Member.Address,
			Replaces: uint32(c.Replaces), Force: c.Force,
		},
	}).MarshalVT()
}

// maxText bounds a UUID and an address in a request: they go into the configuration, which every node keeps.
const maxText = 512

func decodeRequest(payload []byte) (request, error) {
	var w wire.Request
	if err := w.UnmarshalVT(payload); err != nil {
		return request{}, fmt.Errorf("a request of %d bytes: %w", len(payload), err)
	}
	if err := checkHeader(w.Format, w.Group); err != nil {
		return request{}, err
	}
	r := request{kind: askKind(w.Kind)}
	if !r.kind.isKnown() {
		return r, fmt.Errorf("a request of kind %d is of a later release: upgrade this node first", w.Kind)
	}
	c := w.GetChange()
	if len(c.GetUuid()) > maxText || len(c.GetAddress()) > maxText || c.GetKind() > 255 {
		return r, fmt.Errorf("a UUID of %d bytes, an address of %d, a change of kind %d: none that a node makes", len(c.GetUuid()), len(c.GetAddress()), c.GetKind())
	}
	r.change = Change{
		Kind: ChangeKind(c.GetKind()), Member: paxos.Member{ID: paxos.NodeID(c.GetId()), UUID: c.GetUuid(), Address: c.GetAddress()},
		Replaces: paxos.NodeID(c.GetReplaces()), Force: c.GetForce(),
	}
	if r.kind == askAudience {
		r.audience = Audience{Sharded: w.GetAudience().GetSharded(), Names: w.GetAudience().GetNames()}
	}
	return r, r.audience.Check()
}

func encodeAnswer(a answer) ([]byte, error) {
	var configuration []byte
	if len(a.configuration.Voters) > 0 {
		var err error
		if configuration, err = a.configuration.Encode(); err != nil {
			return nil, err
		}
	}
	return (&wire.Reply{
		Format: plainFormat, Group: groupID, State: uint32(a.state), Refused: a.refused, Node: uint32(a.node),
		Slot: uint64(a.slot), Configuration: configuration, Counts: a.counts, Report: a.report,
	}).MarshalVT()
}

func decodeAnswer(payload []byte) (answer, error) {
	var w wire.Reply
	if err := w.UnmarshalVT(payload); err != nil {
		return answer{}, fmt.Errorf("an answer of %d bytes: %w", len(payload), err)
	}
	if err := checkHeader(w.Format, w.Group); err != nil {
		return answer{}, err
	}
	a := answer{state: answerState(w.State), refused: w.Refused, node: paxos.NodeID(w.Node), slot: paxos.Slot(w.Slot), counts: w.Counts, report: w.Report}
	if a.state < answerDone || a.state > answerPicked {
		return a, fmt.Errorf("an answer of state %d is of a later release", w.State)
	}
	if len(w.Configuration) == 0 {
		return a, nil
	}
	var err error
	a.configuration, err = paxos.DecodeConfiguration(w.Configuration)
	return a, err
}
