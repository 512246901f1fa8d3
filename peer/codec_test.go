package peer

import (
	"bytes"
	"encoding/hex"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/paxredis/paxredis/replication/paxos"
)

var update = flag.Bool("update", false, "write testdata anew; changes it only together with a new format version")

// samples has a message of every kind, with every field set.
var samples = []paxos.Message{
	paxos.Prepare{Ballot: sampleBallot(1), From: 12, HandOver: sampleBallot(2)},
	paxos.Promise{Ballot: sampleBallot(3), Chosen: 99, Accepted: sampleRecords(3), Part: 1, Parts: 2},
	paxos.Reject{Ballot: sampleBallot(4), Promised: sampleBallot(5)},
	paxos.Accept{Ballot: sampleBallot(6), Slot: 1 << 40, Entry: paxos.Entry{Kind: paxos.EntryBatch, Payload: []byte("payload")}, Chosen: 1<<40 - 1},
	paxos.Accepted{Ballot: sampleBallot(7), Slot: 13},
	paxos.Heartbeat{Ballot: sampleBallot(8), Chosen: 14, Number: 1 << 60, Synced: []paxos.SyncedThrough{{Node: 1, Slot: 15}, {Node: 2, Slot: 16}}},
	paxos.HeartbeatAck{Ballot: sampleBallot(9), Number: 17, Chosen: 18, Synced: 19},
	paxos.Canvass{Number: 20, Chosen: 21},
	paxos.CanvassReply{Number: 22, Granted: true, Promised: sampleBallot(10), Chosen: 23},
	paxos.Learn{From: 24},
	paxos.Learned{Records: sampleRecords(2), Chosen: 25},
	paxos.ReadAsk{Number: 26},
	paxos.ReadSlot{Ballot: sampleBallot(11), Number: 27, Slot: 28},
	paxos.Forward{Payload: []byte("commands")},
	paxos.HandOver{Ballot: sampleBallot(12), Chosen: 29},
	paxos.Offer{Checkpoint: 30, First: 31, Chosen: 32},
	paxos.CheckpointAsk{Number: 33, Slot: 34, Cursor: []byte("cursor")},
	paxos.CheckpointPart{Number: 35, Slot: 36, Head: []byte("head"), Data: []byte("records"), Next: []byte("next"), Refused: "why"},
	paxos.CheckpointDigest{Slot: 37, Digest: bytes.Repeat([]byte{0xd1}, 32)},
	paxos.Ask{Number: 38, Payload: []byte("ask")},
	paxos.Answer{Number: 39, Payload: []byte("answer")},
}

func sampleBallot(n int) paxos.Ballot {
	return paxos.Ballot{Round: paxos.Round(n) << 33, Node: paxos.NodeID(n)}
}

func sampleRecords(n int) []paxos.Record {
	kinds := []paxos.Entry{{Kind: paxos.EntryBatch, Payload: []byte("first")}, {Kind: paxos.EntryNoop},
		{Kind: paxos.EntryConfiguration, Payload: []byte("third")}}
	var records []paxos.Record
	for i := range n {
		records = append(records, paxos.Record{Slot: paxos.Slot(100 + i), Ballot: sampleBallot(20 + i), Entry: kinds[i]})
	}
	return records
}

func encode(t testing.TB, m paxos.Message) []byte {
	t.Helper()
	var e encoder
	form, err := e.toWire(m)
	if err != nil {
		t.Fatal(err)
	}
	b, err := appendWire(nil, form, form.SizeVT())
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestEveryKindRoundTrips fails when a kind is added and has no wire form or no sample.
func TestEveryKindRoundTrips(t *testing.T) {
	var d decoder
	seen := make(map[paxos.MessageKind]bool)
	for _, m := range samples {
		seen[m.Kind()] = true
		checkAllFieldsSet(t, m)
		for _, owned := range []bool{false, true} {
			got, err := d.decode(m.Kind(), encode(t, m), owned)
			if err != nil || !reflect.DeepEqual(got, m) {
				t.Errorf("%v became %+v, %v", m.Kind(), got, err)
			}
		}
	}
	for kind := paxos.MessageKind(1); kind.String() != "unknown"; kind++ {
		if !seen[kind] {
			t.Errorf("kind %v has no sample", kind)
		}
	}
}

// checkAllFieldsSet makes sure that a field added to a message is in its sample, and so in the codec.
func checkAllFieldsSet(t *testing.T, m paxos.Message) {
	v := reflect.ValueOf(m)
	for i := range v.NumField() {
		if v.Field(i).IsZero() {
			t.Errorf("the sample of %v leaves out %s", m.Kind(), v.Type().Field(i).Name)
		}
	}
}

// TestSegmentsAreTheEncoding: what is sent piece by piece from where payloads lie is what a plain encoding gives.
func TestSegmentsAreTheEncoding(t *testing.T) {
	for _, m := range append(samples, paxos.Accept{}, paxos.Forward{}, paxos.Learned{}, paxos.Promise{Accepted: sampleRecords(1)},
		paxos.CheckpointPart{}, paxos.Ask{}) {
		var e encoder
		form, err := e.toWire(m)
		if err != nil {
			t.Fatal(err)
		}
		parts, err := segments(form)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := bytes.Join(parts, nil), encode(t, m); !bytes.Equal(got, want) {
			t.Errorf("%v: %x instead of %x", m.Kind(), got, want)
		}
	}
}

// TestPayloadsAreCopiedUnlessOwned: a payload must not point into the reader's buffer, which is used again.
func TestPayloadsAreCopiedUnlessOwned(t *testing.T) {
	for _, owned := range []bool{false, true} {
		var d decoder
		body := encode(t, paxos.Forward{Payload: []byte("commands")})
		m, err := d.decode(paxos.KindForward, body, owned)
		if err != nil {
			t.Fatal(err)
		}
		clear(body)
		if intact := string(m.(paxos.Forward).Payload) == "commands"; intact == owned {
			t.Errorf("owned %v: payload intact is %v", owned, intact)
		}
	}
}

// field is an encoded field of that many zero bytes.
func field(number protowire.Number, size int) string {
	return string(protowire.AppendBytes(protowire.AppendTag(nil, number, protowire.BytesType), make([]byte, size)))
}

// TestUnencodableMessages: what no peer would take is not sent either.
func TestUnencodableMessages(t *testing.T) {
	for want, m := range map[string]paxos.Message{
		"a cursor of 131073 bytes": paxos.CheckpointAsk{Cursor: make([]byte, maxCursorBytes+1)},
		"a cursor of 131074 bytes": paxos.CheckpointPart{Next: make([]byte, maxCursorBytes+2)},
		"a head of 67108865":       paxos.CheckpointPart{Head: make([]byte, maxPartBytes+1)},
		"data of 67108865":         paxos.CheckpointPart{Data: make([]byte, maxPartBytes+1)},
		"a digest of 0 bytes":      paxos.CheckpointDigest{Slot: 1},
		"1048577 bytes are more":   paxos.Ask{Payload: make([]byte, maxAskBytes+1)},
		"1048578 bytes are more":   paxos.Answer{Payload: make([]byte, maxAskBytes+2)},
	} {
		var e encoder
		if _, err := e.toWire(m); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v does not say %q", m.Kind(), err, want)
		}
	}
}

