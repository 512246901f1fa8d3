package integration

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestFullDiskStopsANodeAndLosesNothing fills the disk of one node of three. It must stop with an error that says so,
// the others go on, and with room again it comes back with everything.
func TestFullDiskStopsANodeAndLosesNothing(t *testing.T) {
	needsProcesses(t)
	dir := mountTmpfs(t, "24m")
	c := newCluster(t, 3, "--journal-segment-bytes", "4mb", "--min-free-disk", "0")
	full := c.nodes[2]
	full.args = append(full.args, "--data-dir", filepath.Join(dir, "data"))
	c.start()
	c.awaitServing()

	value := strings.Repeat("v", 100_000)
	writer := c.nodes[0]
	written := 0
	await(t, "the node with the small disk to stop", func() error {
		for range 10 {
			expect(t, writer, "OK", "SET", fmt.Sprint("k", written), value)
			written++
		}
		if full.running() {
			return fmt.Errorf("it runs after %d writes", written)
		}
		return nil
	})
	if code := full.awaitExit(); code != 1 {
		t.Errorf("exit code %d, want 1", code)
	}
	if text := full.logTail(5); !strings.Contains(text, "no space left on device") {
		t.Errorf("its last words do not say that the disk is full:\n%s", text)
	}
	expect(t, writer, "OK", "SET", "after", "v")

	if out, err := exec.Command("mount", "-o", "remount,size=512m", dir).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	full.start()
	full.awaitServing()
	expect(t, full, fmt.Sprint(written+1), "DBSIZE")
	c.awaitEqual()
}

// mountTmpfs mounts a file system of that size in memory for the time of the test, or skips it.
func mountTmpfs(t *testing.T, size string) string {
	t.Helper()
	if !isRoot() {
		t.Skip("mounting a small file system needs root")
	}
	dir := filepath.Join(t.TempDir(), "small")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size="+size, "tmpfs", dir).CombinedOutput(); err != nil {
		t.Skipf("mounting a small file system is not possible here: %v\n%s", err, out)
	}
	t.Cleanup(func() { // after those of the nodes, which are made later
		if out, err := exec.Command("umount", dir).CombinedOutput(); err != nil {
			t.Errorf("umount: %v\n%s", err, out)
		}
	})
	return dir
}
