package peer

import (
	"bytes"
	"reflect"
	"testing"

	"github.com/paxredis/paxredis/replication/paxos"
)

// FuzzHello feeds the handshake's reader and decoders, with a right MAC, so that the fields are reached.
func FuzzHello(f *testing.F) {
	hello := truthful()
	fields, err := appendWire(nil, hello, hello.SizeVT())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(fields)
	f.Add([]byte{})
	d := &door{self: 2, clusterUUID: testCluster, nodeUUID: nodeUUID(2), meet: func(paxos.NodeID, string) error { return nil },
		members: map[paxos.NodeID]paxos.Member{1: {ID: 1}, 2: {ID: 2}}}
	p := &proof{exporter: make([]byte, 32), own: []byte("key"), theirs: []byte("key")}
	f.Fuzz(func(t *testing.T, fields []byte) {
		body := append(p.mac(p.own, roleDialler, fields), fields...)
		got, err := p.read(bytes.NewReader(appendFrame(nil, frameHello, 0, body)), frameHello, roleDialler)
		if fits := len(body) <= helloBodyBytes; fits != (err == nil) || fits && !bytes.Equal(got, fields) {
			t.Fatalf("%d bytes: %v", len(fields), err)
		}
		if h, err := decodeHello(fields); err == nil {
			if no := d.judgeHello(h); no == nil && (h.From != 1 || h.To != 2 || h.ClusterUuid != testCluster) {
				t.Fatalf("accepted: %v", h)
			}
		}
		if a, err := decodeAnswer(fields); err == nil {
			d.judgeAnswer(1, a)
		}
		_, _ = readHelloFrame(bytes.NewReader(fields), frameHello) // anything but a panic
	})
}

// FuzzFrames feeds the reader of a link: what it takes from a stream does not depend on how the stream is cut up, and
// its memory follows the bytes received.
func FuzzFrames(f *testing.F) {
	var stream []byte
	for _, m := range samples {
		stream = appendFrame(stream, frameMessage, m.Kind(), encode(f, m))
	}
	f.Add(stream, 7)
	f.Add(appendFrame(appendFrame(nil, frameFirst, paxos.KindForward, firstPiece(5, "\x7a\x03a")), framePiece, 0, []byte("bc")), 1)
	f.Fuzz(func(t *testing.T, stream []byte, step int) {
		if len(stream) > readBufferBytes {
			return
		}
		whole, one := fuzzReader(), fuzzReader()
		consumed, err := whole.frames(stream)
		if consumed > len(stream) || cap(whole.long.buf) > 2*len(stream) {
			t.Fatalf("%d of %d bytes, %d of memory", consumed, len(stream), cap(whole.long.buf))
		}
		position, stepErr := 0, error(nil)
		for end := 0; end < len(stream) && stepErr == nil; {
			end = min(len(stream), end+1+step&0xff)
			n, err := one.frames(stream[position:end])
			position, stepErr = position+n, err
		}
		if position != consumed || (stepErr == nil) != (err == nil) || !reflect.DeepEqual(one.batch, whole.batch) {
			t.Fatalf("at once: %d bytes, %v; in steps of %d: %d, %v", consumed, err, step, position, stepErr)
		}
	})
}

func fuzzReader() *reader {
	limits := quickLimits().WithDefaults()
	return &reader{link: &link{t: &Transport{limits: limits}, r: &remote{outbox: newOutbox(limits)}}}
}

// FuzzDecode: no body makes decode panic, and what decodes is encoded and decoded again to the same message.
func FuzzDecode(f *testing.F) {
	for _, m := range samples {
		f.Add(uint8(m.Kind()), encode(f, m))
	}
	f.Fuzz(func(t *testing.T, kind uint8, body []byte) {
		var d decoder
		m, err := d.decode(paxos.MessageKind(kind), body, false)
		if err != nil {
			return
		}
		again, err := d.decode(m.Kind(), encode(t, m), true)
		if err != nil || !reflect.DeepEqual(again, m) {
			t.Fatalf("%+v became %+v, %v", m, again, err)
		}
	})
}
