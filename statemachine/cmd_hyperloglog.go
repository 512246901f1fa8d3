package statemachine

import (
	"slices"

	"github.com/paxredis/paxredis/statemachine/internal/hyperloglog"
)

const groupHyperLogLog = "hyperloglog"

var hyperloglogCommands = []Command{
	{Name: "PFADD", Arity: -2, Flags: Write | DenyOOM | Fast, Keys: firstKey, Group: groupHyperLogLog, Since: "2.8.9",
		Complexity: "O(1) to add every element.",
		Summary:    "Adds elements to a HyperLogLog key. Creates the key if it doesn't exist.",
		Syntax:     "key [element [element ...]]", Run: pfadd},
	{Name: "PFCOUNT", Arity: -2, Flags: ReadOnly, Keys: allKeys, Group: groupHyperLogLog, Since: "2.8.9",
		Complexity: "O(1) with a very small average constant time when called with a single key. O(N) with N being the number of keys, " +
			"and much bigger constant times, when called with multiple keys.",
		Summary: "Returns the approximated cardinality of the set(s) observed by the HyperLogLog key(s).",
		Syntax:  "key [key ...]", Run: pfcount},
	{Name: "PFMERGE", Arity: -2, Flags: Write | DenyOOM, Keys: allKeys, Group: groupHyperLogLog, Since: "2.8.9",
		Complexity: "O(N) to merge N HyperLogLogs, but with high constant times.",
		Summary:    "Merges one or more HyperLogLog values into a single key.",
		Syntax:     "destkey [sourcekey [sourcekey ...]]", Run: pfmerge},
	{Name: "PFDEBUG", Arity: 3, Flags: Write | DenyOOM | Admin, Keys: Keys{First: 2, Last: 2, Step: 1}, Group: groupHyperLogLog, Since: "2.8.9",
		Complexity: "N/A", Summary: "Internal commands for debugging HyperLogLog values.", Syntax: "subcommand key", Run: pfdebug},
	{Name: "PFSELFTEST", Arity: 1, Flags: Admin, Group: groupHyperLogLog, Since: "2.8.9", Complexity: "N/A",
		Summary: "An internal command for testing HyperLogLog values.", Run: pfselftest},
}

// hllOrError replies the error if the string is no HyperLogLog; o may be nil.
func hllOrError(o *Object, reply Reply) bool {
	if _, ok := stringOrError(o, reply); !ok {
		return false
	}
	if o != nil && !hyperloglog.Valid(o.str()) {
		reply.Error(errNotHLL)
		return false
	}
	return true
}

// putHLL makes the key hold a HyperLogLog.
func (ks *keyspace) putHLL(e *entry, value []byte, s stamp) {
	ks.putString(e, value, s)
	e.edit().editedInPlace()
}

// pfadd: PFADD key [element ...]. Elements that change no register leave the version as it is.
func pfadd(tx *Tx, args Args, reply Reply) {
	e := tx.entry(args[1])
	if !hllOrError(e.object, reply) {
		return
	}
	if e.object != nil && !hyperloglog.IsSparse(e.object.str()) {
		addDense(tx, &e, args[2:], reply)
		return
	}
	var value []byte
	changed := e.object == nil
	if changed {
		value = hyperloglog.New()
	} else {
		value = slices.Clone(e.object.str())
	}
	for _, element := range args[2:] {
		var one bool
		var err error
		if value, one, err = hyperloglog.Add(value, element); err != nil {
			reply.Error(errCorruptHLL)
			return
		}
		changed = changed || one
	}
	if !changed {
		e.nowRaw()
		reply.Int(0)
		return
	}
	if s, ok := tx.nextStamp(&e, reply); ok {
		hyperloglog.Invalidate(value)
		tx.ks.putHLL(&e, value, s)
		tx.notify(EventString, "pfadd", args[1])
		reply.Int(1)
	}
}

// addDense adds elements to a dense value where it is.
func addDense(tx *Tx, e *entry, elements Args, reply Reply) {
	changes := slices.ContainsFunc(elements, func(element []byte) bool {
		return hyperloglog.WouldChange(e.object.str(), element)
	})
	if !changes {
		e.nowRaw()
		reply.Int(0)
		return
	}
	s, ok := tx.nextStamp(e, reply)
	if !ok {
		return
	}
	o := e.edit()
	for _, element := range elements {
		if _, _, err := hyperloglog.Add(o.str(), element); err != nil {
			reply.Error(errCorruptHLL)
			return
		}
	}
	hyperloglog.Invalidate(o.str())
	o.editedInPlace()
	tx.ks.stamp(e, s)
	tx.notify(EventString, "pfadd", e.key)
	reply.Int(1)
}

