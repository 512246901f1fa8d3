package integration

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// TestWithoutAMajorityNothingHangsOrLies cuts a node off by killing, then by freezing the other two: every command gets
// an error that says what is known, within the limit, and the cluster recovers.
func TestWithoutAMajorityNothingHangsOrLies(t *testing.T) {
	t.Parallel()
	for _, way := range []struct {
		name     string
		cut, end func(n *node)
	}{
		{"killed", (*node).kill, func(n *node) { n.start() }},
		{"frozen", (*node).freeze, func(n *node) { n.signal(syscall.SIGCONT) }},
	} {
		t.Run(way.name, func(t *testing.T) {
			c := startCluster(t, 3, "--commit-timeout", "1s")
			for _, last := range []*node{c.leader(), c.follower()} {
				testWithoutMajority(t, c, last, way.cut, way.end)
			}
			c.awaitEqual()
		})
	}
}

func testWithoutMajority(t *testing.T, c *cluster, last *node, cut, end func(n *node)) {
	expect(t, last, "OK", "SET", "before", "v")
	for _, n := range c.others(last) {
		cut(n)
	}
	// The first write may have been on its way to a majority that is gone.
	first := last.rdb().Set(t.Context(), "first", "v", 0).Err()
	if got := outcomeOf(first); got != refused && got != unknown {
		t.Fatalf("first write without a majority: %v", first)
	}
	// Once the node knows that there is no leader, a write is refused with certainty.
	key, attempt := "", 0
	await(t, "a refused write", func() error {
		attempt++
		key = fmt.Sprint("refused-", attempt)
		err := last.rdb().Set(t.Context(), key, "v", 0).Err()
		if got := outcomeOf(err); got != refused && got != unknown {
			t.Fatalf("write without a majority: %v", err)
		} else if got == unknown {
			return err
		}
		return nil
	})
	read := last.rdb().Get(t.Context(), "before").Err()
	if read == nil || !strings.HasPrefix(read.Error(), "CLUSTERDOWN ") {
		t.Errorf("read without a majority: got %v, want CLUSTERDOWN", read)
	}
	for _, n := range c.others(last) {
		end(n)
	}
	c.awaitServing()
	expect(t, last, "v", "GET", "before")
	expect(t, last, "OK", "SET", "after", "v")
	for _, n := range c.nodes {
		expect(t, n, "v", "GET", "after")
		expect(t, n, "0", "EXISTS", key) // "not applied" stays true
	}
}

// TestStaleReadsNeedNoMajority: a connection that asked for it (READONLY) reads what the node has.
func TestStaleReadsNeedNoMajority(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 3, "--commit-timeout", "500ms")
	last := c.nodes[0]
	expect(t, last, "OK", "SET", "k", "v")
	for _, n := range c.others(last) {
		n.kill()
	}
	s := dial(t, last.address)
	s.send("READONLY\r\nGET k\r\n")
	for _, want := range []string{"+OK", "$1", "v"} {
		if got := s.line(); got != want {
			t.Fatalf("got %q, want %q", got, want)
		}
	}
	s.send("READWRITE\r\nGET k\r\n")
	if got := s.line(); got != "+OK" {
		t.Fatal(got)
	}
	if got := s.line(); !strings.HasPrefix(got, "-CLUSTERDOWN ") {
		t.Fatalf("a read of a READWRITE connection: got %q", got)
	}
}

// TestGracefulStopOfTheLeaderFailsNoCommand stops the leader three times while clients of the other nodes go on.
func TestGracefulStopOfTheLeaderFailsNoCommand(t *testing.T) {
	c := startCluster(t, 3)
	for range 3 {
		leader := c.leader()
		var stopped atomic.Bool
		var writes, errs atomic.Int64
		var all sync.WaitGroup
		started := make(chan struct{}, 6)
		for w := range 6 {
			client := newClient(c.others(leader)[w%2].address)
			all.Go(func() {
				defer client.Close()
				for i := 0; !stopped.Load(); i++ {
					err := client.Incr(t.Context(), "count").Err()
					if err == nil {
						_, err = client.Get(t.Context(), "count").Int()
					}
					if err != nil {
						errs.Add(1)
						t.Errorf("command during the hand-over: %v", err)
						return
					}
					writes.Add(1)
					if i == 20 {
						started <- struct{}{}
					}
				}
			})
		}
		for range 6 {
			select {
			case <-started:
			case <-time.After(limit):
				t.Fatal("the clients did not get going")
			}
		}
		leader.stop()
		next := c.leader()
		stopped.Store(true)
		all.Wait()
		t.Logf("leader %d stopped, %d leads; %d commands, %d errors meanwhile", leader.id, next.id, 2*writes.Load(), errs.Load())
		leader.start()
		c.awaitServing()
	}
	c.awaitEqual()
}

// TestGracefulStopAnswersWhatWasAccepted: a client of the node that stops gets either a reply or a clean end for every
// command, never a reply that is wrong.
func TestGracefulStopAnswersWhatWasAccepted(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 3)
	leader := c.leader()
	client := newClient(leader.address)
	defer client.Close()
	ackedCount, lost := 0, 0
	stopping := make(chan struct{})
	for i := 0; ; i++ {
		if i == 200 {
			go func() { leader.signal(syscall.SIGTERM); close(stopping) }()
		}
		err := client.Incr(t.Context(), "count").Err()
		if err == nil {
			ackedCount++
			continue
		}
		var reply redis.Error
		if errors.As(err, &reply) && outcomeOf(err) == failed {
			t.Fatal(err)
		}
		if outcomeOf(err) == unknown {
			lost++
		}
		break
	}
	<-stopping
	if code := leader.awaitExit(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	got, err := c.follower().rdb().Get(t.Context(), "count").Int()
	if err != nil || got < ackedCount || got > ackedCount+lost {
		t.Errorf("count is %d (%v), with %d acknowledged and %d unknown", got, err, ackedCount, lost)
	}
}

