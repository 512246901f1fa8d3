package differential

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Argument is one argument of a command as COMMAND DOCS tells it
// (https://redis.io/docs/latest/commands/command-docs/).
type Argument struct {
	// Name is what the argument is called; it refines Kind.
	Name string
	// Kind is the type: string, integer, double, key, pattern, unix-time, pure-token, oneof or block.
	Kind string
	// Token comes before the value.
	Token string
	// Optional, Multiple and MultipleToken are the flags.
	Optional, Multiple, MultipleToken bool
	// Arguments are those of a oneof or block.
	Arguments []Argument
}

// Command is what a server says of one of its commands or subcommands.
type Command struct {
	// Name is the full one: "get", "object|encoding".
	Name string
	// Group is the group of the command, that of the container for a subcommand.
	Group string
	// Arity is the exact number of words with the name, or, negative, the least.
	Arity int
	// Flags and Tips are as in COMMAND INFO.
	Flags, Tips []string
	// Arguments are the alternatives of what may follow the name: each server's own.
	Grammars [][]Argument
	// Container is true if the command has subcommands.
	Container bool
}

// Words are the words that a call starts with.
func (c *Command) Words() []string { return strings.Split(strings.ToUpper(c.Name), "|") }

// is reports whether COMMAND INFO says a flag of the command.
func (c *Command) is(flag string) bool { return slices.Contains(c.Flags, flag) }

// ReadCommands asks a server for its command table.
func ReadCommands(s *Server) (map[string]*Command, error) {
	info, err := s.Do("COMMAND")
	if err != nil {
		return nil, err
	}
	docs, err := s.Do("COMMAND", "DOCS")
	if err != nil {
		return nil, err
	}
	found := make(map[string]*Command)
	for _, row := range info.Elements {
		if err := addCommand(found, row); err != nil {
			return nil, fmt.Errorf("%s: COMMAND: %w", s.Name, err)
		}
	}
	if err := addDocs(found, docs); err != nil {
		return nil, fmt.Errorf("%s: COMMAND DOCS: %w", s.Name, err)
	}
	return found, nil
}

// The fields of a row of COMMAND that are used, by their index, and how many there are.
const (
	rowName        = 0
	rowArity       = 1
	rowFlags       = 2
	rowTips        = 7
	rowSubcommands = 9
	rowFields      = 10
)

func addCommand(found map[string]*Command, row Reply) error {
	if len(row.Elements) != rowFields {
		return fmt.Errorf("a row of %d fields, not %d: %v", len(row.Elements), rowFields, row)
	}
	arity, err := strconv.Atoi(row.Elements[rowArity].Text)
	if err != nil {
		return err
	}
	subcommands := row.Elements[rowSubcommands].Elements
	c := &Command{Name: strings.ToLower(row.Elements[rowName].Text), Arity: arity, Flags: texts(row.Elements[rowFlags]),
		Tips: texts(row.Elements[rowTips]), Container: len(subcommands) > 0}
	found[c.Name] = c
	var errs []error
	for _, sub := range subcommands {
		errs = append(errs, addCommand(found, sub))
	}
	return errors.Join(errs...)
}

func texts(array Reply) []string {
	found := make([]string, len(array.Elements))
	for i, e := range array.Elements {
		found[i] = e.Text
	}
	return found
}

// addDocs adds what a map of documentation says of the commands.
func addDocs(found map[string]*Command, docs Reply) error {
	var errs []error
	for name, doc := range fields(docs) {
		c := found[strings.ToLower(name)]
		if c == nil {
			errs = append(errs, fmt.Errorf("%s is in no row of COMMAND", name))
			continue
		}
		of := fields(doc)
		c.Group = of["group"].Text
		c.Grammars = append(c.Grammars, argumentsOf(of["arguments"]))
		errs = append(errs, addDocs(found, of["subcommands"]))
	}
	return errors.Join(errs...)
}

// fields are the entries of a map, which is an array of them in RESP2.
func fields(m Reply) map[string]Reply {
	found := make(map[string]Reply, len(m.Elements)/2)
	for pair := range slices.Chunk(m.Elements, 2) {
		if len(pair) == 2 {
			found[pair[0].Text] = pair[1]
		}
	}
	return found
}

func argumentsOf(array Reply) []Argument {
	var found []Argument
	for _, e := range array.Elements {
		of := fields(e)
		flags := texts(of["flags"])
		found = append(found, Argument{
			Name: of["name"].Text, Kind: of["type"].Text, Token: of["token"].Text,
			Optional: slices.Contains(flags, "optional"), Multiple: slices.Contains(flags, "multiple"),
			MultipleToken: slices.Contains(flags, "multiple_token"), Arguments: argumentsOf(of["arguments"]),
		})
	}
	return found
}

// Merge makes one table of ours and theirs: the commands of ours, each with the grammars of both, and with their tips if they have
// the command. The names that only ours has are returned as well, sorted.
func Merge(ours, theirs map[string]*Command) (merged []*Command, only []string) {
	for _, name := range slices.Sorted(maps.Keys(ours)) {
		c := *ours[name]
		if their := theirs[name]; their != nil {
			c.Grammars = slices.Concat(c.Grammars, their.Grammars)
			c.Tips = slices.Concat(c.Tips, their.Tips)
		} else {
			only = append(only, name)
		}
		merged = append(merged, &c)
	}
	return merged, only
}

// Tokens are all literal words in a grammar.
func Tokens(arguments []Argument) []string {
	var found []string
	for _, a := range arguments {
		if a.Token != "" {
			found = append(found, a.Token)
		}
		found = append(found, Tokens(a.Arguments)...)
	}
	return found
}
