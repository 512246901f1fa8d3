package integration

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/paxredis/paxredis/integration/figures"
	"github.com/paxredis/paxredis/integration/history"
)

// TestHistoriesAreLinearizable has clients of all three nodes use all kinds of commands while nodes are killed, frozen and
// handed the leadership, and looks for an order in which what each of them saw could have happened.
func TestHistoriesAreLinearizable(t *testing.T) {
	t.Parallel()
	for i, mode := range []string{"quorum", "lease"} {
		t.Run(mode, func(t *testing.T) {
			c := startCluster(t, 3, "--read-mode", mode, "--commit-timeout", commitTimeoutOfRecorded.String())
			r := startRecording(t, c, history.Options{Seed: uint64(i + 1)})
			for _, fault := range []crash{
				{"the leader is killed", killOne((*cluster).leader)},
				{"a follower is killed", killOne((*cluster).follower)},
				{"the leader is frozen", freezeOne((*cluster).leader)},
				{"leadership is handed over twice", handOverTwice},
				{"a follower is frozen", freezeOne((*cluster).follower)},
				{"the leader is frozen", freezeOne((*cluster).leader)},
				{"a majority is killed", killMajority},
				{"leadership is handed over twice", handOverTwice},
				{"all are killed", killAll},
				{"the leader is frozen", freezeOne((*cluster).leader)},
			} {
				r.fault(fault.name)
				fault.run(t, c, r)
				r.awaitWrites(writesBetweenFaults)
			}
			r.stop()
		})
	}
}

// TestHistoryOfRestartsIsLinearizable kills one node again and again, also before it serves.
func TestHistoryOfRestartsIsLinearizable(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 3, append([]string{"--commit-timeout", commitTimeoutOfRecorded.String()}, oftenCheckpoints...)...)
	r := startRecording(t, c, history.Options{Seed: 4})
	for _, fault := range []crash{
		{"the leader is restarted in a loop", restartInALoop((*cluster).leader)},
		{"a follower is restarted in a loop", restartInALoop((*cluster).follower)},
	} {
		r.fault(fault.name)
		fault.run(t, c, r)
		r.awaitWrites(writesBetweenFaults)
	}
	r.stop()
}

// TestHistoryOfReplacedMembersIsLinearizable replaces one member after another, the leader among them.
func TestHistoryOfReplacedMembersIsLinearizable(t *testing.T) {
	c := startFaulty(t, 3, append([]string{"--commit-timeout", commitTimeoutOfRecorded.String()}, oftenCheckpoints...)...)
	r := startRecording(t, c.cluster, history.Options{Seed: 3})
	for _, fault := range replacements {
		r.fault(fault.name)
		fault.run(t, c, r)
	}
	r.stop()
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
			patient := []string{"--commit-timeout", limit.String()}
			first, second := startSingle(t, patient...), startSingle(t, patient...)
			hook := &lagging{writes: first.rdb(), reads: second.rdb(), lags: lags}
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
	report := r.recorder.Check(staleCheckLimit, t.TempDir())
	t.Log(report)
	figures.Log(t, fmt.Sprintf("%d operations (%d unknown), %d histories checked, %d violations, of which some are to be found: %t",
		report.Operations, report.Unknown, report.Histories, len(report.Violations), want))
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

// staleCheckLimit bounds a search that need not come to an end.
const staleCheckLimit = 20 * time.Second

// lagging is one store made of two nodes: it writes to one and then to the other, and reads from the other. If it lags, the other gets a
// write only once another follows. Its own clients wait for as long as it takes: after a write of unknown outcome the nodes would differ.
type lagging struct {
	writes, reads *redis.Client
	lags          bool

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
			return l.write(ctx, cmd)
		}
		return next(ctx, cmd) // how a connection begins, which happens within a command
	}
}

func (l *lagging) write(ctx context.Context, cmd redis.Cmder) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	err := l.writes.Process(ctx, cmd)
	if err != nil && !errors.Is(err, redis.Nil) {
		return err
	}
	args := cmd.Args()
	if l.lags {
		args, l.last = l.last, args
	}
	if args == nil {
		return err
	}
	if copied := l.reads.Do(ctx, args...).Err(); copied != nil && !errors.Is(copied, redis.Nil) {
		return fmt.Errorf("written to one node, not to the other: %v", copied) // whatever the cause is, the write is not refused
	}
	return err
}
