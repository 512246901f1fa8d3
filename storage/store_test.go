package storage

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/paxredis/paxredis/replication/paxos"
)

func TestADirectoryKeepsWhatWasSavedAndWhoItIs(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "some", "data")
	o := testOptions()
	o.ClusterUUID = ""
	s := mustOpen(t, dir, o)
	first := s.Identity()
	if r := s.Restored(); !r.Promised.IsZero() || r.Chosen != 0 || len(r.Records) != 0 {
		t.Errorf("a new directory restores %+v", r)
	}
	if first.Boot != 1 || first.NodeID != 2 || uuid.Validate(first.ClusterUUID) != nil || uuid.Validate(first.NodeUUID) != nil {
		t.Errorf("identity %+v", first)
	}
	for slot := paxos.Slot(1); slot <= 5; slot++ {
		mustSave(t, s, slot)
	}
	if err := s.Save([]paxos.Write{{Chosen: 3}}); err != nil {
		t.Fatal(err)
	}
	if s.Usage() != o.SegmentBytes {
		t.Errorf("%d bytes used", s.Usage())
	}
	mustClose(t, s)
	if err := s.Close(); !errors.Is(err, ErrClosed) {
		t.Errorf("the second Close: %v", err)
	}

	s = mustOpen(t, dir, o)
	defer mustClose(t, s)
	want := first
	want.Boot = 2
	if s.Identity() != want {
		t.Errorf("identity %+v, want %+v", s.Identity(), want)
	}
	if r := s.Restored(); r.Promised.Round != 1 || r.Chosen != 3 || len(r.Records) != 2 || r.Records[0].Slot != 4 {
		t.Errorf("restored %+v", r)
	}
	if records, err := s.Read(1, 5, 1<<20); err != nil || len(records) != 5 || string(records[4].Entry.Payload) != "payload" {
		t.Errorf("read %v: %v", records, err)
	}
}

func TestASecondProcessIsKeptOutAndToldWhoHoldsTheDirectory(t *testing.T) {
	dir := made(t)
	s := mustOpen(t, dir, testOptions())
	_, err := Open(dir, testOptions())
	if err == nil || !strings.Contains(err.Error(), dir) || !strings.Contains(err.Error(), fmt.Sprintf("process %d", os.Getpid())) {
		t.Errorf("the second Open says: %v", err)
	}
	mustClose(t, s)
	mustClose(t, mustOpen(t, dir, testOptions()))
}

func TestWrongDirectoriesAreRefusedClearly(t *testing.T) {
	otherNode, otherCluster := testOptions(), testOptions()
	otherNode.NodeID = 7
	otherCluster.ClusterUUID = uuid.NewString()
	for _, c := range []struct {
		name    string
		options Options
		prepare func(dir string)
		want    []string
	}{
		{"another node", otherNode, func(string) {}, []string{"node 2", "node 7", "--data-dir"}},
		{"another cluster", otherCluster, func(string) {}, []string{testCluster, otherCluster.ClusterUUID}},
		{"not ours", testOptions(), func(dir string) {
			if err := errors.Join(os.RemoveAll(dir), os.Mkdir(dir, 0o700), os.WriteFile(filepath.Join(dir, "holiday.jpg"), nil, 0o600)); err != nil {
				t.Fatal(err)
			}
		}, []string{"not a paxredis data directory", "holiday.jpg"}},
		{"a file", testOptions(), func(dir string) {
			if err := errors.Join(os.RemoveAll(dir), os.WriteFile(dir, nil, 0o600)); err != nil {
				t.Fatal(err)
			}
		}, []string{"not a directory"}},
		{"a later format", testOptions(), func(dir string) { newerIdentity(t, dir) }, []string{"format 3", "this binary knows 1 and 2"}},
		{"no id", Options{}, func(dir string) {
			if err := os.RemoveAll(dir); err != nil {
				t.Fatal(err)
			}
		}, []string{"ids start at 1"}},
		{"another node's UUID", Options{NodeUUID: uuid.NewString()}, func(string) {}, []string{"node with UUID"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := made(t)
			c.prepare(dir)
			_, err := Open(dir, c.options)
			if err == nil {
				t.Fatal("opened")
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q is not in: %v", want, err)
				}
			}
			var damage *Corrupt
			if errors.As(err, &damage) {
				t.Errorf("a mistake is reported as damage: %v", err)
			}
		})
	}
}

// newerIdentity raises the format of an identity file, with a good checksum.
func newerIdentity(t *testing.T, dir string) {
	mustEdit(t, filepath.Join(dir, identityName), func(content []byte) []byte {
		f, err := decodeIdentity(content)
		if err != nil {
			t.Fatal(err)
		}
		f.Format = 3
		content, err = f.encode()
		if err != nil {
			t.Fatal(err)
		}
		return content
	})
}

func TestPermissionsAreNamed(t *testing.T) {
	if os.Getuid() == 0 {
		t.Skip("root may read and write everything")
	}
	dir := made(t)
	if err := os.Chmod(dir, 0); err != nil {
		t.Fatal(err)
	}
	_, err := Open(dir, testOptions())
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if !errors.Is(err, os.ErrPermission) || !strings.Contains(err.Error(), dir) {
		t.Errorf("an unreadable directory: %v", err)
	}
}

func TestD4_TheFirstUUIDMetIsKept(t *testing.T) {
	dir := made(t)
	s := mustOpen(t, dir, testOptions())
	first, second := uuid.NewString(), uuid.NewString()
	for range 2 {
		if err := s.MeetPeer(3, first); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.MeetPeer(4, "nonsense"); err == nil {
		t.Error("a UUID that is none is taken")
	}
	mustClose(t, s)
	s = mustOpen(t, dir, testOptions())
	defer mustClose(t, s)
	if err := s.MeetPeer(3, strings.ToUpper(first)); err != nil {
		t.Error(err)
	}
	err := s.MeetPeer(3, second)
	if err == nil || !strings.Contains(err.Error(), first) || !strings.Contains(err.Error(), second) {
		t.Errorf("another UUID: %v", err)
	}
	if err := s.MeetPeer(4, second); err != nil {
		t.Error(err)
	}
}
