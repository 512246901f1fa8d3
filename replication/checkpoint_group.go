package replication

import "github.com/paxredis/paxredis/replication/paxos"

// GroupConfiguration returns the newest configuration that the log had brought when a checkpoint was taken, from its
// paxos.Checkpoint.Group. Its Slot is 0 if the log had brought none: the first configuration governed.
func GroupConfiguration(group []byte) (paxos.Configuration, error) {
	s, err := decodeGroupState(group)
	return s.configuration, err
}

// RefoundGroup makes the paxos.Checkpoint.Group of a cluster that of a new one, which goes on from the same state: time goes on
// where it was, but the members are those the new cluster is founded with, and no session of a former node is left, or it would
// fence the new one of that id.
func RefoundGroup(group []byte) ([]byte, error) {
	s, err := decodeGroupState(group)
	if err != nil {
		return nil, err
	}
	s.configuration, s.sessions = paxos.Configuration{}, nil
	return s.encode()
}
