package storage

import (
	"errors"
	"path/filepath"
	"testing"

	"github.com/paxredis/paxredis/replication/paxos"
)

func checkpointRecord(key, value string) paxos.CheckpointRecord {
	return paxos.CheckpointRecord{Space: 1, Key: []byte(key), Value: []byte(value)}
}

// head describes a checkpoint that has just these records.
func head(slot paxos.Slot, records ...paxos.CheckpointRecord) paxos.Checkpoint {
	c := paxos.Checkpoint{Slot: slot, Count: uint64(len(records)), Spaces: []uint64{1}, Machine: []byte("m"), Group: []byte("g")}
	for _, r := range records {
		c.Sum += paxos.RecordSum(r.Space, r.Key, r.Value)
	}
	return c
}

func mustPublish(t *testing.T, s *Store, c paxos.Checkpoint, changed ...paxos.CheckpointRecord) {
	t.Helper()
	if err := errors.Join(s.WriteCheckpoint(c.Slot, changed), s.PublishCheckpoint(c)); err != nil {
		t.Fatal(err)
	}
}

func loaded(t *testing.T, s *Store) map[string]string {
	t.Helper()
	next, done, err := s.LoadCheckpoint()
	if err != nil {
		t.Fatal(err)
	}
	records := make(map[string]string)
	for {
		r, ok, err := next()
		if err != nil {
			t.Fatal(err)
		}
		if !ok {
			break
		}
		records[string(r.Key)] = string(r.Value)
	}
	if err := done(); err != nil {
		t.Fatal(err)
	}
	return records
}

func TestACheckpointLetsTheLogBeCut(t *testing.T) { eachWay(t, testACheckpointLetsTheLogBeCut) }

func testACheckpointLetsTheLogBeCut(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	s := mustOpen(t, dir, testOptions())
	for slot := paxos.Slot(1); slot <= 100; slot++ {
		if err := s.Save([]paxos.Write{write(slot, crashPayload(slot))}); err != nil {
			t.Fatal(err)
		}
	}
	a, b := checkpointRecord("a", "1"), checkpointRecord("b", "2")
	mustPublish(t, s, head(60, a), a)
	mustPublish(t, s, head(90, a, b), b)
	first, err := s.Cut(90)
	if err != nil || first < 2 {
		t.Fatal(first, err)
	}
	mustClose(t, s)
	s = mustOpen(t, dir, testOptions())
	if c, ok := s.Checkpoint(); !ok || c.Slot != 90 || c.Count != 2 || string(c.Group) != "g" {
		t.Errorf("the newest checkpoint is %+v, %v", c, ok)
	}
	if r := s.Restored(); r.First != first || r.Checkpoint != 90 {
		t.Errorf("the log begins with %v, and is covered until %v", r.First, r.Checkpoint)
	}
	if got := loaded(t, s); len(got) != 2 || got["a"] != "1" || got["b"] != "2" {
		t.Errorf("loaded: %v", got)
	}
	if err := s.DiscardCheckpoint("it differs from the others'"); err != nil {
		t.Fatal(err)
	}
	mustClose(t, s)
	s = mustOpen(t, dir, testOptions())
	defer mustClose(t, s)
	if _, ok := s.Checkpoint(); ok {
		t.Error("what was discarded is back")
	}
}

func TestACheckpointGoesFromOneDirectoryToAnother(t *testing.T) {
	eachWay(t, testACheckpointGoesFromOneDirectoryToAnother)
}

func testACheckpointGoesFromOneDirectoryToAnother(t *testing.T) {
	root := t.TempDir()
	from, dir := mustOpen(t, filepath.Join(root, "1"), testOptions()), filepath.Join(root, "2")
	defer mustClose(t, from)
	a, b, c := checkpointRecord("a", "1"), checkpointRecord("b", "2"), checkpointRecord("c", "3")
	mustPublish(t, from, head(10, a, b), a, b)
	mustPublish(t, from, head(20, a, c), c, paxos.CheckpointRecord{Space: 1, Key: b.Key, Deleted: true})

	to := mustOpen(t, dir, testOptions())
	older, release, err := from.HoldCheckpoint(10)
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	data, next, err := from.ReadCheckpoint(10, nil, 1<<20)
	if err != nil || len(next) > 0 {
		t.Fatal(next, err)
	}
	if _, err := to.BeginReceive(older); err != nil {
		t.Fatal(err)
	}
	changes, _, err := from.ReadChanges(20, 10, nil, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	newer, _ := from.Checkpoint()
	if err := errors.Join(to.Receive(data, nil), to.ApplyChanges(changes), to.SetHead(newer), to.FinishReceive()); err != nil {
		t.Fatal(err)
	}
	mustClose(t, to)
	to = mustOpen(t, dir, testOptions())
	defer mustClose(t, to)
	if got := loaded(t, to); len(got) != 2 || got["a"] != "1" || got["c"] != "3" {
		t.Errorf("loaded: %v", got)
	}
	if err := to.RoomForCheckpoint(); err != nil {
		t.Error(err)
	}
}
