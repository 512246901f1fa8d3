package differential

import "strconv"

// The lengths and odds of sequences.
const (
	featuredCall = 0.25
	groupCall    = 0.6
	otherClient  = 0.06
	// consumerGroup is how often a sequence of streams begins with consumer groups: without one, half of its commands are errors.
	consumerGroup    = 0.6
	transactionBlock = 0.08
	maxBlockCalls    = 5
	unknownCall      = 0.005
	thirdProtocol    = 0.4
)

// Sequence draws a sequence of some number of calls, in which a command comes often, the others of its group too, and the rest now and then. It speaks either
// version of the protocol.
func (g *Generator) Sequence(featured *Command, length int) []Call {
	var calls []Call
	if g.chance(thirdProtocol) {
		for client := range connections {
			calls = append(calls, Call{client, []string{"HELLO", "3"}})
		}
	}
	if featured.Group == "stream" && g.chance(consumerGroup) {
		for i := range groupKeys {
			key := "stream:" + strconv.Itoa(i)
			calls = append(calls, Call{0, []string{"XADD", key, "1-1", "a", "1"}}, Call{0, []string{"XGROUP", "CREATE", key, "g1", "0"}})
		}
	}
	for end := len(calls) + length; len(calls) < end; {
		client := 0
		if g.chance(otherClient) {
			client = 1
		}
		switch {
		case g.chance(transactionBlock):
			calls = append(calls, g.block(client, featured)...)
		case g.chance(unknownCall):
			calls = append(calls, Call{client, []string{pick(g.rng, []string{"NOSUCH", "", "GETT", "\xff", "get ", "object|encoding"}), g.key(featured.Group)}})
		default:
			if c := g.command(featured); !c.is("blocking") {
				calls = append(calls, Call{client, g.Call(c)})
			} else {
				calls = append(calls, g.block(client, featured)...)
			}
		}
	}
	return calls
}

// block draws MULTI, calls and EXEC. Commands that block come only here, where they do not.
func (g *Generator) block(client int, featured *Command) []Call {
	calls := []Call{{client, []string{"MULTI"}}}
	for range g.rng.IntN(maxBlockCalls) + 1 {
		if c := g.command(featured); c.Group != "transactions" && c.Group != "connection" {
			calls = append(calls, Call{client, g.Call(c)})
		}
	}
	return append(calls, Call{client, []string{"EXEC"}})
}

// command draws a command.
func (g *Generator) command(featured *Command) *Command {
	switch {
	case g.chance(featuredCall):
		return featured
	case g.chance(groupCall):
		return pick(g.rng, g.byGroup[featured.Group])
	}
	return pick(g.rng, g.commands)
}

// transaction words: what opens one, and what closes it.
func opens(name string) bool { return name == "MULTI" }

func closes(name string) bool { return name == "EXEC" || name == "DISCARD" || name == "RESET" }
