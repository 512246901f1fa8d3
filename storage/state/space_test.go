package state

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/paxredis/paxredis/replication/paxos"
)

// smallDisk mounts a file system of so many MiB, and returns how to change its size.
func smallDisk(t *testing.T, size int) (dir string, resize func(int)) {
	t.Helper()
	dir = t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%dm", size)); err != nil {
		t.Skipf("a small file system cannot be mounted here: %v", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	return dir, func(size int) {
		t.Helper()
		if err := unix.Mount("tmpfs", dir, "tmpfs", unix.MS_REMOUNT, fmt.Sprintf("size=%dm", size)); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAFullDiskIsNoticedBeforeBadgerWrites(t *testing.T) {
	dir, resize := smallDisk(t, 110)
	n := openNode(t, dir)
	m := make(model)
	r := rand.New(rand.NewPCG(1, 1))
	n.checkpoint(m, 1, []uint64{1}, set(1, "before", "1"))
	if err := n.RoomForNext(); err != nil {
		t.Fatal(err)
	}
	var err error
	written := 0
	for err == nil {
		written++
		err = n.Write(2, []paxos.CheckpointRecord{set(1, fmt.Sprint("key", written), randomBytes(r, 1<<20))})
	}
	if !errors.Is(err, paxos.ErrDiskSpace) || written < 5 {
		t.Fatalf("after %d MiB: %v", written, err)
	}
	resize(105)
	if err := n.RoomForNext(); !errors.Is(err, paxos.ErrDiskSpace) {
		t.Errorf("asked before: %v", err)
	}
	if _, err := n.BeginReceive(m.head(9, 1)); !errors.Is(err, paxos.ErrDiskSpace) {
		t.Errorf("a reception: %v", err)
	}
	if err := n.Rewrite(9); !errors.Is(err, paxos.ErrDiskSpace) {
		t.Errorf("writing all anew: %v", err)
	}
	n.expect(m)
	n.close()

	free, err := n.FreeBytes()
	if err != nil {
		t.Fatal(err)
	}
	resize(105 - int(free>>20) + 8)
	if _, err := Open(filepath.Join(dir, "state"), n.ledger, Options{}); !errors.Is(err, paxos.ErrDiskSpace) {
		t.Errorf("on a full disk: %v", err)
	}
	resize(400)
	n = openNode(t, dir)
	n.expect(m)
	n.checkpoint(m, 3, []uint64{1}, set(1, "after", "1"))
	n.expect(m)
	n.close()
}

func TestManyDeletedRecordsAreForgotten(t *testing.T) {
	n := openNode(t, t.TempDir())
	m := make(model)
	n.checkpoint(m, 1, []uint64{1}, set(1, "kept", "1"))
	var deleted []paxos.CheckpointRecord
	for i := range fewDeleted + 1 {
		deleted = append(deleted, gone(1, fmt.Sprint("key", i)))
	}
	n.checkpoint(m, 2, []uint64{1}, deleted[:100]...)
	if parts, _ := n.parts(2, 1, 1<<20); len(parts) != 1 {
		t.Errorf("%d parts", len(parts))
	}
	n.checkpoint(m, 3, []uint64{1}, deleted...)
	if _, _, err := n.ReadChanges(3, 2, nil, 100); !errors.Is(err, paxos.ErrNoCheckpoint) {
		t.Errorf("changes: %v", err)
	}
	i, err := n.newestImage()
	if err != nil || i.g.number != 2 || i.g.deleted != 0 {
		t.Errorf("generation %d, %d deleted: %v", i.g.number, i.g.deleted, err)
	}
	n.expect(m)
	n = n.reopen()
	n.expect(m)
	n.close()
}
