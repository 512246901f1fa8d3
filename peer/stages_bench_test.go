package peer

import (
	"bytes"
	"crypto/tls"
	"errors"
	"net"
	"testing"
	"time"

	"github.com/paxredis/paxredis/replication/paxos"
)

// The stages of a write that are this package's: the leader's link seals an Accept, and its peer's opens it. Each has a benchmark, in a file of its
// own. BenchmarkAccepts has both, and the sockets in between.

// stageBatches are the payloads of Accepts: the batches of so many SETs of 128 bytes.
var stageBatches = []struct {
	name            string
	commands, bytes int
}{
	{"set-128B-x1", 1, 220},
	{"set-128B-x16", 16, 2540},
	{"set-128B-x256", 256, 39740},
	{"set-128B-x1024", 1024, 158780}, // more than a frame
}

// nsPerCommand reports what one command takes where b.N counts batches of them.
func nsPerCommand(b *testing.B, commands int) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*commands), "ns/cmd")
}

// stageLinks returns the two ends of a link after the handshake of TLS, without sockets: what the one writes goes to cable, from which the other
// reads. Neither runs by itself.
func stageLinks(b *testing.B, cable *cable) (sender, receiver *link) {
	b.Helper()
	id, err := newIdentity([]Key{testKey(b, 1)})
	if err != nil {
		b.Fatal(err)
	}
	here, there := net.Pipe()
	b.Cleanup(func() { _, _ = here.Close(), there.Close() })
	limits := Limits{}.WithDefaults()
	raws := []*rawConn{newRawConn(&plug{Conn: here}, readAheadBytes), newRawConn(&plug{Conn: there}, readAheadBytes)}
	out, in := tls.Client(raws[0], id.tlsConfig()), tls.Server(raws[1], id.tlsConfig())
	done := make(chan error, 1)
	go func() { done <- in.Handshake() }()
	if err := errors.Join(out.Handshake(), <-done); err != nil {
		b.Fatal(err)
	}
	for _, raw := range raws {
		raw.trust()
		raw.Conn.(*plug).cable = cable
	}
	ends := make([]*link, 2)
	for i, conn := range []*tls.Conn{out, in} {
		r := &remote{id: paxos.NodeID(2 - i), outbox: newOutbox(limits)}
		r.outbox.start()
		ends[i] = newLink(&Transport{limits: limits}, r, conn, raws[i], maxFormat)
	}
	return ends[0], ends[1]
}

// sealAndFlush has a writer send a message, as if it had been woken for it.
func (w *writer) sealAndFlush(b *testing.B, m paxos.Message) {
	w.link.r.outbox.put(m)
	for w.fill(false); len(w.buf) > 0; w.fill(false) {
		if err := w.flush(); err != nil {
			b.Fatal(err)
		}
	}
}

// cable holds what was written and not read yet, unless it goes nowhere.
type cable struct {
	nowhere bool
	bytes.Buffer
}

// plug is a connection that is plugged from a pipe into a cable.
type plug struct {
	net.Conn
	cable *cable
}

func (p *plug) Write(b []byte) (int, error) {
	switch {
	case p.cable == nil:
		return p.Conn.Write(b)
	case p.cable.nowhere:
		return len(b), nil
	}
	return p.cable.Write(b)
}

func (p *plug) Read(b []byte) (int, error) {
	if p.cable == nil {
		return p.Conn.Read(b)
	}
	return p.cable.Read(b)
}

func (p *plug) SetDeadline(t time.Time) error {
	if p.cable == nil {
		return p.Conn.SetDeadline(t)
	}
	return nil
}

func (*plug) SetReadDeadline(time.Time) error  { return nil }
func (*plug) SetWriteDeadline(time.Time) error { return nil }
