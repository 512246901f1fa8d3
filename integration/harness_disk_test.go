package integration

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// smallDisk is the disk of one node, which gets full: a small file system in memory or, where none can be mounted, one that is said
// to be full.
type smallDisk struct {
	mounted string // its directory; empty without
	c       *faultyCluster
	n       *node
}

// newSmallDisk makes a disk of that size. It is made before the node, to go after it.
func newSmallDisk(t *testing.T, size string) *smallDisk {
	t.Helper()
	dir, err := mountTmpfs(t, size)
	if err != nil {
		t.Logf("the full disk is pretended: %v", err)
	}
	return &smallDisk{mounted: dir}
}

// give has a node that is not started yet use the disk.
func (d *smallDisk) give(c *faultyCluster, n *node) {
	d.c, d.n = c, n
	if d.mounted != "" {
		n.args = append(n.args, "--data-dir", filepath.Join(d.mounted, "data"))
	}
}

// awaitFull has something written until the node has met its full disk, which it must not survive.
func (d *smallDisk) awaitFull(t *testing.T, write func()) {
	t.Helper()
	if d.mounted == "" {
		d.c.tell(d.n, "disk", "full")
	}
	await(t, "the node with the small disk to stop", func() error {
		write()
		if d.n.running() {
			return errNotYet
		}
		return nil
	})
	d.n.expectFailed(t, "no space left on device")
}

// enlarge leaves room again, for a node that is started after it.
func (d *smallDisk) enlarge(t *testing.T) {
	t.Helper()
	if d.mounted != "" {
		remount(t, d.mounted, "512m")
	}
}

// failDisk has a node's disk fail once, at which the node must stop by itself: nobody knows what is on the disk after a sync that failed (rule D2).
// It is started again, with what the disk has.
func failDisk(which func(*cluster) *node, how, lastWords string) func(*testing.T, *faultyCluster, *recording) {
	return func(t *testing.T, c *faultyCluster, r *recording) {
		n, led := c.pick(which)
		c.tell(n, "disk", how)
		n.expectFailed(t, lastWords)
		if led {
			c.awaitAnotherLeads(n)
		}
		r.awaitWrites(writesBetweenFaults)
		n.start()
		n.awaitServing()
	}
}

// expectFailed waits until the process is over, which must be because of what its last words say.
func (n *node) expectFailed(t *testing.T, lastWords string) {
	t.Helper()
	if code := n.awaitExit(); code != 1 {
		t.Errorf("node %d has stopped with exit code %d, not 1", n.id, code)
	}
	if text := n.logTail(5); !strings.Contains(text, lastWords) {
		t.Errorf("the last words of node %d do not say %q:\n%s", n.id, lastWords, text)
	}
}

// mountTmpfs mounts a file system of that size in memory for the time of the test. It returns no directory with an error.
func mountTmpfs(t *testing.T, size string) (dir string, err error) {
	t.Helper()
	if !isRoot() {
		return "", fmt.Errorf("mounting a small file system needs root")
	}
	dir = filepath.Join(t.TempDir(), "small")
	if err := os.Mkdir(dir, 0o700); err != nil {
		return "", err
	}
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size="+size, "tmpfs", dir).CombinedOutput(); err != nil {
		return "", fmt.Errorf("mounting a small file system: %w\n%s", err, out)
	}
	t.Cleanup(func() {
		if out, err := exec.Command("umount", dir).CombinedOutput(); err != nil {
			t.Errorf("umount: %v\n%s", err, out)
		}
	})
	return dir, nil
}

func remount(t *testing.T, dir, size string) {
	t.Helper()
	if out, err := exec.Command("mount", "-o", "remount,size="+size, dir).CombinedOutput(); err != nil {
		t.Fatal(fmt.Errorf("remount: %w\n%s", err, out))
	}
}
