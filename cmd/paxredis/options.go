package main

import (
	"cmp"
	"flag"
	"fmt"
	"io"
	"strings"
	"time"
)

// option is one setting of `paxredis server`: a row of the table in options_table.go, from which the flags, their help, the
// environment's variables, the lines of a file, deploy/paxredis.conf and docs/configuration.md come.
type option struct {
	// name is that of the flag --name and of a line in the file; the environment variable is PAXREDIS_NAME, with _ for -.
	name  string
	group group
	field field
	// help says what it is for, with a word for its value in backquotes, as package flag wants it.
	help string
	// sample is a value for the sample file where the default would tell nothing.
	sample string
	// shared settings must be equal on all nodes.
	shared bool
	// parameter is the one of CONFIG SET that changes it while the node runs; empty: it holds until the node is started anew.
	parameter string
	place     place
}

// place is where an option can be given.
type place uint8

const (
	anywhere place = iota
	notInFile
	commandLineOnly
)

// group is a section of the help, the sample file and the document.
type group string

// variable is the option's name in the environment.
func (o *option) variable() string { return variablePrefix + upper.Replace(strings.ToUpper(o.name)) }

const variablePrefix = "PAXREDIS_"

var upper = strings.NewReplacer("-", "_", ".", "_")

// field binds an option to what it sets, and says which values it takes.
type field struct {
	value func(c *Config) flag.Value
	// holds reports whether the value keeps the rule; nil: every value that can be read does.
	rule  string
	holds func(c *Config) bool
	// quoted: messages show the value in quotation marks.
	quoted bool
}

// must adds a rule.
func (f field) must(rule string, holds func(c *Config) bool) field {
	f.rule, f.holds = rule, holds
	return f
}

// custom is a field whose type knows what it takes.
func custom(at func(c *Config) flag.Value) field { return field{value: at} }

// text is any text.
func text(at func(c *Config) *string) field {
	return field{value: func(c *Config) flag.Value { return (*textValue)(at(c)) }, quoted: true}
}

// toggle is something that is or is not.
func toggle(at func(c *Config) *bool) field {
	return field{value: func(c *Config) flag.Value { return (*toggleValue)(at(c)) }}
}

// number is a whole number from least on; most, if it is more, is the last.
func number(at func(c *Config) *int, least, most int) field {
	return ranged(at, func(p *int) flag.Value { return (*numberValue)(p) }, least, most)
}

// duration is a time from least to most, with a unit.
func duration(at func(c *Config) *time.Duration, least, most time.Duration) field {
	return ranged(at, func(p *time.Duration) flag.Value { return (*durationValue)(p) }, least, most)
}

// size is a number of bytes from least to most.
func size(at func(c *Config) *byteSize, least, most byteSize) field {
	return ranged(at, func(p *byteSize) flag.Value { return p }, least, most)
}

// ranged is a field with a least value and, unless it is below that, a last one.
func ranged[T cmp.Ordered](at func(c *Config) *T, value func(*T) flag.Value, least, most T) field {
	f := field{value: func(c *Config) flag.Value { return value(at(c)) }}
	if most < least {
		return f.must(fmt.Sprintf("must be at least %v", value(&least)), func(c *Config) bool { return *at(c) >= least })
	}
	return f.must(fmt.Sprintf("must be from %v to %v", value(&least), value(&most)), func(c *Config) bool { return *at(c) >= least && *at(c) <= most })
}

// check says what is wrong with the option's value by its own rule.
func (o *option) check(c *Config) error {
	if o.field.holds == nil || o.field.holds(c) {
		return nil
	}
	shown := o.field.value(c).String()
	switch {
	case shown == "":
		return fmt.Errorf("--%s: %s", o.name, o.field.rule)
	case o.field.quoted:
		return fmt.Errorf("--%s %q: %s", o.name, shown, o.field.rule)
	}
	return fmt.Errorf("--%s %s: %s", o.name, shown, o.field.rule)
}

// printOptions writes the help of all flags, by groups.
func printOptions(w io.Writer) {
	c := defaultConfig()
	var last group
	for _, o := range options() {
		if o.group != last {
			last = o.group
			fmt.Fprintf(w, "\n%s:\n", last)
		}
		word, help := o.usage()
		if shown := o.shownDefault(&c); shown != "" {
			help += fmt.Sprintf(" (default %s)", shown)
		}
		fmt.Fprintf(w, "  --%s\n    \t%s\n", strings.TrimSpace(o.name+" "+word), help)
	}
	fmt.Fprint(w, helpEnd)
}

// usage separates the help from the word that stands for the value; a switch has none.
func (o *option) usage() (word, help string) {
	word, help = flag.UnquoteUsage(&flag.Flag{Usage: o.help, Value: o.field.value(&Config{Parameters: map[string]string{}})})
	return word, help
}

// shownDefault is the default as help and documents have it: nothing where that is nothing, or no.
func (o *option) shownDefault(defaults *Config) string {
	if o.isToggle() {
		return ""
	}
	return o.field.value(defaults).String()
}

const helpEnd = `
Each of these can also be an environment variable (PAXREDIS_READ_MODE) or a line of the file of --config (read-mode lease).
A flag wins over the environment, and the environment over the file.
`
