package resp

import "github.com/paxredis/paxredis/statemachine"

// moduleCommands are for clients that look which modules a server has before they use it. There are none, and none can be loaded: what runs inside
// a node has to do the same on every node (https://redis.io/docs/latest/commands/module-list).
func moduleCommands() []localCommand {
	sub := func(name string, arity int, since string, flags statemachine.Flags, syntax, summary string, run localFunc) localCommand {
		return localCommand{local: run, Command: statemachine.Command{Name: name, Arity: arity, Since: since, Flags: flags, Group: groupServer,
			Complexity: "O(1)", Summary: summary, Syntax: syntax}}
	}
	const ask = statemachine.Admin | statemachine.NoScript
	const load = ask | statemachine.NoAsyncLoading
	list := sub("LIST", 2, "4.0.0", ask, "", "Returns all loaded modules: there are none.", moduleList)
	list.Tips = []string{"nondeterministic_output_order"}
	return []localCommand{{Command: statemachine.Command{Name: "MODULE", Arity: -2, Group: groupServer, Since: "4.0.0",
		Complexity: "Depends on subcommand.", Summary: "A container for module commands."}, subcommands: []localCommand{
		sub("HELP", 2, "5.0.0", statemachine.Loading|statemachine.Stale, "", "Returns helpful text about the different subcommands.", moduleHelp),
		list,
		sub("LOAD", -3, "4.0.0", load, "path [arg [arg ...]]", "Refused: there are no modules.", moduleRefused),
		sub("LOADEX", -3, "7.0.0", load, "path [CONFIG name value [CONFIG name value ...]] [ARGS args [args ...]]", "Refused: there are no modules.", moduleRefused),
		sub("UNLOAD", 3, "4.0.0", load, "name", "Refused: there are no modules.", moduleRefused),
	}}}
}

// moduleList: MODULE LIST.
func moduleList(_ *eventLoop, _ *Client, _ statemachine.Args, w *Writer) { w.Array(0) }

func moduleRefused(_ *eventLoop, _ *Client, _ statemachine.Args, w *Writer) { w.Error(errNoModules) }

// moduleHelp: MODULE HELP.
func moduleHelp(_ *eventLoop, _ *Client, _ statemachine.Args, w *Writer) {
	writeHelp(w, "MODULE", []string{"LIST", "    Return a list of loaded modules, which is empty."})
}
