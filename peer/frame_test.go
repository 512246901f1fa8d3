package peer

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"

	"github.com/paxredis/paxredis/replication/paxos"
)

func TestFramesAreReadWhole(t *testing.T) {
	stream := appendFrame(nil, maxFormat, frameMessage, paxos.KindLearn, []byte("one"))
	first := len(stream)
	stream = appendFrame(stream, maxFormat, framePing, 0, nil)
	for n := range first {
		if _, size, err := parseFrame(stream[:n], maxFormat, pieceBytes); size != 0 || err != nil {
			t.Fatalf("%d of %d bytes gave size %d, %v", n, first, size, err)
		}
	}
	f, size, err := parseFrame(stream, maxFormat, pieceBytes)
	if err != nil || size != first || f.typ != frameMessage || f.kind != paxos.KindLearn || string(f.body) != "one" {
		t.Fatalf("%+v, %d, %v", f, size, err)
	}
}

func TestBadFrames(t *testing.T) {
	for name, test := range map[string]struct {
		alter func(b []byte)
		want  string
	}{
		"longest length":   {func(b []byte) { binary.BigEndian.PutUint32(b, 1<<32-1) }, "length 4294967295 is above the limit"},
		"one too long":     {func(b []byte) { binary.BigEndian.PutUint32(b, pieceBytes+1) }, "above the limit"},
		"other version":    {func(b []byte) { b[4]++ }, "format version 3"},
		"other type":       {func(b []byte) { b[5]++ }, "checksum"},
		"other kind":       {func(b []byte) { b[6]++ }, "checksum"},
		"no piece":         {func(b []byte) { b[7] = 1 }, "stream 1 of a frame of type 5"},
		"unknown stream":   {func(b []byte) { b[5], b[7] = byte(framePiece), streams }, "stream 2"},
		"other group":      {func(b []byte) { b[11] = 1 }, "unknown group 1"},
		"altered checksum": {func(b []byte) { b[12] ^= 1 }, "checksum"},
		"altered body":     {func(b []byte) { b[headerBytes] ^= 0x80 }, "checksum"},
	} {
		b := appendFrame(nil, maxFormat, frameMessage, paxos.KindLearn, []byte("body"))
		test.alter(b)
		if _, _, err := parseFrame(b, maxFormat, pieceBytes); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v does not say %q", name, err, test.want)
		}
	}
}

func firstPiece(total uint32, piece string) []byte {
	return append(binary.BigEndian.AppendUint32(nil, total), piece...)
}

func TestReassembly(t *testing.T) {
	message := bytes.Repeat([]byte("0123456789"), 50_000)
	var r reassembly
	if err := r.first(paxos.KindAccept, firstPiece(uint32(len(message)), string(message[:100])), len(message)); err != nil {
		t.Fatal(err)
	}
	for rest := message[100:]; len(rest) > 0; rest = rest[min(len(rest), pieceBytes):] {
		if _, _, ok := r.complete(); ok {
			t.Fatalf("complete with %d bytes to come", len(rest))
		}
		if err := r.add(rest[:min(len(rest), pieceBytes)]); err != nil {
			t.Fatal(err)
		}
	}
	kind, body, ok := r.complete()
	if !ok || kind != paxos.KindAccept || !bytes.Equal(body, message) || cap(body) != len(message) {
		t.Fatalf("%v, %d bytes, %v", kind, len(body), ok)
	}
	if r.total != 0 || r.buf != nil {
		t.Fatal("the reassembly kept the message's memory")
	}
}

// TestReassemblyMemoryFollowsBytesReceived: an announced length alone costs nothing.
func TestReassemblyMemoryFollowsBytesReceived(t *testing.T) {
	var r reassembly
	if err := r.first(paxos.KindAccept, firstPiece(1<<30, "x"), 1<<30); err != nil {
		t.Fatal(err)
	}
	received := 1
	for range 40 {
		if cap(r.buf) > 2*received {
			t.Fatalf("%d bytes of memory for %d received", cap(r.buf), received)
		}
		if err := r.add(make([]byte, 1000)); err != nil {
			t.Fatal(err)
		}
		received += 1000
	}
}

func TestBadPieces(t *testing.T) {
	for name, test := range map[string]struct {
		run  func(r *reassembly) error
		want string
	}{
		"piece of nothing": {func(r *reassembly) error { return r.add([]byte("x")) }, "a piece of no message"},
		"no length":        {func(r *reassembly) error { return r.first(1, []byte("abc"), 100) }, "has no length"},
		"above the limit":  {func(r *reassembly) error { return r.first(1, firstPiece(101, "a"), 100) }, "above the limit"},
		"longest length":   {func(r *reassembly) error { return r.first(1, firstPiece(1<<32-1, "a"), 1<<30) }, "above the limit"},
		"needs no pieces":  {func(r *reassembly) error { return r.first(1, firstPiece(1, "a"), 100) }, "needs no pieces"},
		"message of none":  {func(r *reassembly) error { return r.first(1, firstPiece(0, ""), 100) }, "needs no pieces"},
		"two at once": {func(r *reassembly) error {
			return orSecond(r.first(1, firstPiece(10, "a"), 100), func() error { return r.first(1, firstPiece(10, "a"), 100) })
		}, "before the former one is complete"},
		"too long a piece": {func(r *reassembly) error {
			return orSecond(r.first(1, firstPiece(3, "a"), 100), func() error { return r.add([]byte("bcd")) })
		}, "with 2 to come"},
		"empty piece": {func(r *reassembly) error {
			return orSecond(r.first(1, firstPiece(3, "a"), 100), func() error { return r.add(nil) })
		}, "a piece of 0 bytes"},
	} {
		if err := test.run(&reassembly{}); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v does not say %q", name, err, test.want)
		}
	}
}

func orSecond(err error, second func() error) error {
	if err != nil {
		return err
	}
	return second()
}
