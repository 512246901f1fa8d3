package statemachine

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
)

var debugCommands = []Command{
	{Name: "DIGEST", Arity: 2, Flags: ReadOnly | Admin | NoScript, Group: groupServer, Since: "1.0.0",
		Complexity: "O(N) where N is the size of all data.",
		Summary:    "Returns a digest of all databases, equal on all nodes at the same applied slot.",
		Run:        func(tx *Tx, _ Args, reply Reply) { reply.Status(tx.ks.digest().String()) }},
	{Name: "DIGEST-VALUE", Arity: -2, Flags: ReadOnly | Admin | NoScript, Keys: Keys{First: 2, Last: -1, Step: 1},
		Group: groupServer, Since: "5.0.0", Complexity: "O(N) where N is the size of the values.",
		Summary: "Returns digests of the values of keys, equal to Redis's own.", Syntax: "[key ...]", Run: debugDigestValue},
	{Name: "HELP", Arity: 2, Flags: Admin | NoScript | Loading | Stale, Group: groupServer, Since: "6.2.0", Complexity: "O(1)",
		Summary: "Returns helpful text about the different subcommands.", Run: debugHelp},
	{Name: "OBJECT", Arity: -3, Flags: ReadOnly | Admin | NoScript, Keys: objectKey, Group: groupServer, Since: "1.0.0",
		Complexity: "O(1)", Summary: "Returns low-level information about a key and its value.", Syntax: "key [FAST]", Run: debugObject},
	{Name: "POPULATE", Arity: -3, Flags: Write | DenyOOM | Admin | NoScript, Group: groupServer, Since: "1.0.0",
		Complexity: "O(N) where N is the number of keys.",
		Summary:    "Makes strings that are not there yet, on all nodes.", Syntax: "count [prefix [size]]", Run: debugPopulate},
	{Name: "SET-ACTIVE-EXPIRE", Arity: 3, Flags: Write | Admin | NoScript, Group: groupServer, Since: "3.0.0", Complexity: "O(1)",
		Summary: "Turns the removal of expired keys that nobody writes to off or on, on all nodes.", Syntax: "<0 | 1>",
		Run: debugSetActiveExpire},
}

// The most that one DEBUG POPULATE makes: whatever comes behind it in the log waits for it.
const (
	mostPopulated      = 1_000_000
	mostPopulatedBytes = 512 << 20
)

// debugPopulate: DEBUG POPULATE count [prefix [size]]. Keys are prefix:0, prefix:1 and so on, their values value:0 and so on, cut or filled up with
// zeros if they are to have a size.
func debugPopulate(tx *Tx, args Args, reply Reply) {
	if len(args) > 5 {
		reply.Error(BadSubcommand(args))
		return
	}
	count, ok := positiveArg(args[2], reply)
	if !ok {
		return
	}
	prefix, size := []byte("key"), int64(0)
	if len(args) > 3 {
		prefix = args[3]
	}
	if len(args) > 4 {
		if size, ok = positiveArg(args[4], reply); !ok {
			return
		}
	}
	switch {
	case size > int64(tx.maxString):
		reply.Error(errStringTooLong)
	case count > mostPopulated || count*(int64(len(prefix))+size) > mostPopulatedBytes:
		reply.Error(errPopulate)
	default:
		tx.populate(count, prefix, make([]byte, size))
		reply.Status("OK")
	}
}

// populate makes the keys that are not there yet.
func (tx *Tx) populate(count int64, prefix, value []byte) {
	for i := range count {
		e := tx.entry(strconv.AppendInt(append(slices.Clone(prefix), ':'), i, 10))
		s, ok := tx.ks.nextStamp(&e)
		if e.object != nil || !ok {
			continue
		}
		text := strconv.AppendInt([]byte("value:"), i, 10)
		if copy(value, text) > 0 {
			text = value
		}
		tx.ks.putString(&e, text, s)
	}
}

