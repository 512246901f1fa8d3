package integration

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// TestNoAcknowledgedWriteIsLostWhenLeadersAreKilled is the promise of the product. Ten clients write through all nodes
// while the leader is killed with SIGKILL and restarted, twenty times over.
func TestNoAcknowledgedWriteIsLostWhenLeadersAreKilled(t *testing.T) {
	testKilledLeaders(t, newCluster(t, 3), 20)
}

// TestNodesHaveNoDataRacesWhenLeadersAreKilled is the same, shorter, with the race detector inside the nodes. A report
// of the detector in a node's log fails the test.
func TestNodesHaveNoDataRacesWhenLeadersAreKilled(t *testing.T) {
	t.Parallel()
	// The detector makes nodes some ten times slower, so leaders get more time to prove that they live.
	testKilledLeaders(t, newClusterOf(t, mustBuild(t, raceBinary), 3,
		"--heartbeat", "200ms", "--lease", "1500ms", "--election-timeout-min", "2s", "--election-timeout-max", "4s"), 3)
}

func testKilledLeaders(t *testing.T, c *cluster, kills int) {
	c.start()
	c.awaitServing()
	var stop atomic.Bool
	var all sync.WaitGroup
	writers := startWriters(t, c, 10, &all, &stop)
	takeovers := make([]time.Duration, 0, kills)
	for round := range kills {
		awaitLoad(t, writers, 300)
		takeovers = append(takeovers, killLeader(t, c, round))
	}
	stop.Store(true)
	all.Wait()

	c.awaitServing()
	c.awaitEqual()
	for _, n := range c.nodes {
		verifyWriters(t, n, writers)
	}
	report(t, writers, takeovers)
}

// awaitLoad waits until the writers have had that many further writes acknowledged.
func awaitLoad(t *testing.T, writers []*writer, count int64) {
	t.Helper()
	total := func() (sum int64) {
		for _, w := range writers {
			sum += w.acked.Load()
		}
		return sum
	}
	enough := total() + count
	await(t, fmt.Sprintf("%d acknowledged writes", count), func() error {
		if now := total(); now < enough {
			return fmt.Errorf("%d are missing", enough-now)
		}
		return nil
	})
}

// killLeader kills the leader, measures until a write through another node succeeds, and brings the node back.
func killLeader(t *testing.T, c *cluster, round int) time.Duration {
	leader := c.leader()
	survivors := c.others(leader)
	clients := []*redis.Client{newClient(survivors[0].address), newClient(survivors[1].address)}
	for _, client := range clients {
		if err := client.Ping(t.Context()).Err(); err != nil {
			t.Fatal(err)
		}
		defer client.Close()
	}
	leader.kill()
	killed := time.Now()

	first := make(chan time.Duration, len(clients))
	for i, client := range clients {
		go func() {
			err := awaitErr(limit, func() error {
				err := client.Set(context.Background(), fmt.Sprintf("probe:%d:%d", round, i), "v", 0).Err()
				if outcomeOf(err) == failed {
					t.Errorf("write after the kill: %v", err)
				}
				return err
			})
			if err != nil {
				t.Errorf("round %d: no write through node %d within %v of the kill: %v", round, survivors[i].id, limit, err)
			}
			first <- time.Since(killed)
		}()
	}
	took := min(<-first, <-first)
	leader.start()
	leader.awaitServing()
	return took
}

// writer is one client and what it knows about its writes. It writes numbered keys and increments counters, each through
// another node than the one before, and never retries.
type writer struct {
	t       *testing.T
	id      int
	cluster *cluster
	clients []*redis.Client
	random  *rand.Rand

	keys     map[outcome][]string // numbered keys, each with its own name as value
	own      counter              // only this writer increments it
	shared   [sharedCounters]counter
	reads    int
	outcomes [failed + 1]int
	acked    atomic.Int64 // as outcomes[acked], for others to watch
}