// TestClientThatDoesNotReadDoesNotCostTheHandOver: leadership goes first, and the client is cut off in the end, which is no failure.
func TestClientThatDoesNotReadDoesNotCostTheHandOver(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 3, "--commit-timeout", "1s")
	leader := c.leader()
	expect(t, leader, "OK", "SET", "k", strings.Repeat("v", 1<<20))
	deaf := dial(t, leader.address)
	deaf.send(strings.Repeat("GET k\r\n", 64)) // more than any socket's buffers take
	await(t, "the client to have unread replies", func() error {
		clients, err := leader.rdb().ClientList(t.Context()).Result()
		if err == nil && !regexp.MustCompile(`omem=[1-9]`).MatchString(clients) {
			err = fmt.Errorf("no client has any:\n%s", clients)
		}
		return err
	})
	before := len(leader.log())
	leader.stop()
	text := leader.log()[before:]
	handed, cut := strings.Index(text, "role=follower"), strings.Index(text, "do not take their replies")
	if handed < 0 || cut < handed {
		t.Errorf("handed over at %d, cut the client off at %d of:\n%s", handed, cut, text)
	}
	if next := c.leader(); next == leader {
		t.Error("it leads")
	}
}

// TestFrozenLeaderServesNoOldValue stops the leader's process in the middle, has another leader take a newer value, and
// lets the old one go on with a read that waits in its socket: it must not answer from what it remembers.
func TestFrozenLeaderServesNoOldValue(t *testing.T) {
	// In lease mode the read and the news of the other leader race when the process goes on, so it takes more rounds.
	for mode, rounds := range map[string]int{"quorum": 3, "lease": 9} {
		t.Run(mode, func(t *testing.T) {
			c := startCluster(t, 3, "--read-mode", mode)
			for round := range rounds {
				leader := c.leader()
				old, newer := fmt.Sprint("old", round), fmt.Sprint("new", round)
				s := dial(t, leader.address)
				s.send("SET k " + old + "\r\nGET k\r\n")
				for _, want := range []string{"+OK", "$4", old} {
					if got := s.line(); got != want {
						t.Fatalf("got %q, want %q", got, want)
					}
				}
				leader.freeze()
				await(t, "a write through another node", func() error {
					return c.others(leader)[0].rdb().Set(t.Context(), "k", newer, 0).Err()
				})
				s.send("GET k\r\n") // begins after the newer value was acknowledged
				leader.signal(syscall.SIGCONT)
				got := s.line()
				if strings.HasPrefix(got, "$") {
					got = s.line()
				}
				if got != newer && !strings.HasPrefix(got, "-CLUSTERDOWN ") {
					t.Errorf("the old leader answered %q after %q was acknowledged", got, newer)
				}
			}
			c.awaitEqual()
		})
	}
}

func TestShutdownCommandStopsTheNode(t *testing.T) {
	t.Parallel()
	n := startSingle(t)
	expect(t, n, "OK", "SET", "k", "v")
	s := dial(t, n.address)
	s.send("SHUTDOWN\r\n")
	if got := s.rest(); strings.HasPrefix(got, "-") {
		t.Errorf("got %q", got)
	}
	if code := n.awaitExit(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	n.start()
	n.awaitServing()
	expect(t, n, "v", "GET", "k")
}

// TestSecondSignalStopsAtOnce: a graceful stop that cannot end, for want of a majority, does not have to be waited for.
func TestSecondSignalStopsAtOnce(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 3, "--commit-timeout", "10m")
	last := c.leader()
	for _, n := range c.others(last) {
		n.kill()
	}
	s := dial(t, last.address)
	s.send("SET k v\r\n") // has to be answered before the stop is done, and cannot be
	await(t, "the node to have no leader", func() error {
		info, err := infoPaxos(last)
		if err == nil && info["paxos_leader_id"] != "0" {
			err = errNotYet
		}
		return err
	})
	last.signal(syscall.SIGTERM)
	last.awaitLog("msg=stopping")
	last.signal(syscall.SIGTERM)
	if code := last.awaitExit(); code != 1 {
		t.Errorf("exit code %d", code)
	}
	// Other goroutines may still have had something to say behind it.
	if text := last.logTail(20); !strings.Contains(text, "a second signal") {
		t.Errorf("its last words: %s", text)
	}
}

func TestFiveNodesBearTheLossOfTwo(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 5)
	for range 2 {
		c.leader().kill()
		c.leader()
	}
	for i, n := range c.nodes {
		if n.running() {
			expect(t, n, "OK", "SET", fmt.Sprint("k", i), "v")
			expect(t, n, "v", "GET", fmt.Sprint("k", i))
		}
	}
	for _, n := range c.nodes {
		if !n.running() {
			n.start()
		}
	}
	c.awaitServing()
	c.awaitEqual()
}
