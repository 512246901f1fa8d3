package statemachine

import "math"

// Frequent key positions.
var (
	firstKey = Keys{First: 1, Last: 1, Step: 1}
	twoKeys  = Keys{First: 1, Last: 2, Step: 1}
	allKeys  = Keys{First: 1, Last: -1, Step: 1}
	keyPairs = Keys{First: 1, Last: -1, Step: 2}
)

const (
	groupString  = "string"
	groupGeneric = "generic"
	groupServer  = "server"
	groupHash    = "hash"
	groupList    = "list"
	groupStream  = "stream"
	groupSet     = "set"
	groupZSet    = "sorted-set"
	groupGeo     = "geo"
)

var stringCommands = []Command{
	{Name: "GET", Arity: -2, Flags: ReadOnly | Fast, Keys: firstKey, Group: groupString, Since: "1.0.0", Complexity: "O(1)",
		Summary: "Returns the string value of a key, with its version if asked.", Syntax: "key [WITHVER]", Run: get},
	{Name: "SET", Arity: -3, Flags: Write | DenyOOM, Keys: firstKey, Group: groupString, Since: "1.0.0", Complexity: "O(1)",
		Summary: "Sets the string value of a key, ignoring its type. The key is created if it doesn't exist.",
		Syntax: "key value [NX | XX | IFEQ ifeq-value | IFNE ifne-value | IFDEQ ifdeq-digest | IFDNE ifdne-digest | VER version | " +
			"IFVER version] [GET] [WITHVER] [EX seconds | PX milliseconds | " +
			"EXAT unix-time-seconds | PXAT unix-time-milliseconds | KEEPTTL]", Run: set},
	{Name: "SETNX", Arity: 3, Flags: Write | DenyOOM | Fast, Keys: firstKey, Group: groupString, Since: "1.0.0", Complexity: "O(1)",
		Summary: "Set the string value of a key only when the key doesn't exist.", Syntax: "key value", Run: setnx},
	{Name: "SETEX", Arity: 4, Flags: Write | DenyOOM, Keys: firstKey, Group: groupString, Since: "2.0.0", Complexity: "O(1)",
		Summary: "Sets the string value and expiration time of a key. Creates the key if it doesn't exist.",
		Syntax:  "key seconds value", Run: setex},
	{Name: "PSETEX", Arity: 4, Flags: Write | DenyOOM, Keys: firstKey, Group: groupString, Since: "2.6.0", Complexity: "O(1)",
		Summary: "Sets both string value and expiration time in milliseconds of a key. The key is created if it doesn't exist.",
		Syntax:  "key milliseconds value", Run: psetex},
	{Name: "GETSET", Arity: 3, Flags: Write | DenyOOM | Fast, Keys: firstKey, Group: groupString, Since: "1.0.0", Complexity: "O(1)",
		Summary: "Returns the previous string value of a key after setting it to a new value.", Syntax: "key value", Run: getset},
	{Name: "GETDEL", Arity: 2, Flags: Write | Fast, Keys: firstKey, Group: groupString, Since: "6.2.0", Complexity: "O(1)",
		Summary: "Returns the string value of a key after deleting the key.", Syntax: "key", Run: getdel},
	{Name: "GETEX", Arity: -2, Flags: Write | Fast, Keys: firstKey, Group: groupString, Since: "6.2.0", Complexity: "O(1)",
		Summary: "Returns the string value of a key after setting its expiration time.",
		Syntax:  "key [EX seconds | PX milliseconds | EXAT unix-time-seconds | PXAT unix-time-milliseconds | PERSIST]",
		Run:     getex},
	{Name: "MGET", Arity: -2, Flags: ReadOnly | Fast, Keys: allKeys, Group: groupString, Since: "1.0.0",
		Complexity: "O(N) where N is the number of keys to retrieve.",
		Summary:    "Atomically returns the string values of one or more keys.", Syntax: "key [key ...]",
		Tips: []string{"request_policy:multi_shard"}, Run: mget},
	{Name: "MSET", Arity: -3, Flags: Write | DenyOOM, Keys: keyPairs, Group: groupString, Since: "1.0.1",
		Complexity: "O(N) where N is the number of keys to set.",
		Summary:    "Atomically creates or modifies the string values of one or more keys.",
		Syntax:     "key value [key value ...]", Tips: []string{"request_policy:multi_shard", "response_policy:all_succeeded"}, Run: mset},
	{Name: "MSETNX", Arity: -3, Flags: Write | DenyOOM, Keys: keyPairs, Group: groupString, Since: "1.0.1",
		Complexity: "O(N) where N is the number of keys to set.",
		Summary:    "Atomically modifies the string values of one or more keys only when all keys don't exist.",
		Syntax:     "key value [key value ...]", Tips: []string{"request_policy:multi_shard", "response_policy:agg_min"}, Run: msetnx},
	{Name: "APPEND", Arity: 3, Flags: Write | DenyOOM | Fast, Keys: firstKey, Group: groupString, Since: "2.0.0", Complexity: "O(1)",
		Summary: "Appends a string to the value of a key. Creates the key if it doesn't exist.", Syntax: "key value", Run: appendString},
	{Name: "STRLEN", Arity: 2, Flags: ReadOnly | Fast, Keys: firstKey, Group: groupString, Since: "2.2.0", Complexity: "O(1)",
		Summary: "Returns the length of a string value.", Syntax: "key", Run: strlen},
	{Name: "SETRANGE", Arity: 4, Flags: Write | DenyOOM, Keys: firstKey, Group: groupString, Since: "2.2.0",
		Complexity: "O(M) where M is the length of the value argument.",
		Summary:    "Overwrites a part of a string value with another by an offset. Creates the key if it doesn't exist.",
		Syntax:     "key offset value", Run: setrange},
	{Name: "GETRANGE", Arity: 4, Flags: ReadOnly, Keys: firstKey, Group: groupString, Since: "2.4.0",
		Complexity: "O(N) where N is the length of the returned string.",
		Summary:    "Returns a substring of the string stored at a key.", Syntax: "key start end", Run: getrange},
	{Name: "SUBSTR", Arity: 4, Flags: ReadOnly, Keys: firstKey, Group: groupString, Since: "1.0.0",
		Complexity: "O(N) where N is the length of the returned string.",
		Summary:    "Returns a substring from a string value.", Syntax: "key start end", Run: getrange},
	{Name: "LCS", Arity: -3, Flags: ReadOnly, Keys: twoKeys, Group: groupString, Since: "7.0.0",
		Complexity: "O(N*M) where N and M are the lengths of the two strings.",
		Summary:    "Finds the longest common substring.",
		Syntax:     "key1 key2 [LEN] [IDX] [MINMATCHLEN min-match-len] [WITHMATCHLEN]", Run: lcs},
}

