package statemachine

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// maxNameBytes is longer than any command's name.
const maxNameBytes = 64

// Table is the command table, for look-ups by name. It does not change, so any goroutine may use it.
type Table struct {
	byName map[string]*node
	sorted []*Command
	// ids number all commands with their subcommands, and fullNames are what errors call them.
	ids       map[*Command]int
	fullNames map[*Command]string
}

// node is a command with its subcommands and the name that errors use for it.
type node struct {
	command     *Command
	fullName    string // in lower case: "object|encoding"
	subcommands map[string]*node
}

// Commands returns the rows of the commands that this package runs, sorted by name.
func Commands() []Command {
	return slices.SortedFunc(slices.Values(slices.Concat(
		stringCommands, numberCommands, compareCommands,
		bitmapCommands, bitfieldCommands, hyperloglogCommands,
		genericCommands, expireCommands, scanCommands, sortCommands, dumpCommands, serverCommands,
		hashCommands, hashExpireCommands, hashGetexCommands,
		listCommands, listBlockingCommands,
		setCommands, setAlgebraCommands,
		sortedSetCommands,
		streamCommands, streamGroupCommands,
		pubsubCommands,
		evalCommands, scriptCommands, functionCommands,
		aclCommands,
	)), func(a, b Command) int { return strings.Compare(a.Name, b.Name) })
}

// NewTable makes one table of several packages' rows. A row of nothing but a name and subcommands adds those to the container of that
// name, which is another package's. A name that comes twice, one that is not in upper case or too long, and a row without an arity
// are errors.
func NewTable(rows ...[]Command) (*Table, error) {
	all := extended(slices.Concat(rows...))
	if err := checkRows("", all); err != nil {
		return nil, err
	}
	return newTable(all), nil
}

// extended returns the rows with the additions to containers in their places. rows' own elements may change, but not what they
// refer to.
func extended(rows []Command) []Command {
	isAddition := func(c Command) bool { return c.Arity == 0 && len(c.Subcommands) > 0 }
	kept := make([]Command, 0, len(rows))
	for _, c := range rows {
		if !isAddition(c) {
			kept = append(kept, c)
		}
	}
	for _, c := range rows {
		if !isAddition(c) {
			continue
		}
		at := slices.IndexFunc(kept, func(other Command) bool { return other.Name == c.Name })
		if at < 0 {
			kept = append(kept, c) // which is found to be no good
			continue
		}
		all := slices.Concat(kept[at].Subcommands, c.Subcommands)
		slices.SortFunc(all, func(a, b Command) int { return strings.Compare(a.Name, b.Name) })
		kept[at].Subcommands = all
	}
	return kept
}

// newTable makes a table of rows that are known to be good.
func newTable(rows []Command) *Table {
	t := &Table{byName: make(map[string]*node), ids: make(map[*Command]int), fullNames: make(map[*Command]string)}
	t.addRows(t.byName, "", rows)
	for i := range rows {
		t.sorted = append(t.sorted, &rows[i])
	}
	slices.SortFunc(t.sorted, func(a, b *Command) int { return strings.Compare(a.Name, b.Name) })
	return t
}

// addRows fills a level of the table; container is the full name above, or "".
func (t *Table) addRows(level map[string]*node, container string, rows []Command) {
	for i := range rows {
		c := &rows[i]
		n := &node{command: c, fullName: fullName(container, c.Name)}
		level[c.Name] = n
		t.ids[c], t.fullNames[c] = len(t.ids), n.fullName
		if len(c.Subcommands) > 0 {
			n.subcommands = make(map[string]*node, len(c.Subcommands))
			t.addRows(n.subcommands, n.fullName, c.Subcommands)
		}
	}
}

// checkRows says what is wrong with the rows of a level and of those below.
func checkRows(container string, rows []Command) error {
	var problems []error
	seen := make(map[string]bool, len(rows))
	for i := range rows {
		c := &rows[i]
		name := fullName(container, c.Name)
		switch {
		case seen[c.Name]:
			problems = append(problems, fmt.Errorf("command table: %s is there twice", name))
		case c.Name != strings.ToUpper(c.Name) || c.Name == "" || len(c.Name) > maxNameBytes:
			problems = append(problems, fmt.Errorf("command table: %q must be a name in upper case of at most %d bytes", c.Name, maxNameBytes))
		case c.Arity == 0:
			problems = append(problems, fmt.Errorf("command table: %s has no arity", name))
		}
		seen[c.Name] = true
		problems = append(problems, checkRows(name, c.Subcommands))
	}
	return errors.Join(problems...)
}

func fullName(container, name string) string {
	if name = strings.ToLower(name); container != "" {
		return container + "|" + name
	}
	return name
}

// Lookup finds a command by its name in any case, without allocation; nil if there is none.
func (t *Table) Lookup(name []byte) *Command {
	if n := lookup(t.byName, name); n != nil {
		return n.command
	}
	return nil
}

// All returns every command, sorted by name. It must not be changed.
func (t *Table) All() []*Command { return t.sorted }

// Resolve finds the row that runs a call: the command's, or its subcommand's. Otherwise problem is Redis's error: the
// command or subcommand is unknown, or the number of arguments is wrong.
func (t *Table) Resolve(args Args) (c *Command, problem string) {
	if len(args) == 0 {
		return nil, unknownCommand(Args{nil})
	}
	n := lookup(t.byName, args[0])
	if n == nil {
		return nil, unknownCommand(args)
	}
	if len(args) > 1 && n.subcommands != nil {
		sub := lookup(n.subcommands, args[1])
		switch {
		case n.command.Undivided && (sub == nil || !sub.command.accepts(len(args))):
			return nil, BadSubcommand(args)
		case sub == nil:
			return nil, unknownSubcommand(n.command.Name, args[1])
		}
		n = sub
	}
	if !n.command.accepts(len(args)) {
		return nil, wrongArguments(n.fullName)
	}
	return n.command, ""
}

// resolveInScript is Resolve for redis.call, whose errors are others.
func (t *Table) resolveInScript(args Args) (c *Command, problem string) {
	n := lookup(t.byName, args[0])
	if n == nil {
		return nil, unknownInScript(args[0])
	}
	if len(args) > 1 && n.subcommands != nil {
		container := n.command
		if n = lookup(n.subcommands, args[1]); n == nil {
			if container.Flags.Has(NoScript) {
				return nil, errScriptForbidden
			}
			return nil, errScriptUnknown
		}
	}
	switch {
	case !n.command.accepts(len(args)):
		return nil, errScriptArity
	case n.command.Flags.Has(NoScript) || n.command.Run == nil:
		return nil, errScriptForbidden
	}
	return n.command, ""
}

// accepts reports whether the number of arguments, the name included, fits the arity.
func (c *Command) accepts(n int) bool {
	if c.Arity < 0 {
		return n >= -c.Arity
	}
	return n == c.Arity
}

func lookup(level map[string]*node, name []byte) *node {
	var buf [maxNameBytes]byte
	if len(name) > len(buf) {
		return nil
	}
	for i, c := range name {
		buf[i] = upper(c)
	}
	return level[string(buf[:len(name)])]
}
