package statemachine

import (
	"bytes"
	"slices"
	"strings"
)

// permissions are what a user may do with the commands of one table.
type permissions struct {
	table     *Table
	selectors []grants
	next      *permissions // those for another table
}

// grants are what one selector allows.
type grants struct {
	*selector
	every    bool     // every command
	commands []uint64 // a bit for each command of the table that is allowed, with subcommands of their own
	// firstArgs are the first arguments with which a command may be called that may not be called otherwise, in lower case.
	firstArgs map[int][]string
}

func (g *grants) has(id int) bool { return g.commands[id/64]>>(id%64)&1 != 0 }

func (g *grants) put(id int, allow bool) {
	delete(g.firstArgs, id)
	if allow {
		g.commands[id/64] |= 1 << (id % 64)
		return
	}
	g.commands[id/64] &^= 1 << (id % 64)
	g.every = false
}

// permissionsOf returns what a user may do, which is found out once.
func (t *Table) permissionsOf(u *User) *permissions {
	known := u.granted.Load()
	for p := known; p != nil; p = p.next {
		if p.table == t {
			return p
		}
	}
	p := &permissions{table: t, selectors: []grants{t.grant(&u.root)}, next: known}
	for i := range u.selectors {
		p.selectors = append(p.selectors, t.grant(&u.selectors[i]))
	}
	u.granted.CompareAndSwap(known, p) // or somebody else was faster: then the next one who asks finds it out again
	return p
}

// grant finds out which commands a selector allows. A rule of a command that the table does not have allows nothing.
func (t *Table) grant(s *selector) grants {
	g := grants{selector: s, every: s.allCommands, commands: make([]uint64, (len(t.ids)+63)/64)}
	for i := range g.commands {
		if s.allCommands {
			g.commands[i] = ^uint64(0)
		}
	}
	for _, rule := range s.rules {
		allow, name := rule[0] == '+', rule[1:]
		if category, ok := strings.CutPrefix(name, "@"); ok {
			t.grantCategory(&g, t.byName, category, allow)
			continue
		}
		if n := t.find(name); n != nil {
			t.grantCommand(&g, n, allow)
			continue
		}
		command, first, _ := strings.Cut(name, "|")
		if n := t.find(command); n != nil && allow && n.subcommands == nil {
			id := t.ids[n.command]
			if g.firstArgs == nil {
				g.firstArgs = make(map[int][]string)
			}
			g.firstArgs[id] = append(g.firstArgs[id], first)
		}
	}
	return g
}

// grantCommand allows or forbids a command, with all its subcommands.
func (t *Table) grantCommand(g *grants, n *node, allow bool) {
	g.put(t.ids[n.command], allow)
	for _, sub := range n.subcommands {
		g.put(t.ids[sub.command], allow)
	}
}

// grantCategory allows or forbids the commands of a category. As in Redis, a container brings its subcommands along.
func (t *Table) grantCategory(g *grants, level map[string]*node, category string, allow bool) {
	for _, n := range level { // in whatever order: all of them get the same
		if n.command.InCategory(category) {
			t.grantCommand(g, n, allow)
		}
		t.grantCategory(g, n.subcommands, category, allow)
	}
}

// find returns the command of a name in lower case, "config|get" for a subcommand; nil if there is none.
func (t *Table) find(name string) *node {
	container, sub, isSub := strings.Cut(name, "|")
	n := lookup(t.byName, []byte(container))
	if n == nil || !isSub {
		return n
	}
	return lookup(n.subcommands, []byte(sub))
}

