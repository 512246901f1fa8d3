package integration

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// TestMembersByTheCommandLine does to a cluster what an operator does, with the commands that an operator has.
func TestMembersByTheCommandLine(t *testing.T) {
	t.Parallel()
	c := startOne(t)
	one := c.nodes[0]
	expect(t, one, "OK", "SET", "k", "v")
	for id := 2; id <= 3; id++ {
		next := c.joiner(0, "")
		if id == 2 { // announced in the one way or the other, it gets that id
			if err := one.change("ADD", id, next.peer); err != nil {
				t.Fatal(err)
			}
		} else if out := c.paxredis("member", "add", "--addr", c.addresses(), fmt.Sprintf("%d=%s", id, next.peer)); !strings.Contains(out, "--join") {
			t.Errorf("member add does not say how to start the node:\n%s", out)
		}
		next.start()
		c.awaitVoter(next)
		if next.id != id {
			t.Fatalf("the node has id %d, not the announced %d", next.id, id)
		}
		c.nodes = append(c.nodes, next)
		expect(t, next, "v", "GET", "k")
	}
	if out := c.paxredis("member", "list", "--addr", c.addresses()); strings.Count(out, "voter") != 3 || !strings.Contains(out, c.nodes[2].peer) {
		t.Errorf("member list:\n%s", out)
	}
	for _, to := range []string{"2", "3", "1"} {
		out := c.paxredis("leader", "transfer", "--addr", c.addresses(), to)
		if !strings.HasPrefix(out, "node "+to+" leads") || c.leader().id != mustAtoi(t, to) {
			t.Errorf("leader transfer %s: %s", to, out)
		}
	}
	moved := c.nodes[2]
	moved.stop()
	moved.peer = loopback(freePort(t))
	out := c.paxredis("member", "move", "--addr", c.addresses(), "3="+moved.peer)
	if !strings.Contains(out, moved.peer) {
		t.Errorf("member move:\n%s", out)
	}
	moved.start("--peer-listen", moved.peer)
	moved.awaitServing()

	// Without node 3, the vote of node 2 is needed: taking it away stops the cluster, until node 3 is back.
	moved.kill()
	gone := c.nodes[1]
	out, errOut, code := runCommand(t, "member", "remove", "--addr", one.address, "2")
	if code != 1 || !strings.Contains(errOut, "force") {
		t.Fatalf("removing what is needed: exit code %d, %s%s", code, out, errOut)
	}
	_, errOut, code = runCommand(t, "member", "remove", "--force", "--timeout", "5s", "--addr", one.address, "2")
	if code != 0 && code != 3 { // it may be done without an answer: the majority is gone with it
		t.Fatalf("removing it by force: exit code %d, %s", code, errOut)
	}
	moved.start("--peer-listen", moved.peer)
	c.nodes = []*node{one, moved}
	for _, n := range c.nodes {
		n.awaitMember(gone.id, "none")
		n.awaitServing()
	}
	expect(t, moved, "v", "GET", "k")
}

func mustAtoi(t *testing.T, text string) int {
	t.Helper()
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestBackupShowsItsProgressOnATerminal, and only there.
func TestBackupShowsItsProgressOnATerminal(t *testing.T) {
	t.Parallel()
	script := needsTool(t, "script")
	n := startSingle(t)
	expect(t, n, "OK", "SET", "k", "v")
	file := filepath.Join(t.TempDir(), "b")
	command := mustBuild(t, binary) + " backup --addr " + n.address + " --output " + file
	session := startProgram(t, script, "-qfec", command, filepath.Join(t.TempDir(), "typescript"))
	session.awaitText(`%  slot \d+  \d+ records  .*/s`)
	await(t, "the backup to end", session.over)
	if !strings.Contains(session.text(), "1 records") {
		t.Errorf("it says %q", session.text())
	}
	if _, stderr, code := runCommand(t, "backup", "--addr", n.address, "--output", file+"2"); code != 0 || strings.Contains(stderr, "\r") {
		t.Errorf("without a terminal: exit code %d, %q", code, stderr)
	}
}
