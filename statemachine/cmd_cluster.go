package statemachine

const groupCluster = "cluster"

// clusterCommands are the part of CLUSTER that looks at keys. The connection layer adds what is about nodes, and refuses all of them
// unless it is to speak to cluster clients. Keys are not kept by hash slot, which nothing here needs: these go through the database, as
// KEYS does.
var clusterCommands = []Command{
	{Name: "COUNTKEYSINSLOT", Arity: 3, Flags: Stale, Group: groupCluster, Since: "3.0.0",
		Complexity: "O(N) where N is the number of keys in the database",
		Summary:    "Returns the number of keys in a hash slot.", Syntax: "slot", Run: clusterCountKeysInSlot},
	{Name: "GETKEYSINSLOT", Arity: 4, Flags: Stale, Group: groupCluster, Since: "3.0.0",
		Complexity: "O(N) where N is the number of keys in the database",
		Summary:    "Returns the key names in a hash slot.", Syntax: "slot count", Tips: []string{"nondeterministic_output"}, Run: clusterGetKeysInSlot},
	{Name: "KEYSLOT", Arity: 3, Flags: Stale, Group: groupCluster, Since: "3.0.0",
		Complexity: "O(N) where N is the number of bytes in the key",
		Summary:    "Returns the hash slot for a key.", Syntax: "key",
		Run: func(_ *Tx, args Args, reply Reply) { reply.Int(int64(HashSlot(args[2]))) }},
}

// clusterCountKeysInSlot: CLUSTER COUNTKEYSINSLOT slot.
func clusterCountKeysInSlot(tx *Tx, args Args, reply Reply) {
	slot, ok := intArg(args[2], reply)
	if !ok {
		return
	}
	if slot < 0 || slot >= HashSlots {
		reply.Error(errHashSlot)
		return
	}
	db, count := tx.database(), int64(0)
	db.keys.each(func(o *Object) bool {
		if int64(HashSlot(o.key())) == slot && tx.visible(db, o) {
			count++
		}
		return true
	})
	reply.Int(count)
}

// clusterGetKeysInSlot: CLUSTER GETKEYSINSLOT slot count.
func clusterGetKeysInSlot(tx *Tx, args Args, reply Reply) {
	slot, ok := intArg(args[2], reply)
	if !ok {
		return
	}
	count, ok := intArg(args[3], reply)
	if !ok {
		return
	}
	if slot < 0 || slot >= HashSlots || count < 0 {
		reply.Error(errSlotOrCount)
		return
	}
	db := tx.database()
	var found []*Object
	db.keys.each(func(o *Object) bool {
		if int64(len(found)) == count {
			return false
		}
		if int64(HashSlot(o.key())) == slot && tx.visible(db, o) {
			found = append(found, o)
		}
		return true
	})
	replyKeys(found, reply)
}
