// Package sim runs whole clusters in simulated time, and looks after every event at what must always hold.
//
// # What is real
//
// All of package replication (the core, sessions, reads, apply, checkpoints, changes of the members), driven by hand through
// replication.Stepped; the state machine; the links' message format; the journal. What is simulated: the clocks, the network (links that
// carry messages in order, break, stall, and lose what is on its way), the disks (package disk), where checkpoints are kept (package store),
// and the part of package resp between sockets and lanes (front.go).
//
// # One seed, one history
//
// Everything in a history happens on one goroutine, in the order of simulated time; who goes next, how long everything takes, what goes wrong
// and what clients want is decided by chance of one seed. There is no other source of chance, no clock, and no map whose order shows. So a
// seed replays its history exactly, in another process too, for as long as the code is the same: Report.Hash is of all that happened.
//
// Three sources of chance follow from the seed: one for the plan of faults, one for what clients want, and one for everything else, so that a
// fault can be left out, and all others and all operations stay. That is what Shrink does.
//
// # A history
//
// Three or five voters are founded. Clients issue operations at whichever node they are connected to, one at a time or in bursts, while faults
// happen (options.go has the kinds). After so many operations the faults stop, and the cluster must make progress: every operation gets an
// outcome, every member serves a write and a read, and all members come to hold one state, that of the reference (ending.go).
//
// # What must hold
//
// See checks.go. A violation ends the history.
//
// # Actors
//
// A group's actors take turns, one step at a time, and chance picks who is next of those that have something to do; what uses the disk takes
// time, so that a crash finds any of them anywhere between two steps. A disk can also fail in the middle of one.
//
// # A trace
//
// With Options.Trace each event is a line: simulated milliseconds, the node (0: the world), what happens, its particulars.
package sim
