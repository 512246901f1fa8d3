package replication

import (
	"context"
	"errors"

	"github.com/paxredis/paxredis/replication/paxos"
)

// ChangeKind is what a Change does.
type ChangeKind uint8

// The kinds of changes.
const (
	// AddMember makes Change.Member a learner, which is promoted when it has caught up.
	AddMember ChangeKind = 1
	// RemoveMember takes the member of Change.Member.ID out.
	RemoveMember ChangeKind = 2
	// ReplaceMember makes Change.Member a learner that takes Change.Replaces' place when it has caught up.
	ReplaceMember ChangeKind = 3
	// MoveMember gives the member of Change.Member.ID another address.
	MoveMember ChangeKind = 4
	// TransferLeadership hands leadership to Change.Member.ID, to the most up to date voter if that is 0.
	TransferLeadership ChangeKind = 5
)

// Change is a change of the members, or of who leads them.
type Change struct {
	Kind   ChangeKind
	Member paxos.Member
	// Replaces is the voter that leaves, for ReplaceMember.
	Replaces paxos.NodeID
	// Force has it done even if the voters that are left have no majority that can be reached.
	Force bool
}

// Change has the leader, whichever node it is, change the members, and returns once the change is active: the new
// configuration was chosen, and a leader is at work in it. The error says why it was refused or not seen to happen; a change
// asked for again is done once. An id of 0 for a new member gets the next free one.
func (g *Group) Change(ctx context.Context, c Change) (paxos.Configuration, error) {
	return paxos.Configuration{}, errors.New("not there")
}

// Configuration returns the configuration that is active as far as this node knows.
func (g *Group) Configuration() paxos.Configuration { return paxos.Configuration{} }
