package statemachine

var listBlockingCommands = []Command{
	{Name: "BLPOP", Arity: -3, Flags: Write | Blocking, Keys: Keys{First: 1, Last: -2, Step: 1}, Group: groupList, Since: "2.0.0",
		Complexity: "O(N) where N is the number of provided keys.",
		Summary:    "Removes and returns the first element in a list. Blocks until an element is available otherwise. Deletes the list if the last element was popped.",
		Syntax:     "key [key ...] timeout", Run: func(tx *Tx, args Args, reply Reply) { blockingPop(tx, args, listLeft, reply) }},
	{Name: "BRPOP", Arity: -3, Flags: Write | Blocking, Keys: Keys{First: 1, Last: -2, Step: 1}, Group: groupList, Since: "2.0.0",
		Complexity: "O(N) where N is the number of provided keys.",
		Summary:    "Removes and returns the last element in a list. Blocks until an element is available otherwise. Deletes the list if the last element was popped.",
		Syntax:     "key [key ...] timeout", Run: func(tx *Tx, args Args, reply Reply) { blockingPop(tx, args, listRight, reply) }},
	{Name: "BLMPOP", Arity: -5, Flags: Write | Blocking, Keys: Keys{Numkeys: 2}, Group: groupList, Since: "7.0.0",
		Complexity: "O(N+M) where N is the number of provided keys and M is the number of elements returned.",
		Summary:    "Pops the first element from one of multiple lists. Blocks until an element is available otherwise. Deletes the list if the last element was popped.",
		Syntax:     "timeout numkeys key [key ...] <LEFT | RIGHT> [COUNT count]", Run: blmpop},
	{Name: "BLMOVE", Arity: 6, Flags: Write | DenyOOM | Blocking, Keys: twoKeys, Group: groupList, Since: "6.2.0", Complexity: "O(1)",
		Summary: "Pops an element from a list, pushes it to another list and returns it. Blocks until an element is available otherwise. Deletes the list if the last element was moved.",
		Syntax:  "source destination <LEFT | RIGHT> <LEFT | RIGHT> timeout", Run: blmove},
	{Name: "BRPOPLPUSH", Arity: 4, Flags: Write | DenyOOM | Blocking, Keys: twoKeys, Group: groupList, Since: "2.2.0", Complexity: "O(1)",
		Summary: "Pops an element from a list, pushes it to another list and returns it. Block until an element is available otherwise. Deletes the list if the last element was popped.",
		Syntax:  "source destination timeout", Run: brpoplpush},
}

// blockingPop: BLPOP and BRPOP key [key ...] timeout.
func blockingPop(tx *Tx, args Args, end listEnd, reply Reply) {
	timeout, ok := tx.timeoutArg(args[len(args)-1], reply)
	if !ok {
		return
	}
	keys := args[1 : len(args)-1]
	e, ok := tx.firstList(keys, reply)
	switch {
	case !ok:
	case e.object == nil:
		tx.block(Block{Kind: KindList, Keys: keys, TimeoutMS: timeout, NullArray: true}, reply)
	default:
		if s, ok := tx.nextStamp(&e, reply); ok {
			reply.Array(2)
			reply.Bulk(e.key)
			popElements(tx, &e, s, end, -1, reply)
		}
	}
}

// firstList finds the first of some keys that holds a list. ok is false, and the error replied, if one before it holds something else.
func (tx *Tx) firstList(keys [][]byte, reply Reply) (e entry, ok bool) {
	for _, key := range keys {
		if e, ok = tx.entryKind(key, KindList, reply); !ok || e.object != nil {
			return e, ok
		}
	}
	return entry{}, true
}

// blmpop: BLMPOP timeout numkeys key [key ...] LEFT|RIGHT [COUNT count].
func blmpop(tx *Tx, args Args, reply Reply) {
	p, ok := parseListPop(args, 2, reply)
	if !ok {
		return
	}
	timeout, ok := tx.timeoutArg(args[1], reply)
	if ok && !popFirst(tx, p, reply) {
		tx.block(Block{Kind: KindList, Keys: p.keys, TimeoutMS: timeout, NullArray: true}, reply)
	}
}

// blmove: BLMOVE source destination LEFT|RIGHT LEFT|RIGHT timeout.
func blmove(tx *Tx, args Args, reply Reply) {
	from, ok := parseListEnd(args[3], reply)
	if !ok {
		return
	}
	to, ok := parseListEnd(args[4], reply)
	if !ok {
		return
	}
	blockingMove(tx, args, from, to, args[5], reply)
}

// brpoplpush: BRPOPLPUSH source destination timeout.
func brpoplpush(tx *Tx, args Args, reply Reply) {
	blockingMove(tx, args, listRight, listLeft, args[3], reply)
}

func blockingMove(tx *Tx, args Args, from, to listEnd, timeout []byte, reply Reply) {
	ms, ok := tx.timeoutArg(timeout, reply)
	if !ok {
		return
	}
	source, ok := tx.entryKind(args[1], KindList, reply)
	switch {
	case !ok:
	case source.object == nil:
		tx.block(Block{Kind: KindList, Keys: args[1:2], TimeoutMS: ms}, reply)
	default:
		moveElement(tx, args, from, to, reply)
	}
}
