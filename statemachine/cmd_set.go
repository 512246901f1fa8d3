package statemachine

var setCommands = []Command{
	{Name: "SADD", Arity: -3, Flags: Write | DenyOOM | Fast, Keys: firstKey, Group: groupSet, Since: "1.0.0",
		Complexity: "O(1) for each element added, so O(N) to add N elements when the command is called with multiple arguments.",
		Summary:    "Adds one or more members to a set. Creates the key if it doesn't exist.", Syntax: "key member [member ...]", Run: sadd},
	{Name: "SREM", Arity: -3, Flags: Write | Fast, Keys: firstKey, Group: groupSet, Since: "1.0.0",
		Complexity: "O(N) where N is the number of members to be removed.",
		Summary:    "Removes one or more members from a set. Deletes the set if the last member was removed.",
		Syntax:     "key member [member ...]", Run: srem},
	{Name: "SMOVE", Arity: 4, Flags: Write | Fast, Keys: twoKeys, Group: groupSet, Since: "1.0.0", Complexity: "O(1)",
		Summary: "Moves a member from one set to another.", Syntax: "source destination member", Run: smove},
	{Name: "SISMEMBER", Arity: 3, Flags: ReadOnly | Fast, Keys: firstKey, Group: groupSet, Since: "1.0.0", Complexity: "O(1)",
		Summary: "Determines whether a member belongs to a set.", Syntax: "key member", Run: sismember},
	{Name: "SMISMEMBER", Arity: -3, Flags: ReadOnly | Fast, Keys: firstKey, Group: groupSet, Since: "6.2.0",
		Complexity: "O(N) where N is the number of elements being checked for membership",
		Summary:    "Determines whether multiple members belong to a set.", Syntax: "key member [member ...]", Run: smismember},
	{Name: "SCARD", Arity: 2, Flags: ReadOnly | Fast, Keys: firstKey, Group: groupSet, Since: "1.0.0", Complexity: "O(1)",
		Summary: "Returns the number of members in a set.", Syntax: "key", Run: scard},
	{Name: "SMEMBERS", Arity: 2, Flags: ReadOnly, Keys: firstKey, Group: groupSet, Since: "1.0.0",
		Complexity: "O(N) where N is the set cardinality.",
		Summary:    "Returns all members of a set.", Syntax: "key", Tips: []string{"nondeterministic_output_order"}, Run: smembers},
	{Name: "SPOP", Arity: -2, Flags: Write | Fast, Keys: firstKey, Group: groupSet, Since: "1.0.0",
		Complexity: "Without the count argument O(1), otherwise O(N) where N is the value of the passed count.",
		Summary:    "Returns one or more random members from a set after removing them. Deletes the set if the last member was popped.",
		Syntax:     "key [count]", Tips: []string{"nondeterministic_output"}, Run: spop},
	{Name: "SRANDMEMBER", Arity: -2, Flags: ReadOnly, Keys: firstKey, Group: groupSet, Since: "1.0.0",
		Complexity: "Without the count argument O(1), otherwise O(N) where N is the absolute value of the passed count.",
		Summary:    "Get one or multiple random members from a set", Syntax: "key [count]",
		Tips: []string{"nondeterministic_output"}, Run: srandmember},
	{Name: "SSCAN", Arity: -3, Flags: ReadOnly, Keys: firstKey, Group: groupSet, Since: "2.8.0",
		Complexity: scanComplexity,
		Summary:    "Iterates over members of a set.", Syntax: "key cursor [MATCH pattern] [COUNT count]",
		Tips: []string{"nondeterministic_output"}, Run: sscan},
}

// lookupMembers finds a set for reading. ok is false, and the error replied, if the key holds something else. A missing one has no members.
func (tx *Tx) lookupMembers(key []byte, reply Reply) (m members, ok bool) {
	o, ok := tx.lookupKind(key, KindSet, reply)
	if !ok {
		return m, false
	}
	return tx.members(o), true
}

