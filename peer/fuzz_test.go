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
	d := newDoor(Config{Self: 2, ClusterUUID: testCluster, NodeUUID: nodeUUID(2)})
	v := newView(paxos.Configuration{Slot: 10, Voters: []paxos.Member{{ID: 2}, {ID: 3}}})
	p := &proof{exporter: make([]byte, 32), own: []byte("key"), theirs: []byte("key")}
	f.Fuzz(func(t *testing.T, fields []byte) {
		body := append(p.mac(p.own, roleDialler, fields), fields...)
		got, err := p.read(bytes.NewReader(appendFrame(nil, handshakeFormat, frameHello, 0, body)), frameHello, roleDialler, helloBodyBytes)
		if fits := len(body) <= helloBodyBytes; fits != (err == nil) || fits && !bytes.Equal(got, fields) {
			t.Fatalf("%d bytes: %v", len(fields), err)
		}
		if h, err := decodeHello(fields); err == nil {
			known := h.From == 3 || h.ConfigurationSlot > 10
			if format, no := d.judgeHello(v, h); no == nil && (!known || h.To != 2 || h.ClusterUuid != testCluster || format != maxFormat) {
				t.Fatalf("accepted: %v", h)
			}
		}
		if a, err := decodeAnswer(fields); err == nil {
			d.judgeAnswer(v, 3, a)
		}
		if f, err := readHandshakeFrame(bytes.NewReader(fields), helloBodyBytes); err == nil { // anything but a panic
			_, _ = p.opening(f)
		}
	})
}

// FuzzFrames feeds the reader of a link: what it takes from a stream does not depend on how the stream is cut up, and
// its memory follows the bytes received.
func FuzzFrames(f *testing.F) {
	var stream []byte
	for _, m := range samples {
		stream = appendFrame(stream, maxFormat, frameMessage, m.Kind(), encode(f, m))
	}
	f.Add(stream, 7)
	f.Add(appendFrame(appendFrame(nil, maxFormat, frameFirst, paxos.KindForward, firstPiece(5, "\x7a\x03a")), maxFormat, framePiece, 0, []byte("bc")), 1)
	f.Fuzz(func(t *testing.T, stream []byte, step int) {
		if len(stream) > readBufferBytes {
			return
		}
		whole, one := fuzzReader(), fuzzReader()
		consumed, err := whole.frames(stream)
		if consumed > len(stream) || memory(whole) > 2*len(stream) {
			t.Fatalf("%d of %d bytes, %d of memory", consumed, len(stream), memory(whole))
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

func memory(r *reader) int {
	total := 0
	for i := range r.long {
		total += cap(r.long[i].buf)
	}
	return total
}

func fuzzReader() *reader {
	limits := quickLimits().WithDefaults()
	return &reader{link: &link{format: maxFormat, t: &Transport{limits: limits}, r: &remote{outbox: newOutbox(limits)}}}
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
