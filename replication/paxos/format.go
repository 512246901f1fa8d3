package paxos

import (
	"errors"
	"fmt"

	"github.com/paxredis/paxredis/replication/paxos/internal/wire"
)

// FormatVersion is the version of the payloads that this package encodes.
const FormatVersion = 1

// groupID tells the replicated groups of a process apart.
const groupID = 1

// ErrNewerFormat says that a payload was written by a later release.
var ErrNewerFormat = errors.New("written by a later release; start that one, or a later one")

func checkHeader(what string, format, group uint32) error {
	switch {
	case format > FormatVersion:
		return fmt.Errorf("paxos: %s of format %d, this binary knows %d: %w", what, format, FormatVersion, ErrNewerFormat)
	case format != FormatVersion:
		return fmt.Errorf("paxos: %s of format %d is none", what, format)
	case group != groupID:
		return fmt.Errorf("paxos: %s of group %d, this is group %d", what, group, groupID)
	}
	return nil
}

// Encode returns c as the payload of an EntryConfiguration, or for any other place that keeps it.
func (c *Configuration) Encode() ([]byte, error) {
	return (&wire.Configuration{
		Format: FormatVersion, Group: groupID, Slot: uint64(c.Slot), Base: uint64(c.Base), Voters: encodeMembers(c.Voters),
		Learners: encodeMembers(c.Learners), HighestId: uint32(c.HighestID),
	}).MarshalVT()
}

func encodeMembers(members []Member) []*wire.Member {
	encoded := make([]*wire.Member, len(members))
	for i, m := range members {
		encoded[i] = &wire.Member{Id: uint32(m.ID), Uuid: m.UUID, Address: m.Address, Replaces: uint32(m.Replaces)}
	}
	return encoded
}

// DecodeConfiguration reads what Encode returned. The error says what is wrong with it, or that it is of a newer format.
func DecodeConfiguration(payload []byte) (Configuration, error) {
	var w wire.Configuration
	if err := w.UnmarshalVT(payload); err != nil {
		return Configuration{}, fmt.Errorf("paxos: configuration of %d bytes: %w", len(payload), err)
	}
	if err := checkHeader("a configuration", w.Format, w.Group); err != nil {
		return Configuration{}, err
	}
	c := Configuration{
		Slot: Slot(w.Slot), Base: Slot(w.Base), Voters: decodeMembers(w.Voters), Learners: decodeMembers(w.Learners), HighestID: NodeID(w.HighestId),
	}
	return c, c.Check()
}

func decodeMembers(encoded []*wire.Member) []Member {
	if len(encoded) == 0 {
		return nil
	}
	members := make([]Member, len(encoded))
	for i, m := range encoded {
		members[i] = Member{ID: NodeID(m.Id), UUID: m.Uuid, Address: m.Address, Replaces: NodeID(m.Replaces)}
	}
	return members
}

// Encode returns c for storage and for links.
func (c *Checkpoint) Encode() ([]byte, error) {
	return (&wire.Checkpoint{
		Format: FormatVersion, Group: groupID, Slot: uint64(c.Slot), Count: c.Count, Sum: c.Sum, Spaces: c.Spaces,
		Machine: c.Machine, GroupState: c.Group,
	}).MarshalVT()
}

// DecodeCheckpoint reads what Encode returned. The error says what is wrong with it, or that it is of a newer format.
func DecodeCheckpoint(encoded []byte) (Checkpoint, error) {
	var w wire.Checkpoint
	if err := w.UnmarshalVT(encoded); err != nil {
		return Checkpoint{}, fmt.Errorf("paxos: checkpoint of %d bytes: %w", len(encoded), err)
	}
	if err := checkHeader("a checkpoint", w.Format, w.Group); err != nil {
		return Checkpoint{}, err
	}
	if w.Slot == 0 {
		return Checkpoint{}, errors.New("paxos: a checkpoint without a slot")
	}
	return Checkpoint{
		Slot: Slot(w.Slot), Count: w.Count, Sum: w.Sum, Spaces: w.Spaces, Machine: w.Machine, Group: w.GroupState,
	}, nil
}