// counter is what a writer knows about its INCRs of one key.
type counter struct {
	acked, unknown int
	last           int64 // the newest reply
	unknownSince   int64 // unknown INCRs since then
}

// sharedCounters is how many counters all writers increment.
const sharedCounters = 3

func newWriter(t *testing.T, id int, c *cluster) *writer {
	w := &writer{t: t, id: id, cluster: c, random: rand.New(rand.NewPCG(1, uint64(id))), keys: map[outcome][]string{}}
	for _, n := range c.nodes {
		w.clients = append(w.clients, newClient(n.address))
	}
	return w
}

// startWriters has so many writers run until stop is set; all waits for them.
func startWriters(t *testing.T, c *cluster, count int, all *sync.WaitGroup, stop *atomic.Bool) []*writer {
	writers := make([]*writer, count)
	for i := range writers {
		writers[i] = newWriter(t, i, c)
		all.Go(func() { writers[i].run(stop) })
	}
	return writers
}

func (w *writer) run(stop *atomic.Bool) {
	defer func() {
		for _, client := range w.clients {
			_ = client.Close()
		}
	}()
	for i := 0; !stop.Load() && !w.t.Failed(); i++ {
		client := w.clients[(w.id+i)%len(w.clients)]
		switch i % 4 {
		case 0, 1:
			w.writeKey(client, i)
		case 2:
			w.increment(client, w.ownKey(), &w.own, true)
		case 3:
			n := w.random.IntN(sharedCounters)
			w.increment(client, sharedKey(n), &w.shared[n], false)
		}
	}
}

func (w *writer) ownKey() string { return fmt.Sprintf("own:%d", w.id) }

func sharedKey(n int) string { return fmt.Sprintf("shared:%d", n) }

func (w *writer) writeKey(client *redis.Client, i int) {
	key := fmt.Sprintf("key:%d:%d", w.id, i)
	got := w.note(client.Set(context.Background(), key, key, 0).Err())
	w.keys[got] = append(w.keys[got], key)
	if got != acked || i%8 != 0 {
		return
	}
	// What is acknowledged is there at once, whatever node is asked.
	value, err := w.clients[w.random.IntN(len(w.clients))].Get(context.Background(), key).Result()
	switch {
	case errors.Is(err, redis.Nil), err == nil && value != key:
		w.t.Errorf("read %q after its write was acknowledged: %q, %v", key, value, err)
	case err == nil:
		w.reads++
	}
}

// increment checks the reply as well when nobody else increments the counter: it must count every INCR acknowledged
// before once, and each unknown one at most once.
func (w *writer) increment(client *redis.Client, key string, c *counter, alone bool) {
	value, err := client.Incr(context.Background(), key).Result()
	switch w.note(err) {
	case acked:
		if steps := value - c.last; alone && (steps < 1 || steps > 1+c.unknownSince) {
			w.t.Errorf("INCR %s answered %d after %d, with %d unknown between", key, value, c.last, c.unknownSince)
		}
		c.acked++
		c.last, c.unknownSince = value, 0
	case unknown:
		c.unknown++
		c.unknownSince++
	}
}

func (w *writer) note(err error) outcome {
	got := outcomeOf(err)
	w.outcomes[got]++
	if got == acked {
		w.acked.Add(1)
	}
	if got == failed {
		w.t.Errorf("writer %d: %v", w.id, err)
	}
	return got
}

// verifyWriters checks through one node everything the writers know.
func verifyWriters(t *testing.T, n *node, writers []*writer) {
	t.Helper()
	var shared [sharedCounters]counter
	for _, w := range writers {
		missing := missingKeys(t, n, w.keys[acked])
		if len(missing) > 0 {
			t.Errorf("node %d: %d acknowledged writes of writer %d are lost, %v first", n.id, len(missing), w.id, missing[0])
		}
		if present := len(w.keys[refused]) - len(missingKeys(t, n, w.keys[refused])); present > 0 {
			t.Errorf("node %d: %d writes of writer %d were refused as not applied, and are there", n.id, present, w.id)
		}
		verifyCounter(t, n, w.ownKey(), w.own)
		for i := range shared {
			shared[i].acked += w.shared[i].acked
			shared[i].unknown += w.shared[i].unknown
		}
	}
	for i, c := range shared {
		verifyCounter(t, n, sharedKey(i), c)
	}
}

