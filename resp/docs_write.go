package resp

import (
	"strings"

	"github.com/paxredis/paxredis/statemachine"
)

// writeCommandInfo writes a command as COMMAND INFO does.
func writeCommandInfo(reply statemachine.Reply, name string, c *statemachine.Command) {
	reply.Array(10)
	reply.BulkString(name)
	reply.Int(int64(c.Arity))
	writeStatusSet(reply, flagNames(c))
	reply.Int(int64(c.Keys.First))
	reply.Int(int64(c.Keys.Last))
	reply.Int(int64(c.Keys.Step))
	writeStatusSet(reply, c.AllCategories())
	reply.Set(len(c.Tips))
	for _, tip := range c.Tips {
		reply.BulkString(tip)
	}
	specs := statemachine.KeySpecs(c)
	notes := factsOf()[name].keyNotes
	reply.Set(len(specs))
	for i := range specs {
		writeKeySpec(reply, &specs[i], notes[i])
	}
	if len(c.Subcommands) == 0 {
		reply.Set(0)
		return
	}
	reply.Array(len(c.Subcommands))
	for i := range c.Subcommands {
		sub := &c.Subcommands[i]
		writeCommandInfo(reply, name+"|"+strings.ToLower(sub.Name), sub)
	}
}

func writeStatusSet(reply statemachine.Reply, names []string) {
	reply.Set(len(names))
	for _, name := range names {
		reply.Status(name)
	}
}

// shownFlags are the flags with their names, in Redis's order. Local is none of Redis's.
var shownFlags = []struct {
	flag statemachine.Flags
	name string
}{
	{statemachine.Write, "write"}, {statemachine.ReadOnly, "readonly"}, {statemachine.DenyOOM, "denyoom"},
	{statemachine.Admin, "admin"}, {statemachine.Pubsub, "pubsub"}, {statemachine.NoScript, "noscript"},
	{statemachine.Blocking, "blocking"}, {statemachine.Loading, "loading"}, {statemachine.Stale, "stale"},
	{statemachine.SkipMonitor, "skip_monitor"}, {statemachine.SkipSlowlog, "skip_slowlog"}, {statemachine.Fast, "fast"},
	{statemachine.NoAuth, "no_auth"}, {statemachine.NoMandatoryKeys, "no_mandatory_keys"},
	{statemachine.NoAsyncLoading, "no_async_loading"}, {statemachine.NoMulti, "no_multi"},
	{statemachine.MovableKeys, "movablekeys"}, {statemachine.AllowBusy, "allow_busy"},
}

func flagNames(c *statemachine.Command) []string {
	flags := c.Flags
	if c.Keys.Numkeys > 0 {
		flags |= statemachine.MovableKeys
	}
	var names []string
	for _, f := range shownFlags {
		if flags.Has(f.flag) {
			names = append(names, f.name)
		}
	}
	return names
}

// writeKeySpec writes a key specification as COMMAND INFO does.
func writeKeySpec(reply statemachine.Reply, s *statemachine.KeySpec, note string) {
	if note == "" {
		reply.Map(3)
	} else {
		reply.Map(4)
		reply.BulkString("notes")
		reply.BulkString(note)
	}
	reply.BulkString("flags")
	writeStatusSet(reply, s.Flags)
	reply.BulkString("begin_search")
	if s.Unknown {
		writeSearch(reply, "unknown", nil)
		reply.BulkString("find_keys")
		writeSearch(reply, "unknown", nil)
		return
	}
	if s.Word != "" {
		writeWordSearch(reply, s)
	} else {
		writeSearch(reply, "index", []numberField{{"index", s.First}})
	}
	reply.BulkString("find_keys")
	if s.IsNumbered {
		writeSearch(reply, "keynum", []numberField{{"keynumidx", 0}, {"firstkey", 1}, {"keystep", s.Step}})
		return
	}
	writeSearch(reply, "range", []numberField{{"lastkey", s.Last}, {"keystep", s.Step}, {"limit", s.Limit}})
}

// writeWordSearch is writeSearch for keys behind a word.
func writeWordSearch(reply statemachine.Reply, s *statemachine.KeySpec) {
	reply.Map(2)
	reply.BulkString("type")
	reply.BulkString("keyword")
	reply.BulkString("spec")
	reply.Map(2)
	reply.BulkString("keyword")
	reply.BulkString(s.Word)
	reply.BulkString("startfrom")
	reply.Int(int64(s.First))
}

type numberField struct {
	name  string
	value int
}

func writeSearch(reply statemachine.Reply, kind string, fields []numberField) {
	reply.Map(2)
	reply.BulkString("type")
	reply.BulkString(kind)
	reply.BulkString("spec")
	reply.Map(len(fields))
	for _, f := range fields {
		reply.BulkString(f.name)
		reply.Int(int64(f.value))
	}
}

// writeCommandDocs writes a command as COMMAND DOCS does, without its name.
func writeCommandDocs(reply statemachine.Reply, c namedCommand) {
	arguments := argumentsOf(c.Command)
	m := mapWriter{reply: reply}
	m.text("summary", c.Summary)
	m.text("since", c.Since)
	m.text("group", c.Group)
	m.text("complexity", c.Complexity)
	m.facts(factsOf()[c.name])
	if len(arguments) > 0 {
		m.field("arguments", func() { writeArguments(reply, arguments) })
	}
	if len(c.Subcommands) > 0 {
		m.field("subcommands", func() {
			reply.Map(len(c.Subcommands))
			for i := range c.Subcommands {
				sub := namedCommand{c.name + "|" + strings.ToLower(c.Subcommands[i].Name), &c.Subcommands[i]}
				reply.BulkString(sub.name)
				writeCommandDocs(reply, sub)
			}
		})
	}
	m.write()
}

// writeArguments writes arguments as COMMAND DOCS does.
func writeArguments(reply statemachine.Reply, arguments []argument) {
	reply.Array(len(arguments))
	for i := range arguments {
		a := &arguments[i]
		m := mapWriter{reply: reply}
		m.text("name", a.name)
		m.text("type", a.kind)
		if len(a.arguments) == 0 {
			m.text("display_text", a.name)
		}
		if a.key >= 0 {
			m.field("key_spec_index", func() { reply.Int(int64(a.key)) })
		}
		m.text("token", a.token)
		if flags := a.flags(); len(flags) > 0 {
			m.field("flags", func() { writeStatusSet(reply, flags) })
		}
		if len(a.arguments) > 0 {
			m.field("arguments", func() { writeArguments(reply, a.arguments) })
		}
		m.write()
	}
}

func (a *argument) flags() []string {
	var names []string
	if a.optional {
		names = append(names, "optional")
	}
	if a.multiple {
		names = append(names, "multiple")
	}
	if a.again {
		names = append(names, "multiple_token")
	}
	return names
}

// mapWriter collects the fields of a map, whose number has to be written first.
type mapWriter struct {
	reply  statemachine.Reply
	fields []mapField
}

type mapField struct {
	name  string
	write func()
}

// text adds a field with a string, unless that is empty.
func (m *mapWriter) text(name, value string) {
	if value != "" {
		m.field(name, func() { m.reply.BulkString(value) })
	}
}

// field adds a field whose value is written by a function.
func (m *mapWriter) field(name string, write func()) {
	m.fields = append(m.fields, mapField{name, write})
}

func (m *mapWriter) write() {
	m.reply.Map(len(m.fields))
	for _, f := range m.fields {
		m.reply.BulkString(f.name)
		f.write()
	}
}
