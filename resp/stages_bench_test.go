package resp

import (
	"context"
	"fmt"
	"net"
	"testing"

	"github.com/panjf2000/gnet/v2"

	"github.com/paxredis/paxredis/replication"
	"github.com/paxredis/paxredis/statemachine"
)

// The stages of a write that are this package's: its request is parsed, dispatched into the chunk of its event loop, and, once it is applied,
// replied to. Each has a benchmark, in a file of its own.

// stageCounts are how many commands come, or are replied to, at once.
var stageCounts = []int{1, 16, 256}

// stageWrites are the commands of the benchmarks.
var stageWrites = []struct{ name, request string }{
	{"set-128B", string(pipelinedSet)},
	{"incr", line("INCR key:000000000042")},
}

// nsPerCommand reports what one command takes where b.N counts batches of them.
func nsPerCommand(b *testing.B, commands int) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*commands), "ns/cmd")
}

// stageLoop is an event loop with one client, which nothing is behind: neither a socket nor a group.
type stageLoop struct {
	*eventLoop
	lane   *stageLane
	client *Client
}

func newStageLoop(b *testing.B) *stageLoop {
	b.Helper()
	lane := &stageLane{}
	s, err := newServer(Config{}, stageNode{lane: lane}, statemachine.New(statemachine.Config{}))
	if err != nil {
		b.Fatal(err)
	}
	l := newEventLoop(s, stageEvents{})
	c := &Client{conn: stageConn{}, remote: &net.TCPAddr{}, loop: l, proto: 2, scanner: NewScanner(s.limits)}
	return &stageLoop{l, lane, c}
}

// packet has the loop read bytes of its client, in a wake-up of their own.
func (l *stageLoop) packet(b *testing.B, data []byte) {
	l.receive(l.client, data)
	l.wakeUpEnds(b)
}

// wakeUpEnds does what gnet would at the end of a wake-up.
func (l *stageLoop) wakeUpEnds(b *testing.B) {
	if err := l.onEndOfWakeUp(context.Background()); err != nil {
		b.Fatal(err)
	}
}

// discard takes the chunk out of the lane, as if it had been applied and replied to.
func (l *stageLoop) discard() {
	s := l.lane.chunk.Replies.(*submission)
	l.client.pending -= len(s.items)
	l.recycle(s)
	l.lane.chunk = replication.Chunk{Commands: l.lane.chunk.Commands[:0]}
}

// stageLane has one chunk, which is used again.
type stageLane struct{ chunk replication.Chunk }

func (l *stageLane) Begin() *replication.Chunk { return &l.chunk }
func (l *stageLane) End(*replication.Chunk)    {}
func (l *stageLane) AskRead(uint64)            {}
func (l *stageLane) Answering(int)             {}
func (l *stageLane) Answered(int)              {}

// stageNode has what dispatching a write needs of a node.
type stageNode struct {
	Node
	lane *stageLane
}

func (n stageNode) NewLane(replication.LaneListener) Lane     { return n.lane }
func (stageNode) Loading() (loading bool, done, total uint64) { return false, 0, 0 }

// stageEvents is woken for nothing: the benchmark looks at the mail itself.
type stageEvents struct{ gnet.EventLoop }

func (stageEvents) Execute(context.Context, gnet.Runnable) error { return nil }

// stageConn takes all that is written.
type stageConn struct{ gnet.Conn }

func (stageConn) Write(b []byte) (int, error) { return len(b), nil }
func (stageConn) OutboundBuffered() int       { return 0 }

func stageName(what string, n int) string { return fmt.Sprintf("%s-x%d", what, n) }
