package peer

import (
	"encoding/binary"
	"fmt"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/paxredis/paxredis/peer/internal/wire"
	"github.com/paxredis/paxredis/replication/paxos"
)

// payloadField is the number of every field that holds payloads, in wire.Accept, Forward, Record and others, and of the
// records in wire.Promise and Learned: they come last.
const payloadField = 15

// maxRecords bounds the records of one message, so that a message of empty records cannot decode into many times its
// own size. A leader's pipeline and a byte budget of real entries are far below.
const maxRecords = 1 << 20

// wireMessage is what vtprotobuf generates for each message.
type wireMessage interface {
	SizeVT() int
	MarshalToSizedBufferVT([]byte) (int, error)
}

// encoder turns messages into their wire form. It keeps one value of each frequent kind, so it belongs to one
// goroutine, and what toWire returns is valid until the next call.
type encoder struct {
	accept    wire.Accept
	accepted  wire.Accepted
	heartbeat wire.Heartbeat
	ack       wire.HeartbeatAck
	readAsk   wire.ReadAsk
	readSlot  wire.ReadSlot
	forward   wire.Forward
	synced    syncedSlab
}

// toWire refers to the payloads of m, it does not copy them.
func (e *encoder) toWire(m paxos.Message) (wireMessage, error) {
	switch m := m.(type) {
	case paxos.Accept:
		e.accept = wire.Accept{BallotRound: uint64(m.Ballot.Round), BallotNode: uint32(m.Ballot.Node), Slot: uint64(m.Slot),
			Chosen: uint64(m.Chosen), EntryKind: uint32(m.Entry.Kind), Payload: m.Entry.Payload}
		return &e.accept, nil
	case paxos.Accepted:
		e.accepted = wire.Accepted{BallotRound: uint64(m.Ballot.Round), BallotNode: uint32(m.Ballot.Node), Slot: uint64(m.Slot)}
		return &e.accepted, nil
	case paxos.Heartbeat:
		e.heartbeat = wire.Heartbeat{BallotRound: uint64(m.Ballot.Round), BallotNode: uint32(m.Ballot.Node),
			Chosen: uint64(m.Chosen), Number: m.Number, Synced: e.synced.fill(m.Synced)}
		return &e.heartbeat, nil
	case paxos.HeartbeatAck:
		e.ack = wire.HeartbeatAck{BallotRound: uint64(m.Ballot.Round), BallotNode: uint32(m.Ballot.Node),
			Number: m.Number, Chosen: uint64(m.Chosen), Synced: uint64(m.Synced)}
		return &e.ack, nil
	case paxos.ReadAsk:
		e.readAsk = wire.ReadAsk{Number: m.Number}
		return &e.readAsk, nil
	case paxos.ReadSlot:
		e.readSlot = wire.ReadSlot{BallotRound: uint64(m.Ballot.Round), BallotNode: uint32(m.Ballot.Node),
			Number: m.Number, Slot: uint64(m.Slot)}
		return &e.readSlot, nil
	case paxos.Forward:
		e.forward = wire.Forward{Payload: m.Payload}
		return &e.forward, nil
	}
	return rareToWire(m)
}

// release forgets the payloads last encoded, so that they can be freed.
func (e *encoder) release() { e.accept.Payload, e.forward.Payload = nil, nil }

// rareToWire is toWire of the kinds that elections and catching up need.
func rareToWire(m paxos.Message) (wireMessage, error) {
	switch m := m.(type) {
	case paxos.Prepare:
		return &wire.Prepare{BallotRound: uint64(m.Ballot.Round), BallotNode: uint32(m.Ballot.Node), From: uint64(m.From),
			HandOverRound: uint64(m.HandOver.Round), HandOverNode: uint32(m.HandOver.Node)}, nil
	case paxos.Promise:
		records, err := recordsToWire(m.Accepted)
		return &wire.Promise{BallotRound: uint64(m.Ballot.Round), BallotNode: uint32(m.Ballot.Node), Chosen: uint64(m.Chosen),
			Part: m.Part, Parts: m.Parts, Accepted: records}, err
	case paxos.Reject:
		return &wire.Reject{BallotRound: uint64(m.Ballot.Round), BallotNode: uint32(m.Ballot.Node),
			PromisedRound: uint64(m.Promised.Round), PromisedNode: uint32(m.Promised.Node)}, nil
	case paxos.Canvass:
		return &wire.Canvass{Number: m.Number, Chosen: uint64(m.Chosen)}, nil
	case paxos.CanvassReply:
		return &wire.CanvassReply{Number: m.Number, Granted: m.Granted, PromisedRound: uint64(m.Promised.Round),
			PromisedNode: uint32(m.Promised.Node), Chosen: uint64(m.Chosen)}, nil
	case paxos.Learn:
		return &wire.Learn{From: uint64(m.From)}, nil
	case paxos.Learned:
		records, err := recordsToWire(m.Records)
		return &wire.Learned{Chosen: uint64(m.Chosen), Records: records}, err
	case paxos.HandOver:
		return &wire.HandOver{BallotRound: uint64(m.Ballot.Round), BallotNode: uint32(m.Ballot.Node), Chosen: uint64(m.Chosen)}, nil
	}
	return driverToWire(m)
}

