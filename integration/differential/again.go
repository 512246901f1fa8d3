package differential

import (
	"slices"
	"strings"
)

// Again returns a function that says whether a sequence differs the way d does: in a reply to the same command, and in the same kinds of
// replies. What it runs is not counted.
func (c *Comparison) Again(d *Difference) func(calls []Call) bool {
	quiet := *c
	quiet.Stats = newStats()
	want := signature(d)
	return func(calls []Call) bool {
		if c.mayBlock(calls) {
			return false
		}
		found, err := quiet.Run(calls)
		return err == nil && found != nil && signature(found) == want
	}
}

// signature is what two differences have in common that come from the same fault.
func signature(d *Difference) string {
	name := "unknown"
	if d.Command != nil {
		name = d.Command.Name
	}
	return name + " " + outline(d.Ours) + " " + outline(d.Theirs)
}

// outlineBytes is how much of an error is taken for its sort.
const outlineBytes = 24

func outline(r Reply) string {
	if r.IsError() {
		return r.Text[:min(len(r.Text), outlineBytes)]
	}
	if r.Null {
		return string(r.Kind) + "nil"
	}
	return string(r.Kind)
}

// mayBlock reports whether a sequence has a call outside a transaction that may wait for others.
func (c *Comparison) mayBlock(calls []Call) bool {
	var open [connections]bool
	for _, call := range calls {
		name := strings.ToUpper(call.Args[0])
		row := c.lookup(call.Args)
		switch {
		case opens(name):
			open[call.Client] = len(call.Args) == 1
		case closes(name):
			open[call.Client] = false
		case row != nil && row.is("blocking") && !open[call.Client]:
			return true
		}
	}
	return false
}

// sameWithout is whether a server says the same as ours, in the last reply or in an element of it, once a sequence runs without a command.
// Calls of it that are wrong stay: a transaction fails for them.
func sameWithout(command string, s runner, d *Difference) bool {
	var less []Call
	for _, call := range d.Calls {
		if !strings.EqualFold(call.Args[0], command) || len(call.Args) == 1 {
			less = append(less, call)
		}
	}
	replies, err := rerun(s, less)
	if err != nil || len(replies) == 0 {
		return false
	}
	last := replies[len(replies)-1]
	return slices.ContainsFunc(append(last.Elements, last), d.Ours.equal)
}
