package peer

import (
	"encoding/binary"

	"github.com/paxredis/paxredis/replication/paxos"
)

// reassembly joins the pieces of the one long message that a stream may have under way. Its memory follows the bytes
// received, not the length announced.
type reassembly struct {
	kind  paxos.MessageKind
	total int
	buf   []byte
}

// first takes the first piece of a message of at most limit bytes.
func (r *reassembly) first(kind paxos.MessageKind, body []byte, limit int) error {
	if r.total != 0 {
		return badFrame("a message begins before the former one is complete")
	}
	if len(body) < 4 {
		return badFrame("a first piece of %d bytes has no length", len(body))
	}
	total := binary.BigEndian.Uint32(body)
	if uint64(total) > uint64(limit) {
		return badFrame("a message of %d bytes is above the limit of %d", total, limit)
	}
	if int(total) <= len(body)-4 {
		return badFrame("a message of %d bytes needs no pieces", total)
	}
	r.kind, r.total = kind, int(total)
	return r.add(body[4:])
}

// add takes the next piece.
func (r *reassembly) add(piece []byte) error {
	if r.total == 0 {
		return badFrame("a piece of no message")
	}
	if len(piece) == 0 || len(r.buf)+len(piece) > r.total {
		return badFrame("a piece of %d bytes in a message with %d to come", len(piece), r.total-len(r.buf))
	}
	if need := len(r.buf) + len(piece); need > cap(r.buf) {
		grown := make([]byte, len(r.buf), min(r.total, 2*need))
		copy(grown, r.buf)
		r.buf = grown
	}
	r.buf = append(r.buf, piece...)
	return nil
}

// complete returns the message once all of it is there, and gives its memory away with it.
func (r *reassembly) complete() (kind paxos.MessageKind, body []byte, ok bool) {
	if r.total == 0 || len(r.buf) < r.total {
		return 0, nil, false
	}
	kind, body = r.kind, r.buf
	*r = reassembly{}
	return kind, body, true
}

// messageLimit is the longest encoding a message of that kind may have.
func messageLimit(kind paxos.MessageKind, messageBytes int) int {
	switch kind {
	case paxos.KindAccept, paxos.KindPromise, paxos.KindLearned, paxos.KindForward:
		return messageBytes
	case paxos.KindCheckpointPart:
		return min(messageBytes, 2*maxPartBytes+maxCursorBytes+reasonBytes+fieldBytes)
	case paxos.KindCheckpointAsk:
		return min(messageBytes, maxCursorBytes+fieldBytes)
	case paxos.KindAsk, paxos.KindAnswer:
		return min(messageBytes, maxAskBytes+fieldBytes)
	}
	return pieceBytes
}

// fieldBytes is more than the tags, lengths and numbers of a message take.
const fieldBytes = 128
