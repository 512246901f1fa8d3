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

// auth: AUTH [username] password.
func auth(l *eventLoop, c *Client, args statemachine.Args, w *Writer) {
	name := []byte(statemachine.DefaultUser)
	switch {
	case len(args) > 3:
		w.Error(errSyntaxError)
		return
	case len(args) == 3:
		name = args[1]
	case l.server.knowsUsers() && l.server.lookUp(statemachine.DefaultUser).NeedsNoPassword():
		w.Error(errNoPassword)
		return
	}
	if problem := l.authenticate(c, string(args[0]), name, args[len(args)-1]); problem != "" {
		w.Error(problem)
		return
	}
	w.Status("OK")
}

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
	options, problem := helloOptions(args[min(2, len(args)):])
	if problem == "" && options.user != nil {
		problem = l.authenticate(c, string(args[0]), options.user, options.password)
	}
	switch {
	case problem != "":
	case c.isStranger():
		problem = errHelloNoAuth
	}
	if problem != "" {
		w.Error(problem)
		return
	}
	if c.proto = proto; options.named {
		c.name = options.name
	}
	w.Proto = proto
	l.writeHello(c, w)
}

// helloArguments are what follows the version of HELLO.
type helloArguments struct {
	user, password []byte // nil: it does not authenticate
	name           string
	named          bool
}

func helloOptions(options [][]byte) (found helloArguments, problem string) {
	for len(options) > 0 {
		switch option := strings.ToUpper(string(options[0])); {
		case option == "AUTH" && len(options) > 2:
			found.user, found.password, options = options[1], options[2], options[3:]
		case option == "SETNAME" && len(options) > 1:
			if !isClientName(options[1]) {
				return found, errClientName
			}
			found.name, found.named, options = string(options[1]), true, options[2:]
		default:
			return found, "ERR Syntax error in HELLO option '" + statemachine.Excerpt(options[0]) + "'"
		}
	}
	return found, ""
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