// positiveArg reads a number that must not be negative, or replies the error.
func positiveArg(arg []byte, reply Reply) (int64, bool) {
	n, ok := ParseInt(arg)
	if !ok || n < 0 {
		reply.Error(errNotPositive)
		return 0, false
	}
	return n, true
}

// LRUClockMask is what Redis's clock of accesses, in Unix seconds, has room for.
const LRUClockMask = 1<<24 - 1

// debugDigestValue: DEBUG DIGEST-VALUE [key ...].
func debugDigestValue(tx *Tx, args Args, reply Reply) {
	reply.Array(len(args) - 2)
	for _, key := range args[2:] {
		d := tx.valueDigest(tx.peek(key))
		reply.Status(hex.EncodeToString(d[:]))
	}
}

// debugSetActiveExpire: DEBUG SET-ACTIVE-EXPIRE 0|1. Due keys stay invisible either way.
func debugSetActiveExpire(tx *Tx, args Args, reply Reply) {
	n, ok := intArg(args[2], reply)
	if !ok {
		return
	}
	if keep := n == 0; keep != tx.ks.keepDue {
		tx.ks.keepDue = keep
		tx.ks.dirty = true
	}
	reply.Status("OK")
}

// debugHelp: DEBUG HELP.
func debugHelp(_ *Tx, _ Args, reply Reply) {
	replyHelp(reply, []string{
		"DEBUG <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
		"DIGEST",
		"    Output a hex signature representing the current DB content.",
		"DIGEST-VALUE <key> [<key> ...]",
		"    Output a hex signature of the values of all the specified keys.",
		"ERROR <string>",
		"    Return a Redis protocol error with <string> as message. Useful for clients",
		"    unit tests to simulate Redis errors.",
		"LOG <message>",
		"    Write <message> to the server log.",
		"OBJECT <key> [fast]",
		"    Show low level info about `key` and associated value.",
		"POPULATE <count> [<prefix>] [<size>]",
		"    Create <count> string keys named key:<num>. If <prefix> is specified then",
		"    it is used instead of the 'key' prefix. A key that exists is left as it is.",
		"PROTOCOL <type>",
		"    Reply with a test value of the specified type. <type> can be: string,",
		"    integer, double, bignum, null, array, set, map, attrib, push, verbatim,",
		"    true, false.",
		"RELOAD",
		"    Have the cluster take a checkpoint, and return once this node has it on disk.",
		"    What is in memory stays.",
		"SET-ACTIVE-EXPIRE <0|1>",
		"    Setting it to 0 disables expiring keys in background when they are not",
		"    accessed (otherwise the Redis behavior). Setting it to 1 reenables back the",
		"    default.",
		"SLEEP <seconds>",
		"    Have this node run no commands for <seconds>. Decimals allowed.",
		"HELP",
		"    Prints this help.",
	})
}

// debugObject: DEBUG OBJECT key [FAST]. Addresses are nobody's business; serializedlength is that of the key's records in a checkpoint.
func debugObject(tx *Tx, args Args, reply Reply) {
	if len(args) > 4 || len(args) == 4 && !is(args[3], "FAST") {
		reply.Error(BadSubcommand(args))
		return
	}
	o := tx.peek(args[2])
	if o == nil {
		reply.Error(errNoKey)
		return
	}
	access := int64(o.access.Load())
	db := tx.database()
	length := len(appendRecordHead(nil, &db.keys.times, o)) + len(o.str())
	if o.inParts() {
		for part := range db.indexes[o.partsID()].all() {
			length += len(appendRecordHead(nil, &db.parts.times, part)) + len(part.str())
		}
	}
	reply.Status(fmt.Sprintf("Value at:0x0 refcount:1 encoding:%s serializedlength:%d lru:%d lru_seconds_idle:%d",
		o.encoding(), length, access&LRUClockMask, max(0, tx.now/1000-access)))
}
