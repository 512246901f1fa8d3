package resp

import (
	"slices"
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
	writeStatusSet(reply, categoriesOf(c))
	reply.Set(len(c.Tips))
	for _, tip := range c.Tips {
		reply.BulkString(tip)
	}
	specs := keySpecsOf(c)
	reply.Set(len(specs))
	for i := range specs {
		writeKeySpec(reply, &specs[i])
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

// aclCategories are Redis's categories, in its order.
var aclCategories = []string{"keyspace", "read", "write", "set", "sortedset", "list", "hash", "string", "bitmap",
	"hyperloglog", "geo", "stream", "pubsub", "admin", "fast", "slow", "blocking", "dangerous", "connection",
	"transaction", "scripting"}

// groupCategories are the categories of a group's commands.
var groupCategories = map[string]string{"set": "set", "sorted-set": "sortedset", "list": "list", "hash": "hash",
	"string": "string", "bitmap": "bitmap", "hyperloglog": "hyperloglog", "geo": "geo", "stream": "stream",
	"connection": "connection", "transactions": "transaction", "scripting": "scripting"}

// besideKeyspace are commands that are not in the category of their group's others, as Redis has it.
var besideKeyspace = []string{"SORT", "SORT_RO", "USAGE"}

// categoriesOf returns a command's ACL categories, in Redis's order.
func categoriesOf(c *statemachine.Command) []string {
	var names []string
	for _, category := range aclCategories {
		if hasCategory(c, category) {
			names = append(names, "@"+category)
		}
	}
	return names
}

// hasCategory reports whether a command is in an ACL category: one of its row's own, of its group's, or one that follows
// from its flags.
func hasCategory(c *statemachine.Command, category string) bool {
	if slices.Contains(c.Categories, category) || groupCategories[c.Group] == category && len(c.Subcommands) == 0 {
		return true
	}
	has := c.Flags.Has
	switch category {
	case "keyspace":
		return c.Run != nil && (c.Group == "generic" || c.Group == "server" && !has(statemachine.Admin)) && !slices.Contains(besideKeyspace, c.Name)
	case "read":
		return has(statemachine.ReadOnly) && c.Group != "scripting"
	case "write":
		return has(statemachine.Write)
	case "pubsub":
		return has(statemachine.Pubsub)
	case "admin", "dangerous":
		return has(statemachine.Admin)
	case "fast":
		return has(statemachine.Fast)
	case "slow":
		return !has(statemachine.Fast)
	case "blocking":
		return has(statemachine.Blocking)
	}
	return false
}

// writeKeySpec writes a key specification as COMMAND INFO does.
func writeKeySpec(reply statemachine.Reply, s *keySpec) {
	reply.Map(3)
	reply.BulkString("flags")
	writeStatusSet(reply, s.flags)
	reply.BulkString("begin_search")
	if s.word != "" {
		writeWordSearch(reply, s)
	} else {
		writeSearch(reply, "index", []numberField{{"index", s.first}})
	}
	reply.BulkString("find_keys")
	if s.isNumbered {
		writeSearch(reply, "keynum", []numberField{{"keynumidx", 0}, {"firstkey", 1}, {"keystep", s.step}})
		return
	}
	writeSearch(reply, "range", []numberField{{"lastkey", s.last}, {"keystep", s.step}, {"limit", s.limit}})
}

// writeWordSearch is writeSearch for keys behind a word.
func writeWordSearch(reply statemachine.Reply, s *keySpec) {
	reply.Map(2)
	reply.BulkString("type")
	reply.BulkString("keyword")
	reply.BulkString("spec")
	reply.Map(2)
	reply.BulkString("keyword")
	reply.BulkString(s.word)
	reply.BulkString("startfrom")
	reply.Int(int64(s.first))
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
