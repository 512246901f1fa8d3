package resp

import (
	"strings"

	"github.com/paxredis/paxredis/statemachine"
)

// runCommand answers COMMAND and its subcommands (https://redis.io/docs/latest/commands/command/) from the table that
// dispatches, so that they cannot disagree.
func runCommand(table *statemachine.Table, args statemachine.Args, reply statemachine.Reply) {
	if len(args) < 2 {
		all := table.All()
		reply.Array(len(all))
		for _, c := range all {
			writeCommandInfo(reply, strings.ToLower(c.Name), c)
		}
		return
	}
	rest := args[2:]
	switch strings.ToUpper(string(args[1])) {
	case "COUNT":
		reply.Int(int64(len(table.All())))
	case "LIST":
		commandList(table, rest, reply)
	case "INFO":
		commandInfo(table, rest, reply)
	case "DOCS":
		commandDocs(table, rest, reply)
	case "GETKEYS":
		commandGetKeys(table, rest, false, reply)
	case "GETKEYSANDFLAGS":
		commandGetKeys(table, rest, true, reply)
	case "HELP":
		commandHelp(reply)
	default:
		reply.Error(errCommandSubcommand(args[1]))
	}
}

// namedCommand is a command with its full name, in lower case: "object|encoding".
type namedCommand struct {
	name string
	*statemachine.Command
}

// everyCommand returns all commands and subcommands.
func everyCommand(table *statemachine.Table) []namedCommand {
	var all []namedCommand
	for _, c := range table.All() {
		all = appendCommands(all, strings.ToLower(c.Name), c)
	}
	return all
}

func appendCommands(all []namedCommand, name string, c *statemachine.Command) []namedCommand {
	all = append(all, namedCommand{name, c})
	for i := range c.Subcommands {
		sub := &c.Subcommands[i]
		all = appendCommands(all, name+"|"+strings.ToLower(sub.Name), sub)
	}
	return all
}

// findCommand finds a command by its full name, in any case; its name is "" if there is none.
func findCommand(table *statemachine.Table, name string) namedCommand {
	first, rest, isSub := strings.Cut(name, "|")
	c := table.Lookup([]byte(first))
	if c == nil {
		return namedCommand{}
	}
	found := namedCommand{strings.ToLower(c.Name), c}
	if !isSub {
		return found
	}
	return found.sub(rest)
}

// sub finds a subcommand by its own name, in any case.
func (c namedCommand) sub(name string) namedCommand {
	for i := range c.Subcommands {
		if sub := &c.Subcommands[i]; strings.EqualFold(sub.Name, name) {
			return namedCommand{c.name + "|" + strings.ToLower(sub.Name), sub}
		}
	}
	return namedCommand{}
}

// commandList: COMMAND LIST [FILTERBY MODULE name | ACLCAT category | PATTERN pattern].
func commandList(table *statemachine.Table, args statemachine.Args, reply statemachine.Reply) {
	var matches func(c *namedCommand) bool
	switch {
	case len(args) == 0:
		matches = func(*namedCommand) bool { return true }
	case len(args) == 3 && strings.EqualFold(string(args[0]), "FILTERBY"):
		matches = listFilterBy(string(args[1]), string(args[2]))
	}
	if matches == nil {
		reply.Error(errSyntaxError)
		return
	}
	var names []string
	for _, c := range everyCommand(table) {
		if matches(&c) {
			names = append(names, c.name)
		}
	}
	reply.Array(len(names))
	for _, name := range names {
		reply.BulkString(name)
	}
}

// listFilterBy returns COMMAND LIST's filter, nil if there is none of that kind.
func listFilterBy(kind, value string) func(c *namedCommand) bool {
	switch strings.ToUpper(kind) {
	case "MODULE":
		return func(*namedCommand) bool { return false } // there are none
	case "ACLCAT":
		return func(c *namedCommand) bool { return c.InCategory(strings.ToLower(value)) }
	case "PATTERN":
		matches := nameMatcher(value)
		return func(c *namedCommand) bool { return matches(c.name) }
	}
	return nil
}

