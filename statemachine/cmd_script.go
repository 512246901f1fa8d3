package statemachine

import "bytes"

var scriptCommands = []Command{
	{Name: "SCRIPT", Arity: -2, Group: groupScripting, Since: "2.6.0", Complexity: "Depends on subcommand.",
		Summary: "A container for Lua scripts management commands.", Subcommands: []Command{
			{Name: "DEBUG", Arity: 3, Flags: NoScript, Group: groupScripting, Since: "3.2.0", Complexity: "O(1)",
				Summary: "Sets the debug mode of server-side Lua scripts.", Syntax: "<YES | SYNC | NO>", Run: scriptDebug},
			{Name: "EXISTS", Arity: -3, Flags: NoScript, Group: groupScripting, Since: "2.6.0",
				Complexity: "O(N) with N being the number of scripts to check (so checking a single script is an O(1) operation).",
				Summary:    "Determines whether server-side Lua scripts exist in the script cache.", Syntax: "sha1 [sha1 ...]",
				Tips: []string{"request_policy:all_shards", "response_policy:agg_logical_and"}, Run: scriptExists},
			{Name: "FLUSH", Arity: -2, Flags: MayReplicate | NoScript, Group: groupScripting, Since: "2.6.0",
				Complexity: "O(N) with N being the number of scripts in cache", Summary: "Removes all server-side Lua scripts from the script cache.",
				Syntax: "[ASYNC | SYNC]", Tips: []string{"request_policy:all_nodes", "response_policy:all_succeeded"}, Run: scriptFlush},
			{Name: "HELP", Arity: 2, Flags: Loading | Stale, Group: groupScripting, Since: "5.0.0", Complexity: "O(1)",
				Summary: "Returns helpful text about the different subcommands.", Run: scriptHelp},
			{Name: "KILL", Arity: 2, Flags: NoScript | AllowBusy, Group: groupScripting, Since: "2.6.0", Complexity: "O(1)",
				Summary: "Terminates a server-side Lua script during execution.",
				Tips:    []string{"request_policy:all_shards", "response_policy:one_succeeded"}, Run: notBusy},
			{Name: "LOAD", Arity: 3, Flags: MayReplicate | NoScript | Stale, Group: groupScripting, Since: "2.6.0",
				Complexity: "O(N) with N being the length in bytes of the script body.", Summary: "Loads a server-side Lua script to the script cache.",
				Syntax: "script", Tips: []string{"request_policy:all_nodes", "response_policy:all_succeeded"}, Run: scriptLoad},
		}},
}

// scriptLoad: SCRIPT LOAD script. Unlike those of EVAL, the script stays until SCRIPT FLUSH.
func scriptLoad(tx *Tx, args Args, reply Reply) {
	body := args[2]
	sha := shaOf(body)
	if _, problem := tx.scripts.machine.programs.compile(sha, body); problem != "" {
		reply.Error(oneLine(problem))
		return
	}
	key := keyOf(keyScript, sha)
	if o := tx.ks.loaded.lookup(key); o != nil {
		tx.ks.keep(o)
	} else if !tx.ks.load(kindScript, key, body) {
		reply.Error(errScriptsFull)
		return
	}
	reply.BulkString(sha)
}

// scriptExists: SCRIPT EXISTS sha1 [sha1 ...].
func scriptExists(tx *Tx, args Args, reply Reply) {
	reply.Array(len(args) - 2)
	for _, sha := range args[2:] {
		if _, ok := tx.ks.loaded.script(string(bytes.ToLower(sha))); ok {
			reply.Int(1)
		} else {
			reply.Int(0)
		}
	}
}

// scriptFlush: SCRIPT FLUSH [ASYNC | SYNC].
func scriptFlush(tx *Tx, args Args, reply Reply) {
	if !isFlushMode(args) {
		reply.Error(errScriptFlush)
		return
	}
	tx.ks.unloadAll(isScript)
	reply.Status("OK")
}

// isFlushMode checks the argument of SCRIPT FLUSH and FUNCTION FLUSH. Both ways are the same here.
func isFlushMode(args Args) bool {
	return len(args) == 2 || len(args) == 3 && (is(args[2], "ASYNC") || is(args[2], "SYNC"))
}

// scriptDebug: SCRIPT DEBUG YES|SYNC|NO.
func scriptDebug(_ *Tx, args Args, reply Reply) {
	switch {
	case is(args[2], "NO"):
		reply.Status("OK")
	case is(args[2], "YES"), is(args[2], "SYNC"):
		reply.Error(errNoDebugger)
	default:
		reply.Error(errScriptDebug)
	}
}

// notBusy: SCRIPT KILL and FUNCTION KILL. A script ends by itself, when it has done as much as one may do; while it runs nothing else does.
func notBusy(_ *Tx, _ Args, reply Reply) { reply.Error(errNotBusy) }

// scriptHelp: SCRIPT HELP.
func scriptHelp(_ *Tx, _ Args, reply Reply) {
	replyHelp(reply, []string{
		"SCRIPT <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
		"DEBUG (YES|SYNC|NO)",
		"    Set the debug mode for subsequent scripts executed.",
		"EXISTS <sha1> [<sha1> ...]",
		"    Return information about the existence of the scripts in the script cache.",
		"FLUSH [ASYNC|SYNC]",
		"    Flush the Lua scripts cache. Very dangerous on replicas.",
		"    When called without the optional mode argument, the behavior is determined by the",
		"    lazyfree-lazy-user-flush configuration directive. Valid modes are:",
		"    * ASYNC: Asynchronously flush the scripts cache.",
		"    * SYNC: Synchronously flush the scripts cache.",
		"KILL",
		"    Kill the currently executing Lua script.",
		"LOAD <script>",
		"    Load a script into the scripts cache without executing it.",
		"HELP",
		"    Prints this help.",
	})
}