// get: GET key [WITHVER].
func get(tx *Tx, args Args, reply Reply) {
	withVersion := len(args) == 3 && is(args[2], "WITHVER")
	if len(args) > 2 && !withVersion {
		reply.Error(wrongArguments("get"))
		return
	}
	o, ok := tx.lookupString(args[1], reply)
	if !ok {
		return
	}
	if withVersion {
		reply.Array(2)
	}
	replyString(o, reply)
	if withVersion {
		reply.Int(int64(tx.version(args[1])))
	}
}

// replyString replies with a string's value; o may be nil.
func replyString(o *Object, reply Reply) {
	if o == nil {
		reply.Null()
		return
	}
	reply.Bulk(o.str())
}

// set: SET with all its options.
func set(tx *Tx, args Args, reply Reply) {
	o, problem := parseSet(args)
	if problem != "" {
		reply.Error(problem)
		return
	}
	setString(tx, args[1], args[2], &o, reply)
}

// setString is SET after its options are read; SETNX and kin have theirs fixed. It replies like SET.
func setString(tx *Tx, key, value []byte, o *setOptions, reply Reply) {
	deadline, problem := o.expiry.deadline(tx.ks.now)
	if problem != "" {
		reply.Error(problem)
		return
	}
	e := tx.entry(key)
	if o.get || o.comparison.given {
		if _, ok := tx.oldString(&e, reply); !ok {
			return
		}
	}
	holds, problem := o.comparison.holds(e.object)
	if problem != "" {
		reply.Error(problem)
		return
	}
	var s stamp
	apply := holds && o.allows(&e)
	if apply {
		var ok bool
		if s, ok = o.condition.stamp(tx.ks, &e); !ok {
			reply.Error(errVersionOverflow)
			return
		}
	}
	// The old value is replied before the new one takes its bytes.
	if o.withVersion {
		reply.Array(2)
	}
	switch {
	case o.get:
		replyString(e.object, reply)
	case apply:
		reply.Status("OK")
	default:
		reply.Null()
	}
	if apply {
		tx.ks.putString(&e, value, s)
		tx.notify(EventString, "set", key)
		applyExpiry(tx, &e, &o.expiry, deadline)
	}
	if o.withVersion {
		reply.Int(int64(e.version()))
	}
}