// commandInfo: COMMAND INFO [name ...]. A name that is unknown gets a null.
func commandInfo(table *statemachine.Table, names statemachine.Args, reply statemachine.Reply) {
	if len(names) > maxNames {
		reply.Error(errTooManyNames)
		return
	}
	if len(names) == 0 {
		runCommand(table, nil, reply)
		return
	}
	reply.Array(len(names))
	for _, name := range names {
		if c := findCommand(table, string(name)); c.Command != nil {
			writeCommandInfo(reply, c.name, c.Command)
		} else {
			reply.Null()
		}
	}
}

// commandDocs: COMMAND DOCS [name ...]. A name that is unknown is left out.
func commandDocs(table *statemachine.Table, names statemachine.Args, reply statemachine.Reply) {
	if len(names) > maxNames {
		reply.Error(errTooManyNames)
		return
	}
	var found []namedCommand
	for _, name := range names {
		if c := findCommand(table, string(name)); c.Command != nil {
			found = append(found, c)
		}
	}
	if len(names) == 0 {
		for _, c := range table.All() {
			found = append(found, namedCommand{strings.ToLower(c.Name), c})
		}
	}
	reply.Map(len(found))
	for _, c := range found {
		reply.BulkString(c.name)
		writeCommandDocs(reply, c)
	}
}

// commandGetKeys: COMMAND GETKEYS and GETKEYSANDFLAGS command [arg ...].
func commandGetKeys(table *statemachine.Table, call statemachine.Args, withFlags bool, reply statemachine.Reply) {
	keys, problem := keysOfCall(table, call)
	if problem != "" {
		reply.Error(problem)
		return
	}
	reply.Array(len(keys))
	for _, k := range keys {
		if !withFlags {
			reply.Bulk(k.Key)
			continue
		}
		reply.Array(2)
		reply.Bulk(k.Key)
		writeStatusSet(reply, k.Flags)
	}
}

// keysOfCall finds the keys of a call, or says why it has none.
func keysOfCall(table *statemachine.Table, call statemachine.Args) (keys []statemachine.FoundKey, problem string) {
	if len(call) == 0 {
		return nil, errInvalidCommand
	}
	c := table.Lookup(call[0])
	if c != nil && len(c.Subcommands) > 0 && len(call) > 1 {
		c = namedCommand{Command: c}.sub(string(call[1])).Command
	}
	switch {
	case c == nil:
		return nil, errInvalidCommand
	case !statemachine.HasKeys(c):
		return nil, errNoKeys
	case c.Arity > 0 && len(call) != c.Arity || len(call) < -c.Arity:
		return nil, errInvalidArgCount
	}
	keys, ok := statemachine.FindKeys(c, call)
	if !ok && !c.Flags.Has(statemachine.NoMandatoryKeys) {
		return nil, errInvalidArgs
	}
	return keys, ""
}

// commandHelp: COMMAND HELP.
func commandHelp(reply statemachine.Reply) {
	lines := []string{
		"COMMAND <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
		"(no subcommand)",
		"    Return details about all commands.",
		"COUNT",
		"    Return the total number of commands in this server.",
		"LIST",
		"    Return a list of all commands in this server.",
		"INFO [<command-name> ...]",
		"    Return details about multiple commands.",
		"    If no command names are given, details for all commands are returned.",
		"DOCS [<command-name> ...]",
		"    Return documentation details about multiple commands.",
		"    If no command names are given, documentation details for all",
		"    commands are returned.",
		"GETKEYS <full-command>",
		"    Return the keys from a full command.",
		"GETKEYSANDFLAGS <full-command>",
		"    Return the keys and the access flags from a full command.",
		"HELP",
		"    Prints this help.",
	}
	reply.Array(len(lines))
	for _, line := range lines {
		reply.Status(line)
	}
}
