package paxos

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
)

// NodeID names a member of a cluster. It is at least 1; 0 means "no node".
// An id is never given to a second node (rule M2).
type NodeID uint32

func (n NodeID) String() string { return strconv.FormatUint(uint64(n), 10) }

// Round counts leaderships attempted anywhere in the cluster. The first is 1.
type Round uint64

// Ballot identifies one attempt of one node to lead (Lamport, "Paxos Made Simple", section 2.2: proposal number).
// Ballots are ordered by round, then by node, so that no two nodes ever use the same one.
// The zero Ballot is lower than any ballot in use.
type Ballot struct {
	Round Round
	Node  NodeID
}

// Compare returns a number below, equal to or above zero as b is lower than, equal to or higher than o.
func (b Ballot) Compare(o Ballot) int {
	if c := cmp.Compare(b.Round, o.Round); c != 0 {
		return c
	}
	return cmp.Compare(b.Node, o.Node)
}

// Less reports whether b is lower than o.
func (b Ballot) Less(o Ballot) bool { return b.Compare(o) < 0 }

// IsZero reports whether b is the ballot nobody ever used.
func (b Ballot) IsZero() bool { return b == Ballot{} }

// String is the form used in logs, INFO and transcripts: round, a dot, node.
func (b Ballot) String() string {
	return strconv.FormatUint(uint64(b.Round), 10) + "." + b.Node.String()
}

// ParseBallot reads what String writes.
func ParseBallot(text string) (Ballot, error) {
	round, node, _ := strings.Cut(text, ".")
	r, err := strconv.ParseUint(round, 10, 64)
	n, nodeErr := strconv.ParseUint(node, 10, 32)
	if err != nil || nodeErr != nil {
		return Ballot{}, fmt.Errorf("%q is no ballot: it is a round, a dot and a node", text)
	}
	return Ballot{Round(r), NodeID(n)}, nil
}
