package peer

import (
	"fmt"
	"testing"

	"github.com/paxredis/paxredis/replication/paxos"
)

// answering sends every message back; counting counts them.
type answering struct {
	t  *Transport
	up chan struct{}
}

func (a *answering) LinkUp(paxos.NodeID)   { a.up <- struct{}{} }
func (a *answering) LinkDown(paxos.NodeID) {}
func (a *answering) Receive(from paxos.NodeID, ms []paxos.Message) {
	for _, m := range ms {
		a.t.Send(from, m)
	}
}

type counting struct {
	up    chan struct{}
	batch chan int
}

func (c *counting) LinkUp(paxos.NodeID)   { c.up <- struct{}{} }
func (c *counting) LinkDown(paxos.NodeID) {}
func (c *counting) Receive(_ paxos.NodeID, ms []paxos.Message) {
	c.batch <- len(ms)
}

func benchPair(b *testing.B) (one *Transport, oneHandler *counting, two *Transport) {
	b.Helper()
	addresses := []string{freeAddress(b), freeAddress(b)}
	var transports []*Transport
	for id := paxos.NodeID(1); id <= 2; id++ {
		cfg := testConfig(b, id, addresses...)
		cfg.Listen, cfg.Limits = addresses[id-1], Limits{}
		t, err := Listen(cfg)
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { t.Close() })
		transports = append(transports, t)
	}
	return transports[0], &counting{up: make(chan struct{}, 8), batch: make(chan int, 1<<16)}, transports[1]
}

func BenchmarkRoundTrip(b *testing.B) {
	one, handler, two := benchPair(b)
	echo := &answering{two, make(chan struct{}, 8)}
	one.Start(handler)
	two.Start(echo)
	<-handler.up
	<-echo.up
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		one.Send(2, paxos.Heartbeat{Ballot: sampleBallot(1), Number: uint64(i)})
		<-handler.batch
	}
}

// BenchmarkAccepts keeps as many values in flight as a pipeline does.
func BenchmarkAccepts(b *testing.B) {
	for _, size := range []int{128, 1 << 10, 64 << 10, 1 << 20} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			one, _, two := benchPair(b)
			sink := &counting{up: make(chan struct{}, 8), batch: make(chan int, 1<<16)}
			source := &counting{up: make(chan struct{}, 8), batch: make(chan int, 1)}
			one.Start(source)
			two.Start(sink)
			<-source.up
			<-sink.up
			inFlight, window := 0, min(256, (64<<20)/size)
			b.SetBytes(int64(size))
			b.ReportAllocs()
			m := accept(1, size)
			for b.Loop() {
				if inFlight == window {
					inFlight -= <-sink.batch
				}
				one.Send(2, m)
				inFlight++
			}
			for inFlight > 0 {
				inFlight -= <-sink.batch
			}
		})
	}
}
