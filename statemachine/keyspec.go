package statemachine

import (
	"slices"
	"strings"
)

// KeySpec is one key specification of a command (https://redis.io/docs/latest/develop/reference/key-specs/): where keys
// are, and what is done with them.
type KeySpec struct {
	Flags      []string
	First      int // the index of the first key; of the argument that counts the keys if IsNumbered
	Last, Step int // Last is relative to First, or, negative, counts from the end
	IsNumbered bool
	Word       string // keys are behind this argument, which is looked for from index First on
	Unknown    bool   // where keys are is not told: they are made of elements, or behind an option that may be anywhere
	Limit      int    // only the first share of the arguments, one in so many, are keys; 0: all are, and behind an option one is
}

// How a command treats the values of its keys.
var (
	readsValue   = []string{"RO", "access"}
	readsMeta    = []string{"RO"}
	changesValue = []string{"RW", "access", "update"}
	updatesValue = []string{"RW", "update"}
	replaces     = []string{"OW", "update"}
	inserts      = []string{"OW", "insert"}
	removes      = []string{"RM", "delete"}
	takesAway    = []string{"RW", "access", "delete"}
	insertsInto  = []string{"RW", "insert"} // where replaces and inserts look at nothing of what is there
	noKey        = []string{"not_key"}      // a channel, which a cluster's clients route by like a key

	changesOrDeletes = []string{"RW", "delete"}
)

// keyFlags has the commands that do something else than the usual, reading or changing the value. Two elements are two
// specifications.
var keyFlags = map[string][][]string{
	"APPEND": {insertsInto}, "COPY": {readsValue, replaces}, "DEL": {removes}, "EXISTS": {readsMeta}, "EXPIRE": {updatesValue},
	"EXPIREAT": {updatesValue}, "GETDEL": {takesAway}, "MSET": {replaces}, "MSETNX": {inserts}, "PERSIST": {updatesValue},
	"PEXPIRE": {updatesValue}, "PEXPIREAT": {updatesValue}, "PSETEX": {replaces}, "RENAME": {takesAway, replaces},
	"RENAMENX": {takesAway, inserts}, "SET": {{"RW", "access", "update", "variable_flags"}}, "SETEX": {replaces},
	"SETNX": {inserts}, "SETRANGE": {updatesValue}, "STRLEN": {readsMeta}, "TOUCH": {readsMeta}, "TYPE": {readsMeta},
	"UNLINK": {removes}, "WATCH": {readsMeta},
	"SPUBLISH": {noKey}, "SSUBSCRIBE": {noKey}, "SUNSUBSCRIBE": {noKey},
	"BITFIELD": {{"RW", "access", "update", "variable_flags"}}, "BITOP": {replaces, readsValue}, "PFADD": {insertsInto},
	"PFCOUNT": {{"RW", "access"}}, "PFDEBUG": {{"RW", "access"}}, "PFMERGE": {{"RW", "access", "insert"}, readsValue},
	"DELEX": {{"RW", "delete", "variable_flags"}}, "DELIFEQ": {takesAway}, "MSETEX": {replaces},
	"RESTORE": {replaces}, "XREADGROUP": {readsValue},
	"ZADD": {updatesValue}, "ZCARD": {readsMeta}, "ZREM": {changesOrDeletes}, "ZREMRANGEBYRANK": {changesOrDeletes}, "ZREMRANGEBYSCORE": {changesOrDeletes},
	"ZREMRANGEBYLEX": {changesOrDeletes}, "ZPOPMIN": {takesAway}, "ZPOPMAX": {takesAway}, "ZMPOP": {takesAway},
	"BZPOPMIN": {takesAway}, "BZPOPMAX": {takesAway}, "BZMPOP": {takesAway},
	"ZRANGESTORE": {replaces, readsValue}, "ZUNIONSTORE": {replaces, readsValue}, "ZINTERSTORE": {replaces, readsValue}, "ZDIFFSTORE": {replaces, readsValue},
	"GEOADD": {updatesValue}, "GEOSEARCHSTORE": {replaces, readsValue},
	"HSET": {updatesValue}, "HMSET": {updatesValue}, "HSETNX": {insertsInto}, "HDEL": {changesOrDeletes}, "HEXISTS": {readsMeta}, "HLEN": {readsMeta},
	"HSTRLEN": {readsMeta}, "HEXPIRE": {updatesValue}, "HPEXPIRE": {updatesValue}, "HEXPIREAT": {updatesValue}, "HPEXPIREAT": {updatesValue},
	"HPERSIST": {updatesValue}, "HGETDEL": {takesAway}, "HSETEX": {updatesValue},
	"LPUSH": {insertsInto}, "RPUSH": {insertsInto}, "LPUSHX": {insertsInto}, "RPUSHX": {insertsInto}, "LINSERT": {insertsInto}, "LLEN": {readsMeta},
	"LSET": {updatesValue}, "LREM": {changesOrDeletes}, "LTRIM": {changesOrDeletes}, "LPOP": {takesAway}, "RPOP": {takesAway}, "LMPOP": {takesAway},
	"LMOVE": {takesAway, insertsInto}, "RPOPLPUSH": {takesAway, insertsInto}, "BLPOP": {takesAway}, "BRPOP": {takesAway}, "BLMPOP": {takesAway},
	"BLMOVE": {takesAway, insertsInto}, "BRPOPLPUSH": {takesAway, insertsInto},
	"SADD": {insertsInto}, "SREM": {changesOrDeletes}, "SMOVE": {takesAway, insertsInto}, "SPOP": {takesAway}, "SCARD": {readsMeta}, "SISMEMBER": {readsMeta},
	"SINTERSTORE": {updatesValue, readsValue}, "SUNIONSTORE": {replaces, readsValue}, "SDIFFSTORE": {replaces, readsValue},
	"XADD": {updatesValue}, "XLEN": {readsMeta}, "XDEL": {changesOrDeletes}, "XTRIM": {changesOrDeletes}, "XSETID": {updatesValue},
	"XACK": {updatesValue}, "XCLAIM": {updatesValue}, "XAUTOCLAIM": {changesOrDeletes},
	"CREATE": {insertsInto}, "CREATECONSUMER": {insertsInto}, "DELCONSUMER": {changesOrDeletes}, "DESTROY": {changesOrDeletes}, "SETID": {updatesValue},
	"ENCODING": {readsMeta}, "USAGE": {readsMeta}, "FREQ": {readsMeta}, "IDLETIME": {readsMeta}, "REFCOUNT": {readsMeta}, "VERSION": {readsMeta},
}

