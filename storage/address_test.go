package storage

import (
	"testing"

	"github.com/paxredis/paxredis/replication/paxos"
)

func TestANodeRemembersWhereItWasMovedTo(t *testing.T) {
	dir := t.TempDir()
	at := func(slot paxos.Slot, id paxos.NodeID, address string) paxos.Configuration {
		return paxos.Configuration{Slot: slot, Voters: []paxos.Member{{ID: id, Address: address}}}
	}
	options := Options{NodeID: 1, SegmentBytes: 1 << 20, Configuration: at(0, 1, "a:1")}
	for _, step := range []struct {
		told paxos.Configuration
		want string
	}{
		{at(0, 1, "a:1"), ""},
		{at(5, 2, "x:1"), ""}, // of another node
		{at(5, 1, "a:1"), ""},
		{at(7, 1, "b:1"), "b:1"},
		{at(6, 1, "a:1"), "b:1"}, // the log is read again
		{at(9, 1, "a:1"), "a:1"}, // and back
	} {
		s, err := Open(dir, options)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.RememberAddress(step.told); err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if id, _, err := ReadIdentity(dir); err != nil || id.Address != step.want {
			t.Errorf("told %v: remembers %q, want %q (%v)", step.told, id.Address, step.want, err)
		}
	}
}