// allows reports whether the options' conditions on the key's being there and on its version hold.
func (o *setOptions) allows(e *entry) bool {
	if o.notExists && e.object != nil || o.exists && e.object == nil {
		return false
	}
	return o.condition.allows(e.version())
}

// applyExpiry gives a key that has just been set its deadline: the options', the one it had, or none.
func applyExpiry(tx *Tx, e *entry, x *expiry, deadline int64) {
	switch {
	case x.value != nil:
		tx.ks.setDeadline(e, deadline)
		tx.notify(EventGeneric, "expire", e.key)
	case !x.keep:
		tx.ks.clearDeadline(e)
	}
}

// setnx: SETNX key value.
func setnx(tx *Tx, args Args, reply Reply) {
	e := tx.entry(args[1])
	if e.object != nil {
		reply.Int(0)
		return
	}
	if s, ok := tx.nextStamp(&e, reply); ok {
		tx.ks.putString(&e, args[2], s)
		tx.notify(EventString, "set", args[1])
		reply.Int(1)
	}
}

// setex: SETEX key seconds value.
func setex(tx *Tx, args Args, reply Reply) {
	o := setOptions{expiry: expiry{value: args[2], seconds: true, command: "setex"}}
	setString(tx, args[1], args[3], &o, reply)
}

// psetex: PSETEX key milliseconds value.
func psetex(tx *Tx, args Args, reply Reply) {
	o := setOptions{expiry: expiry{value: args[2], command: "psetex"}}
	setString(tx, args[1], args[3], &o, reply)
}

// getset: GETSET key value.
func getset(tx *Tx, args Args, reply Reply) {
	setString(tx, args[1], args[2], &setOptions{get: true}, reply)
}

// getdel: GETDEL key.
func getdel(tx *Tx, args Args, reply Reply) {
	e := tx.entry(args[1])
	if _, ok := tx.oldString(&e, reply); !ok {
		return
	}
	replyString(e.object, reply)
	if e.object != nil {
		tx.ks.remove(&e)
		tx.notify(EventGeneric, "del", args[1])
	}
}

// getex: GETEX key [EX | PX | EXAT | PXAT | PERSIST]. It changes the deadline, not the version.
func getex(tx *Tx, args Args, reply Reply) {
	x, ok := parseGetex(args)
	if !ok {
		reply.Error(errSyntax)
		return
	}
	e := tx.entry(args[1])
	if _, ok = tx.oldString(&e, reply); !ok {
		return
	}
	if e.object == nil {
		reply.Null()
		return
	}
	deadline, problem := x.deadline(tx.ks.now)
	if problem != "" {
		reply.Error(problem)
		return
	}
	reply.Bulk(e.object.str())
	switch {
	case x.value != nil && deadline <= tx.ks.now:
		tx.ks.remove(&e)
		tx.notify(EventGeneric, "del", args[1])
	case x.value != nil:
		tx.ks.setDeadline(&e, deadline)
		tx.notify(EventGeneric, "expire", args[1])
	case x.persist:
		if tx.ks.clearDeadline(&e) {
			tx.notify(EventGeneric, "persist", args[1])
		}
	default:
		tx.ks.usage.touch(e.object, tx.ks.now)
	}
}

// mget: MGET key [key ...]. A key of another type counts as missing.
func mget(tx *Tx, args Args, reply Reply) {
	reply.Array(len(args) - 1)
	for _, key := range args[1:] {
		o := tx.lookup(key)
		if o != nil && o.kind != KindString {
			o = nil
		}
		replyString(o, reply)
	}
}

// mset: MSET key value [key value ...].
func mset(tx *Tx, args Args, reply Reply) {
	if setPairs(tx, args, false, reply) {
		reply.Status("OK")
	}
}

// msetnx: MSETNX key value [key value ...]. Sets all, or none if one of them is there.
func msetnx(tx *Tx, args Args, reply Reply) {
	if setPairs(tx, args, true, reply) {
		reply.Int(1)
	}
}

