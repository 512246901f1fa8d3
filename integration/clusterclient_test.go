package integration

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// clusterClient is what an application has that was written for Redis Cluster. It knows of one node only. By default it would look at
// the cluster once a minute, and go on dialling a leader that was killed until then: of Redis Cluster, too, it hears by a MOVED from a
// node that it has no reason to ask.
func clusterClient(t *testing.T, knows *node, change func(o *redis.ClusterOptions)) *redis.ClusterClient {
	t.Helper()
	options := &redis.ClusterOptions{Addrs: []string{knows.address}, ClusterStateReloadInterval: time.Second}
	if change != nil {
		change(options)
	}
	client := redis.NewClusterClient(options)
	t.Cleanup(func() {
		if err := client.Close(); err != nil {
			t.Error(err)
		}
	})
	return client
}

// A cluster client that is told of any one node finds all of them, and goes on when the leader is killed: what it was told is
// written is there.
func TestClusterClientOutlivesTheLeader(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 3, "--cluster-mode")
	leader := c.leader()
	var all sync.WaitGroup
	halfway := make(chan struct{}, 3)
	for i, knows := range c.nodes {
		client := clusterClient(t, knows, nil)
		all.Go(func() { writeThroughClusterClient(t, client, i, halfway) })
	}
	for range c.nodes {
		<-halfway
	}
	leader.kill()
	all.Wait()

	next := c.others(leader)[0]
	reader := clusterClient(t, next, nil)
	for i := range c.nodes {
		for n := range clusterWrites {
			if got, err := reader.Get(t.Context(), clusterKey(i, n)).Int(); err != nil || got != n {
				t.Fatalf("%s is %d, %v", clusterKey(i, n), got, err)
			}
		}
	}
	leader.start()
	leader.awaitServing()
	await(t, "all nodes to be shown again", func() error {
		shards, err := next.rdb().ClusterShards(t.Context()).Result()
		if err != nil {
			return err
		}
		if len(shards) != 1 || len(shards[0].Slots) != 1 || shards[0].Slots[0] != (redis.SlotRange{Start: 0, End: 16383}) || len(shards[0].Nodes) != len(c.nodes) {
			return fmt.Errorf("%+v", shards)
		}
		for _, n := range shards[0].Nodes {
			if n.Health != "online" || n.Port == 0 {
				return fmt.Errorf("%+v", shards)
			}
		}
		return nil
	})
}

const clusterWrites = 200

func clusterKey(worker, n int) string { return fmt.Sprintf("worker-%d-key-%d", worker, n) }

// writeThroughClusterClient writes keys of all hash slots, half of them in pipelines, and says when it is halfway.
func writeThroughClusterClient(t *testing.T, client *redis.ClusterClient, worker int, halfway chan<- struct{}) {
	defer func() {
		select {
		case halfway <- struct{}{}: // also if it failed before
		default:
		}
	}()
	for n := 0; n < clusterWrites; n += 2 {
		if n == clusterWrites/2 {
			halfway <- struct{}{}
		}
		if err := untilApplied(func() error { return client.Set(t.Context(), clusterKey(worker, n), n, 0).Err() }); err != nil {
			t.Errorf("SET %d: %v", n, err)
			return
		}
		_, err := client.Pipelined(t.Context(), func(p redis.Pipeliner) error {
			p.Set(t.Context(), clusterKey(worker, n+1), n+1, 0)
			p.Get(t.Context(), clusterKey(worker, n))
			return nil
		})
		if err != nil {
			err = untilApplied(func() error { return client.Set(t.Context(), clusterKey(worker, n+1), n+1, 0).Err() })
		}
		if err != nil {
			t.Errorf("pipeline %d: %v", n, err)
			return
		}
	}
}

// untilApplied tries a write that may be done twice again while its outcome is unknown or nobody leads: what an application does.
func untilApplied(write func() error) error {
	var err error
	for range 20 {
		if err = write(); err == nil || errors.Is(err, redis.Nil) {
			return err
		}
	}
	return err
}

// A cluster client may read from what it takes for replicas, and write through any node.
func TestClusterClientReadsFromEveryNode(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 3, "--cluster-mode")
	client := clusterClient(t, c.follower(), func(o *redis.ClusterOptions) { o.RouteRandomly = true })
	for n := range 100 {
		if err := client.Set(t.Context(), clusterKey(0, n), n, 0).Err(); err != nil {
			t.Fatal(err)
		}
	}
	c.awaitEqual() // reads of replicas may be behind
	for n := range 100 {
		if got, err := client.Get(t.Context(), clusterKey(0, n)).Int(); err != nil || got != n {
			t.Fatalf("%s is %d, %v", clusterKey(0, n), got, err)
		}
	}
	for _, n := range c.nodes {
		expect(t, n, "OK", "SET", clusterKey(1, n.id), "anywhere") // no MOVED
	}
	var seen atomic.Int32
	if err := client.ForEachShard(t.Context(), func(ctx context.Context, shard *redis.Client) error {
		seen.Add(1)
		return shard.Ping(ctx).Err()
	}); err != nil || seen.Load() != 3 {
		t.Errorf("the client knows %d nodes, %v", seen.Load(), err)
	}
}

// Redis's own tools take the nodes for a cluster that is well.
func TestRedisCLIChecksTheCluster(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 3, "--cluster-mode")
	c.leader()
	await(t, "all nodes to know each other's addresses", func() error {
		for _, n := range c.nodes {
			if got := redisCLI(t, n, "", "--cluster", "check", n.address); !strings.Contains(got, "All nodes agree about slots configuration.") ||
				!strings.Contains(got, "All 16384 slots covered.") || !strings.Contains(got, "2 additional replica(s)") {
				return fmt.Errorf("node %d: %s", n.id, got)
			}
		}
		return nil
	})
	follower := c.follower()
	if got := redisCLI(t, follower, "", "-c", "SET", "key", "value"); got != "OK\n" {
		t.Errorf("SET: %s", got)
	}
	for _, test := range []struct{ args, want string }{
		{"MEMORY USAGE key", "\n"}, {"LATENCY HISTOGRAM set", "histogram_usec"}, {"CLIENT LIST", "cmd=client|list"}, {"CLUSTER INFO", "cluster_state:ok"},
		{"INFO everything", "latency_percentiles_usec_set:p50="}, {"LOLWUT", "paxredis"}, {"CLIENT PAUSE 10 WRITE", "OK"}, {"DEBUG SLEEP 0.01", "OK"},
		{"CONFIG GET maxclients", "maxclients"}, {"SLOWLOG GET", "\n"}, {"COMMAND DOCS cluster|slots", "summary"},
	} {
		if got := redisCLI(t, follower, "", strings.Fields(test.args)...); !strings.Contains(got, test.want) || strings.HasPrefix(got, "ERR") {
			t.Errorf("%s: %s", test.args, got)
		}
	}
}
