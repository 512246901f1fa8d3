package integration

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

func TestSingleNodeWithoutFlagsServes(t *testing.T) {
	t.Parallel()
	n := startSingle(t)
	expect(t, n, "PONG", "PING")
	expect(t, n, "OK", "SET", "key", "value")
	expect(t, n, "value", "GET", "key")
	expect(t, n, "1", "DBSIZE")
	expect(t, n, "nil", "GET", "none")
	expect(t, n, "OK", "SET", "empty", "")
	expect(t, n, "1", "EXISTS", "empty")

	n.stop()
	n.start()
	n.awaitServing()
	expect(t, n, "value", "GET", "key")
}

func TestDefaultGoRedisClientConnects(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 3)
	for _, protocol := range []int{2, 3} {
		client := redis.NewClient(&redis.Options{Addr: c.follower().address, Protocol: protocol})
		if err := client.Set(t.Context(), "key", protocol, time.Minute).Err(); err != nil {
			t.Errorf("RESP%d: %v", protocol, err)
		}
		if got, err := client.Get(t.Context(), "key").Int(); err != nil || got != protocol {
			t.Errorf("RESP%d: got %d, %v", protocol, got, err)
		}
		if err := client.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestAnyNodeServesAnyClient(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 3)
	leader := c.leader()
	for _, writer := range c.nodes {
		for _, reader := range c.nodes {
			key := fmt.Sprintf("%d-%d", writer.id, reader.id)
			expect(t, writer, "OK", "SET", key, "written")
			expect(t, reader, "written", "GET", key) // at once: reads on followers are linearizable
		}
	}
	expect(t, c.others(leader)[0], "9", "DBSIZE")
	c.awaitEqual()
}

func TestReadsOnAllNodesSeeEveryFinishedWrite(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"quorum", "lease"} {
		t.Run(mode, func(t *testing.T) {
			c := startCluster(t, 3, "--read-mode", mode)
			var all sync.WaitGroup
			for w := range 3 {
				all.Go(func() { writeAndReadElsewhere(t, c, w, 300) })
			}
			all.Wait()
		})
	}
}

// writeAndReadElsewhere writes a register through one node and reads it through the next, at once.
func writeAndReadElsewhere(t *testing.T, c *cluster, w, rounds int) {
	key := fmt.Sprintf("register-%d", w)
	clients := make([]*redis.Client, len(c.nodes))
	for i, n := range c.nodes {
		clients[i] = newClient(n.address)
		defer clients[i].Close()
	}
	for i := range rounds {
		if err := clients[(w+i)%3].Set(t.Context(), key, i, 0).Err(); err != nil {
			t.Errorf("write %d: %v", i, err)
			return
		}
		got, err := clients[(w+i+1)%3].Get(t.Context(), key).Int()
		if err != nil || got != i {
			t.Errorf("read after write %d: got %d, %v", i, got, err)
			return
		}
	}
}

func TestPipelinesKeepTheirOrderOnEveryNode(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 3)
	for _, n := range c.nodes {
		key := fmt.Sprintf("list-%d", n.id)
		replies, err := n.rdb().Pipelined(t.Context(), func(p redis.Pipeliner) error {
			for i := range 500 {
				p.Append(t.Context(), key, string(rune('a'+i%26)))
				p.StrLen(t.Context(), key)
				p.Echo(t.Context(), i)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		for i, r := range replies {
			want := fmt.Sprint(i/3 + 1) // APPEND and STRLEN behind it both see the new length
			if i%3 == 2 {
				want = fmt.Sprint(i / 3)
			}
			if got := lastArg(r); got != want {
				t.Fatalf("node %d, reply %d (%s): got %s, want %s", n.id, i, r.Name(), got, want)
			}
		}
	}
}

// lastArg is a command's reply as text.
func lastArg(c redis.Cmder) string {
	switch c := c.(type) {
	case *redis.IntCmd:
		return fmt.Sprint(c.Val())
	case *redis.StringCmd:
		return c.Val()
	}
	return c.String()
}

func TestTransactionsAcrossNodes(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 3)
	a, b := c.nodes[0], c.nodes[1]

	s := dial(t, a.address)
	s.send("MULTI\r\nSET x 1\r\nINCR x\r\nGET x\r\nPING\r\nEXEC\r\n")
	for _, want := range []string{"+OK", "+QUEUED", "+QUEUED", "+QUEUED", "+QUEUED", "*4", "+OK", ":2", "$1", "2", "+PONG"} {
		if got := s.line(); got != want {
			t.Fatalf("got %q, want %q", got, want)
		}
	}
	expect(t, b, "2", "GET", "x")

	// WATCH sees a change that came through another node.
	s.send("WATCH x\r\n")
	if got := s.line(); got != "+OK" {
		t.Fatal(got)
	}
	expect(t, b, "3", "INCR", "x")
	s.send("MULTI\r\nSET x 100\r\nEXEC\r\n")
	for _, want := range []string{"+OK", "+QUEUED", "*-1"} {
		if got := s.line(); got != want {
			t.Fatalf("got %q, want %q", got, want)
		}
	}
	expect(t, b, "3", "GET", "x")
}

func TestWatchedIncrementsAcrossNodesAreExact(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 3)
	const workers, each = 6, 30
	var all sync.WaitGroup
	for w := range workers {
		all.Go(func() {
			client := newClient(c.nodes[w%3].address)
			defer client.Close()
			for done := 0; done < each; {
				err := client.Watch(t.Context(), func(tx *redis.Tx) error {
					n, err := tx.Get(t.Context(), "sum").Int()
					if err != nil && err != redis.Nil {
						return err
					}
					_, err = tx.TxPipelined(t.Context(), func(p redis.Pipeliner) error {
						p.Set(t.Context(), "sum", n+1, 0)
						return nil
					})
					return err
				}, "sum")
				switch err {
				case nil:
					done++
				case redis.TxFailedErr:
				default:
					t.Errorf("worker %d: %v", w, err)
					return
				}
			}
		})
	}
	all.Wait()
	expect(t, c.nodes[0], fmt.Sprint(workers*each), "GET", "sum")
}

