package resp

import (
	"strings"

	"github.com/paxredis/paxredis/statemachine"
)

func clientCommands() []localCommand {
	sub := func(name string, arity int, since, syntax, summary string, run localFunc) localCommand {
		return localCommand{local: run, Command: statemachine.Command{Name: name, Arity: arity, Since: since,
			Flags: anytime | statemachine.NoScript, Group: groupConnection, Complexity: "O(1)", Summary: summary, Syntax: syntax}}
	}
	all := func(name string, arity int, since, syntax, summary string, run specialFunc) localCommand {
		return localCommand{special: run, Command: statemachine.Command{Name: name, Arity: arity, Since: since,
			Flags: adminOnly | statemachine.NoMulti, Group: groupConnection,
			Complexity: "O(N) where N is the number of client connections", Summary: summary, Syntax: syntax,
			Categories: []string{"connection"}}}
	}
	reply := sub("REPLY", 3, "3.2.0", "<ON | OFF | SKIP>", "Instructs the server whether to reply to commands.", clientReply)
	reply.Flags |= statemachine.NoMulti
	noEvict := sub("NO-EVICT", 3, "7.0.0", "<ON | OFF>", "Sets the client eviction mode of the connection.",
		clientSwitch(func(c *Client, on bool) { c.noEvict = on }))
	noEvict.Flags |= statemachine.Admin
	noEvict.Categories = []string{"connection"}
	return []localCommand{{Command: statemachine.Command{Name: "CLIENT", Arity: -2, Flags: anytime, Group: groupConnection,
		Since: "2.4.0", Complexity: "Depends on subcommand.", Summary: "A container for client connection commands."},
		subcommands: append(trackingCommands(), []localCommand{
			sub("GETNAME", 2, "2.6.9", "", "Returns the name of the connection.", clientGetName),
			sub("HELP", 2, "5.0.0", "", "Returns helpful text about the different subcommands.", clientHelp),
			sub("ID", 2, "5.0.0", "", "Returns the unique client ID of the connection.", clientID),
			sub("INFO", 2, "6.2.0", "", "Returns information about the connection.", clientInfo),
			all("KILL", -3, "2.4.0", "<ip:port | <[ID client-id] | [TYPE <NORMAL | MASTER | SLAVE | REPLICA | PUBSUB>] | [USER username] | [ADDR ip:port] | [LADDR ip:port] | [SKIPME <YES | NO>] | [MAXAGE maxage] ...>>",
				"Terminates open connections.", clientKill),
			all("LIST", -2, "2.4.0", "[TYPE <NORMAL | MASTER | REPLICA | PUBSUB>] [ID client-id [client-id ...]]",
				"Lists open connections.", clientList),
			noEvict,
			{special: clientPause, local: clientPauseInExec, Command: statemachine.Command{Name: "PAUSE", Arity: -3, Since: "2.9.50",
				Flags: adminOnly, Group: groupConnection, Complexity: "O(1)", Summary: "Suspends commands processing on this node.",
				Syntax: "timeout [WRITE | ALL]", Categories: []string{"connection"}}},
			sub("NO-TOUCH", 3, "7.2.0", "<ON | OFF>", "Controls whether commands sent by the client affect the LRU/LFU of accessed keys.",
				clientSwitch(func(c *Client, on bool) { c.noTouch = on })),
			reply,
			sub("SETINFO", 4, "7.2.0", "<LIB-NAME libname | LIB-VER libver>", "Sets information specific to the client or connection.", clientSetInfo),
			sub("SETNAME", 3, "2.6.9", "connection-name", "Sets the connection name.", clientSetName),
			all("UNBLOCK", -3, "5.0.0", "client-id [TIMEOUT | ERROR]",
				"Unblocks a client blocked by a blocking command from a different connection.", clientUnblock),
			{special: clientUnpause, local: clientUnpauseInExec, Command: statemachine.Command{Name: "UNPAUSE", Arity: 2, Since: "6.2.0",
				Flags: adminOnly, Group: groupConnection, Complexity: "O(N) Where N is the number of paused clients",
				Summary: "Resumes processing commands from paused clients.", Categories: []string{"connection"}}},
		}...)}}
}

