package integration

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/redis/go-redis/v9"
)

// load is what clients do to a cluster whose members come and go: every node has clients of its own, no error is expected of
// any of them, and everything acknowledged is looked for at the end. For nodes that are killed there is writer.
type load struct {
	t       *testing.T
	streams map[*node]*stream
	clients []*loadClient // of all nodes, also those that are gone
}

// clientsOfANode is how many clients each node has.
const clientsOfANode = 2

func newLoad(t *testing.T) *load { return &load{t: t, streams: map[*node]*stream{}} }

// stream is the clients of one node.
type stream struct {
	clients []*loadClient
	stopped atomic.Bool
	leaving atomic.Bool // the node is about to go: an error that says so, or a closed connection, is the end and no failure
	all     sync.WaitGroup
}

// on starts the clients of a node, and waits until each has had a write acknowledged.
func (l *load) on(nodes ...*node) {
	l.t.Helper()
	for _, n := range nodes {
		s := &stream{}
		l.streams[n] = s
		for range clientsOfANode {
			c := &loadClient{t: l.t, id: len(l.clients), node: n.id, rdb: newClient(n.address), values: map[string]int{}}
			l.clients = append(l.clients, c)
			s.clients = append(s.clients, c)
			s.all.Go(func() { c.run(s) })
		}
	}
	l.awaitProgress(1)
}

// leaving says that a node is about to stop or to be removed.
func (l *load) leaving(n *node) { l.streams[n].leaving.Store(true) }

// ended waits until the clients of a node that left have noticed.
func (l *load) ended(n *node) {
	l.t.Helper()
	await(l.t, fmt.Sprintf("the clients of node %d to be told that it is gone", n.id), func() error {
		for _, c := range l.streams[n].clients {
			if !c.over.Load() {
				return fmt.Errorf("client %d goes on, with %d rounds", c.id, c.acked.Load())
			}
		}
		return nil
	})
	for _, c := range l.streams[n].clients {
		l.t.Logf("client %d of node %d, which left, was told: %v", c.id, n.id, c.last)
	}
	l.off(n)
}

// off stops the clients of nodes.
func (l *load) off(nodes ...*node) {
	for _, n := range nodes {
		if s := l.streams[n]; s != nil {
			s.stopped.Store(true)
			s.all.Wait()
			delete(l.streams, n)
		}
	}
}

// awaitProgress waits until every client has had that many further rounds acknowledged, or was told that its node leaves.
func (l *load) awaitProgress(rounds int64) {
	l.t.Helper()
	enough := map[*loadClient]int64{}
	for _, s := range l.streams {
		for _, c := range s.clients {
			enough[c] = c.acked.Load() + rounds
		}
	}
	await(l.t, fmt.Sprintf("%d rounds of every client", rounds), func() error {
		for c, least := range enough {
			if now := c.acked.Load(); now < least && !c.over.Load() {
				return fmt.Errorf("client %d of node %d lacks %d", c.id, c.node, least-now)
			}
		}
		return nil
	})
}

// stop ends all clients and looks for everything acknowledged on each of the nodes.
func (l *load) stop(nodes ...*node) {
	l.t.Helper()
	for n := range l.streams {
		l.off(n)
	}
	var rounds, unknowns int64
	for _, c := range l.clients {
		rounds += c.acked.Load()
		if c.unknown {
			unknowns++
		}
	}
	for _, n := range nodes {
		l.verify(n, rounds, unknowns)
	}
	l.t.Logf("%d writes of %d clients acknowledged, all there on %d nodes; %d unknown at nodes that left", 2*rounds, len(l.clients), len(nodes), unknowns)
}

// verify looks for everything that was acknowledged.
func (l *load) verify(n *node, rounds, unknowns int64) {
	l.t.Helper()
	for _, c := range l.clients {
		for key, want := range c.values {
			got, err := n.rdb().Get(l.t.Context(), key).Int()
			if err != nil && !errors.Is(err, redis.Nil) {
				l.t.Fatal(err)
			}
			if got != want && (key != c.maybeKey || got != c.maybe) {
				l.t.Errorf("node %d: %s is %d, and %d was acknowledged", n.id, key, got, want)
			}
		}
	}
	counted, err := n.rdb().Get(l.t.Context(), loadCounter).Int64()
	if err != nil {
		l.t.Fatal(err)
	}
	if counted < rounds || counted > rounds+unknowns {
		l.t.Errorf("node %d: %d INCRs were acknowledged and %d are unknown, and %s is %d", n.id, rounds, unknowns, loadCounter, counted)
	}
}

// loadCounter is incremented by all clients, once a round.
const loadCounter = "load:counter"

// keysOfAClient is how many keys each client overwrites in turn.
const keysOfAClient = 40

// loadClient is one connection that writes keys nobody else writes, reads them back, and increments the common counter.
type loadClient struct {
	t        *testing.T
	id, node int
	rdb      *redis.Client
	values   map[string]int // what was acknowledged, by key
	maybeKey string         // the key whose last write is unknown, to which maybe was written
	maybe    int
	unknown  bool         // whether its last INCR is applied
	acked    atomic.Int64 // rounds: a SET and an INCR each
	over     atomic.Bool
	last     error // what ended it, to be read when it is over
}

func (c *loadClient) run(s *stream) {
	defer c.over.Store(true)
	defer c.rdb.Close()
	for i := 1; !s.stopped.Load() && !c.t.Failed(); i++ {
		key := fmt.Sprintf("load:%d:%d", c.id, i%keysOfAClient)
		if err := c.rdb.Set(context.Background(), key, i, 0).Err(); err != nil {
			c.maybeKey, c.maybe = key, i
			c.fail(s, err)
			return
		}
		c.values[key] = i
		got, err := c.rdb.Get(context.Background(), key).Int()
		if err != nil {
			c.fail(s, err)
			return
		}
		if got != i {
			c.t.Errorf("client %d of node %d: %s is %d right after %d was acknowledged", c.id, c.node, key, got, i)
		}
		if err := c.rdb.Incr(context.Background(), loadCounter).Err(); err != nil {
			c.unknown = outcomeOf(err) == unknown
			c.fail(s, err)
			return
		}
		c.acked.Add(1)
	}
}

// fail sorts out an error. Only the node that goes may give one, and only one that leaves no doubt why.
func (c *loadClient) fail(s *stream, err error) {
	c.last = err
	if got := outcomeOf(err); !s.leaving.Load() || got == failed {
		c.t.Errorf("client %d of node %d, after %d rounds: %v", c.id, c.node, c.acked.Load(), err)
	}
}