func TestExpiryIsTheSameOnAllNodes(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 3)
	a, b := c.nodes[0], c.nodes[1]
	expect(t, a, "OK", "SET", "short", "v", "PX", "300")
	expect(t, a, "OK", "SET", "long", "v", "EX", "1000")
	expect(t, b, "v", "GET", "long")
	await(t, "the key to expire on node 2", func() error {
		reply, err := b.rdb().Exists(t.Context(), "short").Result()
		if err != nil {
			return err
		}
		if reply != 0 {
			return errNotYet
		}
		return nil
	})
	// Seen once, an expiry never un-happens: on no node.
	for _, n := range c.nodes {
		expect(t, n, "nil", "GET", "short")
		expect(t, n, "-2", "PTTL", "short")
	}
	ttl, err := b.rdb().TTL(t.Context(), "long").Result()
	if err != nil || ttl <= 900*time.Second || ttl > 1000*time.Second {
		t.Errorf("TTL of long: %v, %v", ttl, err)
	}
}

func TestKeysExpireWhenNobodyReadsThem(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 3)
	if _, err := c.nodes[0].rdb().Pipelined(t.Context(), func(p redis.Pipeliner) error {
		for i := range 200 {
			p.Set(t.Context(), fmt.Sprint("idle-", i), "v", 200*time.Millisecond)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	// INFO reads no key, so nothing but the cluster itself moves the log's time.
	for _, n := range c.nodes {
		await(t, fmt.Sprintf("node %d to have no keys", n.id), func() error {
			text, err := n.rdb().Info(t.Context(), "keyspace").Result()
			if err != nil {
				return err
			}
			if strings.Contains(text, "db0:") {
				return fmt.Errorf("INFO keyspace: %q", text)
			}
			return nil
		})
	}
	c.awaitEqual()
}

func TestSixteenDatabasesAreSeparateOnAllNodes(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 3)
	s := dial(t, c.nodes[0].address)
	for db := range 16 {
		s.send(fmt.Sprintf("SELECT %d\r\nSET key %d\r\n", db, db))
		if a, b := s.line(), s.line(); a != "+OK" || b != "+OK" {
			t.Fatal(db, a, b)
		}
	}
	s.send("SELECT 16\r\n")
	if got := s.line(); got != "-ERR DB index is out of range" {
		t.Error(got)
	}
	r := dial(t, c.nodes[1].address)
	for db := range 16 {
		r.send(fmt.Sprintf("SELECT %d\r\nGET key\r\n", db))
		want := fmt.Sprint(db)
		if a, b, c := r.line(), r.line(), r.line(); a != "+OK" || b != fmt.Sprint("$", len(want)) || c != want {
			t.Fatal(db, a, b, c)
		}
	}
}

// Whether the leader keeps its place meanwhile is a matter of time: make soak-overwrites measures it (SOAKFLAGS="-scenarios large").
func TestLargeValueThroughAFollower(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 3)
	value := bytes.Repeat([]byte("0123456789abcdef"), (64<<20-1024)/16)
	if err := c.follower().rdb().Set(t.Context(), "large", value, 0).Err(); err != nil {
		t.Fatal(err)
	}
	for _, n := range c.nodes {
		got, err := n.rdb().Get(t.Context(), "large").Bytes()
		if err != nil || !bytes.Equal(got, value) {
			t.Fatalf("node %d: %d bytes, %v; want %d", n.id, len(got), err, len(value))
		}
	}
	c.awaitEqual()
}

func TestWaitCountsSyncedVoters(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 3)
	n := c.follower()
	s := dial(t, n.address)
	s.send("SET k v\r\nWAIT 3 30000\r\n")
	if a, b := s.line(), s.line(); a != "+OK" || b != ":3" {
		t.Fatalf("got %q, %q", a, b)
	}
	down := c.others(c.leader())
	for _, d := range down {
		if d != n {
			d.kill()
		}
	}
	s.send("SET k w\r\nWAIT 3 2000\r\n")
	if a, b := s.line(), s.line(); a != "+OK" || b != ":2" {
		t.Fatalf("with a node down: got %q, %q", a, b)
	}
}

func TestDigestFollowsTheContent(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 3)
	digest := func() string {
		c.awaitEqual()
		d, err := c.nodes[0].rdb().Do(context.Background(), "DEBUG", "DIGEST").Text()
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	empty := digest()
	expect(t, c.nodes[0], "OK", "SET", "a", "1")
	one := digest()
	expect(t, c.nodes[1], "1", "DEL", "a")
	if one == empty {
		t.Error("a key changed nothing in the digest")
	}
}
