// Package integration tests whole nodes: it builds the binary, runs real processes on loopback, and talks to them with
// go-redis, redis-cli and bare sockets. It holds no code that is part of the product.
//
// The harness files are harness_*_test.go. Every other file is about one subject: what a client sees (client_test.go,
// versions_test.go ...), what survives (crash_test.go), what is refused (hostile_test.go), what applications that people
// use make of it (clients_*_test.go, with testdata/clients), and the rules of the source tree itself (layout_test.go).
//
// Whatever starts processes is skipped with -short. Waiting is always for a condition, with a limit and with a text
// that says what did not come; nothing here asserts how long something took.
package integration
