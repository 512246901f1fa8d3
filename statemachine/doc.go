// Package statemachine is the replicated state: the Redis keyspace, its versions, and the commands that read and
// change it. It knows nothing of logs, networks or disks: the log hands it sections of commands in order (Machine.Apply),
// connections read through views (Machine.Read).
//
// # Determinism
//
// Every node applies the same sections in the same order and must end in the same state. So a handler may depend on
// the keyspace, its arguments, the slot's time and the slot's seed, and on nothing else:
//
//   - Time is the log's (Tx.now, which never goes back). A key whose deadline it has reached is invisible at once,
//     whether or not it has been removed yet; removal is bounded work at the start of each Apply, in the order of
//     deadline, database, key. So it is with a hash's fields (fields.go); they are removed by parts. Reads through a view also know the local clock, but only to say that a tick is due.
//   - Chance is the slot's seed and the command's place (Tx.random). Views have a source of their own.
//   - The order of a dictionary depends on its history, so nothing that a handler writes may depend on it.
//   - Bytes that do not decode, and commands that do not belong into the log, get an error reply and change nothing.
//
// TestTwoMachinesAgree feeds random sections to machines with different histories and reads and compares digests;
// FuzzApply feeds them arbitrary bytes.
//
// # Checkpoints
//
// Machine.Freeze freezes the state in a moment; Checkpoint.Next then returns what changed since the checkpoint before,
// beside the commands that go on, and Machine.Restore makes the state again from records of any number of checkpoints.
// Both rest on each change being noted before it happens, which is the duty of whoever writes a handler:
//
//   - Call entry.edit (keyspace.go), or space.edit, before anything that the log decides of an object is written, be it
//     the first byte of a value. It returns the editable object, whose methods change values: a type's own methods that
//     change a value belong on editable too, not on Object. Calling it twice costs a comparison.
//   - Making, removing and timing keys goes through the keyspace's methods (create, remove, setDeadline, ...), which note
//     it by themselves. An object never goes from one space to another, and is not used again once it is removed.
//   - A new type is encoded by record.go: what appendRecordHead and the content say is all that a restart leaves of a key.
//
// space.go says how changes are kept, frozen.go what happens to an object that changes while it is frozen.
// TestCheckpointsHoldTheStateAtTheFreeze runs all commands that write and compares each object that claims to be
// unchanged with its record at the freeze after every one of them; it fails for a command that it never saw change
// something, so that a new one cannot be left out.
//
// # Memory
//
// Objects, their bytes and everything else that grows with the number of keys lie outside Go's heap, in the memory of their space
// (internal/arena), so the garbage collector has nothing to do with them; the indexes of collections in parts are on the heap. Each of them is
// freed once:
//
//   - space.remove, or frozenSpace.setAside before it, has taken all that is needed of an object that goes. Its value is freed at once. The object
//     itself is freed with the last entry that a list of changes has of it: at once if there is none, or when the list is swept
//     (changes.step) or read by the checkpoint (frozenSpace.visit). So nothing of an object may be used after space.remove.
//   - What the next checkpoint deletes are objects of their own in space.removed, made by space.remove, freed when their key is made again or when
//     the checkpoint has read them.
//   - The parts of a collection that goes are left to bites that come later (leftovers.go): nothing finds them any more.
//   - A space that FLUSHDB drops goes as a whole, without a look at its objects, when no checkpoint needs it any more (space.drop,
//     frozenSpace.thaw). So does a keyspace in Restore and Reset.
//   - Memory that goes as a whole, and the largest values, are given back to the kernel outside the lock, some after each Apply.
//
// Whatever reads an object copies what it keeps before it lets go of the lock: replies, records. The bytes that Object.key and Object.str return
// are valid until the next change of the object. Values change by the methods of editable only, which know the memory that an object is in.
//
// TestMemoryIsWhatTheObjectsNeed compares what is in use with what the objects that are there need, after commands of all sorts; in race builds
// memory that has been freed cannot be read or written without notice.
//
// # Events
//
// What happens is told, in the order of the log, to whoever listens on this node (Events): messages of PUBLISH, keyspace events, and
// changed keys for client-side caching. Nothing of it is state. The duty of whoever writes a handler is one call right behind each change,
// with the class and the name that Redis documents for the command, as it does not follow from the change itself:
//
//	tx.notify(EventHash, "hset", args[1])            // of the selected database
//	tx.ks.notify(target.db, EventGeneric, "copy_to", args[2]) // of another one
//	tx.missed(args[1])                               // a command replied as for a missing key, and used peek or entry
//
// "new", "expired" and keymiss of Tx.lookup come by themselves; so do changed keys, from keyspace's methods. A handler that removes a key
// since it has become empty tells "del" after its own event. Calls cost a comparison while nobody asked for the class.
//
// # Scripts
//
// EVAL and FCALL are commands of the log like others: package internal/lua runs them, the same on every node, and asks scriptRunner (scripts.go) for the
// commands in them, each of which counts as a command of its own for revisions. What has been loaded is in a space of its own (loaded.go).
//
// # Layout
//
// A keyspace has 16 databases, each with three spaces: dictionaries of its keys, of its tombstones, and of the parts of its large
// collections, from key to *Object.
// A data type is a Kind of Object, a file <type>.go with its structure and a file cmd_<type>.go with its rows and handlers.
// collection.go says how hashes, lists, sets, sorted sets and streams are kept: whole in their key's object, or in parts of some
// kilobytes, each an object of its own. elements.go is the hash table that hashes, sets and sorted sets have in common, block.go a part of it.
// zset_ranking.go is what a sorted set has beside that: its members in order, derived, and in no record.
// A command on a collection takes entryKind and nextStamp, makes the collection if it is missing (keyspace.collection), changes it, and ends
// with keyspace.wrote if it changed anything.
// What holds for every type has a file of its own: version.go, tombstone.go, expire.go, digest.go, record.go.
package statemachine