// TestReasonsAreText: what goes to a log is short, and is text.
func TestReasonsAreText(t *testing.T) {
	var d decoder
	long := encode(t, paxos.CheckpointPart{Refused: strings.Repeat("x", 10*reasonBytes)})
	if m, err := d.decode(paxos.KindCheckpointPart, long, false); err != nil || len(m.(paxos.CheckpointPart).Refused) != reasonBytes {
		t.Errorf("%v", err)
	}
	m, err := d.decode(paxos.KindCheckpointPart, []byte("\x2a\x03a\xffb"), false)
	if err != nil || m.(paxos.CheckpointPart).Refused != "ab" {
		t.Errorf("%+v, %v", m, err)
	}
}

// TestReasonsAreCopied whoever the body belongs to: they outlive it in logs.
func TestReasonsAreCopied(t *testing.T) {
	var d decoder
	body := encode(t, paxos.CheckpointPart{Refused: "no such checkpoint"})
	m, err := d.decode(paxos.KindCheckpointPart, body, false)
	if err != nil {
		t.Fatal(err)
	}
	clear(body)
	if got := m.(paxos.CheckpointPart).Refused; got != "no such checkpoint" {
		t.Errorf("%q", got)
	}
}

func TestUndecodableMessages(t *testing.T) {
	for name, test := range map[string]struct {
		kind paxos.MessageKind
		body string
		want string
	}{
		"kind 0":                  {0, "", "unknown message kind 0"},
		"a kind of the future":    {200, "", "unknown message kind 200"},
		"cut":                     {paxos.KindAccept, "\x7a\x05abc", "Accept of 5 bytes"},
		"an entry without a kind": {paxos.KindAccept, "\x18\x01", "entry kind 0"},
		"an entry kind too large": {paxos.KindAccept, "\x28\x80\x02", "entry kind 256"},
		"no protobuf":             {paxos.KindHeartbeat, "\xff\xff\xff", "Heartbeat of 3 bytes"},
		"a long cursor":           {paxos.KindCheckpointAsk, field(3, maxCursorBytes+1), "a cursor of"},
		"a long next":             {paxos.KindCheckpointPart, field(4, maxCursorBytes+1), "a cursor of"},
		"a long head":             {paxos.KindCheckpointPart, field(3, maxPartBytes+1), "a part with a head"},
		"long data":               {paxos.KindCheckpointPart, field(15, maxPartBytes+1), "a part with a head"},
		"a long reason":           {paxos.KindCheckpointPart, field(5, reasonBytes+1), "a reason of 513 bytes"},
		"no digest":               {paxos.KindCheckpointDigest, "\x08\x01", "a digest of 0 bytes"},
		"a short digest":          {paxos.KindCheckpointDigest, field(2, minDigestBytes-1), "a digest of 31 bytes"},
		"a long digest":           {paxos.KindCheckpointDigest, field(2, maxDigestBytes+1), "a digest of 65 bytes"},
		"a long question":         {paxos.KindAsk, field(15, maxAskBytes+1), "may be asked"},
		"a long answer":           {paxos.KindAnswer, field(15, maxAskBytes+1), "may be asked"},
		"too many records":        {paxos.KindLearned, strings.Repeat("\x7a\x00", maxRecords+1), "records are more than"},
	} {
		var d decoder
		_, err := d.decode(test.kind, []byte(test.body), false)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v does not say %q", name, err, test.want)
		}
	}
}

// TestGoldenFrames: the bytes on the wire change only on purpose, with a new format version.
func TestGoldenFrames(t *testing.T) {
	for _, m := range samples {
		frame := appendFrame(nil, maxFormat, frameMessage, m.Kind(), encode(t, m))
		path := filepath.Join("testdata", "frame_"+strings.ToLower(m.Kind().String())+".hex")
		got := hex.EncodeToString(frame) + "\n"
		if *update {
			if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if got != string(want) {
			t.Errorf("%v: the frame is now\n%sinstead of\n%s", m.Kind(), got, want)
		}
	}
}
