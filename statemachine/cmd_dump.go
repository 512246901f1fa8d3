package statemachine

import (
	"errors"
	"math"

	"github.com/paxredis/paxredis/statemachine/rdb"
)

var dumpCommands = []Command{
	{Name: "DUMP", Arity: 2, Flags: ReadOnly, Keys: firstKey, Group: groupGeneric, Since: "2.6.0",
		Complexity: "O(1) to access the key and additional O(N*M) to serialize it, where N is the number of Redis objects composing the value " +
			"and M their average size. For small string values the time complexity is thus O(1)+O(1*M) where M is small, so simply O(1).",
		Summary: "Returns a serialized representation of the value stored at a key.", Syntax: "key",
		Tips: []string{"nondeterministic_output"}, Categories: []string{"keyspace"}, Run: dump},
	{Name: "RESTORE", Arity: -4, Flags: Write | DenyOOM, Keys: firstKey, Group: groupGeneric, Since: "2.6.0",
		Complexity: "O(1) to create the new key and additional O(N*M) to reconstruct the serialized value, where N is the number of Redis objects " +
			"composing the value and M their average size. For small string values the time complexity is thus O(1)+O(1*M) where M is small, so simply " +
			"O(1). However for sorted set values the complexity is O(N*M*log(N)) because inserting values into sorted sets is O(log(N)).",
		Summary:    "Creates a key from the serialized representation of a value.",
		Syntax:     "key ttl serialized-value [REPLACE] [ABSTTL] [IDLETIME seconds] [FREQ frequency]",
		Categories: []string{"keyspace", "dangerous"}, Run: restore},
}

// dump: DUMP key. The payload is the same on all nodes, and goes to Redis as it is.
func dump(tx *Tx, args Args, reply Reply) {
	o := tx.lookup(args[1])
	if o == nil {
		reply.Null()
		return
	}
	reply.Bulk(rdb.Dump(tx.rdbValue(o)))
}

// restoreOptions are RESTORE's.
type restoreOptions struct {
	replace, absolute bool
	idle              int64 // in seconds; -1: none was given
	frequency         int64 // the same; it means nothing here, where keys are not counted by frequency
}

// The highest FREQ, the logarithmic counter of Redis's LFU policies.
const maxFrequency = 255

// parseRestore reads RESTORE's options, or replies Redis's error.
func parseRestore(args Args, reply Reply) (o restoreOptions, ok bool) {
	o = restoreOptions{idle: -1, frequency: -1}
	for i := 4; i < len(args); i++ {
		more := i+1 < len(args)
		switch {
		case is(args[i], "REPLACE"):
			o.replace = true
		case is(args[i], "ABSTTL"):
			o.absolute = true
		case is(args[i], "IDLETIME") && more && o.frequency == -1:
			i++
			if o.idle, ok = numberUpTo(args[i], math.MaxInt64, errIdleTime, reply); !ok {
				return o, false
			}
		case is(args[i], "FREQ") && more && o.idle == -1:
			i++
			if o.frequency, ok = numberUpTo(args[i], maxFrequency, errFrequency, reply); !ok {
				return o, false
			}
		default:
			reply.Error(errSyntax)
			return o, false
		}
	}
	return o, true
}

// numberUpTo reads an integer from 0 to most, or replies the error.
func numberUpTo(arg []byte, most int64, problem string, reply Reply) (int64, bool) {
	n, ok := intArg(arg, reply)
	if ok && (n < 0 || n > most) {
		reply.Error(problem)
		return 0, false
	}
	return n, ok
}

// restore: RESTORE key ttl serialized-value [REPLACE] [ABSTTL] [IDLETIME seconds] [FREQ frequency]. It is a write without a version.
func restore(tx *Tx, args Args, reply Reply) {
	o, ok := parseRestore(args, reply)
	if !ok {
		return
	}
	e := tx.entry(args[1])
	if e.object != nil && !o.replace {
		reply.Error(errBusyKey)
		return
	}
	ttl, ok := numberUpTo(args[2], math.MaxInt64, errTTL, reply)
	if !ok {
		return
	}
	v, err := rdb.Load(args[3], tx.maxString)
	if err != nil {
		reply.Error(loadProblem(err))
		return
	}
	if !fitsKey(v) {
		reply.Error(errBadFormat)
		return
	}
	deadline := ttl
	if ttl != 0 && !o.absolute {
		deadline += tx.ks.now // one that is too large goes round, into the past, as in Redis
	}
	if ttl != 0 && deadline <= tx.ks.now {
		if e.object != nil {
			tx.ks.remove(&e)
			tx.notify(EventGeneric, "del", args[1])
		}
		reply.Status("OK")
		return
	}
	s, ok := tx.nextStamp(&e, reply)
	if !ok {
		return
	}
	tx.putRDB(&e, v, s)
	if ttl != 0 {
		tx.ks.setDeadline(&e, deadline)
	} else {
		tx.ks.clearDeadline(&e)
	}
	switch counts := tx.ks.usage.frequency.Load(); { // as in Redis what the policy of the moment has no use for is ignored
	case o.frequency >= 0 && counts:
		e.object.access.Store(packFrequency(o.frequency, tx.ks.now))
	case o.idle >= 0 && !counts:
		e.object.access.Store(uint32(max(0, tx.ks.now/1000-o.idle)))
	}
	tx.notify(EventGeneric, "restore", args[1])
	reply.Status("OK")
}

// loadProblem is Redis's text for a payload that cannot be read.
func loadProblem(err error) string {
	if errors.Is(err, rdb.ErrFooter) {
		return errDumpFooter
	}
	return errBadFormat
}
