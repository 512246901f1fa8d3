package statemachine

var zsetBlockingCommands = []Command{
	{Name: "BZPOPMIN", Arity: -3, Flags: Write | Blocking | Fast, Keys: Keys{First: 1, Last: -2, Step: 1}, Group: groupZSet, Since: "5.0.0",
		Complexity: "O(log(N)) with N being the number of elements in the sorted set.",
		Summary: "Removes and returns the member with the lowest score from one or more sorted sets. Blocks until a member is available otherwise. " +
			"Deletes the sorted set if the last element was popped.",
		Syntax: "key [key ...] timeout", Run: func(tx *Tx, args Args, reply Reply) { bzpop(tx, args, false, reply) }},
	{Name: "BZPOPMAX", Arity: -3, Flags: Write | Blocking | Fast, Keys: Keys{First: 1, Last: -2, Step: 1}, Group: groupZSet, Since: "5.0.0",
		Complexity: "O(log(N)) with N being the number of elements in the sorted set.",
		Summary: "Removes and returns the member with the highest score from one or more sorted sets. Blocks until a member available otherwise. " +
			"Deletes the sorted set if the last element was popped.",
		Syntax: "key [key ...] timeout", Run: func(tx *Tx, args Args, reply Reply) { bzpop(tx, args, true, reply) }},
	{Name: "BZMPOP", Arity: -5, Flags: Write | Blocking, Keys: Keys{Numkeys: 2}, Group: groupZSet, Since: "7.0.0",
		Complexity: "O(K) + O(M*log(N)) where K is the number of provided keys, N being the number of elements in the sorted set, and M being the number of elements popped.",
		Summary: "Removes and returns a member by score from one or more sorted sets. Blocks until a member is available otherwise. " +
			"Deletes the sorted set if the last element was popped.",
		Syntax: "timeout numkeys key [key ...] <MIN | MAX> [COUNT count]", Run: bzmpop},
}

// bzpop: BZPOPMIN and BZPOPMAX key [key ...] timeout. Replies with the key, the member and its score.
func bzpop(tx *Tx, args Args, highest bool, reply Reply) {
	timeout, ok := tx.timeoutArg(args[len(args)-1], reply)
	if !ok {
		return
	}
	keys := args[1 : len(args)-1]
	for _, key := range keys {
		e, ok := tx.entryKind(key, KindZSet, reply)
		if !ok {
			return
		}
		if e.object == nil {
			continue
		}
		if popped, ok := popMembers(tx, &e, highest, 1, reply); ok {
			reply.Array(3)
			reply.Bulk(key)
			reply.Bulk(popped[0].member)
			reply.Double(popped[0].score)
		}
		return
	}
	tx.block(Block{Kind: KindZSet, Keys: keys, TimeoutMS: timeout, NullArray: true}, reply)
}

// bzmpop: BZMPOP timeout numkeys key [key ...] <MIN | MAX> [COUNT count].
func bzmpop(tx *Tx, args Args, reply Reply) {
	p, ok := parseMultiPop(args[2:], reply)
	if !ok {
		return
	}
	timeout, ok := tx.timeoutArg(args[1], reply)
	if ok && !p.run(tx, reply) {
		tx.block(Block{Kind: KindZSet, Keys: p.keys, TimeoutMS: timeout, NullArray: true}, reply)
	}
}