// CheckRules reports the first rule of an ACL SETUSER that is wrong whoever it is for, by its index: what depends on the user shows when it is
// applied. The log only ever has rules that have been checked, so that a node with another command table keeps them all the same.
func (t *Table) CheckRules(rules [][]byte) (bad int, err error) {
	scratch := newUser("")
	for i, rule := range rules {
		switch err := scratch.set(string(rule)); err {
		case nil, errACLAllKeys, errACLChannels, errACLNoPassword:
		default:
			return i, err
		}
		words := []string{string(rule)}
		if len(rule) > 0 && rule[0] == '(' {
			words = strings.Fields(string(rule[1 : len(rule)-1]))
		}
		for _, word := range words {
			if err := t.checkCommand(strings.ToLower(word)); err != nil {
				return i, err
			}
		}
	}
	return 0, nil
}

// checkCommand reports a rule of a command or category that does not exist.
func (t *Table) checkCommand(rule string) error {
	if rule == "" || rule[0] != '+' && rule[0] != '-' {
		return nil
	}
	name := rule[1:]
	if category, ok := strings.CutPrefix(name, "@"); ok {
		if category == "all" || slices.Contains(aclCategories, category) {
			return nil
		}
		return errACLUnknown
	}
	if t.find(name) != nil {
		return nil
	}
	command, _, hasArg := strings.Cut(name, "|")
	if n := t.find(command); n != nil && hasArg && rule[0] == '+' && n.subcommands == nil {
		return nil
	}
	return errACLUnknown
}

// Refusal is what a user lacks the permission for.
type Refusal uint8

// The refusals, and that there is none, in the order in which Redis finds one more telling than another.
const (
	Allowed Refusal = iota
	RefusedCommand
	RefusedKey
	RefusedChannel
)

// Denial says why a user may not call a command.
type Denial struct {
	Refusal Refusal
	// Object is the command's full name, "config|get", the key, or the channel.
	Object string
	user   string
}

// Text is Redis's text of the denial, without a code. verbose has it name the key or channel.
func (d *Denial) Text(verbose bool) string {
	switch {
	case d.Refusal == RefusedCommand:
		return "User " + d.user + " has no permissions to run the '" + d.Object + "' command"
	case verbose && d.Refusal == RefusedKey:
		return "User " + d.user + " has no permissions to access the '" + d.Object + "' key"
	case verbose:
		return "User " + d.user + " has no permissions to access the '" + d.Object + "' channel"
	case d.Refusal == RefusedKey:
		return "No permissions to access a key"
	}
	return "No permissions to access a channel"
}

// Check reports whether a user may call a command of this table with these arguments, its name and that of its subcommand first. Object of
// a denial is a copy.
func (t *Table) Check(u *User, cmd *Command, args Args) Denial {
	p := t.permissionsOf(u)
	call := checkedCall{table: t, cmd: cmd, args: args}
	denial, at := Denial{Refusal: RefusedCommand}, 0
	for i := range p.selectors {
		refusal, argument := call.check(&p.selectors[i])
		if refusal == Allowed {
			return Denial{}
		}
		if refusal > denial.Refusal || refusal == denial.Refusal && argument > at {
			denial.Refusal, at = refusal, argument
			denial.Object = string(call.object(refusal, argument))
		}
	}
	if denial.Refusal == RefusedCommand {
		denial.Object = t.fullNames[cmd]
	}
	denial.user = u.name
	return denial
}

// checkedCall is a call whose keys and channels are looked for once.
type checkedCall struct {
	table *Table
	cmd   *Command
	args  Args
	keys  []FoundKey
	found bool
}

// check reports whether a selector allows all of the call; else what it refuses, and the number of the key or channel.
func (c *checkedCall) check(g *grants) (r Refusal, number int) {
	if !g.every && !c.cmd.Flags.Has(NoAuth) && !g.allowsCommand(c.table.ids[c.cmd], c.args) {
		return RefusedCommand, 0
	}
	if !g.allKeys && HasKeys(c.cmd) {
		for i, key := range c.keysOfCall() {
			if !g.allowsKey(key) {
				return RefusedKey, i
			}
		}
	}
	if !g.allChannels && c.cmd.Flags.Has(Pubsub) {
		channels, isPattern := c.channels()
		for i, channel := range channels {
			if !g.allowsChannel(channel, isPattern) {
				return RefusedChannel, i
			}
		}
	}
	return Allowed, 0
}

