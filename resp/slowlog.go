package resp

import (
	"fmt"
	"math"
	"strings"
	"sync"
	"time"

	"github.com/paxredis/paxredis/statemachine"
)

// What an entry of the slow log keeps of a command's arguments.
const (
	slowArgs     = 32
	slowArgBytes = 128
)

// slowLog keeps the newest commands that took long to run. Safe for use by several goroutines.
type slowLog struct {
	settings *Settings

	mu      sync.Mutex
	nextID  int64
	entries []slowEntry // oldest first
}

type slowEntry struct {
	id     int64
	at     time.Time
	micros int64
	args   []string
	addr   string
	name   string
	stages slowStages
}

// slowStages are how long a slow write was on its way besides its execution: until its chunk left for the log, until that was chosen and had its turn, while all of the
// chunk was applied, and until its replies came back to the event loop. sync is for how much of replicate this node's journal wrote and synced. All are 0 of what did
// not go through the log.
type slowStages struct{ queue, replicate, sync, apply, reply time.Duration }

// timed looks at how long a command took, for the slow log and the latency monitor.
func (s *Server) timed(c *Client, r *row, args statemachine.Args, nanos int64, at time.Time) {
	s.spike(r, nanos, at)
	if s.slow.wants(r, nanos) {
		s.slow.keep(c, slowArguments(r, args), nanos, at, slowStages{})
	}
}

// spike looks at how long a command took, for the latency monitor.
func (s *Server) spike(r *row, nanos int64, at time.Time) {
	if longest := s.settings.monitorLatency(); longest > 0 && nanos >= int64(longest) && r != nil {
		s.latency.note(latencyEvent(r), at, time.Duration(nanos))
	}
}

// latencyEvent is the event of a command that took long.
func latencyEvent(r *row) string {
	if r.Flags.Has(statemachine.Fast) {
		return eventFastCommand
	}
	return eventCommand
}

// wants reports whether a command that took so long is slow. EXEC never is, but its commands are (execTimes); those of scripts are not timed.
func (s *slowLog) wants(r *row, nanos int64) bool {
	threshold := s.settings.slowerThan()
	return threshold >= 0 && nanos/1000 >= threshold && r != nil && !r.Flags.Has(statemachine.SkipSlowlog)
}

// keep keeps a command that was slow, with what slowArguments says of its arguments. Its time is that of its execution alone: not what a
// write waited for a majority, or a read for its slot. That is in stages.
func (s *slowLog) keep(c *Client, args []string, nanos int64, at time.Time, stages slowStages) {
	e := slowEntry{stages: stages, at: at, micros: nanos / 1000, addr: c.remote.String(), name: c.name, args: args}
	s.mu.Lock()
	defer s.mu.Unlock()
	e.id = s.nextID
	s.nextID++
	s.entries = append(s.entries, e)
	if over := len(s.entries) - int(s.settings.slowlogLength()); over > 0 {
		clear(s.entries[:over])
		s.entries = s.entries[over:]
	}
}

// slowArguments copies what an entry keeps of the arguments, in Redis's way. Without any the name stands for them.
func slowArguments(r *row, args statemachine.Args) []string {
	if len(args) == 0 {
		return []string{commandTitle(r)}
	}
	args = redacted(r, args)
	kept := make([]string, 0, min(len(args), slowArgs))
	for i, arg := range args {
		if i == slowArgs-1 && len(args) > slowArgs {
			kept = append(kept, fmt.Sprintf("... (%d more arguments)", len(args)-i))
			break
		}
		if len(arg) > slowArgBytes {
			kept = append(kept, fmt.Sprintf("%s... (%d more bytes)", arg[:slowArgBytes], len(arg)-slowArgBytes))
			continue
		}
		kept = append(kept, string(arg))
	}
	return kept
}

// commandTitle is a command's name as people write it: "CLIENT KILL".
func commandTitle(r *row) string { return strings.ToUpper(strings.ReplaceAll(r.name, "|", " ")) }

// newest returns up to n entries, newest first; all of them if n is negative.
func (s *slowLog) newest(n int) []slowEntry {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n < 0 || n > len(s.entries) {
		n = len(s.entries)
	}
	found := make([]slowEntry, n)
	for i := range found {
		found[i] = s.entries[len(s.entries)-1-i]
	}
	return found
}

func (s *slowLog) len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.entries)
}

func (s *slowLog) reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.entries = nil
}

