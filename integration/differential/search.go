package differential

import "fmt"

// Length is what a search goes through: how many sequences, and of how many calls each is.
type Length struct{ Sequences, Calls int }

// Search compares a number of sequences, each with another command in the foreground, of one group or, if that is "", of all, and shrinks
// what differs. It stops after the given number of differences that are not alike.
func (c *Comparison) Search(g *Generator, group string, length Length, most int) ([]*Difference, error) {
	var found []*Difference
	seen := make(map[string]bool)
	commands := g.commands
	if group != "" {
		commands = g.byGroup[group]
	}
	if len(commands) == 0 {
		return nil, fmt.Errorf("no command of the group %q is compared", group)
	}
	for i := 0; i < length.Sequences && len(found) < most; i++ {
		featured := commands[i%len(commands)]
		d, err := c.Run(g.Sequence(featured, length.Calls))
		if err != nil {
			return found, err
		}
		if d == nil || seen[signature(d)] {
			continue
		}
		seen[signature(d)] = true
		found = append(found, c.shrunk(d))
	}
	return found, nil
}

// shrunk is the same difference after fewer calls.
func (c *Comparison) shrunk(d *Difference) *Difference {
	again := c.Again(d)
	calls := Shrink(d.Calls, again)
	quiet := *c
	quiet.Stats = newStats()
	if smaller, err := quiet.Run(calls); err == nil && smaller != nil {
		return smaller
	}
	return d
}
