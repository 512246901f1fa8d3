package resp

import (
	"context"
	"runtime/debug"
	"runtime/metrics"
	"strings"

	"github.com/paxredis/paxredis/statemachine"
)

// memoryCommands are what MEMORY has beside USAGE, which the state machine answers.
func memoryCommands() []localCommand {
	sub := func(name, summary string, run localFunc) localCommand {
		return localCommand{local: run, Command: statemachine.Command{Name: name, Arity: 2, Since: "4.0.0", Group: groupServer,
			Complexity: "O(1)", Summary: summary, Tips: []string{"nondeterministic_output", "request_policy:all_shards", "response_policy:special"}}}
	}
	help := sub("HELP", "Returns helpful text about the different subcommands.", memoryHelp)
	help.Tips, help.Flags = nil, anytime
	purge := localCommand{special: memoryPurge, Command: statemachine.Command{Name: "PURGE", Arity: 2, Since: "4.0.0", Group: groupServer,
		Flags: statemachine.NoMulti, Complexity: "O(N) where N is the size of the heap",
		Summary: "Collects garbage, and gives memory back to the system.", Tips: []string{"request_policy:all_shards", "response_policy:all_succeeded"}}}
	return []localCommand{{Command: statemachine.Command{Name: "MEMORY"}, subcommands: []localCommand{
		sub("DOCTOR", "Outputs a memory problems report.", memoryDoctor),
		help,
		sub("MALLOC-STATS", "Returns the statistics of the allocator, which is Go's.", memoryMallocStats),
		purge,
		sub("STATS", "Returns details about memory usage.", memoryStats),
	}}}
}

// memoryPurge: MEMORY PURGE.
func memoryPurge(l *eventLoop, c *Client, r *row, _ statemachine.Args) {
	l.errand(c, r, func(context.Context) func(w *Writer) {
		debug.FreeOSMemory()
		return writeOK
	})
}

// memoryMallocStats: MEMORY MALLOC-STATS. The figures are those of Go's runtime/metrics about memory and its collector.
func memoryMallocStats(_ *eventLoop, _ *Client, _ statemachine.Args, w *Writer) {
	var samples []metrics.Sample
	for _, d := range metrics.All() {
		isMemory := strings.HasPrefix(d.Name, "/memory/") || strings.HasPrefix(d.Name, "/gc/")
		if isMemory && (d.Kind == metrics.KindUint64 || d.Kind == metrics.KindFloat64) {
			samples = append(samples, metrics.Sample{Name: d.Name})
		}
	}
	metrics.Read(samples)
	var text infoWriter
	for _, s := range samples {
		if s.Value.Kind() == metrics.KindUint64 {
			text.num(s.Name, s.Value.Uint64())
		} else {
			text.fixed(s.Name, s.Value.Float64(), 3)
		}
	}
	w.Verbatim("txt", string(text.text))
}

// memoryStats: MEMORY STATS. The allocator is that of the keyspace, as in INFO, and what there is not here is 0.
func memoryStats(l *eventLoop, _ *Client, _ statemachine.Args, w *Writer) {
	s := l.server
	state := s.machine.Stats()
	m := s.memoryInfo(&state)
	keys := 0
	for _, d := range state.Databases {
		keys += d.Keys
	}
	perKey := uint64(0)
	if keys > 0 {
		perKey = m.Dataset / uint64(keys)
	}
	whole := []struct {
		name  string
		value uint64
	}{
		{"peak.allocated", m.Peak}, {"total.allocated", m.Used}, {"startup.allocated", m.Start}, {"replication.backlog", 0}, {"clients.slaves", 0},
		{"clients.normal", m.Clients}, {"cluster.links", 0}, {"aof.buffer", 0}, {"lua.caches", 0}, {"functions.caches", 0}, {"overhead.total", m.Used - m.Dataset},
		{"keys.count", uint64(keys)}, {"keys.bytes-per-key", perKey}, {"dataset.bytes", m.Dataset},
	}
	shares := []struct {
		name  string
		value float64
	}{
		{"dataset.percentage", 100 * ratio(m.Dataset, m.Used)}, {"peak.percentage", 100 * ratio(m.Used, m.Peak)},
	}
	w.Map(len(whole) + len(shares) + 3 + 2*4)
	for _, field := range whole {
		writeNumber(w, field.name, int64(field.value))
	}
	for _, field := range shares {
		w.BulkString(field.name)
		w.Double(field.value)
	}
	writeNumber(w, "allocator.allocated", int64(m.Dataset))
	writeNumber(w, "allocator.active", int64(m.Mapped))
	writeNumber(w, "allocator.resident", int64(m.Mapped))
	for _, pair := range []struct {
		name        string
		whole, part uint64
	}{{"allocator-fragmentation", m.Mapped, m.Dataset}, {"allocator-rss", m.Mapped, m.Mapped},
		{"rss-overhead", m.RSS, m.Mapped}, {"fragmentation", m.RSS, m.Used}} {
		name := pair.name + ".ratio"
		if pair.name == "fragmentation" {
			name = pair.name
		}
		w.BulkString(name)
		w.Double(ratio(pair.whole, pair.part))
		writeNumber(w, pair.name+".bytes", int64(pair.whole)-int64(pair.part))
	}
}

