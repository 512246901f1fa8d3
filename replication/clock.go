package replication

import "github.com/paxredis/paxredis/replication/paxos"

// Clock is where a group learns the time. Tests replace it. Safe for use by several goroutines.
type Clock interface {
	// Now returns the present moment by the node's clocks.
	Now() paxos.Instant
}
