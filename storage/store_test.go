package storage

import (
	"testing"

	"github.com/paxredis/paxredis/replication/paxos"
)

func TestSmoke(t *testing.T) {
	dir := t.TempDir() + "/a/b"
	o := Options{NodeID: 1, SegmentBytes: 64 << 10}
	s, err := Open(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	for i := 1; i < 300; i++ {
		err := s.Save([]paxos.Write{{Promised: paxos.Ballot{Round: 1, Node: 1}, Chosen: paxos.Slot(i - 1), Records: []paxos.Record{{Slot: paxos.Slot(i), Ballot: paxos.Ballot{Round: 1, Node: 1}, Entry: paxos.Entry{Kind: paxos.EntryBatch, Payload: make([]byte, i*400)}}}}})
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s, err = Open(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	r := s.Restored()
	t.Log(r.Chosen, len(r.Records), r.Promised, s.Identity(), s.Usage())
	rs, err := s.Read(1, 299, 1<<30)
	t.Log(len(rs), err)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}
