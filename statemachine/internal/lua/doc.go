// Package lua runs scripts as Redis does: Lua 5.1 with the libraries that Redis gives it, in a sandbox.
//
// A script that writes is part of the log, so every node runs it and must do the same. Therefore nothing in this package depends on a clock, on chance,
// on the order of Go's maps, on addresses, or on the processor:
//
//   - Tables have the layout of the reference implementation (table.go), so pairs has the order that it has in Redis; what is hashed by its address
//     there is hashed by a number that counts the script's objects.
//   - Numbers are formatted as C's printf does (number.go), NaN always in the same way. What package math leaves to the processor is computed with
//     integers (bigmath.go, bigtrig.go).
//   - math.random begins at the same place in each script. There are no os and no io.
//   - A script ends when it has done maxSteps steps, or taken maxMemory bytes (limits.go): counted, not measured, so at the same place everywhere.
//     Nothing in the script can catch that (stop in errors.go). Whatever a builtin goes through counts, too.
//   - An interpreter keeps nothing of a script for the next one (Interp.end): a node that has restarted would not have it.
//
// # From source to code
//
// The parser is gopher-lua's. resolve.go finds out what each name means and which variables closures share; generate*.go turn the tree into closures of Go,
// one a node, which run on a frame. A Chunk does not change once it is compiled, and any number of interpreters may run it.
//
// # Calls
//
// What a function returns is left in Interp.ret. Arguments lie on a stack of values; push takes from it and release gives back. A call at the end of a
// function takes its caller's place (flowTail). Errors are panics with *Error, which try catches; coroutines are iterators (iter.Pull).
package lua
