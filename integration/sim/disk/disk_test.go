package disk

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/paxredis/paxredis/storage/journal"
)

func newDisk(seed uint64) *Disk { return New(rand.New(rand.NewPCG(seed, 0))) }

// write makes a file of that content; synced says whether it is, and its name.
func writeFile(t *testing.T, d *Disk, name, content string, synced bool) journal.File {
	t.Helper()
	f, err := d.Create(name)
	if err == nil {
		err = f.WriteVector([][]byte{[]byte(content[:1]), []byte(content[1:])}, 0)
	}
	if err == nil && synced {
		err = errors.Join(f.Sync(), d.SyncDir("/d"))
	}
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func read(t *testing.T, d *Disk, name string) string {
	t.Helper()
	f, err := d.Open(name)
	if err != nil {
		return err.Error()
	}
	size, _ := f.Size()
	content := make([]byte, size)
	if _, err := f.ReadAt(content, 0); err != nil && size > 0 {
		t.Fatal(err)
	}
	return string(content)
}

func TestACrashLeavesWhatWasSynced(t *testing.T) {
	for name, test := range map[string]struct {
		mode Mode
		want string
	}{
		"the process alone": {Kept, "new content"},
		"the power":         {Dropped, "old"},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDisk(1)
			f := writeFile(t, d, "/d/a", "old", true)
			writeFile(t, d, "/d/b", "unsynced", false)
			if err := f.WriteVector([][]byte{[]byte("new content")}, 0); err != nil {
				t.Fatal(err)
			}
			if got := read(t, d, "/d/a"); got != "new content" {
				t.Errorf("before the crash: %q", got)
			}
			d.Crash(test.mode)
			if got := read(t, d, "/d/a"); got != test.want {
				t.Errorf("after it: %q", got)
			}
			if names, _ := d.List("/d"); slices.Contains(names, "b") != (test.mode == Kept) {
				t.Errorf("names %q", names)
			}
		})
	}
}

// Each sector of an unsynced write is as it was or as it was to be, and chance makes both of each.
func TestATornWriteIsTornBetweenSectors(t *testing.T) {
	before, after := bytes.Repeat([]byte("a"), 4*sectorBytes), bytes.Repeat([]byte("b"), 3*sectorBytes)
	seen := map[string]bool{}
	for seed := range uint64(50) {
		d := newDisk(seed)
		f := writeFile(t, d, "/d/a", string(before), true)
		if err := f.WriteVector([][]byte{after}, 100); err != nil {
			t.Fatal(err)
		}
		d.Crash(Torn)
		got := read(t, d, "/d/a")
		for i, edge := 0, 100; edge < 100+len(after); i, edge = i+1, (edge/sectorBytes+1)*sectorBytes {
			end := min((edge/sectorBytes+1)*sectorBytes, 100+len(after))
			part := got[edge:end]
			if part != string(before[edge:end]) && part != string(after[:end-edge]) {
				t.Fatalf("sector %d is a mixture", i)
			}
			seen[string(rune('0'+i))+part[:1]] = true
		}
	}
	if len(seen) != 8 {
		t.Errorf("not every sector was seen both ways: %v", seen)
	}
}

func TestRenamingIsDurableWithItsDirectory(t *testing.T) {
	d := newDisk(1)
	writeFile(t, d, "/d/a", "one", true)
	writeFile(t, d, "/d/b", "two", true)
	if err := d.Rename("/d/b", "/d/a"); err != nil {
		t.Fatal(err)
	}
	d.Crash(Dropped)
	if a, b := read(t, d, "/d/a"), read(t, d, "/d/b"); a != "one" || b != "two" {
		t.Errorf("%q %q", a, b)
	}
	if err := errors.Join(d.Rename("/d/b", "/d/a"), d.SyncDir("/d")); err != nil {
		t.Fatal(err)
	}
	d.Crash(Dropped)
	if names, _ := d.List("/d"); read(t, d, "/d/a") != "two" || len(names) != 1 {
		t.Errorf("%q %q", read(t, d, "/d/a"), names)
	}
}

func TestAFailedDiskRefusesEverythingUntilTheCrash(t *testing.T) {
	d := newDisk(1)
	f := writeFile(t, d, "/d/a", "one", true)
	d.FailIn(2)
	if err := f.WriteVector([][]byte{[]byte("two")}, 0); err != nil {
		t.Fatal(err)
	}
	for name, err := range map[string]error{
		"sync": f.Sync(), "write": f.WriteVector([][]byte{[]byte("x")}, 0), "sync directory": d.SyncDir("/d"), "remove": d.Remove("/d/a"),
		"barrier": d.Barrier(), "allocate": f.Allocate(10),
	} {
		if !errors.Is(err, ErrFailed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if !d.HasFailed() {
		t.Error("it has not failed")
	}
	d.Crash(Dropped)
	if got := read(t, d, "/d/a"); got != "one" || d.HasFailed() {
		t.Errorf("%q after the crash", got)
	}
}
