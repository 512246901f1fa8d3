package integration

import (
	"context"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/paxredis/paxredis/integration/figures"
	"github.com/paxredis/paxredis/integration/history"
)

const (
	// commitTimeoutOfRecorded is shorter than the clients' own, so that errors of the nodes are among the outcomes.
	commitTimeoutOfRecorded = 400 * time.Millisecond
	// clientTimeout is shorter than a node stands still, so that new commands wait for it when it goes on.
	clientTimeout       = 500 * time.Millisecond
	writesBetweenFaults = 500
	// writesUnderFault are fewer, since each may take as long as an election, or a timeout.
	writesUnderFault = 200
	recordersOfANode = 6 // clients
	checkLimit       = 60 * time.Second
)

// recording is clients of a cluster whose commands are recorded. It belongs to the test's goroutine.
type recording struct {
	t        *testing.T
	recorder *history.Recorder
	workload *history.Workload
	cluster  *cluster
	hooks    []redis.Hook
	clients  int
	ends     map[*node]func() // end a node's clients, and wait for them
	faults   tally
}

// startRecording starts clients of every node, with these hooks, and waits until they get on.
func startRecording(t *testing.T, c *cluster, o history.Options, hooks ...redis.Hook) *recording {
	t.Helper()
	recorder := history.NewRecorder()
	r := &recording{t: t, recorder: recorder, workload: history.NewWorkload(recorder, o), cluster: c, hooks: hooks,
		ends: make(map[*node]func()), faults: make(tally)}
	t.Cleanup(r.end)
	r.on(c.nodes...)
	r.awaitWrites(writesBetweenFaults)
	return r
}

// on starts clients of nodes.
func (r *recording) on(nodes ...*node) {
	for _, n := range nodes {
		ctx, cancel := context.WithCancel(r.t.Context())
		all := new(sync.WaitGroup)
		for range recordersOfANode {
			id := r.clients
			r.clients++
			all.Go(func() {
				client := history.NewClient(n.address, clientTimeout)
				defer client.Close()
				for _, hook := range r.hooks {
					client.AddHook(hook)
				}
				if err := r.workload.Run(ctx, client, id); err != nil {
					r.t.Error(err)
				}
			})
		}
		r.ends[n] = func() { cancel(); all.Wait() }
	}
}

// off ends the clients of a node.
func (r *recording) off(n *node) {
	r.ends[n]()
	delete(r.ends, n)
}

// end ends all clients.
func (r *recording) end() {
	for n := range r.ends {
		r.off(n)
	}
}

// fault notes that what is named so is about to go wrong.
func (r *recording) fault(name string) {
	r.t.Log(name)
	r.faults[name]++
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
	report := r.check(checkLimit)
	if err := report.Err(); err != nil {
		r.t.Error(err)
	}
	r.cluster.awaitServing()
	r.cluster.awaitEqual()
	return report
}

// check searches what was recorded and prints the figures. Pictures of what is wrong stay after the test.
func (r *recording) check(limit time.Duration) *history.Report {
	r.t.Helper()
	dir, err := os.MkdirTemp("", "paxredis-histories-")
	if err != nil {
		r.t.Fatal(err)
	}
	report := r.recorder.Check(limit, dir)
	r.t.Log(report)
	figures.Log(r.t, fmt.Sprintf("%d operations (%d unknown), faults: %v; %d histories checked, %d violations; longest time without a successful write %v",
		report.Operations, report.Unknown, r.faults, report.Histories, len(report.Violations), report.WithoutWrite.Round(time.Millisecond)))
	if len(report.Violations) == 0 {
		if err := os.Remove(dir); err != nil {
			r.t.Error(err)
		}
	}
	return report
}