// isClientName reports whether a name can be told apart in CLIENT LIST: printable ASCII without blanks.
func isClientName(name []byte) bool {
	for _, c := range name {
		if c < '!' || c > '~' {
			return false
		}
	}
	return true
}

// clientGetName: CLIENT GETNAME.
func clientGetName(_ *eventLoop, c *Client, _ statemachine.Args, w *Writer) {
	if c.name == "" {
		w.Null()
		return
	}
	w.BulkString(c.name)
}

// clientSetName: CLIENT SETNAME name. The empty name takes it away.
func clientSetName(_ *eventLoop, c *Client, args statemachine.Args, w *Writer) {
	if !isClientName(args[2]) {
		w.Error(errClientName)
		return
	}
	c.name = string(args[2])
	w.Status("OK")
}

// clientSetInfo: CLIENT SETINFO LIB-NAME name | LIB-VER version.
func clientSetInfo(_ *eventLoop, c *Client, args statemachine.Args, w *Writer) {
	option := strings.ToUpper(string(args[2]))
	if option != "LIB-NAME" && option != "LIB-VER" {
		w.Error("ERR Unrecognized option '" + statemachine.Excerpt(args[2]) + "'")
		return
	}
	if !isClientName(args[3]) {
		w.Error("ERR " + string(args[2]) + " cannot contain spaces, newlines or special characters.")
		return
	}
	if option == "LIB-NAME" {
		c.libName = string(args[3])
	} else {
		c.libVersion = string(args[3])
	}
	w.Status("OK")
}

// clientID: CLIENT ID.
func clientID(_ *eventLoop, c *Client, _ statemachine.Args, w *Writer) { w.Int(int64(c.id)) }

// clientInfo: CLIENT INFO.
func clientInfo(l *eventLoop, c *Client, _ statemachine.Args, w *Writer) {
	w.Verbatim("txt", string(appendClient(nil, c, l.now)))
}

// clientReply: CLIENT REPLY ON|OFF|SKIP. OFF and SKIP get no reply themselves.
func clientReply(_ *eventLoop, c *Client, args statemachine.Args, w *Writer) {
	switch strings.ToUpper(string(args[2])) {
	case "ON":
		c.replyOff, c.quiet = false, false
		w.Status("OK")
	case "OFF":
		c.replyOff, c.quiet = true, true
	case "SKIP":
		c.skipNext = !c.replyOff
		c.quiet = true
	default:
		w.Error(errSyntaxError)
	}
}

// clientSwitch runs CLIENT NO-EVICT and NO-TOUCH. Clients are never evicted, so all the former changes is what CLIENT LIST says. The latter is of
// reads: what a write touches is the log's.
func clientSwitch(set func(c *Client, on bool)) localFunc {
	return func(_ *eventLoop, c *Client, args statemachine.Args, w *Writer) {
		switch strings.ToUpper(string(args[2])) {
		case "ON":
			set(c, true)
		case "OFF":
			set(c, false)
		default:
			w.Error(errSyntaxError)
			return
		}
		w.Status("OK")
	}
}

// clientList: CLIENT LIST [TYPE type] [ID id ...].
func clientList(l *eventLoop, c *Client, r *row, args statemachine.Args) {
	filter, problem := listFilter(args[2:])
	if problem != "" {
		l.reply(c, r, func(w *Writer) { w.Error(problem) })
		return
	}
	collect := func(other *Client) []byte {
		if !filter.matches(other) {
			return nil
		}
		return append(appendClient(nil, other, other.loop.now), '\n')
	}
	l.visitAll(c, r, collect, func(found []visit, w *Writer) {
		var text strings.Builder
		for _, v := range found {
			text.Write(v.said)
		}
		w.Verbatim("txt", text.String())
	})
}