// missingKeys returns the keys that do not have their own name as value.
func missingKeys(t *testing.T, n *node, keys []string) []string {
	t.Helper()
	var missing []string
	for part := range slices.Chunk(keys, 500) {
		values, err := n.rdb().MGet(t.Context(), part...).Result()
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range values {
			if v != part[i] {
				missing = append(missing, part[i])
			}
		}
	}
	return missing
}

func verifyCounter(t *testing.T, n *node, key string, c counter) {
	t.Helper()
	value, err := n.rdb().Get(t.Context(), key).Int()
	if err != nil && !errors.Is(err, redis.Nil) {
		t.Fatal(err)
	}
	if value < c.acked || value > c.acked+c.unknown {
		t.Errorf("node %d: %s is %d; %d INCRs were acknowledged and %d are unknown", n.id, key, value, c.acked, c.unknown)
	}
}

// report prints the figures of the run. None of them is a condition.
func report(t *testing.T, writers []*writer, takeovers []time.Duration) {
	t.Helper()
	var sum [failed + 1]int
	reads := 0
	for _, w := range writers {
		reads += w.reads
		for i, n := range w.outcomes {
			sum[i] += n
		}
	}
	t.Logf("%d writes acknowledged, all there on all nodes; %d refused, %d unknown; %d reads after writes", sum[acked], sum[refused], sum[unknown], reads)
	slices.Sort(takeovers)
	at := func(q float64) time.Duration {
		return takeovers[int(q*float64(len(takeovers)-1)+0.5)].Round(time.Millisecond)
	}
	t.Logf("%d kills of the leader; writes succeed again after: p50 %v, p99 %v, max %v", len(takeovers), at(0.5), at(0.99), at(1))
}

// TestDataSurvivesAFullStop stops all nodes, gracefully and then with SIGKILL at once under load.
func TestDataSurvivesAFullStop(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 3)
	expect(t, c.nodes[0], "OK", "SET", "k", "v")
	expect(t, c.nodes[1], "7", "INCRBY", "n", "7")
	for _, n := range c.nodes {
		n.signal(syscall.SIGTERM)
	}
	for _, n := range c.nodes {
		if code := n.awaitExit(); code != 0 {
			t.Errorf("node %d: exit code %d", n.id, code)
		}
	}
	c.start()
	c.awaitServing()
	expect(t, c.nodes[2], "v", "GET", "k")
	expect(t, c.nodes[2], "8", "INCR", "n")

	var stop atomic.Bool
	var all sync.WaitGroup
	writers := startWriters(t, c, 4, &all, &stop)
	awaitLoad(t, writers, 500)
	for _, n := range c.nodes {
		n.signal(syscall.SIGKILL)
	}
	stop.Store(true)
	all.Wait()
	for _, n := range c.nodes {
		n.awaitExit()
	}
	c.start()
	c.awaitServing()
	c.awaitEqual()
	for _, n := range c.nodes {
		verifyWriters(t, n, writers)
	}
}

// TestAFollowerThatWasDownCatchesUp: a node that missed many writes serves them all once it is back.
func TestAFollowerThatWasDownCatchesUp(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 3)
	down := c.follower()
	down.kill()
	up := c.leader()
	value := strings.Repeat("x", 10_000)
	for part := range 20 {
		if _, err := up.rdb().Pipelined(t.Context(), func(p redis.Pipeliner) error {
			for i := range 100 {
				p.Set(t.Context(), fmt.Sprintf("missed:%d:%d", part, i), value, 0)
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	down.start()
	down.awaitServing()
	expect(t, down, "2000", "DBSIZE")
	expect(t, down, value, "GET", "missed:19:99")
	c.awaitEqual()
}
