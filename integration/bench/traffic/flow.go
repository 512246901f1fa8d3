// Package traffic sends commands to servers that speak the Redis protocol, over many connections, and measures the time of each reply. It does
// as little as it can for a command, since it runs on the processors of what it measures.
//
// Without a pace each connection has as many commands under way as its pipeline holds, and sends the next when all are answered: a closed
// loop, which shows how much a server can do. With a pace each connection sends at its moments, whatever the server does: a reply that
// is late makes those behind it late, and their time counts from when they were due. That shows what clients notice of a server that stands still.
// Where a server is behind all the while, that is no more than how long it was watched: patient connections show how long a command takes.
package traffic

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// A Command appends one command, as it is sent, to b. Connections call it at the same time, each with a generator of its own.
type Command func(random *rand.Rand, b []byte) []byte

// Options say what is sent.
type Options struct {
	Addrs       []string      // of the servers, over which the connections are spread evenly
	Connections int           // over all servers, at least 1
	Pipeline    int           // commands that a connection sends at once; 0 is 1
	Every       time.Duration // pace of each connection, from one pipeline to the next; 0: as soon as the one before is answered
	Patient     bool          // with a pace: what could not be sent when it was due is left out, so that no command ever waits for another
	Requests    int           // at which it ends; 0: when it is told
	Command     Command
	// Tolerant counts the errors that servers answer, and goes on; a connection that is lost ends by itself. Otherwise both end all.
	Tolerant bool
}

// Result is what was answered in a while.
type Result struct {
	Latencies        // of all replies, errors included
	Errors    uint64 // replies that were errors
	Failure   string // one of those
	Lost      int    // connections that are gone
	Took      time.Duration
	PerSecond float64 // replies
}

// Flow is under way. Its methods may be called by one goroutine.
type Flow struct {
	options     Options
	cancel      context.CancelFunc
	running     sync.WaitGroup
	connections []*connection
	errs        []error // by connection
	left        atomic.Int64

	epoch   atomic.Pointer[epoch]
	cut     *epoch // the one that a Cut has ended; nil without
	lost    atomic.Int64
	failure atomic.Pointer[string]
}

// epoch is the time from one Take, or Cut, to the next.
type epoch struct {
	since    time.Time
	counts   *Histogram
	before   *Histogram // of the epoch before, for its last replies
	answered atomic.Uint64
	failures atomic.Uint64
}

// record counts replies to commands that were due at a moment.
func (f *Flow) record(due time.Time, replies int) {
	took := time.Since(due)
	e := f.epoch.Load()
	e.answered.Add(uint64(replies))
	if due.Before(e.since) {
		e.before.Record(took, replies)
	} else {
		e.counts.Record(took, replies)
	}
}

// drainLimit is how long replies are waited for that are outstanding at the end. It is longer than a server takes to give a command up.
const drainLimit = 20 * time.Second

// dialLimit is how long a server may take to accept a connection.
const dialLimit = 5 * time.Second

// Start opens the connections and begins. The flow must be stopped. When ctx ends, it sends no more.
func Start(ctx context.Context, o Options) (*Flow, error) {
	if len(o.Addrs) == 0 || o.Connections < 1 || o.Command == nil {
		return nil, errors.New("traffic: Addrs, Connections and Command must be given")
	}
	o.Pipeline = max(o.Pipeline, 1)
	conns, err := dialAll(ctx, o)
	if err != nil {
		return nil, err
	}
	f := &Flow{options: o, errs: make([]error, len(conns))}
	f.left.Store(int64(o.Requests))
	f.epoch.Store(&epoch{since: time.Now(), counts: new(Histogram), before: new(Histogram)})
	for i, conn := range conns {
		f.connections = append(f.connections, newConnection(f, conn, uint64(i)))
	}
	ctx, f.cancel = context.WithCancel(ctx)
	for i, c := range f.connections {
		f.running.Go(func() { f.errs[i] = f.ended(c.run(ctx), c.conn) })
	}
	return f, nil
}

func dialAll(ctx context.Context, o Options) ([]net.Conn, error) {
	dialer := &net.Dialer{Timeout: dialLimit}
	conns := make([]net.Conn, o.Connections)
	for i := range conns {
		var err error
		if conns[i], err = dialer.DialContext(ctx, "tcp", o.Addrs[i%len(o.Addrs)]); err != nil {
			for _, c := range conns[:i] {
				err = errors.Join(err, c.Close())
			}
			return nil, fmt.Errorf("traffic: %w", err)
		}
	}
	return conns, nil
}

// ended closes a connection, and has the others end if there was an error.
func (f *Flow) ended(err error, conn net.Conn) error {
	if err != nil && f.options.Tolerant {
		f.lost.Add(1)
		f.failed(err.Error())
		err = nil
	}
	if err != nil {
		f.cancel()
		err = fmt.Errorf("traffic: %v: %w", conn.RemoteAddr(), err)
	}
	return errors.Join(err, conn.Close())
}

func (f *Flow) failed(text string) { f.failure.Store(&text) }

// take returns how many commands a connection may send now.
func (f *Flow) take() int {
	if f.options.Requests == 0 {
		return f.options.Pipeline
	}
	left := int(f.left.Add(-int64(f.options.Pipeline)))
	return max(0, min(f.options.Pipeline, left+f.options.Pipeline))
}

// Cut ends the time that the next Take is about, which is otherwise when that is called.
func (f *Flow) Cut() {
	f.cut = f.epoch.Load()
	f.epoch.Store(&epoch{since: time.Now(), counts: new(Histogram), before: f.cut.counts})
}

// Take returns what became of the commands since Start or the Take before, and goes on. It waits for the replies to those that were due in
// that time, so that what a server holds up at its end is not forgotten.
func (f *Flow) Take() Result {
	if f.cut == nil {
		f.Cut()
	}
	old, end := f.cut, f.epoch.Load().since
	f.cut = nil
	f.awaitReplies(end)
	r := Result{Latencies: old.counts.latencies(), Errors: old.failures.Load(), Lost: int(f.lost.Load()), Took: end.Sub(old.since)}
	r.PerSecond = float64(old.answered.Load()) / r.Took.Seconds()
	if text := f.failure.Swap(nil); text != nil {
		r.Failure = *text
	}
	return r
}

// drainLook is how often it is looked whether the replies have come.
const drainLook = time.Millisecond

// awaitReplies waits until all that was due before a moment is answered, but not for ever.
func (f *Flow) awaitReplies(moment time.Time) {
	tick := time.NewTicker(drainLook)
	defer tick.Stop()
	limit := time.NewTimer(drainLimit)
	defer limit.Stop()
	for _, c := range f.connections {
		for c.isBehind(moment) {
			select {
			case <-tick.C:
			case <-limit.C:
				return
			}
		}
	}
}

// Stop has no more sent, waits for what is outstanding, and returns what was answered since the last Take.
func (f *Flow) Stop() (Result, error) {
	f.cancel()
	return f.Wait()
}

// Wait waits until all Requests are answered, or the flow ends for another reason.
func (f *Flow) Wait() (Result, error) {
	f.running.Wait()
	f.cancel()
	return f.Take(), errors.Join(f.errs...)
}

// Run sends Requests commands, or sends until ctx ends, which is no error.
func Run(ctx context.Context, o Options) (Result, error) {
	f, err := Start(ctx, o)
	if err != nil {
		return Result{}, err
	}
	return f.Wait()
}
