package differential

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Difference is a call whose replies differ.
type Difference struct {
	// Calls are those up to the differing one, which is the last.
	Calls []Call
	// Command is the row of the differing call, nil for none.
	Command *Command
	// Call is the differing call: for one in a transaction the queued one, though its replies came with EXEC.
	Call []string
	// Ours and Theirs are the replies.
	Ours, Theirs Reply
	// replay is the whole sequence, to be run again.
	replay *replay
}

// command reports whether the differing call is of one of the commands.
func (d *Difference) command(names ...string) bool {
	return d.Command != nil && slices.Contains(names, d.Command.Name)
}

// Stats is what has been compared.
type Stats struct {
	// Sequences and Calls are how many there were; CutShort how many sequences ended early, where chance or a wanted difference made the
	// servers' data differ.
	Sequences, Calls, CutShort int
	// Drawn is how many of the calls were drawn, and not made to read what the drawn ones had written; OfGroup how many of these are of a
	// group, those in transactions among them.
	Drawn   int
	OfGroup map[string]int
	// Succeeded and Failed are how often each command, by its full name, replied with a value and with an error to both, alike.
	Succeeded, Failed map[string]int
	// Rules and Known are how often each made replies the same.
	Rules, Known map[string]int
}

// Comparison holds two servers against each other. It belongs to one goroutine.
type Comparison struct {
	ours, theirs runner
	commands     map[string]*Command
	probes       []*Command
	rules        []Rule
	known        []Known
	// Stats counts.
	Stats Stats
}

// NewComparison compares two servers by the rows of commands; the data of both is lost.
func NewComparison(ours, theirs runner, commands []*Command, known []Known) *Comparison {
	c := &Comparison{ours: ours, theirs: theirs, commands: make(map[string]*Command), rules: Rules(), known: known, Stats: newStats()}
	for _, row := range commands {
		c.commands[row.Name] = row
		if row.is("readonly") && row.takesOneKey() {
			c.probes = append(c.probes, row)
		}
	}
	return c
}

// writesByChance reports whether two servers' data differ after a call, unless their replies are the same.
func (c *Command) writesByChance() bool { return c.is("write") && tip("nondeterministic_output")(c) }

// takesOneKey reports whether a key is all that the command needs.
func (c *Command) takesOneKey() bool {
	return len(c.Grammars) > 0 && len(c.Grammars[0]) == 1 && c.Grammars[0][0].Kind == "key" && !c.Container
}

// lookup finds the row of a call, nil if there is none.
func (c *Comparison) lookup(args []string) *Command {
	row := c.commands[strings.ToLower(args[0])]
	if len(args) > 1 {
		sub := c.commands[strings.ToLower(args[0]+"|"+args[1])]
		if sub != nil || row != nil && row.Container {
			return sub
		}
	}
	return row
}

// reset makes both servers empty and both connections as new.
func (c *Comparison) reset() error {
	for _, s := range []runner{c.ours, c.theirs} {
		replies, err := s.Run(resetCalls)
		if err != nil {
			return err
		}
		for i, reply := range replies {
			if reply.IsError() {
				return fmt.Errorf("%v: %q: %v", s, resetCalls[i].Args, reply)
			}
		}
	}
	return nil
}

var resetCalls = []Call{{1, []string{"RESET"}}, {0, []string{"RESET"}}, {0, []string{"FLUSHALL"}}}

// probe are calls that read all keys of a sequence by all commands that need no more than a key.
func (c *Comparison) probe(calls []Call) []Call {
	keys := make(map[string]bool)
	for _, call := range calls {
		for _, arg := range call.Args[1:] {
			keys[arg] = strings.Contains(arg, ":") || slices.Contains(sharedKeys, arg)
		}
	}
	probes := []Call{{0, []string{"DISCARD"}}, {0, []string{"DBSIZE"}}, {0, []string{"KEYS", "*"}}}
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		for _, command := range c.probes {
			if keys[key] {
				probes = append(probes, Call{0, append(command.Words(), key)})
			}
		}
	}
	return probes
}

