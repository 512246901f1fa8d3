package peer

import (
	"fmt"
	"strings"

	"github.com/paxredis/paxredis/peer/internal/wire"
	"github.com/paxredis/paxredis/replication/paxos"
)

// Bounds of the fields that a message of the drivers' kinds has, kept by both ends.
const (
	// maxCursorBytes bounds where a part of a checkpoint begins: a cursor holds a key, or what stands for a long one.
	maxCursorBytes = 128 << 10
	// maxPartBytes bounds each of a part's head and data. A part is about 4 MiB, but one record is never divided further
	// than the storage divides it, and the head grows with the number of sessions.
	maxPartBytes = 64 << 20
	// minDigestBytes and maxDigestBytes are what hashes have.
	minDigestBytes, maxDigestBytes = 32, 64
	// maxAskBytes bounds what one node asks of another, and the answer.
	maxAskBytes = 1 << 20
)

// driverToWire is toWire of the kinds that catching up by checkpoint and changing the members need.
func driverToWire(m paxos.Message) (wireMessage, error) {
	switch m := m.(type) {
	case paxos.Offer:
		return &wire.Offer{Checkpoint: uint64(m.Checkpoint), First: uint64(m.First), Chosen: uint64(m.Chosen)}, nil
	case paxos.CheckpointAsk:
		return &wire.CheckpointAsk{Number: m.Number, Slot: uint64(m.Slot), Cursor: m.Cursor}, checkCursor(m.Cursor)
	case paxos.CheckpointPart:
		return &wire.CheckpointPart{Number: m.Number, Slot: uint64(m.Slot), Head: m.Head, Payload: m.Data, Next: m.Next,
			Refused: boundedReason(m.Refused)}, checkPart(m.Head, m.Data, m.Next)
	case paxos.CheckpointDigest:
		return &wire.CheckpointDigest{Slot: uint64(m.Slot), Digest: m.Digest}, checkDigest(m.Digest)
	case paxos.Ask:
		return &wire.Ask{Number: m.Number, Payload: m.Payload}, checkAsk(m.Payload)
	case paxos.Answer:
		return &wire.AskAnswer{Number: m.Number, Payload: m.Payload}, checkAsk(m.Payload)
	}
	return nil, fmt.Errorf("message type %T has no wire form", m)
}

// decodeDriver decodes the kinds of driverToWire.
func decodeDriver(kind paxos.MessageKind, body []byte, keep keeper) (paxos.Message, error) {
	switch kind {
	case paxos.KindOffer:
		var w wire.Offer
		err := w.UnmarshalVTUnsafe(body)
		return paxos.Offer{Checkpoint: paxos.Slot(w.Checkpoint), First: paxos.Slot(w.First), Chosen: paxos.Slot(w.Chosen)}, err
	case paxos.KindCheckpointAsk:
		var w wire.CheckpointAsk
		if err := w.UnmarshalVTUnsafe(body); err != nil {
			return nil, err
		}
		return paxos.CheckpointAsk{Number: w.Number, Slot: paxos.Slot(w.Slot), Cursor: keep.payload(w.Cursor)}, checkCursor(w.Cursor)
	case paxos.KindCheckpointPart:
		return decodePart(body, keep)
	case paxos.KindCheckpointDigest:
		var w wire.CheckpointDigest
		if err := w.UnmarshalVTUnsafe(body); err != nil {
			return nil, err
		}
		return paxos.CheckpointDigest{Slot: paxos.Slot(w.Slot), Digest: keep.payload(w.Digest)}, checkDigest(w.Digest)
	case paxos.KindAsk:
		var w wire.Ask
		if err := w.UnmarshalVTUnsafe(body); err != nil {
			return nil, err
		}
		return paxos.Ask{Number: w.Number, Payload: keep.payload(w.Payload)}, checkAsk(w.Payload)
	case paxos.KindAnswer:
		var w wire.AskAnswer
		if err := w.UnmarshalVTUnsafe(body); err != nil {
			return nil, err
		}
		return paxos.Answer{Number: w.Number, Payload: keep.payload(w.Payload)}, checkAsk(w.Payload)
	}
	return nil, fmt.Errorf("unknown message kind %d", kind)
}

func decodePart(body []byte, keep keeper) (paxos.Message, error) {
	var w wire.CheckpointPart
	if err := w.UnmarshalVTUnsafe(body); err != nil {
		return nil, err
	}
	if err := checkPart(w.Head, w.Payload, w.Next); err != nil {
		return nil, err
	}
	if len(w.Refused) > reasonBytes {
		return nil, fmt.Errorf("a reason of %d bytes is longer than %d", len(w.Refused), reasonBytes)
	}
	// The text is cloned, as it lies in the body; it goes to logs, so it must be text.
	return paxos.CheckpointPart{Number: w.Number, Slot: paxos.Slot(w.Slot), Head: keep.payload(w.Head), Data: keep.payload(w.Payload),
		Next: keep.payload(w.Next), Refused: strings.ToValidUTF8(strings.Clone(w.Refused), "")}, nil
}

func checkCursor(cursor []byte) error {
	if len(cursor) > maxCursorBytes {
		return fmt.Errorf("a cursor of %d bytes is longer than %d", len(cursor), maxCursorBytes)
	}
	return nil
}

func checkPart(head, data, next []byte) error {
	if len(head) > maxPartBytes || len(data) > maxPartBytes {
		return fmt.Errorf("a part with a head of %d and data of %d bytes is longer than %d", len(head), len(data), maxPartBytes)
	}
	return checkCursor(next)
}

func checkDigest(digest []byte) error {
	if len(digest) < minDigestBytes || len(digest) > maxDigestBytes {
		return fmt.Errorf("a digest of %d bytes is not of %d to %d", len(digest), minDigestBytes, maxDigestBytes)
	}
	return nil
}

func checkAsk(payload []byte) error {
	if len(payload) > maxAskBytes {
		return fmt.Errorf("%d bytes are more than the %d that may be asked or answered", len(payload), maxAskBytes)
	}
	return nil
}
