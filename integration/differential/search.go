package differential

// Search compares a number of sequences, each with another command in the foreground, and shrinks what differs. It stops after the given
// number of differences that are not alike.
func (c *Comparison) Search(g *Generator, sequences, most int) ([]*Difference, error) {
	var found []*Difference
	seen := make(map[string]bool)
	for i := 0; i < sequences && len(found) < most; i++ {
		featured := g.commands[i%len(g.commands)]
		d, err := c.Run(g.Sequence(featured))
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
