package resp

import (
	"strings"

	"github.com/paxredis/paxredis/statemachine"
)

func serverCommands() []localCommand {
	return []localCommand{
		slowlogCommands(),
		{special: monitorCommand, local: refuseWith(errNoBlocking), Command: statemachine.Command{Name: "MONITOR", Arity: 1, Flags: adminOnly,
			Group: groupServer, Since: "1.0.0", Complexity: "",
			Summary: "Listens for all requests received by this node in real-time."}},
		{local: timeCommand, Command: statemachine.Command{Name: "TIME", Arity: 1, Flags: quick, Group: groupServer, Since: "2.6.0",
			Complexity: "O(1)", Summary: "Returns the server time.", Tips: []string{"nondeterministic_output"}}},
		{local: role, Command: statemachine.Command{Name: "ROLE", Arity: 1, Flags: quickly, Group: groupServer, Since: "2.8.12",
			Complexity: "O(1)", Summary: "Returns the replication role.", Categories: []string{"admin", "dangerous"}}},
		{local: refuseWith(errNoReplicaOf), Command: statemachine.Command{Name: "REPLICAOF", Arity: 3,
			Flags: statemachine.Admin | statemachine.NoScript | statemachine.Stale, Group: groupServer, Since: "5.0.0",
			Complexity: "O(1)", Summary: "Refused: every node of the cluster takes writes.", Syntax: "<host port | NO ONE>"}},
		{local: refuseWith(errNoReplicaOf), Command: statemachine.Command{Name: "SLAVEOF", Arity: 3,
			Flags: statemachine.Admin | statemachine.NoScript | statemachine.Stale, Group: groupServer, Since: "1.0.0",
			Complexity: "O(1)", Summary: "Refused: every node of the cluster takes writes.", Syntax: "<host port | NO ONE>"}},
		{local: refuseWith(errNoCluster), Command: statemachine.Command{Name: "CLUSTER", Arity: -2, Flags: anytime, Group: "cluster",
			Since: "3.0.0", Complexity: "O(1)", Summary: "Refused: there are no hash slots."}},
		{local: shutdown, Command: statemachine.Command{Name: "SHUTDOWN", Arity: -1,
			Flags: adminOnly | statemachine.NoMulti | statemachine.AllowBusy, Group: groupServer, Since: "1.0.0", Complexity: "O(1)",
			Summary: "Answers what is accepted and shuts this node down.", Syntax: "[NOSAVE | SAVE] [NOW] [FORCE] [ABORT]"}},
		{local: lolwut, Command: statemachine.Command{Name: "LOLWUT", Arity: -1, Flags: statemachine.ReadOnly | statemachine.Fast,
			Group: groupServer, Since: "5.0.0", Complexity: "O(1)", Summary: "Displays a small picture and the version.",
			Syntax: "[VERSION version]"}},
	}
}

// timeCommand: TIME.
func timeCommand(l *eventLoop, _ *Client, _ statemachine.Args, w *Writer) {
	now := l.server.now()
	w.Array(2)
	writeDecimal(w, now.Unix())
	writeDecimal(w, int64(now.Nanosecond()/1000))
}

// role: ROLE. Every node takes writes, so each says it is a master.
func role(_ *eventLoop, _ *Client, _ statemachine.Args, w *Writer) {
	w.Array(3)
	w.BulkString("master")
	w.Int(0)
	w.Array(0)
}

func refuseWith(problem string) localFunc {
	return func(_ *eventLoop, _ *Client, _ statemachine.Args, w *Writer) { w.Error(problem) }
}

// shutdown: SHUTDOWN [NOSAVE|SAVE] [NOW] [FORCE] [ABORT]. Everything acknowledged is on disk already, so the options change
// nothing. The reply is the end of the connection.
func shutdown(l *eventLoop, c *Client, args statemachine.Args, w *Writer) {
	for _, arg := range args[1:] {
		switch strings.ToUpper(string(arg)) {
		case "NOSAVE", "SAVE", "NOW", "FORCE":
		case "ABORT":
			w.Error("ERR No shutdown in progress.")
			return
		default:
			w.Error(errSyntaxError)
			return
		}
	}
	if l.server.config.Shutdown == nil {
		w.Error("ERR SHUTDOWN is not allowed on this node")
		return
	}
	l.server.logger.Info("resp: a client asked for shutdown", "client", c.id, "addr", c.remote)
	c.closing = true
	go l.server.config.Shutdown()
}

// lolwut: LOLWUT [VERSION version].
func lolwut(l *eventLoop, _ *Client, _ statemachine.Args, w *Writer) {
	w.Verbatim("txt", ""+
		"    o---------o\n"+
		"   / \\       / \\\n"+
		"  o---\\-----/---o    three nodes, one log\n"+
		"       \\   /\n"+
		"        \\ /\n"+
		"         o\n\npaxredis "+l.server.config.Version+", Redis ver. "+redisVersion+"\n")
}
