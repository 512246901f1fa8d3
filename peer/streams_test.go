package peer

import (
	"bytes"
	"testing"

	"github.com/paxredis/paxredis/replication/paxos"
)

func part(number uint64, size int) paxos.CheckpointPart {
	return paxos.CheckpointPart{Number: number, Slot: 1, Data: bytes.Repeat([]byte{byte(number)}, size), Next: []byte("next")}
}

// sent is a frame that a writer has put into its buffer.
type sent struct {
	typ    frameType
	kind   paxos.MessageKind
	stream stream
}

// frames takes a writer's buffer apart, without the pings.
func (w *writer) frames(t testing.TB) []sent {
	t.Helper()
	var all []sent
	for b := w.buf; len(b) > 0; {
		f, size, err := parseFrame(b, maxFormat, pieceBytes)
		if err != nil || size == 0 {
			t.Fatal(size, err)
		}
		if f.typ != framePing {
			all = append(all, sent{f.typ, f.kind, f.stream})
		}
		b = b[size:]
	}
	return all
}

// TestAcceptsGoBeforeTheNextPieceOfAPart: a part under way delays an Accept by one write at most, a long one too.
func TestAcceptsGoBeforeTheNextPieceOfAPart(t *testing.T) {
	w, box := idleWriter(t)
	box.put(part(1, 4<<20))
	w.fill(false)
	if len(w.buf) > 2*writeBytes || !w.long[streamParts].active() {
		t.Fatalf("the first write has %d bytes", len(w.buf))
	}
	box.put(accept(2, 10))
	box.put(paxos.Learn{From: 1})
	box.put(accept(3, 2*pieceBytes))
	box.put(accept(4, 10))
	w.fill(false)
	want := []sent{{frameMessage, paxos.KindAccept, 0}, {frameMessage, paxos.KindLearn, 0}, {frameFirst, paxos.KindAccept, streamBulk},
		{framePiece, 0, streamBulk}, {framePiece, 0, streamBulk}, {frameMessage, paxos.KindAccept, 0}, {framePiece, 0, streamParts}}
	got := w.frames(t)
	for i := range want {
		if i >= len(got) || got[i] != want[i] {
			t.Fatalf("the second write is %+v", got)
		}
	}
}

// TestPartsGoOnUnderLoad: bulk without end leaves a piece a write to the part under way.
func TestPartsGoOnUnderLoad(t *testing.T) {
	w, box := idleWriter(t)
	box.put(part(1, 8*pieceBytes))
	box.put(part(2, 10))
	box.put(accept(1, 64<<20))
	pieces := 0
	for writes := 1; pieces < 10; writes++ {
		w.fill(false)
		if len(w.buf) > 2*writeBytes {
			t.Fatalf("a write of %d bytes", len(w.buf))
		}
		before := pieces
		for _, f := range w.frames(t) {
			if f.stream == streamParts || f.kind == paxos.KindCheckpointPart {
				pieces++
			}
		}
		if pieces != before+1 {
			t.Fatalf("write %d had %d frames of parts", writes, pieces-before)
		}
	}
}

// TestLongControlMessagesGoWithBulk, in pieces, so that those of one frame pass them.
func TestLongControlMessagesGoWithBulk(t *testing.T) {
	one, two := pair(t, nil)
	cursor, payload := bytes.Repeat([]byte("c"), maxCursorBytes), bytes.Repeat([]byte("p"), maxAskBytes)
	one.Send(2, paxos.Ask{Number: 1, Payload: payload})
	one.Send(2, paxos.CheckpointAsk{Number: 2, Slot: 1, Cursor: cursor})
	one.Send(2, paxos.Answer{Number: 3, Payload: payload})
	one.Send(2, accept(4, 10))
	if got, ok := two.nextMessage(t).(paxos.Ask); !ok || got.Number != 1 || !bytes.Equal(got.Payload, payload) {
		t.Error("no Ask")
	}
	if got, ok := two.nextMessage(t).(paxos.CheckpointAsk); !ok || got.Number != 2 || !bytes.Equal(got.Cursor, cursor) {
		t.Error("no CheckpointAsk")
	}
	if got, ok := two.nextMessage(t).(paxos.Answer); !ok || got.Number != 3 || !bytes.Equal(got.Payload, payload) {
		t.Error("no Answer")
	}
	if got, ok := two.nextMessage(t).(paxos.Accept); !ok || got.Slot != 4 {
		t.Error("no Accept")
	}
	if box := one.view.Load().remotes[2].outbox; box.laneOf(paxos.KindAsk, maxAskBytes) != &box.bulk || box.laneOf(paxos.KindAsk, 100) != &box.control {
		t.Error("an Ask is in the wrong lane")
	}
}

// TestStreamsAreJoinedApart: a checkpoint streams, and the log and heartbeats pass it whole.
func TestStreamsAreJoinedApart(t *testing.T) {
	one, two := pair(t, nil)
	const parts = 4
	for i := range parts {
		one.Send(2, part(uint64(i+1), 4<<20))
	}
	one.Send(2, accept(1, 1<<20))
	one.Send(2, paxos.Heartbeat{Ballot: sampleBallot(1), Number: 1})
	one.Send(2, accept(2, 1<<20))
	var order []paxos.MessageKind
	for len(order) < parts+3 {
		m := two.nextMessage(t)
		order = append(order, m.Kind())
		switch m := m.(type) {
		case paxos.CheckpointPart:
			if want := part(m.Number, 4<<20); !bytes.Equal(m.Data, want.Data) || string(m.Next) != "next" {
				t.Errorf("part %d differs", m.Number)
			}
		case paxos.Accept:
			if !bytes.Equal(m.Entry.Payload, accept(m.Slot, 1<<20).Entry.Payload) {
				t.Errorf("the value of slot %v differs", m.Slot)
			}
		}
	}
	if order[parts+2] != paxos.KindCheckpointPart || order[parts+1] != paxos.KindCheckpointPart {
		t.Errorf("the log waited for the checkpoint: %v", order)
	}
}

// TestHandOverFinishesBothStreams: what is begun in either is complete before the End.
func TestHandOverFinishesBothStreams(t *testing.T) {
	w, box := idleWriter(t)
	box.put(part(1, 16*pieceBytes))
	box.put(accept(1, 12*pieceBytes))
	w.fill(false)
	if !w.long[streamParts].active() || !w.long[streamBulk].active() {
		t.Fatal("one of the two is through already")
	}
	box.put(part(2, 10))
	box.put(accept(2, 10))
	for w.long[streamParts].active() || w.long[streamBulk].active() {
		if !w.underWay() {
			t.Fatal("the end would cut a message in two")
		}
		w.fill(true)
		for _, f := range w.frames(t) {
			if f.typ != framePiece {
				t.Fatalf("%+v was begun after the end was due", f)
			}
		}
	}
}
