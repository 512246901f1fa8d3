package replication

import "github.com/paxredis/paxredis/replication/paxos"

// Transport carries messages to peers. Received messages go to Group.Receive.
type Transport interface {
	// Send queues m for to and returns at once. A message for a peer without a link, or one that finds the queue full,
	// may be lost; Group.LinkUp says when to send again. The message and all it refers to must not change any more.
	// Safe for use by several goroutines.
	Send(to paxos.NodeID, m paxos.Message)

	// SendAll does what Send does for each of them, in their order; those to one node may leave together. The slice is the caller's.
	SendAll(all []paxos.Envelope)

	// SetMembers says which configuration is active from now on: links to new members are made, those to nodes that are
	// no members any more write what is queued and end. Configurations come in the order of their slots. It returns at once.
	SetMembers(c paxos.Configuration)
}
