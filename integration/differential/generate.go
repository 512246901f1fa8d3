package differential

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
)

// Generator draws calls and sequences of them from a command table. Its draws are a function of the seed. It belongs to one
// goroutine.
type Generator struct {
	rng      *rand.Rand
	commands []*Command
	byGroup  map[string][]*Command
	groups   []string        // those with commands for a type of their own
	typed    map[string]bool // the same as a set
}

// untypedGroups are the groups whose commands work on keys of all types, or on none.
var untypedGroups = []string{"generic", "server", "connection", "transactions", "cluster", "pubsub", "scripting"}

// NewGenerator returns a generator for commands.
func NewGenerator(seed uint64, commands []*Command) *Generator {
	g := &Generator{rng: rand.New(rand.NewPCG(seed, 0)), commands: commands, byGroup: make(map[string][]*Command), typed: make(map[string]bool)}
	for _, c := range commands {
		if !slices.Contains(untypedGroups, c.Group) && !g.typed[c.Group] {
			g.groups, g.typed[c.Group] = append(g.groups, c.Group), true
		}
		g.byGroup[c.Group] = append(g.byGroup[c.Group], c)
	}
	return g
}

// Odds of what a call is like.
const (
	brokenCall     = 0.08
	lowerCaseCall  = 0.05
	optionalOmit   = 0.6
	wrongRepeats   = 0.1
	maxRepeats     = 4
	maxExtraOption = 3
	// manyRepeats is how often what may come several times comes so often that collections become large: a few hundred times.
	manyRepeats  = 0.01
	fewestOfMany = 50
	mostOfMany   = 350
)

// Call draws a call of a command: a valid one as a rule, though a value may be none that the command takes.
func (g *Generator) Call(c *Command) []string {
	words := c.Words()
	var grammar []Argument
	if len(c.Grammars) > 0 {
		grammar = pick(g.rng, c.Grammars)
	}
	d := draw{Generator: g, group: c.Group}
	args := d.sequence(grammar)
	if g.chance(brokenCall) {
		broken := g.broken(args, grammar, c.Group)
		mayEnd := slices.ContainsFunc(grammar, hasTimeToLive) && slices.ContainsFunc(broken, isShort)
		mayBeLong := slices.ContainsFunc(grammar, hasOffset) && slices.ContainsFunc(broken, isFar)
		mayBeMany := slices.ContainsFunc(grammar, hasCount) && slices.ContainsFunc(broken, isMany)
		if !mayEnd && !mayBeLong && !mayBeMany {
			args = broken
		}
	}
	if g.chance(lowerCaseCall) {
		words[0] = strings.ToLower(words[0])
	}
	return append(words, args...)
}

// draw is one call's drawing.
type draw struct {
	*Generator
	group string
	many  bool // an argument comes many times
}

// sequence draws the arguments of a grammar, or of a block in it. Those that come several times in one block come equally often, as the
// keys and identifiers of XREAD do, and as often as numkeys says.
func (d draw) sequence(arguments []Argument) []string {
	var found []string
	repeats := 1 + d.rng.IntN(maxRepeats)
	if d.chance(manyRepeats) && !d.many && slices.ContainsFunc(arguments, func(a Argument) bool { return a.Multiple }) {
		d.many, repeats = true, fewestOfMany+d.rng.IntN(mostOfMany-fewestOfMany)
	}
	for i := range arguments {
		a := &arguments[i]
		switch {
		case a.Optional && d.chance(optionalOmit):
		case a.Name == "numkeys" && !d.chance(wrongRepeats):
			if next := i + 1; next < len(arguments) && !arguments[next].Multiple {
				repeats = 1
			}
			found = append(found, withToken(a, strconv.Itoa(repeats))...)
		case d.chance(wrongRepeats):
			found = append(found, d.argument(a, 1+d.rng.IntN(maxRepeats))...)
		default:
			found = append(found, d.argument(a, repeats)...)
		}
	}
	return found
}

func withToken(a *Argument, value string) []string {
	if a.Token != "" {
		return []string{a.Token, value}
	}
	return []string{value}
}

// argument draws an argument with its token, several times if it may come so.
func (d draw) argument(a *Argument, repeats int) []string {
	if !a.Multiple {
		repeats = 1
	}
	var found []string
	for i := range repeats {
		if a.Token != "" && (i == 0 || a.MultipleToken) {
			found = append(found, d.token(a.Token))
		}
		found = append(found, d.once(a)...)
	}
	return found
}

// once draws an argument without its token.
func (d draw) once(a *Argument) []string {
	switch a.Kind {
	case "pure-token":
		return nil
	case "block":
		return d.sequence(a.Arguments)
	case "oneof":
		if len(a.Arguments) == 0 {
			return nil
		}
		chosen := pick(d.rng, a.Arguments)
		return d.argument(&chosen, 1+d.rng.IntN(maxRepeats))
	}
	if d.many {
		return []string{d.oneOfMany(a)}
	}
	return []string{d.value(a, d.group)}
}

// oneOfMany is a value among so many that one which is refused would be in most calls, and most of which differ.
func (d draw) oneOfMany(a *Argument) string {
	switch a.Kind {
	case "string":
		return "m" + strconv.Itoa(d.rng.IntN(mostOfMany))
	case "double", "integer":
		return strconv.Itoa(d.rng.IntN(fewestOfMany))
	}
	return d.value(a, d.group)
}

func (d draw) token(token string) string {
	token = strings.Trim(token, `"`) // an empty one is written so
	if d.chance(lowerCaseCall) {
		return strings.ToLower(token)
	}
	return token
}

// broken damages a call's arguments.
func (g *Generator) broken(args []string, grammar []Argument, group string) []string {
	args = slices.Clone(args)
	at := func() int { return g.rng.IntN(len(args)) }
	kind := g.rng.IntN(7)
	switch {
	case kind == 0 || len(args) == 0: // superfluous
		return append(args, pick(g.rng, kindValues["string"]))
	case kind == 1: // cut
		return args[:at()]
	case kind == 2: // missing
		i := at()
		return slices.Delete(args, i, i+1)
	case kind == 3: // twice
		i := at()
		return slices.Insert(args, i, args[i])
	case kind == 4: // in another order
		i, j := at(), at()
		args[i], args[j] = args[j], args[i]
		return args
	case kind == 5: // of another kind
		args[at()] = pick(g.rng, kindValues[pick(g.rng, []string{"integer", "double", "string", "pattern"})])
		return args
	}
	return g.moreOptions(args, grammar, group)
}

// moreOptions adds options of the grammar, whether they are there already or exclude each other.
func (g *Generator) moreOptions(args []string, grammar []Argument, group string) []string {
	d := draw{Generator: g, group: group}
	for range 1 + g.rng.IntN(maxExtraOption) {
		if len(grammar) == 0 {
			return args
		}
		a := pick(g.rng, grammar)
		if a.Optional {
			args = append(args, d.argument(&a, 1)...)
		}
	}
	return args
}
