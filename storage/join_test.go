package storage

import (
	"path/filepath"
	"reflect"
	"testing"

	"github.com/google/uuid"

	"github.com/paxredis/paxredis/replication/paxos"
)

func TestADirectoryKnowsWhatItsNodeWasToldWhenItJoined(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	if id, ok, err := ReadIdentity(dir); ok || err != nil {
		t.Fatalf("a directory that is not there: %+v, %v", id, err)
	}
	told := paxos.Configuration{Slot: 17, Base: 12, HighestID: 9, Voters: []paxos.Member{{ID: 1, UUID: uuid.NewString(), Address: "a:1"}}, Learners: []paxos.Member{{ID: 9, Address: "b:2"}}}
	o := Options{NodeID: 9, ClusterUUID: testCluster, NodeUUID: uuid.NewString(), Configuration: told, Joined: true, SegmentBytes: 64 << 10}
	mustClose(t, mustOpen(t, dir, o))

	id, ok, err := ReadIdentity(dir)
	if want := (Identity{ClusterUUID: testCluster, NodeUUID: o.NodeUUID, NodeID: 9, Boot: 1, Joined: true}); !ok || err != nil || id != want {
		t.Errorf("identity %+v, %v; want %+v", id, err, want)
	}
	other := Options{SegmentBytes: 64 << 10, Configuration: paxos.Configuration{Voters: []paxos.Member{{ID: 3}}}}
	s := mustOpen(t, dir, other) // it knows its id, its cluster and what it began with
	defer mustClose(t, s)
	if got, ok := s.FirstConfiguration(); !ok || !reflect.DeepEqual(got, told) {
		t.Errorf("first configuration %+v", got)
	}
	if got := s.Identity(); got.NodeID != 9 || !got.Joined || got.NodeUUID != o.NodeUUID {
		t.Errorf("identity %+v", got)
	}
}

func TestADirectoryWithoutAFirstConfigurationTakesTheOneItIsGiven(t *testing.T) {
	dir := made(t)
	s := mustOpen(t, dir, testOptions())
	if c, ok := s.FirstConfiguration(); ok {
		t.Errorf("a first configuration from nowhere: %+v", c)
	}
	mustClose(t, s)
	o := testOptions()
	o.Configuration = paxos.Configuration{Voters: []paxos.Member{{ID: 2, Address: "a:1"}}}
	mustClose(t, mustOpen(t, dir, o))
	s = mustOpen(t, dir, testOptions())
	defer mustClose(t, s)
	if c, ok := s.FirstConfiguration(); !ok || !reflect.DeepEqual(c, o.Configuration) {
		t.Errorf("first configuration %+v", c)
	}
}

func TestAConfigurationThatCannotBeIsNotRecorded(t *testing.T) {
	o := testOptions()
	o.Configuration = paxos.Configuration{Voters: []paxos.Member{{ID: 2}, {ID: 2}}}
	if s, err := Open(filepath.Join(t.TempDir(), "data"), o); err == nil {
		mustClose(t, s)
		t.Error("opened")
	}
}
