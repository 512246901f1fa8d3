package resp

import (
	"fmt"
	"slices"
	"strings"

	"github.com/paxredis/paxredis/statemachine"
)

func latencyCommands() []localCommand {
	sub := func(name string, arity int, since, syntax, summary string, run localFunc) localCommand {
		return localCommand{local: run, Command: statemachine.Command{Name: name, Arity: arity, Since: since, Flags: adminOnly,
			Group: groupServer, Complexity: "O(1)", Summary: summary, Syntax: syntax}}
	}
	help := sub("HELP", 2, "2.8.13", "", "Returns helpful text about the different subcommands.", latencyHelp)
	help.Flags = anytime
	return []localCommand{{Command: statemachine.Command{Name: "LATENCY", Arity: -2, Flags: anytime, Group: groupServer, Since: "2.8.13",
		Complexity: "Depends on subcommand.", Summary: "A container for latency diagnostics commands."}, subcommands: []localCommand{
		sub("DOCTOR", 2, "2.8.13", "", "Returns a human-readable latency analysis report.", latencyDoctor).with(tipsReport),
		sub("GRAPH", 3, "2.8.13", "event", "Returns a latency graph for an event.", latencyGraph).with(tipsReport),
		help,
		sub("HISTOGRAM", -2, "7.0.0", "[command [command ...]]", "Returns the cumulative distribution of latencies of a subset or all commands.", latencyHistogramOf).with(tipsReport),
		sub("HISTORY", 3, "2.8.13", "event", "Returns timestamp-latency samples for an event.", latencyHistory).with(tipsReport),
		sub("LATEST", 2, "2.8.13", "", "Returns the latest latency samples for all events.", latencyLatest).with(tipsReport),
		sub("RESET", -2, "2.8.13", "[event [event ...]]", "Resets the latency data for one or more events.", latencyReset).with([]string{"request_policy:all_nodes", "response_policy:agg_sum"}),
	}}}
}

// latencyHistory: LATENCY HISTORY event.
func latencyHistory(l *eventLoop, _ *Client, args statemachine.Args, w *Writer) {
	s, _ := l.server.latency.series(string(args[2]))
	w.Array(len(s.samples))
	for _, sample := range s.samples {
		w.Array(2)
		w.Int(sample.second)
		w.Int(sample.millis)
	}
}

// latencyLatest: LATENCY LATEST.
func latencyLatest(l *eventLoop, _ *Client, _ statemachine.Args, w *Writer) {
	all := l.server.latency.all()
	w.Array(len(all))
	for _, event := range all {
		last := event.last()
		w.Array(4)
		w.BulkString(event.name)
		w.Int(last.second)
		w.Int(last.millis)
		w.Int(event.longest)
	}
}

// latencyReset: LATENCY RESET [event ...].
func latencyReset(l *eventLoop, _ *Client, args statemachine.Args, w *Writer) {
	w.Int(int64(l.server.latency.reset(args[2:])))
}

// latencyGraph: LATENCY GRAPH event.
func latencyGraph(l *eventLoop, _ *Client, args statemachine.Args, w *Writer) {
	s, ok := l.server.latency.series(string(args[2]))
	if !ok {
		w.Error("ERR No samples available for event '" + statemachine.Excerpt(args[2]) + "'")
		return
	}
	w.Verbatim("txt", s.graph(string(args[2]), l.now))
}

// latencyHistogramOf: LATENCY HISTOGRAM [command ...]. A container stands for its subcommands.
func latencyHistogramOf(l *eventLoop, _ *Client, args statemachine.Args, w *Writer) {
	if len(args) > maxNames {
		w.Error(errTooManyNames)
		return
	}
	var asked map[string]bool
	if len(args) > 2 {
		asked = make(map[string]bool)
		for _, arg := range args[2:] {
			c := findCommand(l.server.table, string(arg))
			if c.Command == nil {
				continue
			}
			for _, one := range appendCommands(nil, c.name, c.Command) {
				asked[one.name] = true
			}
		}
	}
	all := l.server.latencyInfo(asked)
	w.Map(len(all))
	for i := range all {
		w.BulkString(all[i].Name)
		w.Map(2)
		w.BulkString("calls")
		w.Int(int64(all[i].calls))
		w.BulkString("histogram_usec")
		steps := all[i].steps()
		w.Map(len(steps))
		for _, s := range steps {
			w.Int(s.micros)
			w.Int(s.calls)
		}
	}
}

