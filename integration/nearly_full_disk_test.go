package integration

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestALeaderWhoseDiskIsNearlyFullLeavesWritingToOthers has less than --min-free-disk left on the leader's disk: it hands leadership over and refuses
// the writes of its own clients, while it stores and serves what the others write. With room again it takes writes.
func TestALeaderWhoseDiskIsNearlyFullLeavesWritingToOthers(t *testing.T) {
	t.Parallel()
	needsProcesses(t)
	dir, err := mountTmpfs(t, "64m")
	if err != nil {
		t.Skip(err)
	}
	c := newCluster(t, 3, "--journal-segment-bytes", "4mb", "--min-free-disk", "24mb")
	small, other := c.nodes[0], c.nodes[1]
	small.args = append(small.args, "--data-dir", filepath.Join(dir, "data"))
	c.start()
	c.awaitServing()
	c.handOver(other, small.id)
	expect(t, small, "OK", "SET", "before", "v")

	if err := os.WriteFile(filepath.Join(dir, "ballast"), make([]byte, 32<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	awaitRefused(t, small)
	c.awaitAnotherLeads(small)
	expect(t, other, "OK", "SET", "meanwhile", "v")
	expect(t, small, "v", "GET", "before")
	expect(t, small, "v", "GET", "meanwhile")
	for _, command := range []string{"SET k v", "DEL before", "PING"} {
		if err := small.rdb().Do(t.Context(), fields(command)...).Err(); err == nil || !strings.HasPrefix(err.Error(), "MISCONF ") {
			t.Errorf("%s: %v, not MISCONF", command, err)
		}
	}
	expect(t, other, "0", "EXISTS", "k")
	expect(t, other, "1", "EXISTS", "before")
	small.awaitLog("the disk is nearly full")

	remount(t, dir, "256m")
	await(t, "the node to take writes again", func() error { return small.rdb().Set(t.Context(), "after", "v", 0).Err() })
	expect(t, other, "v", "GET", "after")
	c.handOver(other, small.id)
	expect(t, small, "OK", "SET", "as leader", "v")
	c.awaitEqual()
}

// awaitRefused waits until a node refuses writes for want of room.
func awaitRefused(t *testing.T, n *node) {
	t.Helper()
	await(t, "the node with the small disk to refuse writes", func() error {
		err := n.rdb().Set(t.Context(), "before", "v", 0).Err()
		switch {
		case err == nil:
			return errNotYet
		case !strings.HasPrefix(err.Error(), "MISCONF ") || !strings.Contains(err.Error(), "--min-free-disk"):
			t.Fatalf("the node refuses writes, but says %v", err)
		}
		return nil
	})
}

// fields are a command's words as go-redis takes them.
func fields(command string) (words []any) {
	for _, word := range strings.Fields(command) {
		words = append(words, word)
	}
	return words
}
