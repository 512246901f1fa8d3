package state

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func TestTableMappingsAreFound(t *testing.T) {
	for line, want := range map[string]bool{
		"7f10a0000000-7f10a0100000 rw-s 00000000 fd:00 1234    /data/state/1/000001.sst":           true,
		"7f10a0000000-7f10a0100000 rw-s 00000000 fd:00 1234    /data/state/10/000001.sst":          false,
		"7f10a0000000-7f10a0100000 rw-s 00000000 fd:00 1234    /data/state/1/00001.mem":            false,
		"7f10a0000000-7f10a0100000 rw-s 00000000 fd:00 1234    /data/state/1/000001.sst (deleted)": false,
		"7f10a0000000-7f10a0100000 rw-p 00000000 00:00 0":                                          false,
		"7f10a0000000 rw-s 00000000 fd:00 1234    /data/state/1/000001.sst":                        false,
		"x-y rw-s 00000000 fd:00 1234    /data/state/1/000001.sst":                                 false,
		"": false,
	} {
		begin, end, ok := tableMapping(line, "/data/state/1")
		if ok != want || ok && (begin != 0x7f10a0000000 || end != 0x7f10a0100000) {
			t.Errorf("%q: %x to %x, %v", line, begin, end, ok)
		}
	}
}

// TestForgottenPagesCanStillBeRead: what is advised is of the tables in the directory, and loses nothing.
func TestForgottenPagesCanStillBeRead(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	content := strings.Repeat("table", 100_000)
	path := filepath.Join(dir, "000001.sst")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	mapped, err := unix.Mmap(int(file.Fd()), 0, len(content), unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := unix.Munmap(mapped); err != nil {
			t.Error(err)
		}
	}()
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		t.Fatal(err)
	}
	found := false
	for line := range strings.Lines(string(maps)) {
		_, _, ok := tableMapping(strings.TrimSpace(line), dir)
		found = found || ok
	}
	if !found {
		t.Fatalf("%s is not found among the mappings", path)
	}
	if err := forgetPages(dir); err != nil {
		t.Fatal(err)
	}
	if string(mapped) != content {
		t.Fatal("the table has another content")
	}
}
