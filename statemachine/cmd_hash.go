package statemachine

var hashCommands = []Command{
	{Name: "HSET", Arity: -4, Flags: Write | DenyOOM | Fast, Keys: firstKey, Group: groupHash, Since: "2.0.0",
		Complexity: "O(1) for each field/value pair added, so O(N) to add N field/value pairs when the command is called with multiple field/value pairs.",
		Summary:    "Creates or modifies the value of a field in a hash.", Syntax: "key field value [field value ...]", Run: hset},
	{Name: "HMSET", Arity: -4, Flags: Write | DenyOOM | Fast, Keys: firstKey, Group: groupHash, Since: "2.0.0",
		Complexity: "O(N) where N is the number of fields being set.",
		Summary:    "Sets the values of multiple fields.", Syntax: "key field value [field value ...]", Run: hmset},
	{Name: "HSETNX", Arity: 4, Flags: Write | DenyOOM | Fast, Keys: firstKey, Group: groupHash, Since: "2.0.0", Complexity: "O(1)",
		Summary: "Sets the value of a field in a hash only when the field doesn't exist.", Syntax: "key field value", Run: hsetnx},
	{Name: "HGET", Arity: 3, Flags: ReadOnly | Fast, Keys: firstKey, Group: groupHash, Since: "2.0.0", Complexity: "O(1)",
		Summary: "Returns the value of a field in a hash.", Syntax: "key field", Run: hget},
	{Name: "HMGET", Arity: -3, Flags: ReadOnly | Fast, Keys: firstKey, Group: groupHash, Since: "2.0.0",
		Complexity: "O(N) where N is the number of fields being requested.",
		Summary:    "Returns the values of all fields in a hash.", Syntax: "key field [field ...]", Run: hmget},
	{Name: "HDEL", Arity: -3, Flags: Write | Fast, Keys: firstKey, Group: groupHash, Since: "2.0.0",
		Complexity: "O(N) where N is the number of fields to be removed.",
		Summary:    "Deletes one or more fields and their values from a hash. Deletes the hash if no fields remain.",
		Syntax:     "key field [field ...]", Run: hdel},
	{Name: "HEXISTS", Arity: 3, Flags: ReadOnly | Fast, Keys: firstKey, Group: groupHash, Since: "2.0.0", Complexity: "O(1)",
		Summary: "Determines whether a field exists in a hash.", Syntax: "key field", Run: hexists},
	{Name: "HLEN", Arity: 2, Flags: ReadOnly | Fast, Keys: firstKey, Group: groupHash, Since: "2.0.0", Complexity: "O(1)",
		Summary: "Returns the number of fields in a hash.", Syntax: "key", Run: hlen},
	{Name: "HSTRLEN", Arity: 3, Flags: ReadOnly | Fast, Keys: firstKey, Group: groupHash, Since: "3.2.0", Complexity: "O(1)",
		Summary: "Returns the length of the value of a field.", Syntax: "key field", Run: hstrlen},
	{Name: "HGETALL", Arity: 2, Flags: ReadOnly, Keys: firstKey, Group: groupHash, Since: "2.0.0",
		Complexity: "O(N) where N is the size of the hash.", Summary: "Returns all fields and values in a hash.", Syntax: "key",
		Tips: []string{"nondeterministic_output_order"}, Run: hgetall},
	{Name: "HKEYS", Arity: 2, Flags: ReadOnly, Keys: firstKey, Group: groupHash, Since: "2.0.0",
		Complexity: "O(N) where N is the size of the hash.", Summary: "Returns all fields in a hash.", Syntax: "key",
		Tips: []string{"nondeterministic_output_order"}, Run: hkeys},
	{Name: "HVALS", Arity: 2, Flags: ReadOnly, Keys: firstKey, Group: groupHash, Since: "2.0.0",
		Complexity: "O(N) where N is the size of the hash.", Summary: "Returns all values in a hash.", Syntax: "key",
		Tips: []string{"nondeterministic_output_order"}, Run: hvals},
	{Name: "HINCRBY", Arity: 4, Flags: Write | DenyOOM | Fast, Keys: firstKey, Group: groupHash, Since: "2.0.0", Complexity: "O(1)",
		Summary: "Increments the integer value of a field in a hash by a number. Uses 0 as initial value if the field doesn't exist.",
		Syntax:  "key field increment", Run: hincrby},
	{Name: "HINCRBYFLOAT", Arity: 4, Flags: Write | DenyOOM | Fast, Keys: firstKey, Group: groupHash, Since: "2.6.0", Complexity: "O(1)",
		Summary: "Increments the floating point value of a field by a number. Uses 0 as initial value if the field doesn't exist.",
		Syntax:  "key field increment", Run: hincrbyfloat},
	{Name: "HRANDFIELD", Arity: -2, Flags: ReadOnly, Keys: firstKey, Group: groupHash, Since: "6.2.0",
		Complexity: "O(N) where N is the number of fields returned",
		Summary:    "Returns one or more random fields from a hash.", Syntax: "key [count [WITHVALUES]]",
		Tips: []string{"nondeterministic_output"}, Run: hrandfield},
	{Name: "HSCAN", Arity: -3, Flags: ReadOnly, Keys: firstKey, Group: groupHash, Since: "2.8.0",
		Complexity: scanComplexity,
		Summary:    "Iterates over fields and values of a hash.",
		Syntax:     "key cursor [MATCH pattern] [COUNT count] [NOVALUES]",
		Tips:       []string{"nondeterministic_output"}, Run: hscan},
}

