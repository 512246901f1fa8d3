package peer

import (
	"bytes"
	"fmt"
	"math"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/paxredis/paxredis/peer/internal/wire"
	"github.com/paxredis/paxredis/replication/paxos"
)

// decoder turns bodies of frames into messages. It keeps one value of each frequent kind, so it belongs to one
// goroutine.
type decoder struct {
	accept   wire.Accept
	accepted wire.Accepted
	ack      wire.HeartbeatAck
	forward  wire.Forward
}

// decode returns the message of that kind. Payloads of an owned body are parts of it; those of any other are copied,
// one allocation each. The error is a *frameError.
func (d *decoder) decode(kind paxos.MessageKind, body []byte, owned bool) (paxos.Message, error) {
	m, err := d.decodeKind(kind, body, keeper(owned))
	if err != nil {
		return nil, badFrame("%s of %d bytes: %v", kind, len(body), err)
	}
	return m, nil
}

// keeper says whether payloads may stay where they are.
type keeper bool

func (k keeper) payload(b []byte) []byte {
	if len(b) == 0 {
		return nil
	}
	if k {
		return b[:len(b):len(b)]
	}
	return bytes.Clone(b)
}

func (d *decoder) decodeKind(kind paxos.MessageKind, body []byte, keep keeper) (paxos.Message, error) {
	switch kind {
	case paxos.KindAccept:
		return d.decodeAccept(body, keep)
	case paxos.KindAccepted:
		d.accepted = wire.Accepted{}
		err := d.accepted.UnmarshalVTUnsafe(body)
		return paxos.Accepted{Ballot: ballot(d.accepted.BallotRound, d.accepted.BallotNode), Slot: paxos.Slot(d.accepted.Slot)}, err
	case paxos.KindHeartbeat:
		return decodeHeartbeat(body)
	case paxos.KindHeartbeatAck:
		w := &d.ack
		*w = wire.HeartbeatAck{}
		err := w.UnmarshalVTUnsafe(body)
		return paxos.HeartbeatAck{Ballot: ballot(w.BallotRound, w.BallotNode), Number: w.Number,
			Chosen: paxos.Slot(w.Chosen), Synced: paxos.Slot(w.Synced)}, err
	case paxos.KindForward:
		d.forward = wire.Forward{}
		err := d.forward.UnmarshalVTUnsafe(body)
		return paxos.Forward{Payload: keep.payload(d.forward.Payload)}, err
	case paxos.KindReadAsk:
		var w wire.ReadAsk
		err := w.UnmarshalVTUnsafe(body)
		return paxos.ReadAsk{Number: w.Number}, err
	case paxos.KindReadSlot:
		var w wire.ReadSlot
		err := w.UnmarshalVTUnsafe(body)
		return paxos.ReadSlot{Ballot: ballot(w.BallotRound, w.BallotNode), Number: w.Number, Slot: paxos.Slot(w.Slot)}, err
	}
	return decodeRare(kind, body, keep)
}

// decodeRare decodes the kinds that elections and catching up need.
func decodeRare(kind paxos.MessageKind, body []byte, keep keeper) (paxos.Message, error) {
	switch kind {
	case paxos.KindPrepare:
		var w wire.Prepare
		err := w.UnmarshalVTUnsafe(body)
		return paxos.Prepare{Ballot: ballot(w.BallotRound, w.BallotNode), From: paxos.Slot(w.From),
			HandOver: ballot(w.HandOverRound, w.HandOverNode)}, err
	case paxos.KindPromise:
		return decodePromise(body, keep)
	case paxos.KindReject:
		var w wire.Reject
		err := w.UnmarshalVTUnsafe(body)
		return paxos.Reject{Ballot: ballot(w.BallotRound, w.BallotNode), Promised: ballot(w.PromisedRound, w.PromisedNode)}, err
	case paxos.KindCanvass:
		var w wire.Canvass
		err := w.UnmarshalVTUnsafe(body)
		return paxos.Canvass{Number: w.Number, Chosen: paxos.Slot(w.Chosen)}, err
	case paxos.KindCanvassReply:
		var w wire.CanvassReply
		err := w.UnmarshalVTUnsafe(body)
		return paxos.CanvassReply{Number: w.Number, Granted: w.Granted, Promised: ballot(w.PromisedRound, w.PromisedNode),
			Chosen: paxos.Slot(w.Chosen)}, err
	case paxos.KindLearn:
		var w wire.Learn
		err := w.UnmarshalVTUnsafe(body)
		return paxos.Learn{From: paxos.Slot(w.From)}, err
	case paxos.KindLearned:
		return decodeLearned(body, keep)
	case paxos.KindHandOver:
		var w wire.HandOver
		err := w.UnmarshalVTUnsafe(body)
		return paxos.HandOver{Ballot: ballot(w.BallotRound, w.BallotNode), Chosen: paxos.Slot(w.Chosen)}, err
	}
	return decodeDriver(kind, body, keep)
}

