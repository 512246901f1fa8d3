package statemachine

var hashCommands = []Command{
	{Name: "HSET", Arity: -4, Flags: Write | DenyOOM | Fast, Keys: firstKey, Group: groupHash, Since: "2.0.0",
		Complexity: "O(1) for each field/value pair added, so O(N) to add N field/value pairs when the command is called with multiple field/value pairs.",
		Summary:    "Creates or modifies the value of a field in a hash.", Syntax: "key field value [field value ...]", Run: hset},
	{Name: "HGET", Arity: 3, Flags: ReadOnly | Fast, Keys: firstKey, Group: groupHash, Since: "2.0.0", Complexity: "O(1)",
		Summary: "Returns the value of a field in a hash.", Syntax: "key field", Run: hget},
	{Name: "HDEL", Arity: -3, Flags: Write | Fast, Keys: firstKey, Group: groupHash, Since: "2.0.0",
		Complexity: "O(N) where N is the number of fields to be removed.",
		Summary:    "Deletes one or more fields and their values from a hash. Deletes the hash if no fields remain.",
		Syntax:     "key field [field ...]", Run: hdel},
	{Name: "HLEN", Arity: 2, Flags: ReadOnly | Fast, Keys: firstKey, Group: groupHash, Since: "2.0.0", Complexity: "O(1)",
		Summary: "Returns the number of fields in a hash.", Syntax: "key", Run: hlen},
	{Name: "HGETALL", Arity: 2, Flags: ReadOnly, Keys: firstKey, Group: groupHash, Since: "2.0.0",
		Complexity: "O(N) where N is the size of the hash.", Summary: "Returns all fields and values in a hash.", Syntax: "key",
		Tips: []string{"nondeterministic_output_order"}, Run: hgetall},
}

// hset: HSET key field value [field value ...]. Replies with the number of new fields.
func hset(tx *Tx, args Args, reply Reply) {
	if len(args)%2 != 0 {
		reply.Error(wrongArguments("hset"))
		return
	}
	e, ok := tx.entryKind(args[1], KindHash, reply)
	if !ok {
		return
	}
	s, ok := tx.nextStamp(&e, reply)
	if !ok {
		return
	}
	tx.ks.collection(&e, KindHash)
	h := tx.elements(e.object)
	added := int64(0)
	for i := 2; i < len(args); i += 2 {
		if h.put(args[i], args[i+1], 0) {
			added++
		}
		e.edit().noteField(h.len(), args[i], args[i+1])
	}
	tx.wrote(&e, h.len(), s, EventHash, "hset")
	reply.Int(added)
}

// hget: HGET key field.
func hget(tx *Tx, args Args, reply Reply) {
	o, ok := tx.lookupKind(args[1], KindHash, reply)
	if !ok {
		return
	}
	if o != nil {
		h := tx.elements(o)
		if e, ok := h.find(args[2]); ok {
			reply.Bulk(e.value)
			return
		}
	}
	reply.Null()
}

// hdel: HDEL key field [field ...].
func hdel(tx *Tx, args Args, reply Reply) {
	e, ok := tx.entryKind(args[1], KindHash, reply)
	if !ok {
		return
	}
	if e.object == nil {
		reply.Int(0)
		return
	}
	s, ok := tx.nextStamp(&e, reply)
	if !ok {
		return
	}
	h := tx.elements(e.object)
	removed := int64(0)
	for _, field := range args[2:] {
		if h.remove(field) {
			removed++
		}
	}
	if removed > 0 {
		tx.wrote(&e, h.len(), s, EventHash, "hdel")
	}
	reply.Int(removed)
}

// hlen: HLEN key.
func hlen(tx *Tx, args Args, reply Reply) {
	if o, ok := tx.lookupKind(args[1], KindHash, reply); ok {
		reply.Int(int64(tx.sizeOf(o)))
	}
}

// hgetall: HGETALL key.
func hgetall(tx *Tx, args Args, reply Reply) {
	o, ok := tx.lookupKind(args[1], KindHash, reply)
	if !ok {
		return
	}
	reply.Map(tx.sizeOf(o))
	if o == nil {
		return
	}
	h := tx.elements(o)
	h.each(func(e element) bool {
		reply.Bulk(e.name)
		reply.Bulk(e.value)
		return true
	})
}