// Run resets both servers, runs a sequence and then reads all it wrote. It returns the first unwanted difference, or nil.
func (c *Comparison) Run(calls []Call) (*Difference, error) {
	if err := c.reset(); err != nil {
		return nil, err
	}
	drawn := len(calls)
	calls = slices.Concat(calls, c.probe(calls))
	ours, theirs, err := c.both(calls)
	if err != nil {
		return nil, err
	}
	c.Stats.Sequences++
	return c.compare(calls, drawn, ours, theirs), nil
}

// both runs calls on both servers at once.
func (c *Comparison) both(calls []Call) (ours, theirs []Reply, err error) {
	other := make(chan error, 1)
	go func() {
		var err error
		theirs, err = c.theirs.Run(calls)
		other <- err
	}()
	ours, err = c.ours.Run(calls)
	return ours, theirs, errors.Join(err, <-other)
}

// compare goes through the replies of a sequence, of whose calls the first ones were drawn.
func (c *Comparison) compare(calls []Call, drawn int, ours, theirs []Reply) *Difference {
	var queued [connections][][]string
	again := newReplay(calls)
	for i, call := range calls {
		c.count(call, i < drawn)
		queue := &queued[call.Client]
		var same verdict
		d := &Difference{Calls: calls[:i+1], Command: c.lookup(call.Args), Call: call.Args, Ours: ours[i], Theirs: theirs[i], replay: again}
		if d.command("exec") && len(*queue) == len(ours[i].Elements) && len(ours[i].Elements) == len(theirs[i].Elements) {
			d, same = c.executed(d, *queue)
		} else {
			same = c.judge(d)
		}
		switch {
		case same == different:
			return d
		case same == diverged:
			c.Stats.CutShort++
			return nil
		case ours[i].isQueued():
			*queue = append(*queue, call.Args)
		case d.Command != nil && closes(strings.ToUpper(call.Args[0])):
			*queue = nil
		}
	}
	return nil
}

func (c *Comparison) count(call Call, drawn bool) {
	c.Stats.Calls++
	if !drawn {
		return
	}
	c.Stats.Drawn++
	if row := c.lookup(call.Args); row != nil {
		c.Stats.OfGroup[row.Group]++
	}
}

// executed judges the replies of EXEC one by one.
func (c *Comparison) executed(d *Difference, queue [][]string) (*Difference, verdict) {
	if d.Ours.Kind != d.Theirs.Kind || d.Ours.Null != d.Theirs.Null {
		return d, c.judge(d)
	}
	if len(queue) == 0 {
		return d, c.judge(d)
	}
	c.Stats.Succeeded[d.Command.Name]++
	for i, call := range queue {
		inner := &Difference{Calls: d.Calls, Command: c.lookup(call), Call: call, Ours: d.Ours.Elements[i], Theirs: d.Theirs.Elements[i], replay: d.replay}
		if same := c.judge(inner); same != equal {
			return inner, same
		}
	}
	return d, equal
}

// verdict is what a pair of replies means.
type verdict int

const (
	equal     verdict = iota
	diverged          // as it should be, but the servers' data differ now
	different         // unwanted
)

// judge compares two replies to one call, and counts.
func (c *Comparison) judge(d *Difference) verdict {
	if !d.Ours.equal(d.Theirs) {
		if same, known := c.excused(d); !known {
			return same
		}
	}
	if d.Command != nil && !d.Ours.isQueued() {
		if d.Ours.IsError() {
			c.Stats.Failed[d.Command.Name]++
		} else {
			c.Stats.Succeeded[d.Command.Name]++
		}
	}
	return equal
}

// excused looks for the rule or the wanted difference that two replies come under; ok is false if that does not make them equal.
func (c *Comparison) excused(d *Difference) (same verdict, ok bool) {
	for _, k := range c.known {
		if k.Matches(d) && (k.Confirmed == nil || k.Confirmed(c.ours, c.theirs, d)) {
			c.Stats.Known[k.Name]++
			if k.Diverges {
				return diverged, false
			}
			return equal, true
		}
	}
	if d.Command == nil {
		return different, false
	}
	for _, rule := range c.rules {
		if !rule.Applies(d.Command) {
			continue
		}
		if !rule.Same(d.Call, d.Ours, d.Theirs) {
			return different, false
		}
		c.Stats.Rules[rule.Name]++
		if d.Command.writesByChance() {
			return diverged, false
		}
		return equal, true
	}
	return different, false
}
