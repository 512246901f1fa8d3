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
		{local: failover, Command: statemachine.Command{Name: "FAILOVER", Arity: -1,
			Flags: statemachine.Admin | statemachine.NoScript | statemachine.Stale, Group: groupServer, Since: "6.2.0", Complexity: "O(1)",
			Summary: "Refused: there are no replicas. PAXOS LEADER TRANSFER hands leadership over.",
			Syntax:  "[TO host port [FORCE]] [ABORT] [TIMEOUT milliseconds]"}},
		{local: replicaOf, Command: statemachine.Command{Name: "REPLICAOF", Arity: 3,
			Flags: statemachine.Admin | statemachine.NoScript | statemachine.Stale, Group: groupServer, Since: "5.0.0",
			Complexity: "O(1)", Summary: "Refused but for NO ONE: every node of the cluster takes writes.", Syntax: "<host port | NO ONE>"}},
		{local: replicaOf, Command: statemachine.Command{Name: "SLAVEOF", Arity: 3,
			Flags: statemachine.Admin | statemachine.NoScript | statemachine.Stale, Group: groupServer, Since: "1.0.0",
			Complexity: "O(1)", Summary: "Refused but for NO ONE: every node of the cluster takes writes.", Syntax: "<host port | NO ONE>"}},
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

// role: ROLE. Every node takes writes, so each says it is a master, at the offset of INFO replication.
func role(l *eventLoop, _ *Client, _ statemachine.Args, w *Writer) {
	w.Array(3)
	w.BulkString("master")
	w.Int(int64(l.server.machine.Stats().Slot))
	w.Array(0)
}

func refuseWith(problem string) localFunc {
	return func(_ *eventLoop, _ *Client, _ statemachine.Args, w *Writer) { w.Error(problem) }
}

// replicaOf: REPLICAOF host port, REPLICAOF NO ONE. The latter is so already.
func replicaOf(_ *eventLoop, _ *Client, args statemachine.Args, w *Writer) {
	if strings.EqualFold(string(args[1]), "NO") && strings.EqualFold(string(args[2]), "ONE") {
		writeOK(w)
		return
	}
	w.Error(errNoReplicaOf)
}

// failover: FAILOVER. It is for replicas, of which there are none.
func failover(_ *eventLoop, _ *Client, args statemachine.Args, w *Writer) {
	if len(args) == 2 && strings.EqualFold(string(args[1]), "ABORT") {
		w.Error("ERR No failover in progress.")
		return
	}
	w.Error("ERR FAILOVER requires connected replicas.")
}

// shutdownArgs checks SHUTDOWN's arguments: not SAVE with NOSAVE, and ABORT alone.
func shutdownArgs(args statemachine.Args) (abort bool, problem string) {
	seen := make(map[string]bool)
	for _, arg := range args[1:] {
		option := strings.ToUpper(string(arg))
		switch option {
		case "NOSAVE", "SAVE", "NOW", "FORCE", "ABORT":
			seen[option] = true
		default:
			return false, errSyntaxError
		}
	}
	if seen["SAVE"] && seen["NOSAVE"] || seen["ABORT"] && len(args) > 2 {
		return false, errSyntaxError
	}
	return seen["ABORT"], ""
}

// shutdown: SHUTDOWN [NOSAVE|SAVE] [NOW] [FORCE] [ABORT]. Everything acknowledged is on disk already, so the options change
// nothing. The reply is the end of the connection.
func shutdown(l *eventLoop, c *Client, args statemachine.Args, w *Writer) {
	abort, problem := shutdownArgs(args)
	switch {
	case problem != "":
		w.Error(problem)
		return
	case abort:
		w.Error("ERR No shutdown in progress.")
		return
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
func lolwut(l *eventLoop, _ *Client, args statemachine.Args, w *Writer) {
	if len(args) >= 3 && strings.EqualFold(string(args[1]), "VERSION") {
		if _, isNumber := statemachine.ParseInt(args[2]); !isNumber {
			w.Error(errInteger)
			return
		}
	}
	w.Verbatim("txt", ""+
		"    o---------o\n"+
		"   / \\       / \\\n"+
		"  o---\\-----/---o    three nodes, one log\n"+
		"       \\   /\n"+
		"        \\ /\n"+
		"         o\n\npaxredis "+l.server.config.Version+", Redis ver. "+redisVersion+"\n")
}
