package resp

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/paxredis/paxredis/statemachine"
)

// aclCommands are those about a connection or this node. What reads or changes the users is the machine's.
func aclCommands() []localCommand {
	sub := func(name string, arity int, since string, flags statemachine.Flags, syntax, summary string, run localFunc) localCommand {
		return localCommand{local: run, Command: statemachine.Command{Name: name, Arity: arity, Since: since, Flags: flags,
			Group: groupServer, Complexity: "O(1)", Summary: summary, Syntax: syntax}}
	}
	const anybody = anytime | statemachine.NoScript
	return []localCommand{{Command: statemachine.Command{Name: "ACL"}, subcommands: []localCommand{
		sub("CAT", -2, "6.0.0", anybody, "[category]", "Lists the ACL categories, or the commands inside a category.", aclCat),
		sub("DRYRUN", -4, "7.0.0", adminOnly, "username command [arg [arg ...]]",
			"Simulates the execution of a command by a user, without executing the command.", aclDryRun),
		sub("GENPASS", -2, "6.0.0", anybody, "[bits]", "Generates a pseudorandom, secure password that can be used to identify ACL users.", aclGenPass),
		sub("HELP", 2, "6.0.0", anytime, "", "Returns helpful text about the different subcommands.", aclHelp),
		sub("LOAD", 2, "6.0.0", adminOnly, "", "Refused: the users are in the log, and there is no ACL file.", refuseWith(errNoACLFile)),
		sub("LOG", -2, "6.0.0", adminOnly, "[count | RESET]", "Lists recent security events generated due to ACL rules.", aclLog),
		sub("SAVE", 2, "6.0.0", adminOnly, "", "Refused: the users are in the log, and there is no ACL file.", refuseWith(errNoACLFile)),
		sub("WHOAMI", 2, "6.0.0", anybody, "", "Returns the authenticated username of the current connection.", aclWhoAmI),
	}}}
}

// preparation makes of a client's call what the log is to have of it, or says why there is nothing to be had.
type preparation func(table *statemachine.Table, args statemachine.Args) (_ statemachine.Args, problem string)

// preparations are the calls that are not logged as they come. Their clients are held until the log has decided: what they send next may depend
// on the user that it is about.
var preparations = map[string]preparation{"acl|setuser": prepareSetUser, "acl|deluser": prepareNothing}

func prepareNothing(_ *statemachine.Table, args statemachine.Args) (statemachine.Args, string) {
	return args, ""
}

// prepareSetUser puts sums in the place of passwords, and refuses rules that are wrong on this node.
func prepareSetUser(table *statemachine.Table, args statemachine.Args) (_ statemachine.Args, problem string) {
	rules, unmatched := statemachine.JoinSelectors(args[3:])
	if unmatched >= 0 {
		return nil, statemachine.UnmatchedSelector(args[3+unmatched])
	}
	if bad, err := table.CheckRules(rules); err != nil {
		return nil, statemachine.BadRule(rules[bad], err)
	}
	return append(append(statemachine.Args{}, args[:3]...), statemachine.WithoutSecrets(rules)...), ""
}

// record writes a call to the log that has a preparation.
func (l *eventLoop) record(c *Client, r *row, args statemachine.Args) {
	prepared, problem := r.prepare(l.server.table, args)
	if problem != "" {
		l.reply(c, r, func(w *Writer) { w.Error(problem) })
		return
	}
	l.writeHeld(c, r, args, prepared)
}

// writeHeld writes a command to the log in place of the one that was asked for, and holds its client until it is answered.
func (l *eventLoop) writeHeld(c *Client, r *row, asked, args statemachine.Args) {
	c.hold(r)
	l.writeFor(c, item{client: c, row: r, kind: kindWrite, holds: true}, asked, func(dst []byte) []byte { return statemachine.AppendCommand(dst, c.db, args) })
}

// setPassword is CONFIG SET requirepass: it gives the default user of the whole cluster a password, or with "" none.
func (l *eventLoop) setPassword(c *Client, r *row, asked statemachine.Args, password []byte) {
	args := statemachine.Args{[]byte("ACL"), []byte("SETUSER"), []byte(statemachine.DefaultUser), []byte("resetpass"), []byte("nopass")}
	if len(password) > 0 {
		args[4] = []byte("#" + statemachine.HashPassword(password))
	}
	l.writeHeld(c, r, asked, args)
}

