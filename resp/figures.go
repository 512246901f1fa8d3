package resp

import (
	"cmp"
	"math/bits"
	"slices"
	"time"

	"github.com/paxredis/paxredis/replication"
)

// Figures are what a server has counted since it started: those of INFO, but that CONFIG RESETSTAT does not reset.
type Figures struct {
	Commands []CommandFigures // those that were called or refused, by name
	Errors   []ErrorInfo      // by code
	// Reply is how long the replies of a chunk took from when it was applied until they were at their sockets, in nanoseconds.
	Reply                   replication.HistogramCounts
	Connections, Rejected   uint64
	InputBytes, OutputBytes uint64
	Hits, Misses            uint64
	Expired, ExpiredFields  uint64
	Evicted                 uint64
}

// CommandFigures are those of one command.
type CommandFigures struct {
	CommandInfo
	// Latency is how long its calls took to run, in nanoseconds. CONFIG RESETSTAT makes it begin anew, and CONFIG SET latency-tracking no ends it.
	Latency replication.HistogramCounts
	// Wait is how long clients have waited for its replies, in nanoseconds: from when a whole command was found in what the client had sent until its reply was
	// handed to the socket. It is never reset.
	Wait replication.HistogramCounts
}

// Figures returns what the server has counted. It may be called by any goroutine, and waits while a command is applied.
func (s *Server) Figures() Figures {
	t := s.total()
	f := Figures{Reply: s.replying.Read(), Connections: t.connections, Rejected: t.rejected, InputBytes: t.inputBytes, OutputBytes: t.outputBytes,
		Hits: t.hits, Misses: t.misses, Expired: t.expired, ExpiredFields: t.expiredFields, Evicted: t.evicted}
	known, waits := make(map[string]replication.HistogramCounts), s.waits()
	for _, l := range s.latencyInfo(nil) {
		known[l.Name] = l.powers()
	}
	for _, c := range s.commandInfo(t) {
		latency := known[c.Name]
		latency.Sum = uint64(max(c.Time, time.Duration(0)))
		f.Commands = append(f.Commands, CommandFigures{CommandInfo: c, Latency: latency, Wait: waits[c.Name]})
	}
	for code, n := range t.errors {
		f.Errors = append(f.Errors, ErrorInfo{code, n})
	}
	slices.SortFunc(f.Errors, func(a, b ErrorInfo) int { return cmp.Compare(a.Code, b.Code) })
	return f
}

// powers are the latencies by powers of two, each of which is made of whole buckets.
func (l *latencies) powers() (c replication.HistogramCounts) {
	for i, n := range l.counts {
		if n > 0 {
			c.Counts[bits.Len64(uint64(bucketTop(i)))] += n
		}
	}
	return c
}
