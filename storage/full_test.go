package storage

import (
	"errors"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/paxredis/paxredis/replication/paxos"
)

func TestAFullFileSystemStopsTheNodeAndLosesNothing(t *testing.T) {
	mount := t.TempDir()
	if err := unix.Mount("tmpfs", mount, "tmpfs", 0, "size=1m"); err != nil {
		t.Skipf("a small file system cannot be mounted here: %v", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(mount, 0); err != nil {
			t.Error(err)
		}
	})
	dir := mount + "/data"
	s := mustOpen(t, dir, testOptions())
	payload := strings.Repeat("x", 10_000)
	slot := paxos.Slot(0)
	var err error
	for err == nil {
		slot++
		err = s.Save([]paxos.Write{write(slot, payload)})
	}
	if !errors.Is(err, unix.ENOSPC) || !strings.Contains(err.Error(), dir) || !strings.Contains(err.Error(), "free space") {
		t.Errorf("the error is not clear: %v", err)
	}
	if again := s.Save([]paxos.Write{write(slot, payload)}); again != err {
		t.Errorf("the next Save: %v", again)
	}
	mustClose(t, s)

	if err := unix.Mount("tmpfs", mount, "tmpfs", unix.MS_REMOUNT, "size=4m"); err != nil {
		t.Fatal(err)
	}
	s = mustOpen(t, dir, testOptions())
	defer mustClose(t, s)
	if r := s.Restored(); len(r.Records) != int(slot-1) {
		t.Errorf("%d records are there, %v were acknowledged", len(r.Records), slot-1)
	}
	mustSave(t, s, slot)
	if _, err := os.Stat(dir); err != nil {
		t.Error(err)
	}
}
