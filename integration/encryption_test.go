package integration

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// knownTexts are a value, the name of a key, a field of a hash and the name of a user, which are searched for in files.
var knownTexts = []string{"a-value-nobody-may-read", "the-name-of-a-key", "the-field-of-a-hash", "somebody-with-a-password"}

// writeKnown writes the known texts through a node.
func writeKnown(t *testing.T, n *node) {
	t.Helper()
	value, key, field, user := knownTexts[0], knownTexts[1], knownTexts[2], knownTexts[3]
	expect(t, n, "OK", "SET", key, value)
	expect(t, n, "OK", "SET", "large", strings.Repeat(value, 10_000))
	expect(t, n, "1", "HSET", "hash", field, value)
	expect(t, n, "OK", "ACL", "SETUSER", user, "on", ">"+strings.Repeat("p", 20), "~*", "+@all")
}

// knownTextsIn returns which of them are in the files of a node's data directory.
func knownTextsIn(t *testing.T, n *node) map[string]string {
	t.Helper()
	found := make(map[string]string)
	err := filepath.WalkDir(n.dir, func(path string, d fs.DirEntry, err error) error {
		if gone(err) != nil || err != nil || d.IsDir() {
			return gone(err)
		}
		content, err := os.ReadFile(path)
		for _, text := range knownTexts {
			if bytes.Contains(content, []byte(text)) {
				found[text] = path
			}
		}
		return gone(err)
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// dataKeyOf makes a data key in a new file.
func dataKeyOf(t *testing.T, program string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "data.key")
	keygen(t, program, file)
	return file
}

// TestNothingOfUsersLiesInClearTextOnDisk of nodes with a data key: not in the log, not in checkpoints, not after kills, and not where a node has caught up
// by a checkpoint. Without a key all of it does: or nothing would have been searched.
func TestNothingOfUsersLiesInClearTextOnDisk(t *testing.T) {
	t.Parallel()
	for _, encrypted := range []bool{true, false} {
		t.Run(fmt.Sprintf("encrypted %v", encrypted), func(t *testing.T) {
			t.Parallel()
			var flags []string
			if encrypted {
				flags = []string{"--data-key-file", dataKeyOf(t, mustBuild(t, binary))}
			}
			testClearText(t, startCluster(t, 3, append(flags, oftenCheckpoints...)...), encrypted)
		})
	}
}

func testClearText(t *testing.T, c *cluster, encrypted bool) {
	writeKnown(t, c.nodes[0])
	want := map[bool]string{false: "0", true: "1"}[encrypted]
	for _, n := range c.nodes {
		n.awaitInfo("persistence", "paxos_data_encrypted", func(value string) bool { return value == want })
	}
	found := make(map[string]bool)
	search := func(when string) {
		t.Helper()
		for _, n := range c.nodes {
			for text, path := range knownTextsIn(t, n) {
				found[text] = true
				if encrypted {
					t.Errorf("%s: %q lies in %s", when, text, path)
				}
			}
		}
	}
	search("written")
	c.awaitSameCheckpoint(takeCheckpoint(t, c.nodes[0]))
	search("in a checkpoint")
	c.killAll()
	search("after kills")
	c.start()
	c.awaitServing()
	c.awaitEqual()
	expect(t, c.nodes[1], knownTexts[0], "GET", knownTexts[1])

	// One that is far behind gets a checkpoint.
	behind := c.nodes[2]
	behind.kill()
	fill(t, c.nodes[0], 4000, 400, 1000)
	takeCheckpoint(t, c.nodes[0])
	fill(t, c.nodes[0], 4000, 400, 1000)
	takeCheckpoint(t, c.nodes[0])
	awaitCut(t, c.nodes[:2])
	behind.start()
	c.awaitServing()
	c.awaitEqual()
	behind.awaitLog(`msg="state replaced by a peer's checkpoint"`)
	search("caught up")
	expect(t, behind, knownTexts[0], "HGET", "hash", knownTexts[2])
	for _, n := range c.nodes {
		n.stop()
	}
	search("stopped")
	if !encrypted && len(found) < len(knownTexts) {
		t.Errorf("of what is not encrypted only %v was found", found)
	}
}

// TestADataKeyIsExchanged by restarting a node with the new key before the old one, and is then no longer needed. A node without it, or with another one, does
// not start, and says why.
func TestADataKeyIsExchanged(t *testing.T) {
	t.Parallel()
	program := mustBuild(t, binary)
	file := dataKeyOf(t, program)
	old := readFile(t, file)
	n := startSingle(t, "--data-key-file", file)
	n.awaitServing()
	expect(t, n, "OK", "SET", "key", "value")
	n.stop()

	fresh := readFile(t, dataKeyOf(t, program))
	for _, step := range []struct {
		keys, refusal string
	}{
		{fresh, "encrypted with another data key"},
		{fresh + old, ""},
		{old, "encrypted with another data key"},
		{fresh, ""},
	} {
		if err := os.WriteFile(file, []byte(step.keys), 0o600); err != nil {
			t.Fatal(err)
		}
		n.start()
		if step.refusal != "" {
			if code := n.awaitExit(); code == 0 || !strings.Contains(n.logTail(3), step.refusal) {
				t.Errorf("exit code %d, and the log ends with:\n%s", code, n.logTail(3))
			}
			continue
		}
		n.awaitServing()
		expect(t, n, "value", "GET", "key")
		n.stop()
	}
	n.args = n.args[:len(n.args)-2] // no key
	n.start()
	if code := n.awaitExit(); code == 0 || !strings.Contains(n.logTail(3), "no data key is given: name the file") {
		t.Errorf("exit code %d, and the log ends with:\n%s", code, n.logTail(3))
	}
}

// TestADirectoryIsEncryptedByReplacingItsNode: a directory that is not encrypted is refused with a key, and the way that is told leads to an encrypted one.
func TestADirectoryIsEncryptedByReplacingItsNode(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 3)
	writeKnown(t, c.nodes[0])
	former := c.follower()
	flags := []string{"--data-key-file", dataKeyOf(t, mustBuild(t, binary))}
	former.stop()
	former.start(flags...)
	if code := former.awaitExit(); code == 0 || !strings.Contains(former.logTail(3), fmt.Sprint("paxredis member replace ", former.id)) {
		t.Errorf("exit code %d, and the log ends with:\n%s", code, former.logTail(3))
	}
	c.nodes = c.others(former)
	c.paxredis("member", "replace", "--addr", c.nodes[0].address, strconv.Itoa(former.id))
	next := c.joiner(0, former.peer)
	next.start(flags...)
	c.awaitVoter(next)
	c.nodes = append(c.nodes, next)
	c.awaitEqual()
	takeCheckpoint(t, next)
	next.awaitInfo("persistence", "paxos_data_encrypted", func(value string) bool { return value == "1" })
	expect(t, next, knownTexts[0], "GET", knownTexts[1])
	if found := knownTextsIn(t, next); len(found) > 0 {
		t.Errorf("found: %v", found)
	}
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
