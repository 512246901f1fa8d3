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
		Summary:    "A container for debugging commands.", Subcommands: debugCommands, Undivided: true},
	{Name: "CLUSTER", Arity: -2, Group: groupCluster, Since: "3.0.0", Complexity: "Depends on subcommand.",
		Summary: "A container for Redis Cluster commands.", Subcommands: clusterCommands},
	{Name: "MEMORY", Arity: -2, Group: groupServer, Since: "4.0.0", Complexity: "Depends on subcommand.",
		Summary: "A container for memory diagnostics commands.", Subcommands: memoryCommands},
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
