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
func sameWithout(command string, s runner, d *Difference) bool {
	if d.replay == nil {
		d.replay = newReplay(d.Calls)
	}
	last, ok := d.replay.without(command, s)[len(d.Calls)-1]
	return ok && d.oursIsIn(last)
}

// oursIsIn reports whether our reply is another one, or an element of it: that to EXEC has the replies of its transaction.
func (d *Difference) oursIsIn(reply Reply) bool {
	return d.Ours.equal(reply) || slices.ContainsFunc(reply.Elements, d.Ours.equal)
}

// replay is a sequence that is run again for the differences in it: once, however many there are.
type replay struct {
	calls   []Call
	replies map[string]map[int]Reply // by the command that was left out, and the number of the call
}

func newReplay(calls []Call) *replay { return &replay{calls, make(map[string]map[int]Reply)} }

// without returns what a server says to the calls that are not of a command; nothing if it could not be asked. Calls of it that are wrong stay: a
// transaction fails for them.
func (r *replay) without(command string, s runner) map[int]Reply {
	if known, ok := r.replies[command]; ok {
		return known
	}
	var less []Call
	var numbers []int
	for i, call := range r.calls {
		if !strings.EqualFold(call.Args[0], command) || len(call.Args) == 1 {
			less, numbers = append(less, call), append(numbers, i)
		}
	}
	replies, err := rerun(s, less)
	if err != nil {
		replies = nil
	}
	r.replies[command] = make(map[int]Reply, len(replies))
	for i, reply := range replies {
		r.replies[command][numbers[i]] = reply
	}
	return r.replies[command]
}