// pfcount: PFCOUNT key [key ...]. It only reads: the estimate that Redis would write into the value is computed anew each time.
func pfcount(tx *Tx, args Args, reply Reply) {
	if len(args) == 2 {
		countOne(tx, args[1], reply)
		return
	}
	var union hyperloglog.Union
	if _, ok := mergeAll(tx, &union, args[1:], reply); ok {
		reply.Int(int64(union.Estimate()))
	}
}

func countOne(tx *Tx, key []byte, reply Reply) {
	o := tx.lookup(key)
	if !hllOrError(o, reply) {
		return
	}
	if o == nil {
		reply.Int(0)
		return
	}
	n, err := hyperloglog.Estimate(o.str())
	if err != nil {
		reply.Error(errCorruptHLL)
		return
	}
	reply.Int(int64(n))
}

// mergeAll takes the values of keys into a union, and reports whether one of them is dense. ok is false if it has replied an error.
func mergeAll(tx *Tx, union *hyperloglog.Union, keys Args, reply Reply) (dense, ok bool) {
	for _, key := range keys {
		o := tx.lookup(key)
		if !hllOrError(o, reply) {
			return false, false
		}
		if o == nil {
			continue
		}
		dense = dense || !hyperloglog.IsSparse(o.str())
		if err := union.Merge(o.str()); err != nil {
			reply.Error(errCorruptHLL)
			return false, false
		}
	}
	return dense, true
}

// pfmerge: PFMERGE destkey [sourcekey ...]. The destination is one of the sources, and becomes dense if one of them is.
func pfmerge(tx *Tx, args Args, reply Reply) {
	var union hyperloglog.Union
	dense, ok := mergeAll(tx, &union, args[1:], reply)
	if !ok {
		return
	}
	e := tx.entry(args[1])
	s, ok := tx.nextStamp(&e, reply)
	if !ok {
		return
	}
	var value []byte
	if e.object == nil {
		value = hyperloglog.New()
	} else {
		value = slices.Clone(e.object.str())
	}
	var err error
	if dense {
		value, err = hyperloglog.Dense(value)
	}
	if err == nil {
		value, err = union.RaiseAll(value)
	}
	if err != nil {
		reply.Error(errCorruptHLL)
		return
	}
	tx.ks.putHLL(&e, value, s)
	tx.notify(EventString, "pfadd", args[1])
	reply.Status("OK")
}

// pfdebug: PFDEBUG GETREG | DECODE | ENCODING | TODENSE key. GETREG makes a sparse value dense, as in Redis.
func pfdebug(tx *Tx, args Args, reply Reply) {
	e := tx.entry(args[2])
	if e.object == nil {
		reply.Error(errHLLKey)
		return
	}
	if !hllOrError(e.object, reply) {
		return
	}
	sparse := hyperloglog.IsSparse(e.object.str())
	switch {
	case is(args[1], "GETREG"):
		if makeDense(tx, &e, reply) {
			reply.Array(hyperloglog.Registers)
			hyperloglog.AllRegisters(e.object.str(), func(rank byte) { reply.Int(int64(rank)) })
		}
	case is(args[1], "TODENSE"):
		if makeDense(tx, &e, reply) {
			replyOne(sparse, reply)
		}
	case is(args[1], "DECODE"):
		debugDecode(e.object.str(), sparse, reply)
	case is(args[1], "ENCODING") && sparse:
		reply.Status("sparse")
	case is(args[1], "ENCODING"):
		reply.Status("dense")
	default:
		reply.Error("ERR Unknown PFDEBUG subcommand '" + Excerpt(args[1]) + "'")
	}
}

// makeDense gives the entry's HyperLogLog the dense encoding, or replies why it cannot.
func makeDense(tx *Tx, e *entry, reply Reply) bool {
	if !hyperloglog.IsSparse(e.object.str()) {
		e.nowRaw()
		return true
	}
	value, err := hyperloglog.Dense(e.object.str())
	if err != nil {
		reply.Error(errCorruptHLL)
		return false
	}
	s, ok := tx.nextStamp(e, reply)
	if ok {
		tx.ks.putHLL(e, value, s)
	}
	return ok
}

func debugDecode(value []byte, sparse bool, reply Reply) {
	if !sparse {
		reply.Error(errHLLNotSparse)
		return
	}
	text, err := hyperloglog.Describe(value)
	if err != nil {
		reply.Error(errCorruptHLL)
		return
	}
	reply.BulkString(text)
}

func replyOne(yes bool, reply Reply) {
	if yes {
		reply.Int(1)
		return
	}
	reply.Int(0)
}

// pfselftest: PFSELFTEST. It adds elements to a sparse and a dense value, which must agree, and have estimates near the truth.
func pfselftest(_ *Tx, _ Args, reply Reply) {
	if err := hyperloglog.SelfTest(); err != nil {
		reply.Error("ERR TESTFAILED " + err.Error())
		return
	}
	reply.Status("OK")
}
