package resp

import (
	"fmt"
	"net"
	"testing"
	"time"

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

func newStageLoop(b testing.TB) *stageLoop { return newTracedStageLoop(b, Tracing{}) }

func newTracedStageLoop(b testing.TB, traced Tracing) *stageLoop {
	b.Helper()
	lane := &stageLane{}
	s, err := newServer(Config{Tracing: traced}, stageNode{lane: lane}, statemachine.New(statemachine.Config{}))
	if err != nil {
		b.Fatal(err)
	}
	s.settings.slowerMicros.Store(-1) // the slow log looks at arguments, which no log is there to have
	l, err := newEventLoop(s)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := l.poller.close(); err != nil {
			b.Error(err)
		}
	})
	c := &Client{conn: stageConn{}, remote: &net.TCPAddr{}, loop: l, proto: 2, scanner: NewScanner(s.limits)}
	return &stageLoop{l, lane, c}
}

// packet has the loop read bytes of its client, in a wake-up of their own.
func (l *stageLoop) packet(data []byte) {
	l.clock, l.biteEnds = 1, biteNanos
	l.receive(l.client, data, len(data))
	l.touch(l.client)
	l.endTurn()
	l.serve()
	l.handOverAll()
}

// answer applies the chunk with OK for each of its writes, and has the loop reply.
func (l *stageLoop) answer() {
	s := l.lane.chunk.Replies.(*submission)
	l.lane.chunk = replication.Chunk{Commands: l.lane.chunk.Commands[:0]}
	s.Waited(time.Microsecond, time.Microsecond, time.Microsecond)
	for i := range s.items {
		s.Next(i, nil).Status("OK")
	}
	s.Finish(1, nil)
	l.wakeUp()
}

// discard takes the chunk out of the lane, as if it had been applied and replied to.
func (l *stageLoop) discard() {
	s := l.lane.chunk.Replies.(*submission)
	l.client.pending -= len(s.items)
	l.underWay -= s.bytes
	l.recycle(s)
	l.lane.chunk = replication.Chunk{Commands: l.lane.chunk.Commands[:0]}
}

// stageLane has one chunk, which is used again.
type stageLane struct{ chunk replication.Chunk }

func (l *stageLane) Begin() *replication.Chunk { return &l.chunk }
func (l *stageLane) End(*replication.Chunk)    {}
func (l *stageLane) AskRead(uint64)            {}
func (l *stageLane) LargeBytes() int           { return 1 << 20 }
func (l *stageLane) TakesLarge() bool          { return true }
func (l *stageLane) Large(*replication.Chunk)  {}
func (l *stageLane) IsFull() bool              { return false }
func (l *stageLane) Answering(int)             {}
func (l *stageLane) Answered(int)              {}

// stageNode has what dispatching a write needs of a node.
type stageNode struct {
	Node
	lane *stageLane
}

func (n stageNode) NewLane(replication.LaneListener) Lane     { return n.lane }
func (stageNode) CountAt(replication.AudienceCounter)         {}
func (stageNode) WatchSaves(func(time.Duration))              {}
func (stageNode) Loading() (loading bool, done, total uint64) { return false, 0, 0 }

// stageConn takes all that is written.
type stageConn struct{ conn }

func (stageConn) Write([]byte) (kept bool, err error) { return false, nil }
func (stageConn) OutboundBuffered() int               { return 0 }

func stageName(what string, n int) string { return fmt.Sprintf("%s-x%d", what, n) }
