package statemachine

var genericCommands = []Command{
	{Name: "DEL", Arity: -2, Flags: Write, Keys: allKeys, Group: groupGeneric, Since: "1.0.0",
		Complexity: "O(N) where N is the number of keys that will be removed.",
		Summary:    "Deletes one or more keys, or one key if its version allows it.",
		Syntax:     "key [key ...] [VER version | IFVER version]",
		Tips:       []string{"request_policy:multi_shard", "response_policy:agg_sum"}, Run: del},
	{Name: "UNLINK", Arity: -2, Flags: Write | Fast, Keys: allKeys, Group: groupGeneric, Since: "4.0.0",
		Complexity: "O(1) for each key removed.",
		Summary:    "Asynchronously deletes one or more keys.", Syntax: "key [key ...]",
		Tips: []string{"request_policy:multi_shard", "response_policy:agg_sum"}, Run: unlinkKeys},
	{Name: "EXISTS", Arity: -2, Flags: ReadOnly | Fast, Keys: allKeys, Group: groupGeneric, Since: "1.0.0",
		Complexity: "O(N) where N is the number of keys to check.",
		Summary:    "Determines whether one or more keys exist.", Syntax: "key [key ...]",
		Tips: []string{"request_policy:multi_shard", "response_policy:agg_sum"}, Run: exists},
	{Name: "TYPE", Arity: 2, Flags: ReadOnly | Fast, Keys: firstKey, Group: groupGeneric, Since: "1.0.0", Complexity: "O(1)",
		Summary: "Determines the type of value stored at a key.", Syntax: "key", Run: typeOf},
	{Name: "TOUCH", Arity: -2, Flags: ReadOnly | Fast, Keys: allKeys, Group: groupGeneric, Since: "3.2.1",
		Complexity: "O(N) where N is the number of keys that will be touched.",
		Summary:    "Returns the number of existing keys out of those specified after updating the time they were last accessed.",
		Syntax:     "key [key ...]",
		Tips:       []string{"request_policy:multi_shard", "response_policy:agg_sum"}, Run: touchKeys},
	{Name: "RENAME", Arity: 3, Flags: Write, Keys: twoKeys, Group: groupGeneric, Since: "1.0.0", Complexity: "O(1)",
		Summary: "Renames a key and overwrites the destination.", Syntax: "key newkey", Run: rename},
	{Name: "RENAMENX", Arity: 3, Flags: Write | Fast, Keys: twoKeys, Group: groupGeneric, Since: "1.0.0", Complexity: "O(1)",
		Summary: "Renames a key only when the target key name doesn't exist.", Syntax: "key newkey", Run: renamenx},
	{Name: "COPY", Arity: -3, Flags: Write | DenyOOM, Keys: twoKeys, Group: groupGeneric, Since: "6.2.0",
		Complexity: "O(N) worst case for collections, where N is the number of nested items. O(1) for string values.",
		Summary:    "Copies the value of a key to a new key.",
		Syntax:     "source destination [DB destination-db] [REPLACE]", Run: copyKey},
	{Name: "MOVE", Arity: 3, Flags: Write | Fast, Keys: firstKey, Group: groupGeneric, Since: "1.0.0", Complexity: "O(1)",
		Summary: "Moves a key to another database.", Syntax: "key db", Run: move},
	{Name: "OBJECT", Arity: -2, Group: groupGeneric, Since: "2.2.3", Complexity: "Depends on subcommand.",
		Summary: "A container for object introspection commands.", Subcommands: objectCommands},
}

// del: DEL key [key ...], or in exactly these forms DEL key VER n and DEL key IFVER n.
func del(tx *Tx, args Args, reply Reply) {
	if c, ok := deleteCondition(args); ok {
		reply.Int(deleteIf(tx, args[1], c))
		return
	}
	unlinkKeys(tx, args, reply)
}

// deleteCondition recognises the versioned forms. Anything else that looks like one is a list of keys.
func deleteCondition(args Args) (c condition, ok bool) {
	if len(args) != 4 {
		return c, false
	}
	c = condition{given: true, exact: is(args[2], "IFVER")}
	least := int64(0)
	if !c.exact {
		if !is(args[2], "VER") {
			return c, false
		}
		least = 1
	}
	c.n, ok = parseVersion(args[3], least)
	return c, ok
}

// deleteIf deletes a key if its version allows, and returns 1 if it did. VER leaves its version behind also where there
// was no key, since a write that it overtook may still come; IFVER needs a key.
func deleteIf(tx *Tx, key []byte, c condition) int64 {
	e := tx.entry(key)
	if !c.allows(e.version()) || c.exact && e.object == nil {
		return 0
	}
	if e.object != nil {
		tx.ks.remove(&e)
		tx.notify(EventGeneric, "del", key)
	}
	if !c.exact {
		tx.ks.leaveTombstone(&e, c.n)
	}
	return 1
}

