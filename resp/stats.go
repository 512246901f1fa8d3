package resp

import (
	"bytes"
	"sync"
	"sync/atomic"

	"github.com/paxredis/paxredis/replication"
)

// commandStats are the figures of one command on one loop. Only the loop writes them, so that the additions never
// contend; INFO may read them at any time.
type commandStats struct {
	calls, nanos, rejected, failed atomic.Uint64
	// latency is made with the first call that is timed. CONFIG RESETSTAT, from another goroutine, takes it away.
	latency atomic.Pointer[latencyHistogram]
	// wait is made with the first call that is answered, and never taken away.
	wait atomic.Pointer[replication.Histogram]
}

// took notes how long a call took.
func (c *commandStats) took(nanos int64) {
	h := c.latency.Load()
	if h == nil {
		h = new(latencyHistogram)
		c.latency.Store(h)
	}
	h.add(nanos)
}

// loopStats are a loop's figures. They only grow; Server.baseline has what CONFIG RESETSTAT took away.
type loopStats struct {
	settings    *Settings
	commands    []commandStats
	inputBytes  atomic.Uint64
	outputBytes atomic.Uint64
	reads       atomic.Uint64             // of sockets, that something came of
	writes      atomic.Uint64             // to sockets
	dropped     [overLimits]atomic.Uint64 // clients, by the limit that they were beyond
	maxInput    atomic.Int64              // the most unread input of a client
	maxOutput   atomic.Int64              // the most replies that were held for a client

	mu     sync.Mutex // errors are rare
	errors map[string]uint64
}

// maxErrorCodes bounds the error codes that are counted apart; a client can make up codes no more than it can commands,
// but replies of scripts will be able to.
const maxErrorCodes = 128

func (s *loopStats) init(commands int, settings *Settings) {
	s.settings = settings
	s.commands = make([]commandStats, commands)
	s.errors = make(map[string]uint64)
}

// count notes a command that was answered. r is nil for one that is not in the table.
func (s *loopStats) count(r *row, reply []byte, nanos int64) {
	failed := len(reply) > 0 && reply[0] == '-'
	if failed {
		s.countError(reply)
	}
	if r == nil {
		return
	}
	c := &s.commands[r.index]
	c.calls.Add(1)
	c.nanos.Add(uint64(nanos))
	if nanos > 0 && s.settings.tracksLatency() {
		c.took(nanos)
	}
	if failed {
		c.failed.Add(1)
	}
}

// raise raises a maximum that only the loop writes.
func raise(most *atomic.Int64, n int) {
	if int64(n) > most.Load() {
		most.Store(int64(n))
	}
}

// time adds to how long a command took, which was counted without.
func (s *loopStats) time(r *row, nanos int64) {
	c := &s.commands[r.index]
	c.nanos.Add(uint64(nanos))
	if s.settings.tracksLatency() {
		c.took(nanos)
	}
}

// reject notes a command that was not run; r is nil for one that is not in the table.
func (s *loopStats) reject(r *row) {
	if r != nil {
		s.commands[r.index].rejected.Add(1)
	}
}

func (s *loopStats) countError(reply []byte) {
	code := reply[1:]
	if i := bytes.IndexAny(code, " \r"); i >= 0 {
		code = code[:i]
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, known := s.errors[string(code)]; known || len(s.errors) < maxErrorCodes {
		s.errors[string(code)]++
	}
}

// totals are the sums over all loops.
type totals struct {
	commands                           []commandTotals // by row.index
	errors                             map[string]uint64
	inputBytes, outputBytes, processed uint64
	reads, writes                      uint64
	connections, rejected              uint64
	hits, misses                       uint64
	expired, expiredFields, evicted    uint64
	denied                             [deniedReasons]uint64
	dropped                            [overLimits]uint64
	maxInput, maxOutput                int64 // since the start
}

type commandTotals struct{ calls, nanos, rejected, failed uint64 }

// total adds up what all loops and the listener have counted since the start.
func (s *Server) total() totals {
	t := totals{commands: make([]commandTotals, len(s.rows)), errors: make(map[string]uint64),
		connections: s.accepted.Load(), rejected: s.turnedAway.Load()}
	for reason := range t.denied {
		t.denied[reason] = s.denials.counts[reason].Load()
	}
	state := s.machine.Stats()
	t.hits, t.misses, t.expired, t.expiredFields, t.evicted = state.Hits, state.Misses, state.Expired, state.ExpiredFields, state.Evicted
	for _, l := range s.allLoops() {
		t.inputBytes += l.stats.inputBytes.Load()
		t.outputBytes += l.stats.outputBytes.Load()
		t.reads += l.stats.reads.Load()
		t.writes += l.stats.writes.Load()
		for limit := range t.dropped {
			t.dropped[limit] += l.stats.dropped[limit].Load()
		}
		t.maxInput = max(t.maxInput, l.stats.maxInput.Load())
		t.maxOutput = max(t.maxOutput, l.stats.maxOutput.Load())
		for i := range t.commands {
			c, sum := &l.stats.commands[i], &t.commands[i]
			calls := c.calls.Load()
			sum.calls += calls
			t.processed += calls
			sum.nanos += c.nanos.Load()
			sum.rejected += c.rejected.Load()
			sum.failed += c.failed.Load()
		}
		l.stats.mu.Lock()
		for code, n := range l.stats.errors {
			t.errors[code] += n
		}
		l.stats.mu.Unlock()
	}
	return t
}

// sinceReset returns the totals since the last CONFIG RESETSTAT.
func (s *Server) sinceReset() totals {
	t := s.total()
	base := s.baseline.Load()
	if base == nil {
		return t
	}
	for i := range t.commands {
		c, b := &t.commands[i], &base.commands[i]
		c.calls -= b.calls
		c.nanos -= b.nanos
		c.rejected -= b.rejected
		c.failed -= b.failed
	}
	for code, n := range base.errors {
		if t.errors[code] -= n; t.errors[code] == 0 {
			delete(t.errors, code)
		}
	}
	t.inputBytes -= base.inputBytes
	t.outputBytes -= base.outputBytes
	t.reads -= base.reads
	t.writes -= base.writes
	t.processed -= base.processed
	t.connections -= base.connections
	t.rejected -= base.rejected
	t.hits -= base.hits
	t.misses -= base.misses
	t.expired -= base.expired
	t.expiredFields -= base.expiredFields
	t.evicted -= base.evicted
	for reason := range t.denied {
		t.denied[reason] -= base.denied[reason]
	}
	for limit := range t.dropped {
		t.dropped[limit] -= base.dropped[limit]
	}
	return t
}

// resetStats makes sinceReset begin anew.
func (s *Server) resetStats() {
	t := s.total()
	s.baseline.Store(&t)
	for _, l := range s.allLoops() {
		for i := range l.stats.commands {
			l.stats.commands[i].latency.Store(nil)
		}
	}
}
