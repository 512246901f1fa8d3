package statemachine

var serverCommands = []Command{
	{Name: "FLUSHDB", Arity: -1, Flags: Write, Group: groupServer, Since: "1.0.0",
		Complexity: "O(N) where N is the number of keys in the selected database",
		Summary:    "Remove all keys from the current database.", Syntax: "[ASYNC | SYNC]",
		Tips:       []string{"request_policy:all_shards", "response_policy:all_succeeded"},
		Categories: []string{"keyspace", "dangerous"}, Run: flushdb},
	{Name: "FLUSHALL", Arity: -1, Flags: Write, Group: groupServer, Since: "1.0.0",
		Complexity: "O(N) where N is the total number of keys in all databases",
		Summary:    "Removes all keys from all databases.", Syntax: "[ASYNC | SYNC]",
		Tips:       []string{"request_policy:all_shards", "response_policy:all_succeeded"},
		Categories: []string{"keyspace", "dangerous"}, Run: flushall},
	{Name: "SWAPDB", Arity: 3, Flags: Write | Fast, Group: groupServer, Since: "4.0.0",
		Complexity: "O(1): the databases change places as they are.",
		Summary:    "Swaps two Redis databases.", Syntax: "index1 index2",
		Categories: []string{"keyspace", "dangerous"}, Run: swapdb},
	{Name: "DEBUG", Arity: -2, Flags: Admin | NoScript | Loading | Stale, Group: groupServer, Since: "1.0.0",
		Complexity: "Depends on subcommand.",
		Summary:    "A container for debugging commands.", Subcommands: debugCommands},
	{Name: "CLUSTER", Arity: -2, Group: groupCluster, Since: "3.0.0", Complexity: "Depends on subcommand.",
		Summary: "A container for Redis Cluster commands.", Subcommands: clusterCommands},
	{Name: "MEMORY", Arity: -2, Group: groupServer, Since: "4.0.0", Complexity: "Depends on subcommand.",
		Summary: "A container for memory diagnostics commands.", Subcommands: memoryCommands},
}

var debugCommands = []Command{
	{Name: "DIGEST", Arity: 2, Flags: ReadOnly | Admin | NoScript, Group: groupServer, Since: "1.0.0",
		Complexity: "O(N) where N is the size of all data.",
		Summary:    "Returns a digest of all databases, equal on all nodes at the same applied slot.",
		Run:        func(tx *Tx, _ Args, reply Reply) { reply.Status(tx.ks.digest().String()) }},
	{Name: "DIGEST-VALUE", Arity: -2, Flags: ReadOnly | Admin | NoScript, Keys: Keys{First: 2, Last: -1, Step: 1},
		Group: groupServer, Since: "5.0.0", Complexity: "O(N) where N is the size of the values.",
		Summary: "Returns digests of the values of keys.", Syntax: "[key ...]", Run: debugDigestValue},
	{Name: "HELP", Arity: 2, Flags: Admin | NoScript | Loading | Stale, Group: groupServer, Since: "6.2.0", Complexity: "O(1)",
		Summary: "Returns helpful text about the different subcommands.", Run: debugHelp},
	{Name: "OBJECT", Arity: 3, Flags: ReadOnly | Admin | NoScript, Keys: objectKey, Group: groupServer, Since: "1.0.0",
		Complexity: "O(1)", Summary: "Returns low-level information about a key and its value.", Syntax: "key", Run: debugObject},
	{Name: "SET-ACTIVE-EXPIRE", Arity: 3, Flags: Write | Admin | NoScript, Group: groupServer, Since: "3.0.0", Complexity: "O(1)",
		Summary: "Turns the removal of expired keys that nobody writes to off or on, on all nodes.", Syntax: "<0 | 1>",
		Run: debugSetActiveExpire},
}

// flushMode checks FLUSHDB's and FLUSHALL's argument. Both ways are the same here: what is flushed is garbage.
func flushMode(args Args, reply Reply) bool {
	if len(args) == 1 || len(args) == 2 && (is(args[1], "ASYNC") || is(args[1], "SYNC")) {
		return true
	}
	reply.Error(errSyntax)
	return false
}

// flushdb: FLUSHDB [ASYNC | SYNC].
func flushdb(tx *Tx, args Args, reply Reply) {
	if flushMode(args, reply) {
		tx.ks.flush(tx.database())
		tx.ks.flushed()
		reply.Status("OK")
	}
}

// flushall: FLUSHALL [ASYNC | SYNC].
func flushall(tx *Tx, args Args, reply Reply) {
	if !flushMode(args, reply) {
		return
	}
	for i := range tx.ks.databases {
		tx.ks.flush(&tx.ks.databases[i])
	}
	tx.ks.flushed()
	reply.Status("OK")
}

// swapdb: SWAPDB index1 index2.
func swapdb(tx *Tx, args Args, reply Reply) {
	i, iok := ParseInt(args[1])
	j, jok := ParseInt(args[2])
	switch {
	case !iok || !isInt32(i):
		reply.Error(errFirstDatabase)
	case !jok || !isInt32(j):
		reply.Error(errSecondDatabase)
	case !isDatabase(i) || !isDatabase(j):
		reply.Error(errDatabase)
	default:
		tx.ks.swap(int(i), int(j))
		tx.ks.flushed() // Redis leaves caches as they are, which are of the other database then
		reply.Status("OK")
	}
}

// debugDigestValue: DEBUG DIGEST-VALUE [key ...].
func debugDigestValue(tx *Tx, args Args, reply Reply) {
	reply.Array(len(args) - 2)
	for _, key := range args[2:] {
		reply.Status(tx.valueDigest(tx.peek(key)).String())
	}
}

// debugSetActiveExpire: DEBUG SET-ACTIVE-EXPIRE 0|1. Due keys stay invisible either way.
func debugSetActiveExpire(tx *Tx, args Args, reply Reply) {
	n, ok := intArg(args[2], reply)
	if !ok {
		return
	}
	if keep := n == 0; keep != tx.ks.keepDue {
		tx.ks.keepDue = keep
		tx.ks.dirty = true
	}
	reply.Status("OK")
}

// debugHelp: DEBUG HELP.
func debugHelp(_ *Tx, _ Args, reply Reply) {
	replyHelp(reply, []string{
		"DEBUG <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
		"DIGEST",
		"    Output a hex signature representing the current DB content.",
		"DIGEST-VALUE <key> [<key> ...]",
		"    Output a hex signature of the values of all the specified keys.",
		"ERROR <string>",
		"    Return a Redis protocol error with <string> as message. Useful for clients",
		"    unit tests to simulate Redis errors.",
		"LOG <message>",
		"    Write <message> to the server log.",
		"OBJECT <key>",
		"    Show low level info about `key` and associated value.",
		"PROTOCOL <type>",
		"    Reply with a test value of the specified type. <type> can be: string,",
		"    integer, double, null, array, set, map, attrib, push, verbatim, true,",
		"    false, bignum.",
		"SLEEP <seconds>",
		"    Have this node run no commands for <seconds>. Decimals allowed.",
		"SET-ACTIVE-EXPIRE <0|1>",
		"    Setting it to 0 disables expiring keys in background when they are not",
		"    accessed (otherwise the Redis behavior). Setting it to 1 reenables back the",
		"    default.",
		"HELP",
		"    Prints this help.",
	})
}
