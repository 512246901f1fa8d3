package main

import (
	"github.com/paxredis/paxredis/replication"
	"github.com/paxredis/paxredis/replication/paxos"
	"github.com/paxredis/paxredis/statemachine"
)

// machine is the keyspace as the group sees it: replication does not know the reply methods of statemachine.
type machine struct{ *statemachine.Machine }

// Apply implements replication.Machine. What the client layer gave the group as Replies always has the methods of
// statemachine.Replies as well.
func (m machine) Apply(slot uint64, timeMS int64, seed uint64, commands []byte, count int, replies replication.Replies) {
	var own statemachine.Replies // stays nil when this node is not the origin
	if replies != nil {
		own = replies.(statemachine.Replies)
	}
	m.Machine.Apply(slot, timeMS, seed, commands, count, own)
}

// noPeers is the transport of a single node.
type noPeers struct{}

// Send implements replication.Transport. There is nobody to send to.
func (noPeers) Send(paxos.NodeID, paxos.Message) {}