// latencyDoctor: LATENCY DOCTOR.
func latencyDoctor(l *eventLoop, _ *Client, _ statemachine.Args, w *Writer) {
	all := l.server.latency.all()
	switch {
	case len(all) > 0:
		w.Verbatim("txt", doctorReport(all))
	case l.server.settings.monitorLatency() == 0:
		w.Verbatim("txt", "I'm sorry, Dave, I can't do that. Latency monitoring is disabled in this Redis instance. You may use "+
			"\"CONFIG SET latency-monitor-threshold <milliseconds>.\" in order to enable it. If we weren't in a deep space mission "+
			"I'd suggest to take a look at https://redis.io/topics/latency-monitor.\n")
	default:
		w.Verbatim("txt", "Dave, no latency spike was observed during the lifetime of this Redis instance, not in the slightest bit. "+
			"I honestly think you ought to sit down calmly, take a stress pill, and think things over.\n")
	}
}

// doctorReport tells of the spikes of each event, and what to do.
func doctorReport(all []namedSeries) string {
	var text strings.Builder
	text.WriteString("Dave, I have observed latency spikes in this Redis instance. You don't mind talking about it, do you Dave?\n\n")
	for i := range all {
		mean, deviation, period := all[i].figures()
		fmt.Fprintf(&text, "%d. %s: %d latency spikes (average %dms, mean deviation %dms, period %.2f sec). Worst all time event %dms.\n",
			i+1, all[i].name, len(all[i].samples), mean, deviation, period, all[i].longest)
	}
	text.WriteString("\nI have a few advices for you:\n\n")
	for _, advice := range advices {
		if slices.ContainsFunc(all, func(s namedSeries) bool { return slices.Contains(advice.events, s.name) }) {
			text.WriteString("- " + advice.text + "\n")
		}
	}
	return text.String()
}

// advices are what to do about which events.
var advices = []struct {
	events []string
	text   string
}{
	{[]string{eventCommand, eventFastCommand}, "Check your Slow Log to understand what are the commands you are running which are too slow to execute. " +
		"Please check https://redis.io/commands/slowlog for more information."},
	{[]string{eventCommand, eventExpire, eventEviction}, "Deleting, expiring or evicting large objects is a blocking operation. If you have very large objects, try to fragment them."},
	{[]string{eventSync}, "This node's disk took long to sync. A write is answered once a majority of the nodes has synced it: with one slow disk the others decide, " +
		"unless this node leads. Look for other programs that write to the disk, or give the data directory a disk of its own."},
	{[]string{eventExpire}, "Many keys expire at the same time. Spread their times to live."},
	{[]string{eventEviction}, "Choosing what to evict takes long. Lower maxmemory-samples, or raise maxmemory, so that less has to go at once."},
}

// latencyHelp: LATENCY HELP.
func latencyHelp(_ *eventLoop, _ *Client, _ statemachine.Args, w *Writer) {
	writeHelp(w, "LATENCY", []string{
		"DOCTOR", "    Return a human readable latency analysis report.",
		"GRAPH <event>", "    Return an ASCII latency graph for the <event> class.",
		"HISTORY <event>", "    Return time-latency samples for the <event> class.",
		"LATEST", "    Return the latest latency samples for all events.",
		"RESET [<event> ...]", "    Reset latency data of one or more <event> classes.",
		"    (default: reset all data for all event classes)",
		"HISTOGRAM [COMMAND ...]",
		"    Return a cumulative distribution of latencies in the format of a histogram for the specified command names.",
		"    If no commands are specified then all histograms are replied.",
	})
}