// setFields sets the fields of HSET and HMSET, and returns how many are new; ok is false when an error was replied. name is the command's
// in lower case.
func setFields(tx *Tx, args Args, name string, reply Reply) (added int64, ok bool) {
	if len(args)%2 != 0 {
		reply.Error(wrongArguments(name))
		return 0, false
	}
	e, ok := tx.entryKind(args[1], KindHash, reply)
	if !ok {
		return 0, false
	}
	s, ok := tx.nextStamp(&e, reply)
	if !ok {
		return 0, false
	}
	tx.ks.collection(&e, KindHash)
	h := tx.fields(e.object)
	for i := 2; i < len(args); i += 2 {
		if h.put(args[i], args[i+1], 0) {
			added++
		}
		e.edit().noteField(h.len(), args[i], args[i+1])
	}
	tx.wrote(&e, h.len(), s, EventHash, "hset")
	return added, true
}

// setField sets one field to a value that a command has computed, and tells of the command's event. A deadline of 0 is none. It reports
// whether it has; else an error was replied.
func (tx *Tx) setField(e *entry, field, value []byte, deadline int64, event string, reply Reply) bool {
	s, ok := tx.nextStamp(e, reply)
	if !ok {
		return false
	}
	tx.ks.collection(e, KindHash)
	h := tx.fields(e.object)
	h.put(field, value, deadline)
	e.edit().noteField(h.len(), field, value)
	tx.wrote(e, h.len(), s, EventHash, event)
	return true
}

// hset: HSET key field value [field value ...]. Replies with the number of new fields.
func hset(tx *Tx, args Args, reply Reply) {
	if added, ok := setFields(tx, args, "hset", reply); ok {
		reply.Int(added)
	}
}

// hmset: HMSET key field value [field value ...].
func hmset(tx *Tx, args Args, reply Reply) {
	if _, ok := setFields(tx, args, "hmset", reply); ok {
		reply.Status("OK")
	}
}

// hsetnx: HSETNX key field value.
func hsetnx(tx *Tx, args Args, reply Reply) {
	e, ok := tx.entryKind(args[1], KindHash, reply)
	if !ok {
		return
	}
	h := tx.fields(e.object)
	if _, there := h.find(args[2]); there {
		reply.Int(0)
		return
	}
	if tx.setField(&e, args[2], args[3], 0, "hset", reply) {
		reply.Int(1)
	}
}

// lookupFields finds a hash for reading. ok is false, and the error replied, if the key holds something else. A missing one has no fields.
func (tx *Tx) lookupFields(key []byte, reply Reply) (h fields, ok bool) {
	o, ok := tx.lookupKind(key, KindHash, reply)
	if !ok {
		return h, false
	}
	return tx.fields(o), true
}

// hget: HGET key field.
func hget(tx *Tx, args Args, reply Reply) {
	if h, ok := tx.lookupFields(args[1], reply); ok {
		h.reply(args[2], reply)
	}
}

// hmget: HMGET key field [field ...].
func hmget(tx *Tx, args Args, reply Reply) {
	h, ok := tx.lookupFields(args[1], reply)
	if !ok {
		return
	}
	reply.Array(len(args) - 2)
	for _, field := range args[2:] {
		h.reply(field, reply)
	}
}

// hdel: HDEL key field [field ...].
func hdel(tx *Tx, args Args, reply Reply) {
	removeNamed(tx, args, KindHash, func(o *Object) named { h := tx.fields(o); return &h }, EventHash, "hdel", reply)
}

// named is a hash or a set, of which elements are removed by their names.
type named interface {
	remove(name []byte) bool
	len() int
}

// removeNamed removes the elements that a call names behind its key, tells of it, and replies how many there were.
func removeNamed(tx *Tx, args Args, kind Kind, open func(*Object) named, class EventClass, event string, reply Reply) {
	e, ok := tx.entryKind(args[1], kind, reply)
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
	elements := open(e.object)
	removed := int64(0)
	for _, name := range args[2:] {
		if elements.remove(name) {
			removed++
		}
	}
	if removed > 0 {
		tx.wrote(&e, elements.len(), s, class, event)
	}
	reply.Int(removed)
}

// hlen: HLEN key.
func hlen(tx *Tx, args Args, reply Reply) {
	if o, ok := tx.lookupKind(args[1], KindHash, reply); ok {
		reply.Int(int64(tx.sizeOf(o)))
	}
}

// hexists: HEXISTS key field.
func hexists(tx *Tx, args Args, reply Reply) {
	h, ok := tx.lookupFields(args[1], reply)
	if !ok {
		return
	}
	n := int64(0)
	if _, there := h.find(args[2]); there {
		n = 1
	}
	reply.Int(n)
}

// hstrlen: HSTRLEN key field.
func hstrlen(tx *Tx, args Args, reply Reply) {
	if h, ok := tx.lookupFields(args[1], reply); ok {
		e, _ := h.find(args[2])
		reply.Int(int64(len(e.value)))
	}
}

// hgetall: HGETALL key.
func hgetall(tx *Tx, args Args, reply Reply) {
	h, ok := tx.lookupFields(args[1], reply)
	if !ok {
		return
	}
	reply.Map(h.live())
	h.each(func(e element) bool {
		reply.Bulk(e.name)
		reply.Bulk(e.value)
		return true
	})
}

// hkeys: HKEYS key.
func hkeys(tx *Tx, args Args, reply Reply) {
	replyEach(tx, args[1], func(e element) { reply.Bulk(e.name) }, reply)
}

// hvals: HVALS key.
func hvals(tx *Tx, args Args, reply Reply) {
	replyEach(tx, args[1], func(e element) { reply.Bulk(e.value) }, reply)
}

// replyEach replies with something of each field.
func replyEach(tx *Tx, key []byte, write func(element), reply Reply) {
	h, ok := tx.lookupFields(key, reply)
	if !ok {
		return
	}
	reply.Array(h.live())
	h.each(func(e element) bool {
		write(e)
		return true
	})
}
