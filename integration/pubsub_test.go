package integration

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/paxredis/paxredis/integration/figures"
)

// channel is what these tests publish to.
const channel = "news"

// listener is a subscriber of one node that writes down what it is told.
type listener struct {
	node   *node
	pubsub *redis.PubSub
	heard  []string
}

// listen subscribes, and returns once the node has confirmed it.
func listen(t *testing.T, n *node, patterns ...string) *listener {
	t.Helper()
	client := newClient(n.address)
	t.Cleanup(func() { _ = client.Close() })
	l := &listener{node: n, pubsub: client.PSubscribe(t.Context(), patterns...)}
	t.Cleanup(func() { _ = l.pubsub.Close() })
	for range patterns {
		if _, err := l.pubsub.Receive(t.Context()); err != nil {
			t.Fatalf("node %d: subscribing: %v", n.id, err)
		}
	}
	return l
}

// until receives messages up to a last one, which it leaves out.
func (l *listener) until(ctx context.Context, last string) error {
	for {
		m, err := l.pubsub.ReceiveMessage(ctx)
		if err != nil {
			return fmt.Errorf("node %d, after %d messages: %w", l.node.id, len(l.heard), err)
		}
		if m.Payload == last {
			return nil
		}
		l.heard = append(l.heard, m.Payload)
	}
}

// publisher publishes numbered messages through one node, each once.
type publisher struct {
	name  string
	node  *node
	acked []string
	count atomic.Int64
}

func (p *publisher) run(stop *atomic.Bool) {
	client := newClient(p.node.address)
	defer func() { _ = client.Close() }()
	for i := 0; !stop.Load() && p.node.running(); i++ {
		message := fmt.Sprintf("%s-%d", p.name, i)
		// One that gets an error may have been delivered, or not: it is not sent again.
		if client.Publish(context.Background(), channel, message).Err() == nil {
			p.acked = append(p.acked, message)
			p.count.Add(1)
		}
	}
}

// TestAcknowledgedMessagesReachAllSubscribersOnce: subscribers of all nodes get the same messages in the same order, while the leader is
// killed. None that was acknowledged is missing, and none comes twice.
func TestAcknowledgedMessagesReachAllSubscribersOnce(t *testing.T) {
	c := startCluster(t, 3)
	leader := c.leader()
	survivors := c.others(leader)
	var listeners []*listener
	for _, n := range survivors {
		listeners = append(listeners, listen(t, n, "n?ws"))
	}
	listen(t, leader, "*") // whom the leader takes along
	var stop atomic.Bool
	var publishing, listening sync.WaitGroup
	publishers := make([]*publisher, 6)
	for i := range publishers {
		publishers[i] = &publisher{name: fmt.Sprint(i), node: c.nodes[i%3]}
		publishing.Go(func() { publishers[i].run(&stop) })
	}
	failures := make(chan error, len(listeners))
	for _, l := range listeners {
		listening.Go(func() { failures <- l.until(t.Context(), "the end") })
	}
	published := func() (sum int64) {
		for _, p := range publishers {
			sum += p.count.Load()
		}
		return sum
	}
	awaitPublished := func(n int64) {
		await(t, fmt.Sprintf("%d messages", n), func() error {
			if now := published(); now < n {
				return fmt.Errorf("there are %d", now)
			}
			return nil
		})
	}
	awaitPublished(500)
	leader.kill()
	c.leader()
	awaitPublished(published() + 500)
	stop.Store(true)
	publishing.Wait()
	if err := survivors[0].rdb().Publish(t.Context(), channel, "the end").Err(); err != nil {
		t.Fatal(err)
	}
	listening.Wait()
	close(failures)
	for err := range failures {
		if err != nil {
			t.Fatal(err)
		}
	}
	checkHeard(t, listeners, publishers)
}

// checkHeard compares what subscribers heard with each other, and with what was acknowledged.
func checkHeard(t *testing.T, listeners []*listener, publishers []*publisher) {
	t.Helper()
	first := listeners[0]
	for _, l := range listeners[1:] {
		if !slices.Equal(l.heard, first.heard) {
			t.Errorf("nodes %d and %d delivered other messages, or in another order: %d and %d of them", first.node.id, l.node.id, len(first.heard), len(l.heard))
		}
	}
	times := make(map[string]int)
	for _, message := range first.heard {
		times[message]++
	}
	for message, n := range times {
		if n > 1 {
			t.Errorf("%q came %d times", message, n)
		}
	}
	acked := 0
	for _, p := range publishers {
		for _, message := range p.acked {
			if acked++; times[message] == 0 {
				t.Errorf("%q was acknowledged by node %d and never came", message, p.node.id)
			}
		}
	}
	figures.Log(t, fmt.Sprintf("%d messages acknowledged, %d delivered, on each of %d nodes", acked, len(first.heard), len(listeners)))
}