func ballot(round uint64, node uint32) paxos.Ballot {
	return paxos.Ballot{Round: paxos.Round(round), Node: paxos.NodeID(node)}
}

func (d *decoder) decodeAccept(body []byte, keep keeper) (paxos.Message, error) {
	w := &d.accept
	*w = wire.Accept{}
	if err := w.UnmarshalVTUnsafe(body); err != nil {
		return nil, err
	}
	entry, err := toEntry(w.EntryKind, w.Payload, keep)
	w.Payload = nil
	return paxos.Accept{Ballot: ballot(w.BallotRound, w.BallotNode), Slot: paxos.Slot(w.Slot), Entry: entry,
		Chosen: paxos.Slot(w.Chosen)}, err
}

func decodeHeartbeat(body []byte) (paxos.Message, error) {
	var w wire.Heartbeat
	if err := w.UnmarshalVTUnsafe(body); err != nil {
		return nil, err
	}
	m := paxos.Heartbeat{Ballot: ballot(w.BallotRound, w.BallotNode), Chosen: paxos.Slot(w.Chosen), Number: w.Number}
	if len(w.Synced) > 0 {
		m.Synced = make([]paxos.SyncedThrough, len(w.Synced))
	}
	for i, s := range w.Synced {
		m.Synced[i] = paxos.SyncedThrough{Node: paxos.NodeID(s.Node), Slot: paxos.Slot(s.Slot)}
	}
	return m, nil
}

func decodePromise(body []byte, keep keeper) (paxos.Message, error) {
	if err := checkRecordCount(body); err != nil {
		return nil, err
	}
	var w wire.Promise
	if err := w.UnmarshalVTUnsafe(body); err != nil {
		return nil, err
	}
	accepted, err := toRecords(w.Accepted, keep)
	return paxos.Promise{Ballot: ballot(w.BallotRound, w.BallotNode), Chosen: paxos.Slot(w.Chosen), Accepted: accepted,
		Part: w.Part, Parts: w.Parts}, err
}

func decodeLearned(body []byte, keep keeper) (paxos.Message, error) {
	if err := checkRecordCount(body); err != nil {
		return nil, err
	}
	var w wire.Learned
	if err := w.UnmarshalVTUnsafe(body); err != nil {
		return nil, err
	}
	records, err := toRecords(w.Records, keep)
	return paxos.Learned{Records: records, Chosen: paxos.Slot(w.Chosen)}, err
}

// checkRecordCount counts the records before any memory is taken for them.
func checkRecordCount(body []byte) error {
	count := 0
	for len(body) > 0 {
		number, _, size := protowire.ConsumeField(body)
		if size < 0 {
			return protowire.ParseError(size)
		}
		if number == payloadField {
			count++
		}
		body = body[size:]
	}
	if count > maxRecords {
		return fmt.Errorf("%d records are more than the %d a message may have", count, maxRecords)
	}
	return nil
}

func toRecords(ws []*wire.Record, keep keeper) ([]paxos.Record, error) {
	if len(ws) == 0 {
		return nil, nil
	}
	records := make([]paxos.Record, len(ws))
	for i, w := range ws {
		entry, err := toEntry(w.EntryKind, w.Payload, keep)
		if err != nil {
			return nil, err
		}
		records[i] = paxos.Record{Slot: paxos.Slot(w.Slot), Ballot: ballot(w.BallotRound, w.BallotNode), Entry: entry}
	}
	return records, nil
}

// toEntry leaves it to the core what to make of a kind it does not know; it must only not become another kind.
func toEntry(kind uint32, payload []byte, keep keeper) (paxos.Entry, error) {
	if kind == 0 || kind > math.MaxUint8 {
		return paxos.Entry{}, fmt.Errorf("entry kind %d", kind)
	}
	return paxos.Entry{Kind: paxos.EntryKind(kind), Payload: keep.payload(payload)}, nil
}
