package integration

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/paxredis/paxredis/integration/history"
)

// TestHistoriesAreLinearizable has clients of all three nodes use all kinds of commands while nodes are killed, frozen and
// handed the leadership, and looks for an order in which what each of them saw could have happened.
func TestHistoriesAreLinearizable(t *testing.T) {
	for i, mode := range []string{"quorum", "lease"} {
		t.Run(mode, func(t *testing.T) {
			c := startCluster(t, 3, "--read-mode", mode, "--commit-timeout", commitTimeoutOfRecorded.String())
			r := startRecording(t, c, history.Options{Seed: uint64(i + 1)})
			for _, fault := range []struct {
				name string
				run  func(*testing.T, *cluster, *recording)
			}{
				{"the leader is killed", killOne((*cluster).leader)},
				{"a follower is killed", killOne((*cluster).follower)},
				{"the leader is frozen", freezeOne((*cluster).leader)},
				{"leadership is handed over", handOverTwice},
				{"a follower is frozen", freezeOne((*cluster).follower)},
				{"the leader is frozen again", freezeOne((*cluster).leader)},
				{"the leader and then a follower are killed", killMajority},
				{"leadership is handed over again", handOverTwice},
				{"all nodes are killed at once", killAll},
				{"the new leader is frozen", freezeOne((*cluster).leader)},
			} {
				t.Log(fault.name)
				fault.run(t, c, r)
				r.awaitWrites(writesBetweenFaults)
			}
			r.stop()
		})
	}
}

const (
	// commitTimeoutOfRecorded is shorter than the clients' own, so that errors of the nodes are among the outcomes.
	commitTimeoutOfRecorded = 400 * time.Millisecond
	// clientTimeout is shorter than a node stands still, so that new commands wait for it when it goes on.
	clientTimeout = 500 * time.Millisecond
	// longerThanTheLease is some multiple of the lease a node has without flags.
	longerThanTheLease  = 2 * time.Second
	writesBetweenFaults = 500
	recordersOfANode    = 6 // clients
	checkLimit          = 30 * time.Second
	staleCheckLimit     = 20 * time.Second
)

// recording is clients of a cluster whose commands are recorded.
type recording struct {
	t        *testing.T
	recorder *history.Recorder
	cluster  *cluster
	end      context.CancelFunc
	all      sync.WaitGroup
}

// startRecording starts clients of every node, with these hooks, and waits until they get on.
func startRecording(t *testing.T, c *cluster, o history.Options, hooks ...redis.Hook) *recording {
	t.Helper()
	ctx, end := context.WithCancel(t.Context())
	r := &recording{t: t, recorder: history.NewRecorder(), cluster: c, end: end}
	t.Cleanup(func() { end(); r.all.Wait() })
	workload := history.NewWorkload(r.recorder, o)
	for i, n := range c.nodes {
		for j := range recordersOfANode {
			r.all.Go(func() {
				client := history.NewClient(n.address, clientTimeout)
				defer client.Close()
				for _, hook := range hooks {
					client.AddHook(hook)
				}
				if err := workload.Run(ctx, client, i*recordersOfANode+j); err != nil {
					t.Error(err)
				}
			})
		}
	}
	r.awaitWrites(writesBetweenFaults)
	return r
}

// awaitWrites waits until so many further writes of all clients have succeeded.
func (r *recording) awaitWrites(more int64) {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), limit)
	defer cancel()
	if err := r.recorder.AwaitWrites(ctx, more); err != nil {
		r.t.Fatal(err)
	}
}

// stop ends the clients, checks what was recorded, and waits until the nodes are equal.
func (r *recording) stop() *history.Report {
	r.t.Helper()
	r.end()
	r.all.Wait()
	report := r.check()
	if err := report.Err(); err != nil {
		r.t.Error(err)
	}
	r.cluster.awaitServing()
	r.cluster.awaitEqual()
	return report
}

// check searches what was recorded and prints the figures. Pictures of what is wrong stay after the test.
func (r *recording) check() *history.Report {
	r.t.Helper()
	dir, err := os.MkdirTemp("", "paxredis-histories-")
	if err != nil {
		r.t.Fatal(err)
	}
	report := r.recorder.Check(checkLimit, dir)
	r.t.Log(report)
	if len(report.Violations) == 0 {
		if err := os.Remove(dir); err != nil {
			r.t.Error(err)
		}
	}
	return report
}

// killOne kills a node with SIGKILL, and starts it again while the others go on.
func killOne(which func(*cluster) *node) func(*testing.T, *cluster, *recording) {
	return func(t *testing.T, c *cluster, r *recording) {
		n := which(c)
		n.kill()
		r.awaitWrites(writesBetweenFaults)
		n.start()
		n.awaitServing()
	}
}

// freezeOne stops a node's process for longer than a lease, and until the others have gone on without it.
func freezeOne(which func(*cluster) *node) func(*testing.T, *cluster, *recording) {
	return func(t *testing.T, c *cluster, r *recording) {
		n := which(c)
		n.freeze()
		for frozen := time.Now(); time.Since(frozen) < longerThanTheLease; {
			r.awaitWrites(1)
		}
		n.signal(syscall.SIGCONT)
		n.awaitServing()
	}
}

