package integration

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"
)

// The cache of these tests: its limit, and what it may take at most: the limit, the sixteenth for which room is on its way, and what is then
// under way itself.
const (
	cacheBytes     = 20 << 20
	mostCacheBytes = cacheBytes + cacheBytes/16 + 4<<20
)

// dataset is what the node's keyspace takes.
func (n *node) dataset() int64 {
	n.t.Helper()
	info, err := infoOf(n, "memory")
	if err != nil {
		n.t.Fatal(err)
	}
	bytes, err := strconv.ParseInt(info["used_memory_dataset"], 10, 64)
	if err != nil {
		n.t.Fatal(err)
	}
	return bytes
}

// cacheFill writes count keys of 10,000 bytes and returns how often one was refused for want of memory; each is written again until it is taken.
func cacheFill(n *node, name string, count int, more ...any) (refused int) {
	n.t.Helper()
	const batch = 50
	value := strings.Repeat("v", 10_000)
	for i := 0; i < count; i += batch {
		var left []string
		for j := range batch {
			left = append(left, fmt.Sprint(name, ":", i+j))
		}
		for len(left) > 0 {
			pipe := n.rdb().Pipeline()
			for _, key := range left {
				pipe.Do(context.Background(), append([]any{"SET", key, value}, more...)...)
			}
			replies, _ := pipe.Exec(context.Background()) // the first error; each is looked at
			left = oom(n, replies, left)
			refused += len(left)
		}
	}
	return refused
}

// oom are the keys whose write was refused for want of memory; any other error ends the test.
func oom(n *node, replies []redis.Cmder, keys []string) (left []string) {
	n.t.Helper()
	for i, r := range replies {
		switch err := r.Err(); {
		case err == nil:
		case strings.HasPrefix(err.Error(), "OOM "):
			left = append(left, keys[i])
		default:
			n.t.Fatal(err)
		}
	}
	return left
}

// TestACacheOfThreeNodes: five times as much is written as fits, through all nodes. Each of them stays within the limit and ends with the same
// keys, those that are read through the leader among them.
func TestACacheOfThreeNodes(t *testing.T) {
	c := startCluster(t, 3, "--maxmemory", "20mb", "--maxmemory-policy", "allkeys-lru")
	leader := c.leader()
	const hot, rounds, perRound = 100, 10, 1_000
	cacheFill(leader, "hot", hot)
	for round := range rounds {
		name := fmt.Sprint("cold:", round)
		cacheFill(c.nodes[round%3], name, perRound)
		for _, n := range c.nodes {
			if bytes := n.dataset(); bytes > mostCacheBytes {
				t.Fatalf("after round %d node %d has %d bytes of keys", round, n.id, bytes)
			}
		}
		await(t, "what was written to be older than what is read next", func() error {
			idle, err := leader.rdb().ObjectIdleTime(context.Background(), name+":"+strconv.Itoa(perRound-1)).Result()
			if err == nil && idle == 0 {
				return fmt.Errorf("it is as young")
			}
			return err
		})
		for i := range hot {
			leader.rdb().Get(context.Background(), fmt.Sprint("hot:", i))
		}
	}
	c.awaitEqual()
	var keys []string
	for i := range hot {
		keys = append(keys, fmt.Sprint("hot:", i))
	}
	survivors, err := leader.rdb().Exists(context.Background(), keys...).Result()
	if err != nil || survivors < hot*3/4 {
		t.Errorf("of %d keys that are read often %d are left: %v", hot, survivors, err)
	}
	info, err := infoOf(c.follower(), "stats")
	if evicted, _ := strconv.Atoi(info["evicted_keys"]); err != nil || evicted < rounds*perRound/2 {
		t.Errorf("a follower has seen %s evictions: %v", info["evicted_keys"], err)
	}
}

// TestPoliciesOfALimit: volatile-ttl takes those whose time is up soonest and no others, noeviction none, and either can be changed to the other.
func TestPoliciesOfALimit(t *testing.T) {
	c := startCluster(t, 3, "--maxmemory", "20mb", "--maxmemory-policy", "volatile-ttl")
	leader := c.leader()
	cacheFill(leader, "stays", 500)
	cacheFill(leader, "late", 500, "EX", 100_000)
	cacheFill(leader, "soon", 2_000, "EX", 1_000)
	exists := func(name string, i int) int64 {
		count, err := leader.rdb().Exists(context.Background(), fmt.Sprint(name, ":", i)).Result()
		if err != nil {
			t.Fatal(err)
		}
		return count
	}
	var stay, late int64
	for i := range 500 {
		stay, late = stay+exists("stays", i), late+exists("late", i)
	}
	if stay != 500 || late < 450 {
		t.Errorf("%d of 500 keys without a deadline are left, and %d of 500 with a late one", stay, late)
	}
	c.awaitEqual()
	const refused = "error OOM command not allowed when used memory > 'maxmemory'."
	for _, n := range c.nodes {
		expect(t, n, "OK", "CONFIG", "SET", "maxmemory-policy", "noeviction", "maxmemory", "10mb")
		expect(t, n, refused, "SET", "k", "v")
		expect(t, n, "1", "DEL", fmt.Sprint("stays:", n.id))
	}
	for _, n := range c.nodes {
		expect(t, n, "OK", "CONFIG", "SET", "maxmemory-policy", "allkeys-random")
	}
	await(t, "the leader to make room", func() error {
		if bytes := leader.dataset(); bytes > 10<<20 {
			return fmt.Errorf("there are %d bytes", bytes)
		}
		return nil
	})
	expect(t, leader, "OK", "SET", "k", "v")
	c.awaitEqual()
}
