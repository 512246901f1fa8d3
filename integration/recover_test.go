package integration

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestRecoveryOfASurvivor deletes two directories of three. The survivor serves nothing until it is made a cluster of its own,
// which has the data, grows again, and has nothing to do with what is left of the former one.
func TestRecoveryOfASurvivor(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 3, append([]string{"--commit-timeout", "1s"}, oftenCheckpoints...)...)
	survivor := c.follower()
	lost := c.others(survivor)
	expect(t, lost[0], "OK", "SET", "k", "v")
	fill(t, lost[0], 3000, 500, 1000)
	c.awaitEqual()
	digest, err := survivor.rdb().Do(t.Context(), "DEBUG", "DIGEST").Text()
	if err != nil {
		t.Fatal(err)
	}
	c.killAll()
	kept := filepath.Join(t.TempDir(), "of-a-lost-node")
	if err := os.Rename(lost[1].dir, kept); err != nil { // it turns up again later
		t.Fatal(err)
	}
	if err := os.RemoveAll(lost[0].dir); err != nil {
		t.Fatal(err)
	}
	survivor.start()
	await(t, "a survivor without a majority to refuse reads", func() error {
		err := survivor.rdb().Get(t.Context(), "k").Err()
		if err == nil {
			t.Fatal("it serves")
		}
		if !strings.HasPrefix(err.Error(), "CLUSTERDOWN ") {
			return err
		}
		return nil
	})
	expectRefused(t, 1, survivor.dir, "recover", "--data-dir", survivor.dir, "--i-accept-data-loss") // it runs
	survivor.kill()
	expectRefused(t, 2, "--i-accept-data-loss", "recover", "--data-dir", survivor.dir)

	var report struct {
		Former string `json:"former_cluster_uuid"`
		New    string `json:"cluster_uuid"`
		Last   uint64 `json:"last"`
	}
	out := c.paxredis("recover", "--data-dir", survivor.dir, "--i-accept-data-loss", "--json")
	if err := json.Unmarshal([]byte(out), &report); err != nil || report.New == report.Former || report.Last == 0 {
		t.Fatalf("%v, %s", err, out)
	}
	c.nodes = []*node{survivor}
	survivor.start()
	c.awaitServing()
	expect(t, survivor, "v", "GET", "k")
	expect(t, survivor, "501", "DBSIZE")
	expect(t, survivor, digest, "DEBUG", "DIGEST")
	expect(t, survivor, "OK", "SET", "after", "v")

	for range 2 {
		c.join(0)
	}
	// A node of the former cluster has its peers' addresses, and is let in nowhere.
	if err := os.Rename(kept, lost[1].dir); err != nil {
		t.Fatal(err)
	}
	lost[1].start()
	lost[1].awaitLog(`(?i)level=(WARN|ERROR).*cluster`)
	await(t, "the former node to serve nothing", func() error {
		err := lost[1].rdb().Get(t.Context(), "k").Err()
		if err == nil {
			t.Fatal("it serves")
		}
		if !strings.HasPrefix(err.Error(), "CLUSTERDOWN ") {
			return err
		}
		return nil
	})
	for _, n := range c.nodes {
		expect(t, n, "v", "GET", "after")
	}
	c.awaitEqual()
	c.killAll()
	c.start()
	c.awaitServing()
	c.awaitEqual()
}

// expectRefused runs a subcommand that must fail with this exit code and text.
func expectRefused(t *testing.T, wantCode int, want string, args ...string) {
	t.Helper()
	out, errOut, code := runCommand(t, args...)
	if code != wantCode || !strings.Contains(errOut, want) {
		t.Errorf("paxredis %s: exit code %d, want %d with %q\n%s%s", strings.Join(args, " "), code, wantCode, want, out, errOut)
	}
}

// TestRecoveryIsNotDoneTwice: what a recovery keeps of the former node is not overwritten by another one.
func TestRecoveryIsNotDoneTwice(t *testing.T) {
	t.Parallel()
	n := startSingle(t)
	expect(t, n, "OK", "SET", "k", "v")
	n.stop()
	for i, wantCode := range []int{0, 1} {
		_, errOut, code := runCommand(t, "recover", "--data-dir", n.dir, "--i-accept-data-loss")
		if code != wantCode {
			t.Errorf("recovery %d: exit code %d, %s", i, code, errOut)
		}
	}
	n.start()
	n.awaitServing()
	expect(t, n, "v", "GET", "k")
	expectRefused(t, 1, "there is nothing to recover", "recover", "--i-accept-data-loss", "--data-dir", t.TempDir())
}

// TestStoppedDirectoryIsReadable: `paxredis log` tells people and programs what is in a stopped node's directory, and finds damage.
func TestStoppedDirectoryIsReadable(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 3, oftenCheckpoints...)
	n := c.nodes[0]
	fill(t, n, 1000, 100, 1000)
	slot := takeCheckpoint(t, n)
	expect(t, n, "OK", "SET", "k", "needle-in-the-journal")
	expectRefused(t, 1, n.dir, "log", n.dir) // it runs
	n.stop()
	text := c.paxredis("log", n.dir)
	for _, want := range []string{"node      1 ", "cluster ", "peer      2 ", fmt.Sprintf("checkpoint %d", slot), "slot "} {
		if !strings.Contains(text, want) {
			t.Errorf("log does not tell %q:\n%s", want, firstLines(text, 30))
		}
	}
	seen := map[string]int{}
	for line := range strings.Lines(c.paxredis("log", "--json", n.dir)) {
		var entry map[string]any
		if err := json.Unmarshal([]byte(line), &entry); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		for name := range entry {
			seen[name]++
		}
	}
	if seen["identity"] != 1 || seen["frame"] == 0 {
		t.Errorf("the JSON has %v", seen)
	}
	flipByte(t, n.dir, "needle-in-the-journal")
	out, errOut, code := runCommand(t, "log", n.dir)
	if code != 1 || !strings.Contains(out, "PROBLEM") || !strings.Contains(errOut, "problem") {
		t.Errorf("of a damaged journal: exit code %d, %s\n%s", code, errOut, firstLines(out, 30))
	}
}
