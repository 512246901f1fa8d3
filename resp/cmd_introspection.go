package resp

import (
	"strconv"

	"github.com/paxredis/paxredis/statemachine"
)

func introspectionCommands() []localCommand {
	config := func(name string, arity int, since, syntax, summary string, run localFunc) localCommand {
		return localCommand{local: run, Command: statemachine.Command{Name: name, Arity: arity, Since: since, Flags: adminOnly,
			Group: groupServer, Complexity: "O(N) when N is the number of configuration parameters provided", Summary: summary, Syntax: syntax}}
	}
	set := config("SET", -4, "2.0.0", "parameter value [parameter value ...]", "Sets configuration parameters in-flight.", configSetInExec).with(tipsAllNodes)
	set.special, set.awaited = configSet, true
	table := func(name string, arity int, since, syntax, summary string) localCommand {
		return localCommand{local: command, Command: statemachine.Command{Name: name, Arity: arity, Since: since, Flags: anytime,
			Group: groupServer, Complexity: "O(N) where N is the number of commands to look up", Summary: summary, Syntax: syntax,
			Categories: []string{"connection"}}}
	}
	configHelp := config("HELP", 2, "5.0.0", "", "Returns helpful text about the different subcommands.", configHelp)
	configHelp.Flags = anytime
	return []localCommand{
		{local: command, Command: statemachine.Command{Name: "COMMAND", Arity: -1, Flags: anytime, Group: groupServer, Since: "2.8.13",
			Complexity: "O(N) where N is the total number of commands", Summary: "Returns detailed information about all commands.",
			Tips: tipsUnordered, Categories: []string{"connection"}},
			subcommands: []localCommand{
				table("COUNT", 2, "2.8.13", "", "Returns a count of commands."),
				table("DOCS", -2, "7.0.0", "[command-name [command-name ...]]", "Returns documentary information about one, multiple or all commands.").with(tipsUnordered),
				table("GETKEYS", -3, "2.8.13", "command [arg [arg ...]]", "Extracts the key names from an arbitrary command."),
				table("GETKEYSANDFLAGS", -3, "7.0.0", "command [arg [arg ...]]", "Extracts the key names and access flags for an arbitrary command."),
				table("HELP", 2, "5.0.0", "", "Returns helpful text about the different subcommands."),
				table("INFO", -2, "2.8.13", "[command-name [command-name ...]]", "Returns information about one, multiple or all commands.").with(tipsUnordered),
				table("LIST", -2, "7.0.0", "[FILTERBY <MODULE module-name | ACLCAT category | PATTERN pattern>]", "Returns a list of command names.").with(tipsUnordered),
			}},
		{Command: statemachine.Command{Name: "CONFIG", Arity: -2, Flags: anytime, Group: groupServer, Since: "2.0.0",
			Complexity: "Depends on subcommand.", Summary: "A container for server configuration commands."},
			subcommands: []localCommand{
				config("GET", -3, "2.0.0", "parameter [parameter ...]", "Returns the effective values of configuration parameters.", configGet),
				configHelp,
				config("RESETSTAT", 2, "2.0.0", "", "Resets the server's statistics.", configResetStat).with(tipsAllNodes),
				config("REWRITE", 2, "2.8.0", "", "Refused: the server does not write configuration files. What is set on all nodes stays set.", refuseWith(errNoConfigFile)).with(tipsAllNodes),
				set,
			}},
		{local: info, Command: statemachine.Command{Name: "INFO", Arity: -1, Flags: anytime, Group: groupServer, Since: "1.0.0",
			Complexity: "O(1)", Summary: "Returns information and statistics about the server.", Syntax: "[section [section ...]]",
			Tips:       []string{"nondeterministic_output", "request_policy:all_shards", "response_policy:special"},
			Categories: []string{"dangerous"}}},
	}
}

// writeDecimal writes a number as a bulk string.
func writeDecimal(w *Writer, n int64) {
	var buf [20]byte
	w.Bulk(strconv.AppendInt(buf[:0], n, 10))
}

// command: COMMAND and its subcommands, all from the table that dispatches.
func command(l *eventLoop, _ *Client, args statemachine.Args, w *Writer) {
	runCommand(l.server.table, args, w)
}

// configGet: CONFIG GET parameter [parameter ...].
func configGet(l *eventLoop, _ *Client, args statemachine.Args, w *Writer) {
	l.server.settings.Get(args[2:], w)
}

// configResetStat: CONFIG RESETSTAT.
func configResetStat(l *eventLoop, _ *Client, _ statemachine.Args, w *Writer) {
	l.server.resetStats()
	w.Status("OK")
}

// configHelp: CONFIG HELP.
func configHelp(_ *eventLoop, _ *Client, _ statemachine.Args, w *Writer) {
	writeHelp(w, "CONFIG", []string{
		"GET <pattern>", "    Return parameters matching the glob-like <pattern> and their values.",
		"SET <directive> <value>", "    Set the configuration <directive> to <value>.",
		"RESETSTAT", "    Reset statistics reported by the INFO command.",
		"REWRITE", "    Rewrite the configuration file.",
	})
}
