package peer

import (
	"fmt"
	"log/slog"
	"net"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/paxredis/paxredis/replication/paxos"
)

const testCluster = "00000000-0000-8000-8000-000000000001"

// event is something a Handler was told.
type event struct {
	peer    paxos.NodeID
	message paxos.Message // nil: up, or down if down is set
	down    bool
}

// recorder is a Handler that keeps what it is told, in order.
type recorder struct {
	events chan event
	// gate, if not nil, holds up Receive.
	gate chan struct{}
}

func newRecorder() *recorder { return &recorder{events: make(chan event, 1<<16)} }

func (r *recorder) Receive(from paxos.NodeID, ms []paxos.Message) {
	if r.gate != nil {
		<-r.gate
	}
	for _, m := range ms {
		r.events <- event{peer: from, message: m}
	}
}

func (r *recorder) LinkUp(peer paxos.NodeID)   { r.events <- event{peer: peer} }
func (r *recorder) LinkDown(peer paxos.NodeID) { r.events <- event{peer: peer, down: true} }

// next returns the next event; a test that waits in vain fails by the deadline of the whole run, or this one.
func (r *recorder) next(t testing.TB) event {
	t.Helper()
	select {
	case e := <-r.events:
		return e
	case <-time.After(30 * time.Second):
		t.Fatal("nothing happened")
		return event{}
	}
}

// awaitUp skips events until the link to peer is up.
func (r *recorder) awaitUp(t testing.TB, peer paxos.NodeID) {
	t.Helper()
	for e := r.next(t); e.message != nil || e.down || e.peer != peer; e = r.next(t) {
	}
}

// nextMessage skips what is no message.
func (r *recorder) nextMessage(t testing.TB) paxos.Message {
	t.Helper()
	for {
		if e := r.next(t); e.message != nil {
			return e.message
		}
	}
}

// testKey returns a key that depends on n alone.
func testKey(t testing.TB, n int) Key {
	t.Helper()
	key, err := ParseKey(fmt.Sprintf("%02x0123456789abcdeffedcba98765432100f1e2d3c4b5a69788796a5b4c3d2e1", n))
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func nodeUUID(id paxos.NodeID) string { return fmt.Sprintf("uuid-of-node-%d", id) }

// quickLimits keep tests from waiting for anything but events.
func quickLimits() Limits {
	return Limits{BackoffMin: time.Millisecond, BackoffMax: 5 * time.Millisecond, RefusedBackoff: 5 * time.Millisecond,
		PingInterval: 20 * time.Millisecond, IdleTimeout: 20 * time.Second}
}

// node is a transport under test.
type node struct {
	*Transport
	*recorder
	log *lines
}

// testConfig is that of one node of a cluster whose members listen at addresses, from id 1 on.
func testConfig(t testing.TB, self paxos.NodeID, addresses ...string) Config {
	cfg := Config{Self: self, NodeUUID: nodeUUID(self), ClusterUUID: testCluster, Keys: []Key{testKey(t, 1)},
		Listen: "127.0.0.1:0", Limits: quickLimits()}
	for i, address := range addresses {
		cfg.Configuration.Voters = append(cfg.Configuration.Voters, paxos.Member{ID: paxos.NodeID(i + 1), Address: address})
	}
	return cfg
}

// start runs a node until the test ends.
func start(t testing.TB, cfg Config) *node {
	t.Helper()
	n := listen(t, cfg)
	n.Start(n.recorder)
	return n
}

func listen(t testing.TB, cfg Config) *node {
	t.Helper()
	n := &node{recorder: newRecorder(), log: &lines{}}
	cfg.Logger = slog.New(slog.NewTextHandler(n.log, nil))
	transport, err := Listen(cfg)
	if err != nil {
		t.Fatal(err)
	}
	n.Transport = transport
	t.Cleanup(func() { transport.Close() })
	return n
}

// pair starts two linked nodes; change may alter their configurations.
func pair(t testing.TB, change func(cfg *Config)) (one, two *node) {
	t.Helper()
	addressOne, addressTwo := freeAddress(t), freeAddress(t)
	var nodes []*node
	for id, address := range []string{addressOne, addressTwo} {
		cfg := testConfig(t, paxos.NodeID(id+1), addressOne, addressTwo)
		cfg.Listen = address
		if change != nil {
			change(&cfg)
		}
		nodes = append(nodes, start(t, cfg))
	}
	nodes[0].awaitUp(t, 2)
	nodes[1].awaitUp(t, 1)
	return nodes[0], nodes[1]
}

// freeAddress returns a loopback address nobody listens at.
func freeAddress(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// lines is a log that tests read and wait on.
type lines struct {
	mu   sync.Mutex
	text string
	more chan struct{}
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text += string(p)
	if l.more != nil {
		close(l.more)
		l.more = nil
	}
	return len(p), nil
}

// TestMessagesTravelBothWays is the plain case.
func TestMessagesTravelBothWays(t *testing.T) {
	one, two := pair(t, nil)
	one.Send(2, paxos.Learn{From: 7})
	if got := two.nextMessage(t); got != (paxos.Learn{From: 7}) {
		t.Fatalf("got %v", got)
	}
	two.Send(1, paxos.Learn{From: 8})
	if got := one.nextMessage(t); got != (paxos.Learn{From: 8}) {
		t.Fatalf("got %v", got)
	}
}

// await waits until the log holds text.
func (l *lines) await(t testing.TB, text string) {
	t.Helper()
	deadline := time.After(30 * time.Second)
	for {
		l.mu.Lock()
		if strings.Contains(l.text, text) {
			l.mu.Unlock()
			return
		}
		if l.more == nil {
			l.more = make(chan struct{})
		}
		more := l.more
		l.mu.Unlock()
		select {
		case <-more:
		case <-deadline:
			t.Fatalf("the log never said %q:\n%s", text, l.String())
		}
	}
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text
}

// await waits for a condition that no event of a Handler announces.
func await(t testing.TB, what string, holds func() bool) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for !holds() {
		if time.Now().After(deadline) {
			t.Fatal("in vain: ", what)
		}
		runtime.Gosched()
	}
}

// Both ends of a link learn where the other's clients connect, and nothing that could not be such an address.
func TestPeersLearnWhereClientsConnect(t *testing.T) {
	for _, test := range []struct{ says, told string }{
		{"db1.example:6379", "db1.example:6379"}, {":6379", ":6379"}, {"[::1]:6379", "[::1]:6379"}, {"", ""},
		{"nowhere", ""}, {"a b:1", ""}, {"a\r\n:1", ""}, {"a:b", ""}, {"a:65536", ""}, {"a@b:1", ""}, {strings.Repeat("h", 400) + ":1", ""},
	} {
		if got := usableAddress(test.says); got != test.told {
			t.Errorf("%q is told as %q, want %q", test.says, got, test.told)
		}
	}
	addresses := map[paxos.NodeID]string{1: "one.example:6379", 2: ":6380"}
	one, two := pair(t, func(cfg *Config) { cfg.ClientAddress = addresses[cfg.Self] })
	if got := one.Status()[0].ClientAddress; got != addresses[2] {
		t.Errorf("the one that was dialled was told %q", got)
	}
	if got := two.Status()[0].ClientAddress; got != addresses[1] {
		t.Errorf("the one that dialled was told %q", got)
	}
}