// TestKeyspaceEventsOfAllNodesAreHeardOnEach: of writes through any node, and of what the log removes, but only where they are asked for.
func TestKeyspaceEventsOfAllNodesAreHeardOnEach(t *testing.T) {
	c := startCluster(t, 3, "--notify-keyspace-events", "EA")
	var listeners []*listener
	for _, n := range c.nodes {
		listeners = append(listeners, listen(t, n, "__keyevent@0__:*"))
	}
	ctx := t.Context()
	want := []string{}
	for i, n := range c.nodes {
		key := fmt.Sprint("k", i)
		for _, command := range [][]any{{"SET", key, "v"}, {"SET", key, "v", "PX", 1}} {
			if err := n.rdb().Do(ctx, command...).Err(); err != nil {
				t.Fatal(err)
			}
		}
		want = append(want, key, key, key, key) // set, set, expire, expired
		await(t, "the key to expire", func() error {
			if n.rdb().Exists(ctx, key).Val() != 0 {
				return fmt.Errorf("%s is there", key)
			}
			return n.rdb().Set(ctx, "tick", "v", 0).Err()
		})
	}
	if err := c.nodes[0].rdb().Publish(ctx, "__keyevent@0__:end", "the end").Err(); err != nil {
		t.Fatal(err)
	}
	for _, l := range listeners {
		if err := l.until(ctx, "the end"); err != nil {
			t.Fatal(err)
		}
		l.heard = slices.DeleteFunc(l.heard, func(key string) bool { return key == "tick" })
		if !slices.Equal(l.heard, want) {
			t.Errorf("node %d told of events of the keys %q, want %q", l.node.id, l.heard, want)
		}
	}
}

// TestACacheIsToldOfWritesThroughOtherNodes: an invalidation comes for a write, an expiry and a flush through any node.
func TestACacheIsToldOfWritesThroughOtherNodes(t *testing.T) {
	c := startCluster(t, 3)
	cache := dial(t, c.nodes[0].address)
	cache.send("HELLO 3\r\nCLIENT TRACKING ON\r\nGET last\r\n")
	for cache.line() != "_" {
	}
	for i, change := range [][]any{{"SET", "last", "1"}, {"DEL", "last"}, {"FLUSHALL"}} {
		if err := c.nodes[1+i%2].rdb().Do(t.Context(), change...).Err(); err != nil {
			t.Fatal(err)
		}
		want := []string{">2", "$10", "invalidate", "*1", "$4", "last"}
		if change[0] == "FLUSHALL" {
			want = []string{">2", "$10", "invalidate", "_"}
		}
		for _, line := range want {
			if got := cache.line(); got != line {
				t.Fatalf("after %v the cache is told %q, want %q", change, got, line)
			}
		}
		cache.send("GET last\r\n")
		if head := cache.line(); head == "$1" {
			cache.line()
		}
	}
}

// TestSubscribersOfAllNodesAreCounted: PUBSUB NUMSUB and SHARDNUMSUB say the same through every node. Those of a node that dies are not
// counted any more, and those that come back to it are.
func TestSubscribersOfAllNodesAreCounted(t *testing.T) {
	c := startCluster(t, 3)
	subscribe := func(n *node) {
		client := newClient(n.address)
		t.Cleanup(func() { _ = client.Close() })
		for _, s := range []*redis.PubSub{client.Subscribe(t.Context(), channel), client.SSubscribe(t.Context(), channel)} {
			t.Cleanup(func() { _ = s.Close() })
			if _, err := s.Receive(t.Context()); err != nil {
				t.Fatalf("node %d: %v", n.id, err)
			}
		}
	}
	counted := func(n *node) (channels, shards int64) {
		one, err := n.rdb().PubSubNumSub(t.Context(), channel, "nobody").Result()
		if err != nil {
			t.Fatal(err)
		}
		other, err := n.rdb().PubSubShardNumSub(t.Context(), channel).Result()
		if err != nil {
			t.Fatal(err)
		}
		if one["nobody"] != 0 {
			t.Errorf("node %d counts %d subscribers of a channel without any", n.id, one["nobody"])
		}
		return one[channel], other[channel]
	}
	for i, n := range c.nodes {
		subscribe(n)
		for _, asked := range c.nodes {
			if channels, shards := counted(asked); channels != int64(i+1) || shards != int64(i+1) {
				t.Errorf("node %d counts %d and %d subscribers, of %d", asked.id, channels, shards, i+1)
			}
		}
	}
	leader := c.leader()
	survivors := c.others(leader)
	leader.kill()
	awaitCount := func(want int64) {
		for _, n := range survivors {
			await(t, fmt.Sprintf("node %d to count %d subscribers", n.id, want), func() error {
				if channels, shards := counted(n); channels != want || shards != want {
					return fmt.Errorf("it counts %d and %d", channels, shards)
				}
				return nil
			})
		}
	}
	awaitCount(2)
	leader.start()
	leader.awaitServing()
	subscribe(leader)
	awaitCount(3)
}