func handOverTwice(t *testing.T, c *cluster, r *recording) {
	for range 2 {
		from := c.leader()
		if err := c.others(from)[0].rdb().Do(t.Context(), "PAXOS", "LEADER", "TRANSFER").Err(); err != nil {
			t.Errorf("handing leadership of node %d over: %v", from.id, err)
		}
		r.awaitWrites(writesBetweenFaults / 2)
	}
}

// TestHistoryOfReplacedMembersIsLinearizable replaces one member after another, the leader among them, while clients of the other two
// go on.
func TestHistoryOfReplacedMembersIsLinearizable(t *testing.T) {
	c := startCluster(t, 3, append([]string{"--commit-timeout", commitTimeoutOfRecorded.String()}, oftenCheckpoints...)...)
	old, stays := c.leader(), *c
	stays.nodes = c.others(old)
	r := startRecording(t, &stays, history.Options{Seed: 3})
	for range 3 {
		next := c.joiner(0, "")
		next.start()
		c.awaitVoter(next)
		c.nodes = append(c.nodes, next)
		r.awaitWrites(writesBetweenFaults)
		c.remove(old)
		expectRemoved(t, old)
		old.stop()
		r.awaitWrites(writesBetweenFaults)
		if old = next; c.leader() != next {
			if err := next.rdb().Do(t.Context(), "PAXOS", "LEADER", "TRANSFER", next.id).Err(); err != nil {
				t.Errorf("handing leadership to node %d: %v", next.id, err)
			}
		}
	}
	r.stop()
	c.awaitEqual()
}

// killMajority leaves one node, which can do nothing, until the others come back.
func killMajority(t *testing.T, c *cluster, _ *recording) {
	leader := c.leader()
	leader.kill()
	second := c.others(leader)[0]
	second.kill()
	last := c.others(leader)[1]
	await(t, "the last node to refuse a write", func() error {
		err := last.rdb().Set(t.Context(), "refused", "v", 0).Err()
		if outcomeOf(err) != refused {
			return fmt.Errorf("it answered %v", err)
		}
		return nil
	})
	leader.start()
	second.start()
	c.awaitServing()
}

func killAll(_ *testing.T, c *cluster, _ *recording) {
	for _, n := range c.nodes {
		n.signal(syscall.SIGKILL)
	}
	for _, n := range c.nodes {
		<-n.exited
	}
	c.start()
	c.awaitServing()
}

// TestStaleReadsAreFound shows that the check can fail: on nodes that were told to answer reads from what they have, and on what
// is not one store at all, where the newest write is missing from the node that reads come from. With that write it is one.
func TestStaleReadsAreFound(t *testing.T) {
	options := history.Options{Registers: 2, Accounts: -1, Lists: -1, PerRegister: 150, NoDeadlines: true}
	t.Run("of nodes told to", func(t *testing.T) {
		c := startCluster(t, 3, "--read-mode", "stale")
		expectStale(t, startRecording(t, c, options), true)
	})
	for name, lags := range map[string]bool{"of a store that lags": true, "none of one that does not": false} {
		t.Run(name, func(t *testing.T) {
			first, second := startSingle(t), startSingle(t)
			hook := &lagging{reads: second.rdb(), lags: lags}
			c := &cluster{t: t, nodes: []*node{first}}
			expectStale(t, startRecording(t, c, options, hook), lags)
		})
	}
}

// expectStale checks a recording and wants stale reads, with a picture of them, or none. To show that there is no order takes a
// search to its end, which may be far for some of the histories: one that is decided is enough.
func expectStale(t *testing.T, r *recording, want bool) {
	t.Helper()
	r.awaitWrites(4 * writesBetweenFaults)
	r.end()
	r.all.Wait()
	report := r.recorder.Check(staleCheckLimit, t.TempDir())
	t.Log(report)
	decided := slices.ContainsFunc(report.Violations, func(v history.Violation) bool { return !v.Undecided })
	if decided != want || !want && len(report.Violations) > 0 {
		t.Fatalf("%d violations", len(report.Violations))
	}
	if want {
		if _, err := os.Stat(report.Violations[0].Picture); err != nil {
			t.Error(err)
		}
	}
}

// lagging sends what reads to another node, and what writes there too: if it lags only once another write follows.
type lagging struct {
	reads *redis.Client
	lags  bool

	mu   sync.Mutex
	last []any // the newest write, which the other node does not have
}

func (l *lagging) DialHook(next redis.DialHook) redis.DialHook { return next }

func (l *lagging) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

func (l *lagging) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		switch strings.ToUpper(cmd.Name()) {
		case "GET", "OBJECT":
			return l.reads.Process(ctx, cmd)
		case "SET", "DEL", "INCR":
		default:
			return next(ctx, cmd) // how a connection begins, which happens within a command
		}
		l.mu.Lock()
		defer l.mu.Unlock()
		args := cmd.Args()
		if l.lags {
			args, l.last = l.last, args
		}
		if args != nil {
			if err := l.reads.Do(ctx, args...).Err(); err != nil && !errors.Is(err, redis.Nil) {
				return err
			}
		}
		return next(ctx, cmd)
	}
}
