package integration

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/paxredis/paxredis/storage/state/statetest"
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
	damageTables(t, founder.dir, statetest.Flipped)
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

// TestDamageFoundInServiceIsWrittenOver: a backup meets it, or the checkpoint that comes before that; the state in memory is sound, and the next
// checkpoint holds all of it. Nobody else has it: without that, a start would find nothing to make the state from.
func TestDamageFoundInServiceIsWrittenOver(t *testing.T) {
	t.Parallel()
	for name, d := range map[string]statetest.Damage{"flipped": statetest.Flipped, "overwritten": statetest.Overwritten} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			testDamageInService(t, d)
		})
	}
}

func testDamageInService(t *testing.T, d statetest.Damage) {
	c := startOne(t, oftenCheckpoints...)
	n := c.nodes[0]
	for range 2 {
		fillApart(t, n, 1000, 2000)
		takeCheckpoint(t, n)
	}
	awaitCut(t, c.nodes)
	n.stop()
	n.start() // now nothing of it is in a memtable
	c.awaitServing()
	damageTables(t, n.dir, d)
	if _, errOut, code := runCommand(t, "backup", "--addr", n.address); code == 0 || !strings.Contains(errOut, "damaged") {
		t.Errorf("a backup of what is damaged: exit code %d, %s", code, errOut)
	}
	n.awaitLog(`msg="this node's checkpoint is damaged`)
	takeCheckpoint(t, n)
	c.paxredis("backup", "verify", c.backup(t.TempDir(), "after"))
	n.kill()
	n.start()
	c.awaitServing()
	expect(t, n, "1000", "DBSIZE")
	if strings.Contains(n.log(), "given up") {
		t.Error("the checkpoint was given up after a start")
	}
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
	damageTables(t, n.dir, statetest.Flipped)
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
