package statemachine

import (
	"math"
	"strconv"
)

var numberCommands = []Command{
	{Name: "INCR", Arity: 2, Flags: Write | DenyOOM | Fast, Keys: firstKey, Group: groupString, Since: "1.0.0", Complexity: "O(1)",
		Summary: "Increments the integer value of a key by one. Uses 0 as initial value if the key doesn't exist.",
		Syntax:  "key", Run: func(tx *Tx, args Args, reply Reply) { add(tx, args[1], 1, reply) }},
	{Name: "DECR", Arity: 2, Flags: Write | DenyOOM | Fast, Keys: firstKey, Group: groupString, Since: "1.0.0", Complexity: "O(1)",
		Summary: "Decrements the integer value of a key by one. Uses 0 as initial value if the key doesn't exist.",
		Syntax:  "key", Run: func(tx *Tx, args Args, reply Reply) { add(tx, args[1], -1, reply) }},
	{Name: "INCRBY", Arity: 3, Flags: Write | DenyOOM | Fast, Keys: firstKey, Group: groupString, Since: "1.0.0", Complexity: "O(1)",
		Summary: "Increments the integer value of a key by a number. Uses 0 as initial value if the key doesn't exist.",
		Syntax:  "key increment", Run: incrby},
	{Name: "DECRBY", Arity: 3, Flags: Write | DenyOOM | Fast, Keys: firstKey, Group: groupString, Since: "1.0.0", Complexity: "O(1)",
		Summary: "Decrements a number from the integer value of a key. Uses 0 as initial value if the key doesn't exist.",
		Syntax:  "key decrement", Run: decrby},
	{Name: "INCRBYFLOAT", Arity: 3, Flags: Write | DenyOOM | Fast, Keys: firstKey, Group: groupString, Since: "2.6.0", Complexity: "O(1)",
		Summary: "Increment the floating point value of a key by a number. Uses 0 as initial value if the key doesn't exist.",
		Syntax:  "key increment", Run: incrbyfloat},
}

// incrby: INCRBY key increment.
func incrby(tx *Tx, args Args, reply Reply) {
	if n, ok := intArg(args[2], reply); ok {
		add(tx, args[1], n, reply)
	}
}

// decrby: DECRBY key decrement.
func decrby(tx *Tx, args Args, reply Reply) {
	n, ok := intArg(args[2], reply)
	switch {
	case !ok:
	case n == math.MinInt64:
		reply.Error(errDecrOverflow)
	default:
		add(tx, args[1], -n, reply)
	}
}

// add adds n to the integer that a key holds, 0 if it is missing, and replies the sum.
func add(tx *Tx, key []byte, n int64, reply Reply) {
	e, ok := tx.entryString(key, reply)
	if !ok {
		return
	}
	var old int64
	if e.object != nil {
		if old, ok = intArg(e.object.str(), reply); !ok {
			return
		}
	}
	if n > 0 && old > math.MaxInt64-n || n < 0 && old < math.MinInt64-n {
		reply.Error(errIncrOverflow)
		return
	}
	s, ok := tx.nextStamp(&e, reply)
	if !ok {
		return
	}
	var buf [20]byte
	tx.ks.putString(&e, strconv.AppendInt(buf[:0], old+n, 10), s)
	tx.notify(EventString, "incrby", key)
	reply.Int(old + n)
}

// incrbyfloat: INCRBYFLOAT key increment.
func incrbyfloat(tx *Tx, args Args, reply Reply) {
	e, ok := tx.entryString(args[1], reply)
	if !ok {
		return
	}
	var old longDouble
	if e.object != nil {
		if old, ok = parseLongDouble(e.object.str()); !ok {
			reply.Error(errNotFloat)
			return
		}
	}
	n, ok := parseLongDouble(args[2])
	if !ok {
		reply.Error(errNotFloat)
		return
	}
	sum, ok := old.add(n)
	if !ok {
		reply.Error(errNaN)
		return
	}
	s, ok := tx.nextStamp(&e, reply)
	if !ok {
		return
	}
	tx.ks.putString(&e, sum.human(), s)
	e.edit().flags |= flagText
	tx.notify(EventString, "incrbyfloat", args[1])
	reply.Bulk(e.object.str())
}
