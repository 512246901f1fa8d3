package replication

import (
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/paxredis/paxredis/replication/paxos"
)

// What a later release wrote ends the group: a node that went on without it would have another state than the nodes that know it.
// It is told from what is damaged by paxos.ErrNewerFormat.

// needsUpgrade is the end of a node that fell so far behind that it needs the checkpoint of a peer, and cannot read that.
func needsUpgrade(peer paxos.NodeID, err error) error {
	return fmt.Errorf("node %v, which this one needs a checkpoint of, runs a later release; upgrade this node: %w", peer, err)
}

// unknownKind is the error of an entry that this release has no name for.
func unknownKind(kind paxos.EntryKind) error {
	return fmt.Errorf("it holds an entry of %v, which this release does not know; upgrade this node: %w", kind, paxos.ErrNewerFormat)
}

// undecodable is the error of a payload that does not decode. What this release does not know of a later one's may be what does not: the
// format is the first field of all payloads.
func undecodable(what string, payload []byte, err error) error {
	if number, kind, n := protowire.ConsumeTag(payload); n > 0 && number == formatField && kind == protowire.VarintType {
		if format, m := protowire.ConsumeVarint(payload[n:]); m > 0 && format <= highestFormat && format > FormatVersion {
			return checkHeader(uint32(format), groupID)
		}
	}
	return fmt.Errorf("%s of %d bytes: %w", what, len(payload), err)
}

const (
	formatField = 1
	// highestFormat is more than there will ever be: a larger number is no version but something else.
	highestFormat = 1 << 16
)
