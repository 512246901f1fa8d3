package replication

import "github.com/paxredis/paxredis/replication/paxos"

// The names of the core's types that a Group's methods take and return, for packages that know the group alone.
type (
	NodeID        = paxos.NodeID
	Slot          = paxos.Slot
	Member        = paxos.Member
	Configuration = paxos.Configuration
)
