package state

import (
	"crypto/sha256"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"testing"

	"github.com/paxredis/paxredis/replication/paxos"
)

// TestInspectReadsWhatACrashLeft, and changes nothing of it; damage is found.
func TestInspectReadsWhatACrashLeft(t *testing.T) { eachWay(t, testInspectReadsWhatACrashLeft) }

func testInspectReadsWhatACrashLeft(t *testing.T) {
	dir, want := damageable(t)
	p, ok := openLedger(t, filepath.Join(dir, "ledger")).Published()
	if !ok {
		t.Fatal("nothing is published")
	}
	sums := func() map[string][32]byte {
		all := make(map[string][32]byte)
		err := fs.WalkDir(os.DirFS(dir), ".", func(path string, e fs.DirEntry, err error) error {
			if err != nil || e.IsDir() {
				return err
			}
			content, err := os.ReadFile(filepath.Join(dir, path))
			all[path] = sha256.Sum256(content)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	before, got := sums(), 0
	c, err := Inspect(filepath.Join(dir, "state"), p, testKey(), func(r paxos.CheckpointRecord) error {
		got++
		return nil
	})
	if err != nil || got != len(want) || c.Count != uint64(got) {
		t.Errorf("%d records of %d, the checkpoint says %d: %v", got, len(want), c.Count, err)
	}
	if !maps.Equal(before, sums()) {
		t.Error("the directory was changed")
	}

	tables, err := filepath.Glob(filepath.Join(dir, "state", "*", "*.sst"))
	if err != nil || len(tables) == 0 {
		t.Fatalf("tables %v: %v", tables, err)
	}
	if err := flip(func(size int) int { return size / 2 })(tables[0]); err != nil {
		t.Fatal(err)
	}
	var damage *Damaged
	if _, err := Inspect(filepath.Join(dir, "state"), p, testKey(), nil); !errors.As(err, &damage) || damage.Where != filepath.Dir(tables[0]) {
		t.Errorf("a damaged table: %v", err)
	}
}
