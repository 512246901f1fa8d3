package statemachine

import (
	"strconv"
	"strings"
)

var scanCommands = []Command{
	{Name: "KEYS", Arity: -2, Flags: ReadOnly, Group: groupGeneric, Since: "1.0.0",
		Complexity: "O(N) with N being the number of keys in the database.",
		Summary:    "Returns all key names that match a pattern, with their versions if asked.", Syntax: "pattern [WITHVER]",
		Tips:       []string{"request_policy:all_shards", "nondeterministic_output_order"},
		Categories: []string{"dangerous"}, Run: keys},
	{Name: "SCAN", Arity: -2, Flags: ReadOnly, Group: groupGeneric, Since: "2.8.0",
		Complexity: "O(1) for every call. O(N) for a complete iteration, N being the number of keys in the database.",
		Summary:    "Iterates over the key names in the database.",
		Syntax:     "cursor [MATCH pattern] [COUNT count] [TYPE type]",
		Tips:       []string{"nondeterministic_output", "request_policy:special"}, Run: scan},
	{Name: "RANDOMKEY", Arity: 1, Flags: ReadOnly, Group: groupGeneric, Since: "1.0.0", Complexity: "O(1)",
		Summary: "Returns a random key name from the database.",
		Tips:    []string{"request_policy:all_shards", "nondeterministic_output"}, Run: randomkey},
	{Name: "DBSIZE", Arity: 1, Flags: ReadOnly | Fast, Group: groupServer, Since: "1.0.0", Complexity: "O(1)",
		Summary: "Returns the number of keys in the database.",
		Tips:    []string{"request_policy:all_shards", "response_policy:agg_sum"}, Categories: []string{"keyspace"},
		Run: func(tx *Tx, _ Args, reply Reply) { reply.Int(int64(tx.size())) }},
}

// keys: KEYS pattern [WITHVER].
func keys(tx *Tx, args Args, reply Reply) {
	withVersion := len(args) == 3 && is(args[2], "WITHVER")
	if len(args) > 2 && !withVersion {
		reply.Error(wrongArguments("keys"))
		return
	}
	match := matcher(args[1])
	var found []*Object
	db := tx.database()
	db.keys.each(func(o *Object) bool {
		if match(o.key()) && tx.visible(db, o) {
			found = append(found, o)
		}
		return true
	})
	if !withVersion {
		replyKeys(found, reply)
		return
	}
	reply.Map(len(found))
	for _, o := range found {
		reply.Bulk(o.key())
		reply.Int(int64(o.version))
	}
}

func replyKeys(found []*Object, reply Reply) {
	reply.Array(len(found))
	for _, o := range found {
		reply.Bulk(o.key())
	}
}

// matcher is a pattern's test. A lone * fits the empty key too.
func matcher(pattern []byte) func([]byte) bool {
	if string(pattern) == "*" {
		return func([]byte) bool { return true }
	}
	return func(key []byte) bool { return globMatch(pattern, key) }
}

// scanOptions are those of SCAN and its kin.
type scanOptions struct {
	pattern  []byte
	kind     []byte
	count    int64
	noValues bool
}

const (
	scanDefaultCount = 10
	// scanMostCount is how much of COUNT counts: a call keeps the state locked, and COUNT is a hint.
	scanMostCount = 10_000
	// scanVisits bounds the buckets, or parts, that a call looks at, as a multiple of COUNT, when most are empty.
	scanVisits = 10
)

// parseScan reads what is behind the cursor, args[1]. TYPE is SCAN's alone, for which kind is kindTombstone, and NOVALUES is HSCAN's.
func parseScan(args Args, kind Kind, reply Reply) (o scanOptions, ok bool) {
	o = scanOptions{pattern: []byte("*"), count: scanDefaultCount}
	for i := 2; i < len(args); i += 2 {
		valued := i+1 < len(args)
		switch {
		case valued && is(args[i], "COUNT"):
			if o.count, ok = intArg(args[i+1], reply); !ok {
				return o, false
			}
			if o.count < 1 {
				reply.Error(errSyntax)
				return o, false
			}
		case valued && is(args[i], "MATCH"):
			o.pattern = args[i+1]
		case valued && is(args[i], "TYPE") && kind == kindTombstone:
			o.kind = args[i+1]
		case is(args[i], "NOVALUES"):
			if kind != KindHash {
				reply.Error(errNoValues)
				return o, false
			}
			o.noValues = true
			i--
		default:
			reply.Error(errSyntax)
			return o, false
		}
	}
	return o, true
}

// scan: SCAN cursor [MATCH pattern] [COUNT count] [TYPE type]. As in Redis, COUNT counts keys before the filters.
func scan(tx *Tx, args Args, reply Reply) {
	cursor, ok := parseCursor(args[1])
	if !ok {
		reply.Error(errCursor)
		return
	}
	o, ok := parseScan(args, kindTombstone, reply)
	if !ok {
		return
	}
	o.count = min(o.count, scanMostCount)
	match := matcher(o.pattern)
	db := tx.database()
	seen := int64(0)
	var found []*Object
	collect := func(object *Object) {
		seen++
		wanted := o.kind == nil || is(o.kind, kindWord(object.kind))
		if wanted && match(object.key()) && tx.visible(db, object) {
			found = append(found, object)
		}
	}
	for visits := int64(0); visits/scanVisits < o.count && seen < o.count; visits++ {
		if cursor = db.keys.scan(cursor, collect); cursor == 0 {
			break
		}
	}
	var buf [20]byte
	reply.Array(2)
	reply.Bulk(strconv.AppendUint(buf[:0], cursor, 10))
	replyKeys(found, reply)
}

// kindWord is a kind's name as is expects it.
func kindWord(k Kind) string { return kindWords[k] }

var kindWords = func() (words [kindsEnd]string) {
	for k := range kindsEnd {
		words[k] = strings.ToUpper(k.String())
	}
	return words
}()

// randomTries is how many keys that turn out to be due RANDOMKEY passes over before it looks at all.
const randomTries = 100

// randomkey: RANDOMKEY.
func randomkey(tx *Tx, _ Args, reply Reply) {
	db := tx.database()
	for range randomTries {
		o := db.keys.random(tx.random)
		if o == nil {
			reply.Null()
			return
		}
		if tx.visible(db, o) {
			reply.Bulk(o.key())
			return
		}
	}
	var found *Object
	db.keys.each(func(o *Object) bool {
		if tx.visible(db, o) {
			found = o
		}
		return found == nil
	})
	if found == nil {
		reply.Null()
		return
	}
	reply.Bulk(found.key())
}