// clientKill: CLIENT KILL ip:port, or CLIENT KILL filter value ... . The client itself is closed behind its reply.
func clientKill(l *eventLoop, c *Client, r *row, args statemachine.Args) {
	filter, problem := killFilter(args[2:])
	if problem == "" && filter.user != "" && l.server.lookUp(filter.user) == nil {
		problem = "ERR No such user '" + statemachine.Excerpt([]byte(filter.user)) + "'"
	}
	if problem != "" {
		l.reply(c, r, func(w *Writer) { w.Error(problem) })
		return
	}
	self := c
	kill := func(other *Client) []byte {
		if !filter.matches(other) || filter.skipMe && other == self {
			return nil
		}
		if other != self {
			other.loop.closeNow(other)
		}
		return []byte("killed")
	}
	l.visitAll(c, r, kill, func(found []visit, w *Writer) {
		for _, v := range found {
			if v.id == self.id {
				self.closing = true
			}
		}
		switch {
		case filter.counts:
			w.Int(int64(len(found)))
		case len(found) == 0:
			w.Error(errNoSuchClient)
		default:
			w.Status("OK")
		}
	})
}

// clientHelp: CLIENT HELP.
func clientHelp(_ *eventLoop, _ *Client, _ statemachine.Args, w *Writer) {
	writeHelp(w, "CLIENT", []string{
		"CACHING (YES|NO)", "    Enable/disable tracking of the keys for next command in OPTIN/OPTOUT modes.",
		"GETNAME", "    Return the name of the current connection.",
		"GETREDIR", "    Return the client ID we are redirecting to when tracking is enabled.",
		"ID", "    Return the ID of the current connection.",
		"INFO", "    Return information about the current client connection.",
		"KILL <ip:port>", "    Kill connection made from <ip:port>.",
		"KILL <option> <value> [<option> <value> [...]]", "    Kill connections. Options are:",
		"    * ADDR <ip:port>", "      Kill connections made from the specified address",
		"    * LADDR <ip:port>", "      Kill connections made to specified local address",
		"    * TYPE (NORMAL|MASTER|REPLICA|PUBSUB)", "      Kill connections by type.",
		"    * USER <username>", "      Kill connections authenticated by <username>.",
		"    * SKIPME (YES|NO)", "      Skip killing current connection (default: yes).",
		"    * MAXAGE <maxage>", "      Kill connections older than the specified age.",
		"    * ID <client-id>", "      Kill the connection with that ID.",
		"LIST [options ...]", "    Return information about client connections. Options:",
		"    * TYPE (NORMAL|MASTER|REPLICA|PUBSUB)", "      Return clients of specified type.",
		"    * ID <client-id> [<client-id> ...]", "      Return clients of specified IDs only.",
		"UNBLOCK <clientid> [TIMEOUT|ERROR]", "    Unblock the specified blocked client.",
		"UNPAUSE", "    Stop the current client pause, resuming traffic.",
		"PAUSE <timeout> [WRITE|ALL]", "    Suspend all, or just write, clients for <timeout> milliseconds.",
		"NO-EVICT (ON|OFF)", "    Protect current client connection from eviction.",
		"NO-TOUCH (ON|OFF)", "    Will not touch LRU/LFU stats when this mode is on.",
		"REPLY (ON|OFF|SKIP)", "    Control the replies sent to the current connection.",
		"SETINFO <option> <value>", "    Set client meta attr. Options are:",
		"    * LIB-NAME: the client lib name.", "    * LIB-VER: the client lib version.",
		"SETNAME <name>", "    Assign the name <name> to the current connection.",
		"TRACKING (ON|OFF) [REDIRECT <id>] [BCAST] [PREFIX <prefix> [...]]", "         [OPTIN] [OPTOUT] [NOLOOP]",
		"    Control server assisted client side caching.",
		"TRACKINGINFO", "    Report tracking status for the current connection.",
	})
}

// writeHelp writes the answer of a container's HELP.
func writeHelp(w *Writer, container string, lines []string) {
	w.Array(len(lines) + 3)
	w.Status(container + " <subcommand> [<arg> [value] [opt] ...]. Subcommands are:")
	for _, line := range lines {
		w.Status(line)
	}
	w.Status("HELP")
	w.Status("    Prints this help.")
}

func parseID(arg []byte) (uint64, bool) {
	id, ok := statemachine.ParseInt(arg)
	return uint64(id), ok && id > 0
}
