package paxos

// Member is a node of a configuration.
type Member struct {
	ID NodeID
	// UUID is the node's data directory's identity; it is empty for a first voter that nobody has met yet (rule D4).
	UUID string
	// Address is the host:port of its peer listener.
	Address string
}

// Configuration is a membership: who votes, and who only learns.
type Configuration struct {
	Voters   []Member
	Learners []Member
}

// IsVoter reports whether id votes in c.
func (c *Configuration) IsVoter(id NodeID) bool {
	for i := range c.Voters {
		if c.Voters[i].ID == id {
			return true
		}
	}
	return false
}