func (c *checkedCall) object(r Refusal, number int) []byte {
	switch r {
	case RefusedKey:
		return c.keys[number].Key
	case RefusedChannel:
		channels, _ := c.channels()
		return channels[number]
	}
	return nil
}

// keysOfCall are the call's keys; none if it is malformed, which it is told when it runs.
func (c *checkedCall) keysOfCall() []FoundKey {
	if !c.found {
		c.keys, _ = FindKeys(c.cmd, c.args)
		c.found = true
	}
	return c.keys
}

// channels are those that the call publishes or subscribes to.
func (c *checkedCall) channels() (channels [][]byte, arePatterns bool) {
	switch c.cmd.Name {
	case "PUBLISH", "SPUBLISH":
		return c.args[1:2], false
	case "SUBSCRIBE", "SSUBSCRIBE":
		return c.args[1:], false
	case "PSUBSCRIBE":
		return c.args[1:], true
	}
	return nil, false
}

func (g *grants) allowsCommand(id int, args Args) bool {
	if g.has(id) {
		return true
	}
	return len(args) > 1 && len(g.firstArgs[id]) > 0 && slices.Contains(g.firstArgs[id], strings.ToLower(string(args[1])))
}

// allowsKey reports whether one pattern allows all that is done with a key.
func (s *selector) allowsKey(key FoundKey) bool {
	var need access
	for _, flag := range key.Flags {
		switch flag {
		case "access":
			need |= accessRead
		case "insert", "delete", "update":
			need |= accessWrite
		}
	}
	return slices.ContainsFunc(s.keys, func(p keyPattern) bool {
		return p.access&need == need && globMatch([]byte(p.glob), key.Key)
	})
}

// allowsChannel reports whether a pattern of the selector matches a channel, or is the pattern that somebody subscribes to.
func (s *selector) allowsChannel(channel []byte, isPattern bool) bool {
	return s.allChannels || slices.ContainsFunc(s.channels, func(glob string) bool {
		if isPattern {
			return glob == string(channel)
		}
		return globMatch([]byte(glob), channel)
	})
}

// MayHear reports whether one of the user's selectors lets it have a subscription, to a channel or to a pattern.
func (u *User) MayHear(name []byte, isPattern bool) bool {
	return u.root.allowsChannel(name, isPattern) ||
		slices.ContainsFunc(u.selectors, func(s selector) bool { return s.allowsChannel(name, isPattern) })
}

// ReadsEverything reports whether one selector of the user allows all of a call and to read all keys: SORT may only then look up keys that are
// not among its arguments.
func (t *Table) ReadsEverything(u *User, cmd *Command, args Args) bool {
	call := checkedCall{table: t, cmd: cmd, args: args}
	return slices.ContainsFunc(t.permissionsOf(u).selectors, func(g grants) bool {
		refusal, _ := call.check(&g)
		return refusal == Allowed && (g.allKeys ||
			slices.ContainsFunc(g.keys, func(p keyPattern) bool { return p.glob == "*" && p.access&accessRead != 0 }))
	})
}

// CheckSort returns Redis's error for a SORT that looks up keys by patterns, for a user who may not read all keys; "" for any other call.
func (t *Table) CheckSort(u *User, cmd *Command, args Args) (problem string) {
	if cmd.Name != "SORT" && cmd.Name != "SORT_RO" {
		return ""
	}
	o, ok := parseSort(args[2:], cmd.Name == "SORT", Discard)
	switch {
	case !ok || o.by == nil && len(o.get) == 0 || t.ReadsEverything(u, cmd, args):
		return ""
	case o.by != nil && bytes.IndexByte(o.by, '*') >= 0:
		return errSortBy
	case len(o.get) > 0:
		return errSortGet
	}
	return ""
}