func recordsToWire(records []paxos.Record) ([]*wire.Record, error) {
	if len(records) > maxRecords {
		return nil, fmt.Errorf("%d records are more than the %d a message may have", len(records), maxRecords)
	}
	slab := make([]wire.Record, len(records))
	pointers := make([]*wire.Record, len(records))
	for i, r := range records {
		w := &slab[i]
		w.Slot, w.BallotRound, w.BallotNode = uint64(r.Slot), uint64(r.Ballot.Round), uint32(r.Ballot.Node)
		w.EntryKind, w.Payload = uint32(r.Entry.Kind), r.Entry.Payload
		pointers[i] = w
	}
	return pointers, nil
}

// syncedSlab is reused memory for the one repeated field of a frequent message.
type syncedSlab struct {
	values   []wire.SyncedThrough
	pointers []*wire.SyncedThrough
}

func (s *syncedSlab) fill(synced []paxos.SyncedThrough) []*wire.SyncedThrough {
	if len(synced) > cap(s.values) {
		s.values = make([]wire.SyncedThrough, len(synced))
	}
	s.values, s.pointers = s.values[:len(synced)], s.pointers[:0]
	for i, t := range synced {
		s.values[i].Node, s.values[i].Slot = uint32(t.Node), uint64(t.Slot)
		s.pointers = append(s.pointers, &s.values[i])
	}
	return s.pointers
}

// appendWire appends the encoding of w, which has that size, to dst.
func appendWire(dst []byte, w wireMessage, size int) ([]byte, error) {
	start := len(dst)
	dst = slices.Grow(dst, size)[:start+size]
	n, err := w.MarshalToSizedBufferVT(dst[start:])
	if err == nil && n != size {
		err = fmt.Errorf("encoding took %d bytes instead of %d", n, size)
	}
	return dst, err
}

// segments returns the encoding of w in parts that, joined, are what MarshalToSizedBufferVT makes: the payloads are
// parts of their own and not copied. The parts stay valid when w changes.
func segments(w wireMessage) ([][]byte, error) {
	switch w := w.(type) {
	case *wire.Accept:
		return payloadLast(w, w.Payload, func() { w.Payload = nil })
	case *wire.Forward:
		return payloadLast(w, w.Payload, func() { w.Payload = nil })
	case *wire.CheckpointPart:
		return payloadLast(w, w.Payload, func() { w.Payload = nil })
	case *wire.Ask:
		return payloadLast(w, w.Payload, func() { w.Payload = nil })
	case *wire.AskAnswer:
		return payloadLast(w, w.Payload, func() { w.Payload = nil })
	case *wire.Promise:
		records := w.Accepted
		w.Accepted = nil
		return recordsLast(w, records)
	case *wire.Learned:
		records := w.Records
		w.Records = nil
		return recordsLast(w, records)
	}
	whole, err := appendWire(nil, w, w.SizeVT())
	return [][]byte{whole}, err
}

func payloadLast(w wireMessage, payload []byte, strip func()) ([][]byte, error) {
	strip()
	head, err := appendWire(nil, w, w.SizeVT())
	if err != nil || len(payload) == 0 {
		return [][]byte{head}, err
	}
	head = protowire.AppendTag(head, payloadField, protowire.BytesType)
	head = binary.AppendUvarint(head, uint64(len(payload)))
	return [][]byte{head, payload}, nil
}

func recordsLast(w wireMessage, records []*wire.Record) ([][]byte, error) {
	head, err := appendWire(nil, w, w.SizeVT())
	if err != nil {
		return nil, err
	}
	parts := make([][]byte, 0, 1+2*len(records))
	for _, r := range records {
		size := r.SizeVT()
		head = protowire.AppendTag(head, payloadField, protowire.BytesType)
		head = binary.AppendUvarint(head, uint64(size))
		record, err := payloadLast(r, r.Payload, func() { r.Payload = nil })
		if err != nil {
			return nil, err
		}
		head = append(head, record[0]...)
		if len(record) == 2 {
			parts, head = append(parts, head, record[1]), nil
		}
	}
	if len(head) > 0 {
		parts = append(parts, head)
	}
	return parts, nil
}