func slowlogCommands() localCommand {
	sub := func(name string, arity int, syntax, summary string, run localFunc) localCommand {
		return localCommand{local: run, Command: statemachine.Command{Name: name, Arity: arity, Since: "2.2.12", Flags: adminOnly,
			Group: groupServer, Complexity: "O(N) where N is the number of entries in the slowlog", Summary: summary, Syntax: syntax}}
	}
	help := sub("HELP", 2, "", "Show helpful text about the different subcommands", slowlogHelp)
	help.Flags = anytime
	return localCommand{Command: statemachine.Command{Name: "SLOWLOG", Arity: -2, Flags: anytime, Group: groupServer, Since: "2.2.12",
		Complexity: "Depends on subcommand.", Summary: "A container for slow log commands."}, subcommands: []localCommand{
		sub("GET", -2, "[count]", "Returns the slow log's entries.", slowlogGet).with([]string{"request_policy:all_nodes", "nondeterministic_output"}),
		help,
		sub("LEN", 2, "", "Returns the number of entries in the slow log.", func(l *eventLoop, _ *Client, _ statemachine.Args, w *Writer) {
			w.Int(int64(l.server.slow.len()))
		}).with([]string{"request_policy:all_nodes", "response_policy:agg_sum", "nondeterministic_output"}),
		sub("RESET", 2, "", "Clears all entries from the slow log.", func(l *eventLoop, _ *Client, _ statemachine.Args, w *Writer) {
			l.server.slow.reset()
			w.Status("OK")
		}).with(tipsAllNodes),
	}}
}

// slowlogGet: SLOWLOG GET [count].
func slowlogGet(l *eventLoop, _ *Client, args statemachine.Args, w *Writer) {
	if len(args) > 3 {
		w.Error(statemachine.BadSubcommand(args))
		return
	}
	entries, ok := l.server.slow.asked(args[2:])
	if !ok {
		w.Error(errSlowlogCount)
		return
	}
	w.Array(len(entries))
	for _, e := range entries {
		w.Array(6)
		w.Int(e.id)
		w.Int(e.at.Unix())
		w.Int(e.micros)
		e.writeArgs(w)
		w.BulkString(e.addr)
		w.BulkString(e.name)
	}
}

// asked returns the newest entries, as many as the arguments say: ten without any.
func (s *slowLog) asked(args statemachine.Args) (entries []slowEntry, ok bool) {
	count := 10
	if len(args) > 0 {
		n, ok := statemachine.ParseInt(args[0])
		if !ok || n < -1 || n > math.MaxInt32 {
			return nil, false
		}
		count = int(n)
	}
	return s.newest(count), true
}

func (e *slowEntry) writeArgs(w *Writer) {
	w.Array(len(e.args))
	for _, arg := range e.args {
		w.BulkString(arg)
	}
}

// paxosSlowlog: PAXOS SLOWLOG [count]. It is apart from SLOWLOG GET, whose entries clients expect to have six elements.
func paxosSlowlog(l *eventLoop, _ *Client, args statemachine.Args, w *Writer) {
	if len(args) > 3 {
		w.Error(errPaxosSyntax)
		return
	}
	entries, ok := l.server.slow.asked(args[2:])
	if !ok {
		w.Error(errSlowlogCount)
		return
	}
	w.Array(len(entries))
	for _, e := range entries {
		e.write(w)
	}
}

// write writes an entry as a map.
func (e *slowEntry) write(w *Writer) {
	number := func(name string, n int64) {
		w.BulkString(name)
		w.Int(n)
	}
	w.Map(11)
	number("id", e.id)
	number("time", e.at.Unix())
	number("execute_usec", e.micros)
	number("queue_usec", e.stages.queue.Microseconds())
	number("replicate_usec", e.stages.replicate.Microseconds())
	number("sync_usec", e.stages.sync.Microseconds())
	number("apply_usec", e.stages.apply.Microseconds())
	number("reply_usec", e.stages.reply.Microseconds())
	w.BulkString("command")
	e.writeArgs(w)
	w.BulkString("client")
	w.BulkString(e.addr)
	w.BulkString("client_name")
	w.BulkString(e.name)
}

// slowlogHelp: SLOWLOG HELP.
func slowlogHelp(_ *eventLoop, _ *Client, _ statemachine.Args, w *Writer) {
	writeHelp(w, "SLOWLOG", []string{
		"GET [<count>]", "    Return top <count> entries from the slowlog (default: 10, -1 mean all).", "    Entries are made of:",
		"    id, timestamp, time in microseconds, arguments array, client IP and port,", "    client name",
		"LEN", "    Return the length of the slowlog.", "RESET", "    Reset the slowlog.",
	})
}
