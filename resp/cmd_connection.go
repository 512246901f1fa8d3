package resp

import (
	"bytes"
	"strings"

	"github.com/paxredis/paxredis/statemachine"
)

func connectionCommands() []localCommand {
	tips := []string{"request_policy:all_shards", "response_policy:all_succeeded"}
	return []localCommand{
		{local: ping, Command: statemachine.Command{Name: "PING", Arity: -1, Flags: statemachine.Fast, Group: groupConnection,
			Since: "1.0.0", Complexity: "O(1)", Summary: "Returns the server's liveliness response.", Syntax: "[message]", Tips: tips}},
		{local: echo, Command: statemachine.Command{Name: "ECHO", Arity: 2, Flags: quick, Group: groupConnection,
			Since: "1.0.0", Complexity: "O(1)", Summary: "Returns the given string.", Syntax: "message"}},
		{immediate: true, local: quit, Command: statemachine.Command{Name: "QUIT", Arity: -1,
			Flags: quickly | statemachine.NoAuth | statemachine.AllowBusy, Group: groupConnection, Since: "1.0.0",
			Complexity: "O(1)", Summary: "Closes the connection."}},
		{immediate: true, local: reset, Command: statemachine.Command{Name: "RESET", Arity: 1,
			Flags: quickly | statemachine.NoAuth | statemachine.AllowBusy, Group: groupConnection, Since: "6.2.0",
			Complexity: "O(1)", Summary: "Resets the connection."}},
		{local: selectDB, Command: statemachine.Command{Name: "SELECT", Arity: 2, Flags: quick, Group: groupConnection,
			Since: "1.0.0", Complexity: "O(1)", Summary: "Changes the selected database.", Syntax: "index"}},
		{local: hello, Command: statemachine.Command{Name: "HELLO", Arity: -1,
			Flags: quickly | statemachine.NoAuth | statemachine.AllowBusy | statemachine.NoMulti, Group: groupConnection,
			Since: "6.0.0", Complexity: "O(1)", Summary: "Handshakes with the Redis server.",
			Syntax: "[protover [AUTH username password] [SETNAME clientname]]"}},
		{local: auth, Command: statemachine.Command{Name: "AUTH", Arity: -2,
			Flags: quickly | statemachine.NoAuth | statemachine.AllowBusy, Group: groupConnection, Since: "1.0.0",
			Complexity: "O(N) where N is the number of passwords defined for the user",
			Summary:    "Authenticates the connection.", Syntax: "[username] password"}},
		{local: readOnly, Command: statemachine.Command{Name: "READONLY", Arity: 1, Flags: quick, Group: groupCluster,
			Since: "3.0.0", Complexity: "O(1)", Summary: "Enables reads of this node's own state, which may be behind.",
			Categories: []string{"connection"}}},
		{local: readWrite, Command: statemachine.Command{Name: "READWRITE", Arity: 1, Flags: quick, Group: groupCluster,
			Since: "3.0.0", Complexity: "O(1)", Summary: "Makes reads linearizable again, after READONLY.",
			Categories: []string{"connection"}}},
	}
}

// ping: PING [message]. A client of RESP2 that is subscribed gets something like a message.
func ping(_ *eventLoop, c *Client, args statemachine.Args, w *Writer) {
	if len(args) < 3 && c.proto != 3 && c.isSubscriber() {
		w.Array(2)
		w.BulkString("pong")
		w.Bulk(bytes.Join(args[1:], nil))
		return
	}
	switch len(args) {
	case 1:
		w.Status("PONG")
	case 2:
		w.Bulk(args[1])
	default:
		w.Error("ERR wrong number of arguments for 'ping' command")
	}
}

// echo: ECHO message.
func echo(_ *eventLoop, _ *Client, args statemachine.Args, w *Writer) { w.Bulk(args[1]) }

// quit: QUIT. The connection closes once everything before is answered.
func quit(_ *eventLoop, c *Client, _ statemachine.Args, w *Writer) {
	c.closing = true
	w.Status("OK")
}

// reset: RESET.
func reset(l *eventLoop, c *Client, _ statemachine.Args, w *Writer) {
	l.stopMonitor(c)
	c.reset()
	w.Proto = c.proto
	w.Status("RESET")
}

// selectDB: SELECT index.
func selectDB(_ *eventLoop, c *Client, args statemachine.Args, w *Writer) {
	if db, ok := statemachine.DatabaseArg(args[1], w); ok {
		c.db = db
		w.Status("OK")
	}
}

// readOnly: READONLY.
func readOnly(_ *eventLoop, c *Client, _ statemachine.Args, w *Writer) {
	c.stale = true
	w.Status("OK")
}

// readWrite: READWRITE.
func readWrite(_ *eventLoop, c *Client, _ statemachine.Args, w *Writer) {
	c.stale = false
	w.Status("OK")
}

// auth: AUTH [username] password. There are no passwords: the default user is let in with any.
func auth(_ *eventLoop, _ *Client, args statemachine.Args, w *Writer) {
	switch {
	case len(args) > 3:
		w.Error(errSyntaxError)
	case len(args) == 2:
		w.Error(errNoPassword)
	case string(args[1]) != defaultUser:
		w.Error(errWrongPass)
	default:
		w.Status("OK")
	}
}

// defaultUser is the one user there is.
const defaultUser = "default"

// hello: HELLO [protover [AUTH username password] [SETNAME clientname]]. Nothing changes unless all of it is right.
func hello(l *eventLoop, c *Client, args statemachine.Args, w *Writer) {
	proto := c.proto
	if len(args) > 1 {
		n, ok := statemachine.ParseInt(args[1])
		if !ok {
			w.Error(errProtoNumber)
			return
		}
		if n < 2 || n > 3 {
			w.Error(errNoProto)
			return
		}
		proto = int(n)
	}
	name, problem := helloOptions(c.name, args[min(2, len(args)):])
	if problem != "" {
		w.Error(problem)
		return
	}
	c.name, c.proto = name, proto
	w.Proto = proto
	l.writeHello(c, w)
}

// helloOptions reads what follows the version, and returns the connection's name.
func helloOptions(name string, options [][]byte) (_, problem string) {
	for len(options) > 0 {
		switch option := strings.ToUpper(string(options[0])); {
		case option == "AUTH" && len(options) > 2:
			if string(options[1]) != defaultUser {
				return "", errWrongPass
			}
			options = options[3:]
		case option == "SETNAME" && len(options) > 1:
			if !isClientName(options[1]) {
				return "", errClientName
			}
			name, options = string(options[1]), options[2:]
		default:
			return "", "ERR Syntax error in HELLO option '" + statemachine.Excerpt(options[0]) + "'"
		}
	}
	return name, ""
}

func (l *eventLoop) writeHello(c *Client, w *Writer) {
	w.Map(7)
	w.BulkString("server")
	w.BulkString("redis")
	w.BulkString("version")
	w.BulkString(redisVersion)
	w.BulkString("proto")
	w.Int(int64(c.proto))
	w.BulkString("id")
	w.Int(int64(c.id))
	w.BulkString("mode")
	w.BulkString(l.server.mode())
	w.BulkString("role")
	w.BulkString("master")
	w.BulkString("modules")
	w.Array(0)
}
