package resp

import (
	"fmt"

	"github.com/paxredis/paxredis/replication"
)

// MemberInfo is a member of the cluster as this node sees it.
type MemberInfo struct {
	ID            uint64
	UUID, Address string
	Role          string // voter or learner
	// Synced is the slot up to which the member has the log on stable storage; 0 where that is not known.
	Synced uint64
	// State is leader, reachable, unreachable, or unknown: the leader alone knows of all, once it has heard of them.
	State string
	// Replaces is the voter that leaves when this learner is promoted; 0: none.
	Replaces uint64
}

// membersOf returns the members of a configuration, voters first, with what a status tells of them.
func membersOf(c replication.Configuration, st *replication.Status) []MemberInfo {
	members := make([]MemberInfo, 0, len(c.Voters)+len(c.Learners))
	for _, m := range c.Members() {
		info := MemberInfo{ID: uint64(m.ID), UUID: m.UUID, Address: m.Address, Role: "learner", Replaces: uint64(m.Replaces)}
		if c.IsVoter(m.ID) {
			info.Role = "voter"
		}
		info.Synced, info.State = progressOf(m.ID, st)
		members = append(members, info)
	}
	return members
}

// progressOf returns how far a member is and how it does, as far as this node knows.
func progressOf(id replication.NodeID, st *replication.Status) (synced uint64, state string) {
	state = "unknown"
	for _, p := range st.Synced {
		if p.Node == id {
			synced = uint64(p.Slot)
		}
	}
	for _, p := range st.Members {
		if p.Node != id {
			continue
		}
		synced = uint64(p.Synced)
		switch {
		case !p.Recent:
			state = "unreachable"
		case p.Answered:
			state = "reachable"
		}
	}
	switch id {
	case st.Leader:
		state = "leader"
	case st.Self:
		state = "reachable"
	}
	return synced, state
}

// summary is the member as a line of INFO.
func (m *MemberInfo) summary() string {
	return fmt.Sprintf("id=%d,role=%s,address=%s,synced=%d,state=%s", m.ID, m.Role, m.Address, m.Synced, m.State)
}

// writeMembers writes the members of a configuration, a map each.
func (s *Server) writeMembers(w *Writer, c replication.Configuration) {
	st := s.node.Status()
	members := membersOf(c, &st)
	w.Array(len(members))
	for i := range members {
		m := &members[i]
		w.Map(7)
		w.BulkString("id")
		w.Int(int64(m.ID))
		w.BulkString("uuid")
		w.BulkString(m.UUID)
		w.BulkString("address")
		w.BulkString(m.Address)
		w.BulkString("role")
		w.BulkString(m.Role)
		w.BulkString("synced")
		w.Int(int64(m.Synced))
		w.BulkString("state")
		w.BulkString(m.State)
		w.BulkString("replaces")
		w.Int(int64(m.Replaces))
	}
}