// storeOptions are the commands whose options STORE and STOREDIST have a key, and where their options begin.
var storeOptions = map[string]int{"GEORADIUS": 6, "GEORADIUSBYMEMBER": 5}

// sortOptionsAt is where the options of SORT begin.
const sortOptionsAt = 2

// HasKeys reports whether a command has keys. Shard channels are none.
func HasKeys(c *Command) bool {
	return c.Keys != Keys{} && c.Group != "pubsub"
}

// KeySpecs returns a command's key specifications.
func KeySpecs(c *Command) []KeySpec {
	if c.Keys == (Keys{}) {
		return nil
	}
	flags, special := keyFlags[c.Name]
	if !special {
		flags = [][]string{readsValue}
		if c.Flags.Logged() {
			flags = [][]string{changesValue}
		}
	}
	if c.Keys.Word != "" {
		return []KeySpec{{Flags: flags[0], First: c.Keys.From, Last: -1, Step: 1, Word: c.Keys.Word, Limit: 2}}
	}
	if c.Keys.Numkeys > 0 {
		counted := KeySpec{Flags: flags[len(flags)-1], First: c.Keys.Numkeys, IsNumbered: true, Step: max(1, c.Keys.Step)}
		if c.Keys.First == 0 {
			return []KeySpec{counted}
		}
		return []KeySpec{{Flags: flags[0], First: c.Keys.First, Step: 1}, counted}
	}
	if len(flags) > 1 {
		specs := make([]KeySpec, len(flags))
		for i := range flags {
			specs[i] = KeySpec{Flags: flags[i], First: c.Keys.First + i*c.Keys.Step, Step: 1}
		}
		specs[len(specs)-1].Last = min(0, c.Keys.Last) // the last one may have all that is left
		return specs
	}
	if options := storeOptions[c.Name]; options > 0 {
		return []KeySpec{{Flags: readsValue, First: c.Keys.First, Step: 1}, {Flags: replaces, First: options, Step: 1, Word: "STORE"},
			{Flags: replaces, First: options, Step: 1, Word: "STOREDIST"}}
	}
	if c.Name == "SORT" || c.Name == "SORT_RO" {
		specs := []KeySpec{{Flags: readsValue, First: c.Keys.First, Step: 1}, {Flags: readsValue, Unknown: true}, {Flags: replaces, Unknown: true}}
		if c.Name == "SORT_RO" {
			return specs[:2]
		}
		return specs
	}
	last := c.Keys.Last
	if last > 0 {
		last -= c.Keys.First
	}
	return []KeySpec{{Flags: flags[0], First: c.Keys.First, Last: last, Step: c.Keys.Step}}
}

// FoundKey is a key of a call, and what is done with it.
type FoundKey struct {
	Key   []byte
	Flags []string
}

