package peer

import (
	"bytes"
	"io"
	"net"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/paxredis/paxredis/replication/paxos"
)

// tamperer stands between two nodes, as somebody on the network can. It passes on the dialler's TLS records one at a
// time, through alter once that is set, and everything of the acceptor.
type tamperer struct {
	net.Listener
	to       string
	alter    atomic.Pointer[func(record []byte) [][]byte]
	recorded atomic.Pointer[[]byte] // all the dialler has sent on the newest connection
}

func tamper(t *testing.T, to string) *tamperer {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &tamperer{Listener: listener, to: to}
	t.Cleanup(func() { listener.Close() })
	go p.serve()
	return p
}

func (p *tamperer) serve() {
	for {
		conn, err := p.Accept()
		if err != nil {
			return
		}
		out, err := net.Dial("tcp", p.to)
		if err != nil {
			conn.Close()
			continue
		}
		go func() {
			io.Copy(conn, out)
			conn.Close()
		}()
		go func() {
			p.records(conn, out)
			conn.Close()
			out.Close()
		}()
	}
}

func (p *tamperer) records(from io.Reader, to io.Writer) {
	var all []byte
	for {
		header := make([]byte, recordHeaderBytes)
		if _, err := io.ReadFull(from, header); err != nil {
			return
		}
		record := append(header, make([]byte, recordSize(header)-recordHeaderBytes)...)
		if _, err := io.ReadFull(from, record[recordHeaderBytes:]); err != nil {
			return
		}
		all = append(all, record...)
		snapshot := slices.Clone(all)
		p.recorded.Store(&snapshot)
		out := [][]byte{record}
		if alter := p.alter.Load(); alter != nil {
			out = (*alter)(record)
		}
		for _, b := range out {
			if _, err := to.Write(b); err != nil {
				return
			}
		}
	}
}

// tampered starts nodes 1 and 2 with a tamperer between them, linked.
func tampered(t *testing.T) (one, two *node, p *tamperer) {
	t.Helper()
	addressOne := freeAddress(t)
	p = tamper(t, addressOne)
	cfg := testConfig(t, 1, addressOne, "127.0.0.1:1")
	cfg.Listen = addressOne
	one = start(t, cfg)
	two = start(t, testConfig(t, 2, p.Addr().String(), "127.0.0.1:1"))
	one.awaitUp(t, 2)
	two.awaitUp(t, 1)
	return one, two, p
}

// TestTamperingOnTheNetwork: whatever is done to the records of a link ends it; no message is made, changed, repeated
// or moved by it, and the nodes then link anew.
func TestTamperingOnTheNetwork(t *testing.T) {
	for name, alter := range map[string]func() func(record []byte) [][]byte{
		"a bit flipped": func() func([]byte) [][]byte {
			return func(r []byte) [][]byte { r[len(r)/2] ^= 4; return [][]byte{r} }
		},
		"a length changed": func() func([]byte) [][]byte {
			return func(r []byte) [][]byte { r[4]--; return [][]byte{r} }
		},
		"repeated": func() func([]byte) [][]byte {
			return func(r []byte) [][]byte { return [][]byte{r, r} }
		},
		"one left out": func() func([]byte) [][]byte {
			count := 0
			return func(r []byte) [][]byte {
				if count++; count == 1 {
					return nil
				}
				return [][]byte{r}
			}
		},
		"two exchanged": func() func([]byte) [][]byte {
			var held []byte
			return func(r []byte) [][]byte {
				if held == nil {
					held = r
					return nil
				}
				return [][]byte{r, held}
			}
		},
		"cut": func() func([]byte) [][]byte {
			return func(r []byte) [][]byte { return [][]byte{r[:len(r)-1], bytes.Repeat([]byte{0}, 64)} }
		},
	} {
		t.Run(name, func(t *testing.T) {
			one, two, p := tampered(t)
			change := alter()
			p.alter.Store(&change)
			two.Send(1, paxos.Learn{From: 1}) // pings make sure that more records follow
			last := paxos.Slot(0)
			for {
				e := one.next(t)
				if e.down {
					break
				}
				from := e.message.(paxos.Learn).From
				if from <= last {
					t.Fatalf("%v came twice", from)
				}
				last = from
			}
			p.alter.Store(nil)
			one.awaitUp(t, 2)
			two.awaitUp(t, 1)
			two.Send(1, paxos.Learn{From: 2})
			if got := one.nextMessage(t); got != (paxos.Learn{From: 2}) {
				t.Fatalf("got %v", got)
			}
		})
	}
}

// TestRecordedConnectionIsWorthNothing: everything the real dialler ever sent, sent again, brings neither a link nor a
// message.
func TestRecordedConnectionIsWorthNothing(t *testing.T) {
	one, two, p := tampered(t)
	two.Send(1, paxos.Learn{From: 1})
	if got := one.nextMessage(t); got != (paxos.Learn{From: 1}) {
		t.Fatalf("got %v", got)
	}
	recorded := *p.recorded.Load()
	two.Close()
	for e := one.next(t); !e.down; e = one.next(t) {
	}
	links := one.Status()[0].Links
	conn := tcp(t, one.Addr().String())
	if _, err := conn.Write(recorded); err != nil {
		t.Fatal(err)
	}
	awaitCut(t, conn)
	one.log.await(t, "peer connection refused")
	if s := one.Status()[0]; s.Links != links || s.MessagesReceived != 1 {
		t.Errorf("the recording did something: %+v", s)
	}
}
