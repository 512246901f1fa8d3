package integration

import (
	"maps"
	"os"
	"path/filepath"
	"testing"
)

// TestTheFounderOfAGrownClusterFetchesItsStateAgain: its directory knows itself alone, as the cluster began, and the configurations since are
// in the checkpoint that is damaged.
func TestTheFounderOfAGrownClusterFetchesItsStateAgain(t *testing.T) {
	t.Parallel()
	c := startOne(t, oftenCheckpoints...)
	founder := c.nodes[0]
	c.join(2)
	c.join(3)
	fillApart(t, founder, 1000, 2000)
	takeCheckpoint(t, founder)
	fillApart(t, founder, 1000, 2000)
	takeCheckpoint(t, founder)
	awaitCut(t, c.nodes)
	c.awaitSameCheckpoint(takeCheckpoint(t, founder))
	founder.stop()
	damageState(t, founder.dir)
	expect(t, c.nodes[1], "OK", "SET", "meanwhile", "v")
	for range 2 { // once more without a checkpoint of its own
		founder.start()
		founder.awaitServing()
		expect(t, founder, "v", "GET", "meanwhile")
		founder.kill()
	}
	founder.start()
	c.awaitServing()
	c.awaitEqual()
}

// TestALoneNodeKeepsADamagedCheckpoint: nobody has another one, so it is not given up for none.
func TestALoneNodeKeepsADamagedCheckpoint(t *testing.T) {
	t.Parallel()
	c := startOne(t, oftenCheckpoints...)
	n := c.nodes[0]
	fillApart(t, n, 1000, 2000)
	takeCheckpoint(t, n)
	fillApart(t, n, 1000, 2000)
	takeCheckpoint(t, n)
	awaitCut(t, c.nodes)
	n.stop()
	damageState(t, n.dir)
	before := filesOf(t, filepath.Join(n.dir, "state"))
	for range 2 {
		n.start()
		if code := n.awaitExit(); code != 1 {
			t.Errorf("exit code %d, want 1", code)
		}
		n.awaitLog(`is damaged.*There is no other node to fetch it from.*Nothing was changed; put a backup back`)
		if after := filesOf(t, filepath.Join(n.dir, "state")); !maps.Equal(before, after) {
			t.Errorf("the checkpoint has changed: %d files were there, now %d", len(before), len(after))
		}
	}
}

// filesOf are the contents of the tables below a directory.
func filesOf(t *testing.T, dir string) map[string]string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "*", "*.sst"))
	if err != nil {
		t.Fatal(err)
	}
	files := make(map[string]string)
	for _, path := range paths {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		files[path] = string(content)
	}
	return files
}
