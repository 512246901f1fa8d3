package storage

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/paxredis/paxredis/replication/paxos"
	"github.com/paxredis/paxredis/storage/internal/race"
)

const testCluster = "6f0d1c5e-0000-4000-8000-0000000000c1"

// encrypting, in the environment, has tests encrypt the directories that they make. Children that are killed have it, too.
const encrypting = "PAXREDIS_TEST_ENCRYPTED"

// eachWay runs a test with directories that are not encrypted, and with encrypted ones. The race detector finds nothing in the second that it does
// not find in the first, so they run without it.
func eachWay(t *testing.T, test func(t *testing.T)) {
	t.Run("plain", test)
	t.Run("encrypted", func(t *testing.T) {
		if race.Enabled {
			t.Skip("it runs without the race detector")
		}
		t.Setenv(encrypting, "1")
		test(t)
	})
}

// dataKey is one of an operator's, by number.
func dataKey(number byte) DataKey {
	key, err := NewDataKey(bytes.Repeat([]byte{number}, DataKeyBytes))
	if err != nil {
		panic(err)
	}
	return key
}

func testKeys() []DataKey {
	if os.Getenv(encrypting) == "" {
		return nil
	}
	return []DataKey{dataKey(1)}
}

func testOptions() Options {
	return Options{NodeID: 2, ClusterUUID: testCluster, SegmentBytes: 64 << 10, DataKeys: testKeys()}
}

func mustOpen(t testing.TB, dir string, o Options) *Store {
	t.Helper()
	s, err := Open(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func mustClose(t testing.TB, s *Store) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// made returns a data directory in which one record was saved, closed.
func made(t testing.TB) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "data")
	s := mustOpen(t, dir, testOptions())
	mustSave(t, s, 1)
	mustClose(t, s)
	return dir
}

func mustSave(t testing.TB, s *Store, slot paxos.Slot) {
	t.Helper()
	if err := s.Save([]paxos.Write{write(slot, "payload")}); err != nil {
		t.Fatal(err)
	}
}

func write(slot paxos.Slot, payload string) paxos.Write {
	ballot := paxos.Ballot{Round: 1, Node: 2}
	return paxos.Write{Promised: ballot, Records: []paxos.Record{
		{Slot: slot, Ballot: ballot, Entry: paxos.Entry{Kind: paxos.EntryBatch, Payload: []byte(payload)}},
	}}
}

func mustEdit(t testing.TB, path string, change func([]byte) []byte) {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, change(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// copyDirectory copies a data directory, as an operator would.
func copyDirectory(t testing.TB, from, to string) {
	t.Helper()
	if err := os.RemoveAll(to); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
}