// setPairs sets all keys, or none: then it has replied why.
func setPairs(tx *Tx, args Args, onlyNew bool, reply Reply) bool {
	if len(args)%2 == 0 {
		name := "mset"
		if onlyNew {
			name = "msetnx"
		}
		reply.Error(wrongArguments(name))
		return false
	}
	for i := 1; i < len(args); i += 2 {
		if e := tx.entry(args[i]); onlyNew && e.object != nil {
			reply.Int(0)
			return false
		}
	}
	if !tx.roomForPairs(args) {
		reply.Error(errVersionOverflow)
		return false
	}
	for i := 1; i < len(args); i += 2 {
		e := tx.entry(args[i])
		if s, ok := tx.ks.nextStamp(&e); ok {
			tx.ks.putString(&e, args[i+1], s)
			tx.ks.clearDeadline(&e)
			tx.notify(EventString, "set", args[i])
		}
	}
	return true
}

// roomForPairs reports whether every key can be set as often as it comes: each time takes a version.
func (tx *Tx) roomForPairs(args Args) bool {
	var times map[string]uint64 // of keys near the highest version
	for i := 1; i < len(args); i += 2 {
		e := tx.entry(args[i])
		v := e.version()
		if v <= maxVersion-uint64(len(args)) {
			continue
		}
		if times == nil {
			times = make(map[string]uint64)
		}
		times[string(args[i])]++
		if times[string(args[i])] > maxVersion-v {
			return false
		}
	}
	return true
}

// appendString: APPEND key value.
func appendString(tx *Tx, args Args, reply Reply) {
	e, ok := tx.entryString(args[1], reply)
	if !ok {
		return
	}
	length := len(args[2])
	if e.object != nil {
		length += len(e.object.str())
		if length > tx.maxString {
			reply.Error(errStringTooLong)
			return
		}
	}
	s, ok := tx.nextStamp(&e, reply)
	if !ok {
		return
	}
	if e.object == nil {
		tx.ks.putString(&e, args[2], s)
	} else {
		o := e.edit()
		o.append(args[2])
		o.editedInPlace()
		tx.ks.stamp(&e, s)
	}
	tx.notify(EventString, "append", args[1])
	reply.Int(int64(length))
}

// strlen: STRLEN key.
func strlen(tx *Tx, args Args, reply Reply) {
	o, ok := tx.lookupString(args[1], reply)
	if !ok {
		return
	}
	length := 0
	if o != nil {
		length = len(o.str())
	}
	reply.Int(int64(length))
}

// setrange: SETRANGE key offset value. An empty value changes nothing.
func setrange(tx *Tx, args Args, reply Reply) {
	offset, ok := intArg(args[2], reply)
	if !ok {
		return
	}
	if offset < 0 {
		reply.Error(errOffset)
		return
	}
	e, ok := tx.entryString(args[1], reply)
	if !ok {
		return
	}
	value := args[3]
	if len(value) == 0 {
		length := 0
		if e.object != nil {
			length = len(e.object.str())
		}
		reply.Int(int64(length))
		return
	}
	if offset > math.MaxInt64-int64(len(value)) || offset+int64(len(value)) > int64(tx.maxString) {
		reply.Error(errStringTooLong)
		return
	}
	s, ok := tx.nextStamp(&e, reply)
	if !ok {
		return
	}
	if e.object == nil {
		tx.ks.create(&e, KindString, nil)
	}
	o := e.edit()
	o.extend(int(offset) + len(value))
	copy(o.str()[offset:], value)
	o.editedInPlace()
	tx.ks.stamp(&e, s)
	tx.notify(EventString, "setrange", args[1])
	reply.Int(int64(len(e.object.str())))
}

// getrange: GETRANGE key start end. Both ends count, from the back if negative.
func getrange(tx *Tx, args Args, reply Reply) {
	start, ok := intArg(args[2], reply)
	if !ok {
		return
	}
	end, ok := intArg(args[3], reply)
	if !ok {
		return
	}
	o, ok := tx.lookupString(args[1], reply)
	if !ok {
		return
	}
	if o == nil {
		reply.BulkString("")
		return
	}
	reply.Bulk(substring(o.str(), start, end))
}

func substring(s []byte, start, end int64) []byte {
	length := int64(len(s))
	if start < 0 && end < 0 && start > end {
		return nil
	}
	if start < 0 {
		start = max(0, start+length)
	}
	if end < 0 {
		end = max(0, end+length)
	}
	end = min(end, length-1)
	if start > end || length == 0 {
		return nil
	}
	return s[start : end+1]
}
