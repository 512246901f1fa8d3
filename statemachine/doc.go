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
//     deadline, database, key. Reads through a view also know the local clock, but only to say that a tick is due.
//   - Chance is the slot's seed (Tx.random). Views have a source of their own.
//   - The order of a dictionary depends on its history, so nothing that a handler writes may depend on it.
//   - Bytes that do not decode, and commands that do not belong into the log, get an error reply and change nothing.
//
// TestTwoMachinesAgree feeds random sections to machines with different histories and reads and compares digests;
// FuzzApply feeds them arbitrary bytes.
//
// # Layout
//
// A Keyspace has 16 databases, each with one dictionary from key to *Object. A data type is a Kind of Object, a file
// <type>.go with its structure and a file cmd_<type>.go with its rows and handlers. What holds for every type has a
// file of its own: version.go, tombstone.go, expire.go, scan.go, digest.go.
package statemachine