// sadd: SADD key member [member ...]. Replies with the number of new members.
func sadd(tx *Tx, args Args, reply Reply) {
	e, ok := tx.entryKind(args[1], KindSet, reply)
	if !ok {
		return
	}
	s, ok := tx.nextStamp(&e, reply)
	if !ok {
		return
	}
	tx.ks.collection(&e, KindSet)
	e.noteMembers(args[2:])
	m := tx.members(e.object)
	added := int64(0)
	for _, member := range args[2:] {
		if m.put(member, nil, 0) {
			added++
			e.edit().noteMember(m.len(), member)
		}
	}
	if added > 0 {
		tx.wrote(&e, m.len(), s, EventSet, "sadd")
	}
	reply.Int(added)
}

// srem: SREM key member [member ...].
func srem(tx *Tx, args Args, reply Reply) {
	removeNamed(tx, args, KindSet, func(o *Object) named { m := tx.members(o); return &m }, EventSet, "srem", reply)
}

// smove: SMOVE source destination member.
func smove(tx *Tx, args Args, reply Reply) {
	source, target := tx.entry(args[1]), tx.entry(args[2])
	if source.object == nil {
		reply.Int(0)
		return
	}
	if source.object.kind != KindSet || target.object != nil && target.object.kind != KindSet {
		reply.Error(errWrongType)
		return
	}
	from := tx.members(source.object)
	if !from.has(args[3]) {
		reply.Int(0)
		return
	}
	if source.object != target.object && !moveMember(tx, &source, &target, args[3], reply) {
		return
	}
	reply.Int(1)
}

// moveMember takes a member that is there from one set to another. It reports whether it has; else an error was replied.
func moveMember(tx *Tx, source, target *entry, member []byte, reply Reply) bool {
	taken, ok := tx.nextStamp(source, reply)
	if !ok {
		return false
	}
	given, ok := tx.nextStamp(target, reply)
	if !ok {
		return false
	}
	from := tx.members(source.object)
	from.remove(member)
	tx.wrote(source, from.len(), taken, EventSet, "srem")
	tx.ks.collection(target, KindSet)
	to := tx.members(target.object)
	if to.put(member, nil, 0) {
		target.edit().noteMember(to.len(), member)
		tx.wrote(target, to.len(), given, EventSet, "sadd")
	}
	return true
}

// sismember: SISMEMBER key member.
func sismember(tx *Tx, args Args, reply Reply) {
	if m, ok := tx.lookupMembers(args[1], reply); ok {
		m.replyMembership(args[2], reply)
	}
}

// smismember: SMISMEMBER key member [member ...].
func smismember(tx *Tx, args Args, reply Reply) {
	m, ok := tx.lookupMembers(args[1], reply)
	if !ok {
		return
	}
	reply.Array(len(args) - 2)
	for _, member := range args[2:] {
		m.replyMembership(member, reply)
	}
}

func (m *members) replyMembership(member []byte, reply Reply) {
	if m.has(member) {
		reply.Int(1)
		return
	}
	reply.Int(0)
}

// scard: SCARD key.
func scard(tx *Tx, args Args, reply Reply) {
	if m, ok := tx.lookupMembers(args[1], reply); ok {
		reply.Int(int64(m.len()))
	}
}

// smembers: SMEMBERS key.
func smembers(tx *Tx, args Args, reply Reply) {
	if m, ok := tx.lookupMembers(args[1], reply); ok {
		reply.Set(m.len())
		m.each(bulkNames(reply))
	}
}

// bulkNames writes the names of elements, for each.
func bulkNames(reply Reply) func(element) bool {
	return func(e element) bool {
		reply.Bulk(e.name)
		return true
	}
}

// sscan: SSCAN key cursor [MATCH pattern] [COUNT count].
func sscan(tx *Tx, args Args, reply Reply) {
	if s, ok := tx.scanElements(args, KindSet, reply); ok {
		s.replyNames(reply)
	}
}
