package integration

import (
	"os"
	"path/filepath"
	"testing"
)

// damage is what a bad disk does to a file: it changes bytes in each thousand of its first half, from an offset on.
type damage struct {
	from   int64
	change func(b []byte)
}

var (
	// flipped has bits inverted, among them those of the first block, which says what is in the table.
	flipped = damage{100, func(b []byte) { b[0] ^= 0xff }}
	// overwritten has what belongs elsewhere.
	overwritten = damage{500, func(b []byte) { copy(b, "damage") }}
)

// damageTables damages all tables of a node's checkpoints in place: they may be in use.
func damageTables(t *testing.T, dir string, d damage) {
	t.Helper()
	tables, err := filepath.Glob(filepath.Join(dir, "state", "*", "*.sst"))
	if err != nil || len(tables) == 0 {
		t.Fatalf("no table of checkpoints in %s: %v", dir, err)
	}
	for _, table := range tables {
		if err := d.file(table); err != nil {
			t.Fatal(err)
		}
	}
}

// file damages one file in place.
func (d damage) file(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	for at := d.from; at < info.Size()/2; at += 1000 {
		b := make([]byte, len("damage"))
		if _, err := f.ReadAt(b, at); err != nil {
			return err
		}
		d.change(b)
		if _, err := f.WriteAt(b, at); err != nil {
			return err
		}
	}
	return nil
}
