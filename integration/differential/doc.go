// Package differential compares paxredis with redis-server: it sends both the same random sequences of commands and holds the
// replies against each other.
//
// Nothing in it knows a command by its name but two short lists (known.go): what cannot be compared, and what differs on purpose.
// All else comes from the servers' own COMMAND INFO and COMMAND DOCS, which paxredis answers from the table that dispatches: which
// commands there are (grammar.go), what calls of them look like (generate.go, values.go), and how strictly replies compare
// (normalise.go). So a row that is added to the command table is compared from then on. The grammar of redis-server is used beside
// paxredis's, so that an option that paxredis lacks is found as well.
//
// What differs is shrunk to the least that still differs (shrink.go) and printed ready to be pasted into the table of cases.
package differential