// aclCat: ACL CAT [category].
func aclCat(l *eventLoop, _ *Client, args statemachine.Args, w *Writer) {
	var names []string
	switch len(args) {
	case 2:
		names = statemachine.Categories()
	case 3:
		category := strings.ToLower(string(args[2]))
		for _, c := range everyCommand(l.server.table) {
			if c.InCategory(category) {
				names = append(names, c.name)
			}
		}
		if len(names) == 0 {
			w.Error("ERR Unknown category '" + statemachine.Excerpt(args[2]) + "'")
			return
		}
	default:
		w.Error(statemachine.BadSubcommand(args))
		return
	}
	w.Array(len(names))
	for _, name := range names {
		w.BulkString(name)
	}
}

// aclDryRun: ACL DRYRUN username command [arg ...].
func aclDryRun(l *eventLoop, _ *Client, args statemachine.Args, w *Writer) {
	u := l.server.lookUp(string(args[2]))
	if u == nil {
		w.Error("ERR User '" + statemachine.Excerpt(args[2]) + "' not found")
		return
	}
	cmd, problem := l.server.table.Resolve(args[3:])
	switch {
	case cmd == nil && strings.HasPrefix(problem, "ERR wrong number"):
		w.Error(problem)
		return
	case cmd == nil:
		w.Error("ERR Command '" + statemachine.Excerpt(args[3]) + "' not found")
		return
	}
	if d := l.server.table.Check(u, cmd, args[3:]); d.Refusal != statemachine.Allowed {
		w.BulkString(d.Text(true))
		return
	}
	w.Status("OK")
}

// The bits of a password of ACL GENPASS.
const (
	defaultPasswordBits = 256
	mostPasswordBits    = 4096
)

// aclGenPass: ACL GENPASS [bits].
func aclGenPass(_ *eventLoop, _ *Client, args statemachine.Args, w *Writer) {
	bits := int64(defaultPasswordBits)
	switch len(args) {
	case 2:
	case 3:
		n, ok := statemachine.ParseInt(args[2])
		if !ok {
			w.Error(errInteger)
			return
		}
		if bits = n; bits <= 0 || bits > mostPasswordBits {
			w.Error(fmt.Sprintf("ERR ACL GENPASS argument must be the number of bits for the output password, a positive number up to %d", mostPasswordBits))
			return
		}
	default:
		w.Error(statemachine.BadSubcommand(args))
		return
	}
	digits := (bits + 3) / 4
	random := make([]byte, (digits+1)/2)
	rand.Read(random) // never fails: crypto/rand
	w.BulkString(hex.EncodeToString(random)[:digits])
}

// aclLog: ACL LOG [count | RESET], of this node.
func aclLog(l *eventLoop, _ *Client, args statemachine.Args, w *Writer) {
	count := int64(10)
	switch {
	case len(args) > 3:
		w.Error(statemachine.BadSubcommand(args))
		return
	case len(args) == 3 && strings.EqualFold(string(args[2]), "RESET"):
		l.server.denials.reset()
		w.Status("OK")
		return
	case len(args) == 3:
		n, ok := statemachine.ParseInt(args[2])
		if !ok {
			w.Error(errInteger)
			return
		}
		count = n
	}
	entries := l.server.denials.newest(count)
	w.Array(len(entries))
	for i := range entries {
		writeDenial(w, &entries[i], l.now)
	}
}

// aclWhoAmI: ACL WHOAMI.
func aclWhoAmI(_ *eventLoop, c *Client, _ statemachine.Args, w *Writer) { w.BulkString(c.userName()) }

// userName is who the client is. While the node does not know its users that is the default user.
func (c *Client) userName() string {
	if c.user == nil {
		return statemachine.DefaultUser
	}
	return c.user.Name()
}

// aclHelp: ACL HELP.
func aclHelp(_ *eventLoop, _ *Client, _ statemachine.Args, w *Writer) {
	writeHelp(w, "ACL", []string{
		"CAT [<category>]", "    List all commands that belong to <category>, or all command categories", "    when no category is specified.",
		"DELUSER <username> [<username> ...]", "    Delete a list of users.",
		"DRYRUN <username> <command> [<arg> ...]", "    Returns whether the user can execute the given command without executing the command.",
		"GETUSER <username>", "    Get the user's details.",
		"GENPASS [<bits>]", "    Generate a secure 256-bit user password. The optional `bits` argument can", "    be used to specify a different size.",
		"LIST", "    Show users details in config file format.",
		"LOAD", "    Reload users from the ACL file.",
		"LOG [<count> | RESET]", "    Show the ACL log entries.",
		"SAVE", "    Save the current config to the ACL file.",
		"SETUSER <username> <attribute> [<attribute> ...]", "    Create or modify a user with the specified attributes.",
		"USERS", "    List all the registered usernames.",
		"WHOAMI", "    Return the current connection username.",
	})
}