// find returns the keys that a specification finds in a call; ok is false if the call does not have them.
func (s *KeySpec) find(args Args) (found []FoundKey, ok bool) {
	if s.Unknown {
		return nil, true
	}
	first, last := s.First, s.First+s.Last
	if s.Last < 0 {
		last = len(args) + s.Last
	}
	if s.Word != "" {
		at := slices.IndexFunc(args[min(s.First, len(args)):], func(arg []byte) bool { return strings.EqualFold(string(arg), s.Word) })
		isOption := s.Limit == 0
		if at < 0 {
			return nil, isOption
		}
		first = s.First + at + 1
		switch {
		case !isOption:
			last = first + (len(args)-first)/s.Limit - 1
		case first == len(args):
			return nil, true
		default:
			last = first
		}
	}
	if s.IsNumbered {
		if s.First >= len(args) {
			return nil, false
		}
		count, isNumber := ParseInt(args[s.First])
		if step := int64(s.Step); !isNumber || count < 1 || count > (int64(len(args)-s.First-1)+step-1)/step {
			return nil, false
		}
		first, last = s.First+1, s.First+1+(int(count)-1)*s.Step
	}
	if last >= len(args) || s.Step < 1 {
		return nil, false
	}
	for i := first; i <= last; i += s.Step {
		found = append(found, FoundKey{args[i], s.Flags})
	}
	return found, true
}

// FindKeys returns all keys of a call.
func FindKeys(c *Command, args Args) (found []FoundKey, ok bool) {
	if c.Name == "SORT" {
		return sortKeys(args), true
	}
	for _, spec := range KeySpecs(c) {
		keys, ok := spec.find(args)
		if !ok {
			return nil, false
		}
		found = append(found, keys...)
	}
	switch {
	case c.Name == "SET" && len(found) == 1:
		found[0].Flags = setFlags(args)
	case c.Name == "BITFIELD" && len(found) == 1:
		found[0].Flags = bitfieldFlags(args)
	case c.Name == "DELEX" && len(found) == 1:
		found[0].Flags = delexFlags(args)
	case c.Name == "DEL" && isVersionedDelete(args):
		found = found[:1]
	}
	return found, true
}

// sortKeys returns the keys of a call of SORT: that of its last STORE counts, and the word may be a pattern as well. Those that BY and GET
// make of elements are not among its arguments.
func sortKeys(args Args) []FoundKey {
	found := []FoundKey{{args[1], readsValue}}
	var store []byte
	for i := sortOptionsAt; i < len(args); i++ {
		switch word := strings.ToUpper(string(args[i])); {
		case word == "LIMIT":
			i += 2
		case word == "GET" || word == "BY":
			i++
		case word == "STORE" && i+1 < len(args):
			i++
			store = args[i]
		}
	}
	if store != nil {
		found = append(found, FoundKey{store, replaces})
	}
	return found
}

// isVersionedDelete reports whether a DEL is one of the two forms with a version: DEL key VER n, n from 1, and DEL key IFVER
// n, n from 0. In any other all arguments are keys.
func isVersionedDelete(args Args) bool {
	if len(args) != 4 {
		return false
	}
	n, ok := ParseInt(args[3])
	return ok && (strings.EqualFold(string(args[2]), "VER") && n >= 1 || strings.EqualFold(string(args[2]), "IFVER") && n >= 0)
}

// setFlags are those of SET's key, which depend on its options: variable_flags.
func setFlags(args Args) []string {
	for _, arg := range args[min(3, len(args)):] {
		if strings.EqualFold(string(arg), "GET") {
			return changesValue
		}
		if isComparison(arg) {
			return changesValue
		}
	}
	return replaces
}

// isComparison reports whether an option of SET or DELEX compares the value.
func isComparison(arg []byte) bool {
	return slices.ContainsFunc([]string{"IFEQ", "IFNE", "IFDEQ", "IFDNE"}, func(word string) bool { return strings.EqualFold(string(arg), word) })
}

// delexFlags are those of DELEX's key: without a comparison it is DEL's.
func delexFlags(args Args) []string {
	if len(args) == 2 {
		return removes
	}
	return takesAway
}

// bitfieldFlags are those of BITFIELD's key: it only reads if all it does is GET.
func bitfieldFlags(args Args) []string {
	for i := 2; i < len(args); {
		switch word := string(args[i]); {
		case strings.EqualFold(word, "GET") && len(args)-i > 2:
			i += 3
		case strings.EqualFold(word, "OVERFLOW") && len(args)-i > 1:
			i += 2
		default:
			return changesValue
		}
	}
	return readsValue
}
