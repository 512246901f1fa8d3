package storage

import "github.com/paxredis/paxredis/replication/paxos"

// movedTo is the address that a configuration of the log gives the node.
type movedTo struct {
	Slot    paxos.Slot `json:"slot"` // the configuration's
	Address string     `json:"address"`
}

// RememberAddress writes down where a configuration says that this node is, if that is another address than was known and no newer
// configuration has said one: a node that was moved listens there from its next start on. While the log is read again, older
// configurations come by.
func (s *Store) RememberAddress(c paxos.Configuration) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	known := movedTo{}
	if s.identity.Moved != nil {
		known = *s.identity.Moved
	} else if first, ok := s.identity.firstConfiguration(); ok {
		m, _ := first.Member(s.identity.NodeID)
		known.Address = m.Address
	}
	m, ok := c.Member(s.identity.NodeID)
	if !ok || m.Address == "" || m.Address == known.Address || c.Slot <= known.Slot {
		return nil
	}
	if s.broken != nil {
		return s.broken
	}
	s.identity.Moved = &movedTo{Slot: c.Slot, Address: m.Address}
	s.broken = s.writeIdentity()
	return s.broken
}
