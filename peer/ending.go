package peer

import (
	"encoding/binary"

	"github.com/paxredis/paxredis/replication/paxos"
)

// endReason is why a link ends on purpose.
type endReason uint8

// The values are part of the format.
const (
	endHandOver endReason = 1 // another link goes on from here
	endClosing  endReason = 2 // the node closes
	endRefused  endReason = 3 // the dialler refuses what the answer says; the text says why
	endRemoved  endReason = 4 // the receiver is no member in the configuration of the slot; the text says so
	endReplaced endReason = 5 // like endRefused: the dialler knows the receiver's id with another UUID
)

// endSlotBytes is the size of the slot that goes before the text of endRemoved.
const endSlotBytes = 8

// ending is what an End frame says: its body is the reason, the slot if the reason has one, and a text for the log.
type ending struct {
	reason endReason
	slot   paxos.Slot
	text   string
}

// body is the frame's.
func (e ending) body() []byte {
	b := []byte{byte(e.reason)}
	if e.reason == endRemoved {
		b = binary.BigEndian.AppendUint64(b, uint64(e.slot))
	}
	return append(b, boundedReason(e.text)...)
}

// flushes reports whether all that waits in the outbox goes before the End, and not only what was begun.
func (e ending) flushes() bool { return e.reason != endHandOver }

func parseEnding(body []byte) (ending, error) {
	if len(body) == 0 || len(body) > 1+endSlotBytes+reasonBytes {
		return ending{}, badFrame("an end of %d bytes", len(body))
	}
	e := ending{reason: endReason(body[0])}
	rest := body[1:]
	if e.reason == endRemoved {
		if len(rest) < endSlotBytes {
			return ending{}, badFrame("an end of %d bytes for a removal", len(body))
		}
		e.slot, rest = paxos.Slot(binary.BigEndian.Uint64(rest)), rest[endSlotBytes:]
	}
	e.text = boundedReason(string(rest))
	return e, nil
}
