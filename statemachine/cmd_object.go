package statemachine

var objectCommands = []Command{
	{Name: "ENCODING", Arity: 3, Flags: ReadOnly, Keys: objectKey, Group: groupGeneric, Since: "2.2.3", Complexity: "O(1)",
		Summary: "Returns the internal encoding of a Redis object.", Syntax: "key",
		Tips: []string{"nondeterministic_output"}, Run: objectEncoding},
	{Name: "FREQ", Arity: 3, Flags: ReadOnly, Keys: objectKey, Group: groupGeneric, Since: "4.0.0", Complexity: "O(1)",
		Summary: "Returns the logarithmic access frequency counter of a Redis object.", Syntax: "key",
		Tips: []string{"nondeterministic_output"}, Run: objectFreq},
	{Name: "HELP", Arity: 2, Flags: Loading | Stale, Group: groupGeneric, Since: "6.2.0", Complexity: "O(1)",
		Summary: "Returns helpful text about the different subcommands.", Run: objectHelp},
	{Name: "IDLETIME", Arity: 3, Flags: ReadOnly, Keys: objectKey, Group: groupGeneric, Since: "2.2.3", Complexity: "O(1)",
		Summary: "Returns the time since the last access to a Redis object.", Syntax: "key",
		Tips: []string{"nondeterministic_output"}, Run: objectIdletime},
	{Name: "REFCOUNT", Arity: 3, Flags: ReadOnly, Keys: objectKey, Group: groupGeneric, Since: "2.2.3", Complexity: "O(1)",
		Summary: "Returns the reference count of a value of a key.", Syntax: "key",
		Tips: []string{"nondeterministic_output"}, Run: objectRefcount},
	{Name: "VERSION", Arity: 3, Flags: ReadOnly, Keys: objectKey, Group: groupGeneric, Since: "7.2.0", Complexity: "O(1)",
		Summary: "Returns the version of a key of any type.", Syntax: "key", Run: objectVersion},
}

var objectKey = Keys{First: 2, Last: 2, Step: 1}

// objectFor finds the key of an OBJECT call, without an access; it replies null if there is none.
func objectFor(tx *Tx, args Args, reply Reply) *Object {
	o := tx.peek(args[2])
	if o == nil {
		reply.Null()
	}
	return o
}

// objectEncoding: OBJECT ENCODING key.
func objectEncoding(tx *Tx, args Args, reply Reply) {
	if o := objectFor(tx, args, reply); o != nil {
		reply.BulkString(o.encoding())
	}
}

// objectFreq: OBJECT FREQ key.
func objectFreq(tx *Tx, args Args, reply Reply) {
	switch o := objectFor(tx, args, reply); {
	case o == nil:
	case tx.ks.usage.frequency.Load():
		reply.Int(tx.ks.usage.frequencyOf(o.access.Load(), tx.now))
	default:
		reply.Error(errNotLFU)
	}
}

// objectIdletime: OBJECT IDLETIME key. Each node counts the accesses it sees: all writes, and its own reads.
func objectIdletime(tx *Tx, args Args, reply Reply) {
	switch o := objectFor(tx, args, reply); {
	case o == nil:
	case tx.ks.usage.frequency.Load():
		reply.Error(errLFU)
	default:
		reply.Int(max(0, tx.now/1000-int64(o.access.Load())))
	}
}

// objectRefcount: OBJECT REFCOUNT key. Values are never shared.
func objectRefcount(tx *Tx, args Args, reply Reply) {
	if o := objectFor(tx, args, reply); o != nil {
		reply.Int(1)
	}
}

// objectVersion: OBJECT VERSION key. A missing key has its tombstone's version, or 0.
func objectVersion(tx *Tx, args Args, reply Reply) {
	reply.Int(int64(tx.version(args[2])))
}

// objectHelp: OBJECT HELP.
func objectHelp(_ *Tx, _ Args, reply Reply) {
	replyHelp(reply, []string{
		"OBJECT <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
		"ENCODING <key>",
		"    Return the kind of internal representation used in order to store the value",
		"    associated with a <key>.",
		"FREQ <key>",
		"    Return the access frequency index of the <key>. The returned integer is",
		"    proportional to the logarithm of the recent access frequency of the key.",
		"IDLETIME <key>",
		"    Return the idle time of the <key>, that is the approximated number of",
		"    seconds elapsed since the last access to the key.",
		"REFCOUNT <key>",
		"    Return the number of references of the value associated with the specified",
		"    <key>.",
		"VERSION <key>",
		"    Return the version of the <key>, of its tombstone, or 0.",
		"HELP",
		"    Prints this help.",
	})
}

func replyHelp(reply Reply, lines []string) {
	reply.Array(len(lines))
	for _, line := range lines {
		reply.Status(line)
	}
}

// encoding is what OBJECT ENCODING says: how Redis would keep this value.
func (o *Object) encoding() string {
	switch o.kind {
	case KindHash:
		return o.hashEncoding()
	case KindList:
		return o.listEncoding()
	case KindStream:
		return "stream"
	case KindSet:
		return o.setEncoding()
	case KindZSet:
		return o.zsetEncoding()
	}
	return o.stringEncoding()
}