// What MEMORY DOCTOR looks at: a heap so small that nothing can be said, a peak that was far higher, and more that is resident than is
// used.
const (
	leastDiagnosed     = 5 << 20
	worryingPeak       = 1.5
	worryingRSS        = 1.4
	leastWorryingExtra = 10 << 20
)

// memoryDoctor: MEMORY DOCTOR.
func memoryDoctor(l *eventLoop, _ *Client, _ statemachine.Args, w *Writer) {
	state := l.server.machine.Stats()
	w.Verbatim("txt", memoryReport(l.server.memoryInfo(&state)))
}

// memoryReport is what MEMORY DOCTOR says, in Redis's words as far as they fit.
func memoryReport(m MemoryInfo) string {
	if m.Used < leastDiagnosed {
		return "Hi Sam, this instance is empty or is using very little memory, my issues detector can't be used in these conditions. " +
			"Please, leave for your mission on Earth and fill it with some data. The new Sam and I will be back to our programming as soon as I finished rebooting.\n"
	}
	var issues strings.Builder
	if ratio(m.Peak, m.Used) > worryingPeak {
		issues.WriteString(" * Peak memory: In the past this instance used more than 150% the memory that is currently using. " +
			"The allocator is normally not able to release memory after a peak, so you can expect to see a big fragmentation ratio, " +
			"however this is actually harmless and is only due to the memory peak, and if the Redis instance Resident Set Size (RSS) " +
			"is currently bigger than expected, the memory will be used as soon as you fill the Redis instance with more data. " +
			"If the memory peak was only occasional and you want to try to reclaim memory, please try the MEMORY PURGE command, " +
			"otherwise the only other option is to shutdown and restart the instance.\n\n")
	}
	if ratio(m.RSS, m.Used) > worryingRSS && m.RSS > m.Used+leastWorryingExtra {
		issues.WriteString(" * High total RSS: This instance has a memory fragmentation and RSS overhead greater than 1.4 " +
			"(this means that the Resident Set Size of the Redis process is much larger than the sum of the logical allocations Redis performed). " +
			"This problem is usually due either to a large peak memory (check if there is a peak memory entry above in the report), " +
			"or to garbage that has not been collected yet: the allocator is Go's, which lets the heap grow before it collects (GOGC).\n\n")
	}
	if issues.Len() == 0 {
		return "Hi Sam, I can't find any memory issue in your instance. I can only account for what occurs on this base.\n"
	}
	return "Sam, I detected a few issues in this Redis instance memory implants:\n\n" + issues.String() +
		"I'm here to keep you safe, Sam. I want to help you.\n"
}

// memoryHelp: MEMORY HELP.
func memoryHelp(_ *eventLoop, _ *Client, _ statemachine.Args, w *Writer) {
	writeHelp(w, "MEMORY", []string{
		"DOCTOR", "    Return memory problems reports.",
		"MALLOC-STATS", "    Return internal statistics report from the memory allocator.",
		"PURGE", "    Attempt to purge dirty pages for reclamation by the allocator.",
		"STATS", "    Return information about the memory usage of the server.",
		"USAGE <key> [SAMPLES <count>]", "    Return memory in bytes used by <key> and its value. Nested values are",
		"    sampled up to <count> times (default: 5, 0 means sample all).",
	})
}