// unlinkKeys: UNLINK key [key ...].
func unlinkKeys(tx *Tx, args Args, reply Reply) {
	removed := int64(0)
	for _, key := range args[1:] {
		if e := tx.entry(key); e.object != nil {
			tx.ks.remove(&e)
			tx.notify(EventGeneric, "del", key)
			removed++
		}
	}
	reply.Int(removed)
}

// exists: EXISTS key [key ...]. To ask is no access, as in Redis.
func exists(tx *Tx, args Args, reply Reply) { tx.countKeys(args[1:], true, reply) }

// touchKeys: TOUCH key [key ...]. It leaves its trace whatever the client wants of other commands.
func touchKeys(tx *Tx, args Args, reply Reply) { tx.countKeys(args[1:], false, reply) }

// countKeys replies how many of the keys there are; one that comes twice counts twice.
func (tx *Tx) countKeys(keys [][]byte, noTouch bool, reply Reply) {
	before := tx.noTouch
	tx.noTouch = noTouch
	n := int64(0)
	for _, key := range keys {
		if tx.lookup(key) != nil {
			n++
		}
	}
	tx.noTouch = before
	reply.Int(n)
}

// typeOf: TYPE key.
func typeOf(tx *Tx, args Args, reply Reply) {
	if o := tx.peek(args[1]); o != nil {
		reply.Status(o.kind.String())
		return
	}
	tx.missed(args[1])
	reply.Status(kindTombstone.String())
}

// rename: RENAME key newkey.
func rename(tx *Tx, args Args, reply Reply) {
	if done, ok := renameKey(tx, args, false, reply); ok && done {
		reply.Status("OK")
	}
}

// renamenx: RENAMENX key newkey.
func renamenx(tx *Tx, args Args, reply Reply) {
	done, ok := renameKey(tx, args, true, reply)
	switch {
	case !ok:
	case done:
		reply.Int(1)
	default:
		reply.Int(0)
	}
}

// renameKey moves a key to another name. ok is false when an error was replied; done is false when the new name is taken
// and onlyNew was asked for. A key renamed to itself stays as it is.
func renameKey(tx *Tx, args Args, onlyNew bool, reply Reply) (done, ok bool) {
	source := tx.entry(args[1])
	if source.object == nil {
		reply.Error(errNoKey)
		return false, false
	}
	if string(args[1]) == string(args[2]) {
		return !onlyNew, true
	}
	target := tx.entry(args[2])
	if onlyNew && target.object != nil {
		return false, true
	}
	if !transfer(tx, &source, &target, true, reply) {
		return false, false
	}
	tx.ks.remove(&source)
	tx.notify(EventGeneric, "rename_from", args[1])
	tx.notify(EventGeneric, "rename_to", args[2])
	return true, true
}

// transfer writes the source's value and deadline to the target, without a version: the target's own goes on. On an
// overflow it replies the error and changes nothing. take is putValue's.
func transfer(tx *Tx, source, target *entry, take bool, reply Reply) bool {
	s, ok := tx.nextStamp(target, reply)
	if !ok {
		return false
	}
	if target.object != nil {
		tx.ks.notify(target.db, EventNew, "new", target.key) // for Redis the key is another one
	}
	tx.ks.putValue(target, source.db, source.object, take, s)
	if at, ok := source.db.keys.times.of(source.object); ok {
		tx.ks.setDeadline(target, at)
	} else {
		tx.ks.clearDeadline(target)
	}
	return true
}

// copyKey: COPY source destination [DB db] [REPLACE].
func copyKey(tx *Tx, args Args, reply Reply) {
	db, replace := tx.db, false
	for i := 3; i < len(args); i++ {
		switch {
		case is(args[i], "REPLACE"):
			replace = true
		case is(args[i], "DB") && i+1 < len(args):
			i++
			var ok bool
			if db, ok = DatabaseArg(args[i], reply); !ok {
				return
			}
		default:
			reply.Error(errSyntax)
			return
		}
	}
	if db == tx.db && string(args[1]) == string(args[2]) {
		reply.Error(errSameObject)
		return
	}
	source := tx.entry(args[1])
	target := tx.ks.entry(&tx.ks.databases[db], args[2])
	if source.object == nil {
		tx.missed(args[1])
	}
	if source.object == nil || target.object != nil && !replace {
		reply.Int(0)
		return
	}
	if transfer(tx, &source, &target, false, reply) {
		tx.ks.notify(target.db, EventGeneric, "copy_to", args[2])
		reply.Int(1)
	}
}

// move: MOVE key db.
func move(tx *Tx, args Args, reply Reply) {
	db, ok := DatabaseArg(args[2], reply)
	if !ok {
		return
	}
	if db == tx.db {
		reply.Error(errSameObject)
		return
	}
	source := tx.entry(args[1])
	target := tx.ks.entry(&tx.ks.databases[db], args[1])
	if source.object == nil || target.object != nil {
		reply.Int(0)
		return
	}
	if transfer(tx, &source, &target, false, reply) {
		tx.ks.remove(&source)
		tx.notify(EventGeneric, "move_from", args[1])
		tx.ks.notify(target.db, EventGeneric, "move_to", args[1])
		reply.Int(1)
	}
}
