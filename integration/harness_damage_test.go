package integration

import (
	"path/filepath"
	"testing"

	"github.com/paxredis/paxredis/storage/state/statetest"
)

// damageTables damages all tables of a node's checkpoints in place: they may be in use.
func damageTables(t *testing.T, dir string, d statetest.Damage) {
	t.Helper()
	tables, err := filepath.Glob(filepath.Join(dir, "state", "*", "*.sst"))
	if err != nil || len(tables) == 0 {
		t.Fatalf("no table of checkpoints in %s: %v", dir, err)
	}
	for _, table := range tables {
		if err := d.File(table); err != nil {
			t.Fatal(err)
		}
	}
}
