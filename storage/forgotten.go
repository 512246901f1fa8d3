package storage

import "github.com/paxredis/paxredis/replication/paxos"

// otherUUID is the error of an id that is known with another UUID.
type otherUUID struct{ error }

// Is makes it match paxos.ErrOtherUUID.
func (otherUUID) Is(target error) bool { return target == paxos.ErrOtherUUID }

// Forget makes sure that this directory is never opened again, for a reason that each try is told: it is one that was made in the place of
// another, whose votes are not in it.
func (s *Store) Forget(why string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.broken != nil {
		return s.broken
	}
	s.identity.Forgotten = why
	s.broken = s.writeIdentity()
	return s.broken
}

// IsEmpty reports whether there was nothing in the directory when it was opened: no vote, and nothing to restore.
func (s *Store) IsEmpty() bool {
	r := &s.restored
	_, checkpoint := s.Checkpoint()
	return r.Promised == (paxos.Ballot{}) && r.Chosen == 0 && len(r.Records) == 0 && !checkpoint
}
