package statemachine

// Commands of newer Redis and Valkey that compare a string before they change it, and MSETEX.
var compareCommands = []Command{
	{Name: "DIGEST", Arity: 2, Flags: ReadOnly | Fast, Keys: firstKey, Group: groupString, Since: "8.4.0",
		Complexity: "O(N) where N is the length of the string value.",
		Summary:    "Returns the XXH3 hash of a string value.", Syntax: "key", Run: digestOf},
	{Name: "DELEX", Arity: -2, Flags: Write | Fast, Keys: firstKey, Group: groupString, Since: "8.4.0",
		Complexity: "O(1) for IFEQ/IFNE, O(N) for IFDEQ/IFDNE where N is the length of the string value.",
		Summary:    "Conditionally removes the specified key based on value or digest comparison.",
		Syntax:     "key [IFEQ ifeq-value | IFNE ifne-value | IFDEQ ifdeq-digest | IFDNE ifdne-digest]", Run: delex},
	{Name: "DELIFEQ", Arity: 3, Flags: Write | Fast, Keys: firstKey, Group: groupString, Since: "9.0.0", Complexity: "O(1)",
		Summary: "Deletes the key if its value matches the given string (a command of Valkey).", Syntax: "key value", Run: delifeq},
	{Name: "MSETEX", Arity: -4, Flags: Write | DenyOOM | MovableKeys, Keys: Keys{Numkeys: 1, Step: 2}, Group: groupString, Since: "8.4.0",
		Complexity: "O(N) where N is the number of keys to set.",
		Summary:    "Atomically sets multiple string keys with a shared expiration in a single operation.",
		Syntax: "numkeys key value [key value ...] [NX | XX] [EX seconds | PX milliseconds | EXAT unix-time-seconds | " +
			"PXAT unix-time-milliseconds | KEEPTTL]", Run: msetex},
}

// digestOf: DIGEST key.
func digestOf(tx *Tx, args Args, reply Reply) {
	o, ok := tx.lookupString(args[1], reply)
	switch {
	case !ok:
	case o == nil:
		reply.Null()
	default:
		var buf [valueDigestDigits]byte
		reply.Bulk(appendDigest(buf[:0], o.str()))
	}
}

// delex: DELEX key [IFEQ | IFNE | IFDEQ | IFDNE]. Without a comparison, a key of any type goes.
func delex(tx *Tx, args Args, reply Reply) {
	if len(args) != 2 && len(args) != 4 {
		reply.Error(wrongArguments("delex"))
		return
	}
	var c comparison
	if len(args) == 4 {
		var ok bool
		if c, ok = newComparison(args, 2); !ok {
			reply.Error(errComparison)
			return
		}
	}
	e := tx.entry(args[1])
	if c.given && e.object != nil && e.object.kind != KindString {
		reply.Error(errComparisonType)
		return
	}
	deleteEqual(tx, &e, c, reply)
}

// delifeq: DELIFEQ key value.
func delifeq(tx *Tx, args Args, reply Reply) {
	if e, ok := tx.entryString(args[1], reply); ok {
		deleteEqual(tx, &e, comparison{given: true, operand: args[2]}, reply)
	}
}

// deleteEqual removes a key that is there if the comparison holds, and replies 1 if it did.
func deleteEqual(tx *Tx, e *entry, c comparison, reply Reply) {
	if e.object == nil {
		reply.Int(0)
		return
	}
	holds, problem := c.holds(e.object)
	if problem != "" {
		reply.Error(problem)
		return
	}
	if holds {
		tx.ks.remove(e)
		tx.notify(EventGeneric, "del", e.key)
	}
	replyOne(holds, reply)
}

// msetex: MSETEX numkeys key value [key value ...] [NX | XX] [EX | PX | EXAT | PXAT | KEEPTTL]. Sets all keys, or none.
func msetex(tx *Tx, args Args, reply Reply) {
	n, ok := ParseInt(args[1])
	if !ok || n < 1 || !isInt32(n) {
		reply.Error(errMsetexNumkeys)
		return
	}
	if n > int64(len(args)-2)/2 {
		reply.Error(errPairs)
		return
	}
	pairs := args[1 : 2+2*n] // as MSET's: a word in front of them
	o, ok := parseMsetex(args[2+2*n:])
	if !ok {
		reply.Error(errSyntax)
		return
	}
	deadline, problem := o.expiry.deadline(tx.ks.now)
	if problem != "" {
		reply.Error(problem)
		return
	}
	for i := 1; i < len(pairs); i += 2 {
		if there := tx.entry(pairs[i]).object != nil; there && o.notExists || !there && o.exists {
			reply.Int(0)
			return
		}
	}
	if !tx.roomForPairs(pairs) {
		reply.Error(errVersionOverflow)
		return
	}
	for i := 1; i < len(pairs); i += 2 {
		e := tx.entry(pairs[i])
		if s, ok := tx.ks.nextStamp(&e); ok {
			tx.ks.putString(&e, pairs[i+1], s)
			tx.notify(EventString, "set", pairs[i])
			applyExpiry(tx, &e, &o.expiry, deadline)
		}
	}
	reply.Int(1)
}

// parseMsetex reads the options behind MSETEX's keys and values, in any order.
func parseMsetex(options Args) (o setOptions, ok bool) {
	o.expiry.command = "msetex"
	for i := 0; i < len(options); {
		n := o.expiry.option(options, i)
		if n == 0 && !is(options[i], "GET") && !is(options[i], "WITHVER") {
			n = o.word(options[i])
		}
		if n == 0 {
			return o, false
		}
		i += n
	}
	return o, true
}
