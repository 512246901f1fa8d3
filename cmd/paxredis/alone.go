package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/paxredis/paxredis/replication"
	"github.com/paxredis/paxredis/replication/paxos"
	"github.com/paxredis/paxredis/resp"
)

// errAlone is the answer to who wants to add a member to a node that nobody could have a link with.
var errAlone = errors.New("this node was started without a cluster key and so can have no peers: make a key with `paxredis keygen cluster.key`, " +
	"start this node again with --cluster-key-file cluster.key, and add members then")

// alone is the transport of a node without a cluster key.
type alone struct {
	self paxos.NodeID
	fail func(error)
}

// Send implements replication.Transport. There is nobody to send to.
func (alone) Send(paxos.NodeID, paxos.Message) {}

// SendAll implements replication.Transport.
func (alone) SendAll([]paxos.Envelope) {}

// SetMembers implements replication.Transport. A node that has peers, by what its directory says, is of no use without a key.
func (a alone) SetMembers(c paxos.Configuration) {
	if len(c.Members()) == 1 && c.IsMember(a.self) {
		return
	}
	a.fail(fmt.Errorf("this node's cluster has %d members, as of slot %v, and no link is made without the cluster key: start it with --cluster-key-file (or --insecure-peers, if the cluster runs so)",
		len(c.Members()), c.Slot))
}

// aloneNode is the group of such a node as clients see it.
type aloneNode struct{ resp.Node }

// Change implements resp.Node.
func (n aloneNode) Change(ctx context.Context, c replication.Change) (replication.Configuration, error) {
	if c.Kind == replication.AddMember || c.Kind == replication.ReplaceMember {
		return replication.Configuration{}, errAlone
	}
	return n.Node.Change(ctx, c)
}
