package replication

import (
	"errors"
	"fmt"

	"github.com/google/uuid"

	"github.com/paxredis/paxredis/replication/internal/wire"
	"github.com/paxredis/paxredis/replication/paxos"
)

// checkpointMark is the payload of an EntryCheckpoint.
type checkpointMark struct {
	timeMS int64
	number uint64
}

func encodeMark(m checkpointMark) ([]byte, error) {
	return (&wire.CheckpointMark{Format: plainFormat, Group: groupID, TimeMs: m.timeMS, Number: m.number}).MarshalVT()
}

func decodeMark(payload []byte) (checkpointMark, error) {
	var w wire.CheckpointMark
	if err := w.UnmarshalVT(payload); err != nil {
		return checkpointMark{}, undecodable("mark", payload, err)
	}
	return checkpointMark{w.TimeMs, w.Number}, checkHeader(w.Format, w.Group)
}

// groupState is what a checkpoint holds besides the machine: all else that the log decides.
type groupState struct {
	timeMS int64
	mark   checkpointMark
	// configuration is the newest that the log has brought; its Slot is 0 if it has brought none.
	configuration paxos.Configuration
	sessions      []NodeSession
}

// format is the lowest one that has what there is in the state.
func (s *groupState) format() uint32 {
	for i := range s.sessions {
		if s.sessions[i].Large != 0 {
			return FormatVersion
		}
	}
	return plainFormat
}

// encode returns the same bytes for equal states. No large command is pending in a state that is encoded (SessionTable.abandonPending).
func (s *groupState) encode() ([]byte, error) {
	w := &wire.GroupState{
		Format: s.format(), Group: groupID, TimeMs: s.timeMS, Number: s.mark.number, TakenMs: s.mark.timeMS,
	}
	if s.configuration.Slot != 0 {
		var err error
		if w.Configuration, err = s.configuration.Encode(); err != nil {
			return nil, err
		}
	}
	for i := range s.sessions {
		session := &s.sessions[i]
		w.Sessions = append(w.Sessions, &wire.StoredSession{
			Node: uint32(session.Node), Session: session.ID[:], Boot: session.Boot, Last: session.Last,
			Large: session.Large, Whole: session.Whole,
		})
	}
	return w.MarshalVT()
}

// decodeGroupState reads what encode returned. An error that is paxos.ErrNewerFormat means that nothing is damaged.
func decodeGroupState(encoded []byte) (groupState, error) {
	var w wire.GroupState
	if err := w.UnmarshalVT(encoded); err != nil {
		return groupState{}, undecodable("state of the group", encoded, err)
	}
	if err := checkHeader(w.Format, w.Group); err != nil {
		return groupState{}, fmt.Errorf("state of the group: %w", err)
	}
	s := groupState{timeMS: w.TimeMs, mark: checkpointMark{w.TakenMs, w.Number}}
	if len(w.Configuration) > 0 {
		var err error
		if s.configuration, err = paxos.DecodeConfiguration(w.Configuration); err != nil {
			return groupState{}, err
		}
	}
	for _, stored := range w.Sessions {
		if stored.Node == 0 || len(stored.Session) != len(uuid.UUID{}) {
			return groupState{}, errors.New("state of the group: a session without a node, or without a UUID")
		}
		s.sessions = append(s.sessions, NodeSession{
			paxos.NodeID(stored.Node), Session{ID: uuid.UUID(stored.Session), Boot: stored.Boot, Last: stored.Last, Large: stored.Large, Whole: stored.Whole},
		})
	}
	return s, nil
}
