package differential

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

func newStats() Stats {
	return Stats{
		Succeeded: make(map[string]int), Failed: make(map[string]int), Rules: make(map[string]int), Known: make(map[string]int),
		OfGroup: make(map[string]int),
	}
}

// Report is what was compared and what was not, for people, with how many differences were found that are not wanted.
func (p *Plan) Report(stats Stats, differences int) string {
	var b strings.Builder
	succeeded, failed := 0, 0
	for _, n := range stats.Succeeded {
		succeeded += n
	}
	for _, n := range stats.Failed {
		failed += n
	}
	fmt.Fprintf(&b, "%d sequences (%d cut short), %d calls of %d commands: %d equal replies, %d equal errors, %d unwanted differences\n",
		stats.Sequences, stats.CutShort, stats.Calls, len(p.Commands), succeeded, failed, differences)
	fmt.Fprintf(&b, "%d of the calls were drawn, the others read what was written; drawn of each group:", stats.Drawn)
	for _, group := range slices.Sorted(maps.Keys(stats.OfGroup)) {
		fmt.Fprintf(&b, " %s %d", group, stats.OfGroup[group])
	}
	b.WriteString("\n")
	for _, rule := range Rules() {
		fmt.Fprintf(&b, "same by the rule %q: %d\n", rule.Name, stats.Rules[rule.Name])
	}
	for _, k := range p.Known {
		fmt.Fprintf(&b, "wanted difference %q, %d times: %s\n", k.Name, stats.Known[k.Name], k.Reason)
	}
	byReason := make(map[string][]string)
	for _, name := range slices.Sorted(maps.Keys(p.Skipped)) {
		if container, _, sub := strings.Cut(name, "|"); !sub || p.Skipped[container] == "" {
			byReason[p.Skipped[name]] = append(byReason[p.Skipped[name]], name)
		}
	}
	for _, reason := range slices.Sorted(maps.Keys(byReason)) {
		fmt.Fprintf(&b, "not compared: %s (%s)\n", strings.Join(byReason[reason], ", "), reason)
	}
	return b.String()
}

// Unexercised are the commands that never replied with a value, sorted. Containers are left out, since calls are of their subcommands.
func (p *Plan) Unexercised(stats Stats) []string {
	var missing []string
	for _, c := range p.Commands {
		if !c.Container && stats.Succeeded[c.Name] == 0 {
			missing = append(missing, c.Name)
		}
	}
	return missing
}

// String is the difference as rows for the table of cases, with both replies.
func (d *Difference) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%q\n  paxredis     %.400v\n  redis-server %.400v\n", d.Call, d.Ours, d.Theirs)
	for _, call := range d.Calls {
		b.WriteString("\t\t" + Line(call) + ",\n")
	}
	return b.String()
}

// Line is a call as Go source.
func Line(call Call) string {
	words := make([]string, len(call.Args))
	for i, arg := range call.Args {
		words[i] = fmt.Sprintf("%q", arg)
	}
	return fmt.Sprintf("{%d, []string{%s}}", call.Client, strings.Join(words, ", "))
}
