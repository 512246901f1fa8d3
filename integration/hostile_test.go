package integration

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

func TestGarbageOnTheClientPort(t *testing.T) {
	t.Parallel()
	n := startSingle(t)
	for _, text := range []string{
		"*99999999999\r\n",
		"*1\r\n$-5\r\n",
		"*1\r\n$99999999999999\r\n",
		"*1\r\n:5\r\n",
		"*1048577\r\n",
		strings.Repeat("a", 70<<10),
		"GET \"unbalanced\r\n",
	} {
		s := dial(t, n.address)
		_, _ = io.WriteString(s, text) // the node may have closed already
		if got := s.rest(); got != "" && !strings.HasPrefix(got, "-ERR ") {
			t.Errorf("%.30q: got %.80q", text, got)
		}
	}
	for range 50 {
		s := dial(t, n.address)
		noise := make([]byte, 4096)
		if _, err := rand.Read(noise); err != nil {
			t.Fatal(err)
		}
		_, _ = s.Write(noise)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	expect(t, n, "PONG", "PING")
}

// TestGarbageOnThePeerPort: strangers cost a cluster neither a write nor its leader. The election timeouts are far beyond what a busy machine
// takes from a node, so that a change of the leader would be the strangers' doing.
func TestGarbageOnThePeerPort(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 3, "--heartbeat", "200ms", "--lease", "1500ms", "--election-timeout-min", "4s", "--election-timeout-max", "6s")
	leader := c.leader()
	down := c.others(leader)[0]
	load := newLoad(t)
	load.on(c.others(down)...)
	for _, n := range c.nodes {
		address := c.peerAddress(n)
		for _, text := range []string{"PING\r\n", "GET / HTTP/1.1\r\n\r\n", "\x16\x03\x01\xff\xff", strings.Repeat("\xff", 64<<10), ""} {
			s := dial(t, address)
			_, _ = io.WriteString(s, text) // the node may have closed already
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
	// Connections that say nothing at all are bounded in number and time; they keep no node out.
	for range 40 {
		dial(t, c.peerAddress(leader))
	}
	load.awaitProgress(10)
	down.kill()
	down.start()
	down.awaitServing()
	expect(t, down, "OK", "SET", "k", "v")
	if now := c.leader(); now != leader {
		t.Errorf("the leader changed from %d to %d", leader.id, now.id)
	}
	load.stop(c.nodes...)
}

// peerAddress is where a node listens for the others.
func (c *cluster) peerAddress(n *node) string { return n.peer }

// TestNodeWithAnotherKeyIsKeptOut: it gets no part in the cluster, and the reason is in the log of both sides.
func TestNodeWithAnotherKeyIsKeptOut(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 3)
	otherKey := filepath.Join(t.TempDir(), "other.key")
	keygen(t, mustBuild(t, binary), otherKey)
	stranger := c.nodes[2]
	c.nodes[0].start()
	c.nodes[1].start()
	stranger.start("--cluster-key-file", otherKey, "--commit-timeout", "300ms")
	c.nodes[0].awaitServing()
	c.nodes[1].awaitServing()
	expect(t, c.nodes[0], "OK", "SET", "secret", "v")

	stranger.awaitLog(`(?i)level=(WARN|ERROR).*(key|refused|certificate)`)
	c.nodes[0].awaitLog(`(?i)level=(WARN|ERROR).*(key|refused|certificate)`)
	await(t, "the stranger to refuse reads", func() error {
		err := stranger.rdb().Get(t.Context(), "secret").Err()
		if err == nil || outcomeOf(err) == failed {
			t.Fatalf("got %v", err)
		}
		if !strings.HasPrefix(err.Error(), "CLUSTERDOWN ") {
			return err
		}
		return nil
	})
	expect(t, c.nodes[1], "v", "GET", "secret")
}

func TestKeysThatAreRefused(t *testing.T) {
	t.Parallel()
	program := mustBuild(t, binary)
	good := filepath.Join(t.TempDir(), "good.key")
	keygen(t, program, good)
	if info, err := os.Stat(good); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("keygen made %v, %v", info.Mode(), err)
	}
	text, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write := func(name, text string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	peers := fmt.Sprintf("1=%s,2=%s", loopback(freePort(t)), loopback(freePort(t)))
	for _, test := range []struct{ name, file, want string }{
		{"missing", filepath.Join(dir, "none"), "none"},
		{"short", write("short", "0123456789abcdef\n", 0o600), "32"},
		{"password", write("password", "correct horse battery staple correct horse\n", 0o600), ""},
		{"world-readable", write("open", string(text), 0o644), "chmod 600"},
	} {
		t.Run(test.name, func(t *testing.T) {
			out, errOut, code := runCommand(t, "server", "--peers", peers, "--cluster-key-file", test.file)
			if code == 0 || !strings.Contains(errOut, test.want) {
				t.Errorf("exit code %d, %s%s", code, out, errOut)
			}
		})
	}
	if _, errOut, code := runCommand(t, "keygen", good); code == 0 || !strings.Contains(errOut, "exists") {
		t.Errorf("keygen over a file: exit code %d, %s", code, errOut)
	}
	if now, err := os.ReadFile(good); err != nil || string(now) != string(text) {
		t.Errorf("keygen changed a file that was there: %v", err)
	}
}

func TestSeveralNodesNeedAKey(t *testing.T) {
	t.Parallel()
	peers := fmt.Sprintf("1=%s,2=%s,3=%s", loopback(freePort(t)), loopback(freePort(t)), loopback(freePort(t)))
	_, errOut, code := runCommand(t, "server", "--peers", peers)
	if code != 2 || !strings.Contains(errOut, "--insecure-peers") || !strings.Contains(errOut, "keygen") {
		t.Errorf("exit code %d, %s", code, errOut)
	}
	program := mustBuild(t, binary)
	nodes := make([]*node, 3)
	for i := range nodes {
		nodes[i] = newNode(t, i+1, program, "--peers", peers, "--insecure-peers")
		nodes[i].start()
	}
	for _, n := range nodes {
		n.awaitServing()
		n.awaitLog(`level=WARN.*insecure-peers`)
	}
	expect(t, nodes[2], "OK", "SET", "k", "v")
}

// expectRefusedStart starts a node that must exit by itself, with an error that holds all of the wanted texts.
func expectRefusedStart(t *testing.T, n *node, wants ...string) {
	t.Helper()
	before := len(n.log())
	n.start()
	code := n.awaitExit()
	text := n.log()[before:]
	if code != 1 {
		t.Errorf("exit code %d, want 1", code)
	}
	for _, want := range wants {
		if !strings.Contains(text, want) {
			t.Errorf("the error does not say %q:\n%s", want, text)
		}
	}
}

func TestDataOfAnotherNodeIsRefused(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 3)
	expect(t, c.nodes[0], "OK", "SET", "k", "v")
	one, two := c.nodes[0], c.nodes[1]
	one.stop()
	two.stop()
	thief := newNode(t, 2, two.program, two.args[6:]...)
	thief.args = append(thief.args, "--data-dir", one.dir)
	expectRefusedStart(t, thief, one.dir)

	// The same node in another cluster.
	otherKey := filepath.Join(t.TempDir(), "other.key")
	keygen(t, one.program, otherKey)
	moved := newNode(t, 1, one.program, "--data-dir", one.dir, "--peers", c.peers, "--cluster-key-file", otherKey)
	expectRefusedStart(t, moved, "cluster", one.dir)
}

// TestEmptiedNodeIsKeptOut: a node that lost its data has forgotten its votes, and must not vote again (rule D4). It ends with the reason,
// and so does every further start of it.
func TestEmptiedNodeIsKeptOut(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 3)
	expect(t, c.nodes[0], "OK", "SET", "k", "v")
	down := c.follower()
	down.kill()
	if err := os.RemoveAll(down.dir); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		expectRefusedStart(t, down, "UUID", fmt.Sprint("paxredis member replace ", down.id))
	}
	expect(t, c.others(down)[0], "OK", "SET", "k", "w")
}

// TestTwoEmptiedNodesFoundNothing: whichever node still has its data, two that lost theirs do not begin the cluster anew, though they are a
// majority of its first voters.
func TestTwoEmptiedNodesFoundNothing(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 3)
	expect(t, c.nodes[0], "OK", "SET", "k", "v")
	for _, kept := range c.nodes {
		emptied := c.others(kept)
		for _, n := range emptied {
			n.kill()
			if err := os.Rename(n.dir, n.dir+".lost"); err != nil {
				t.Fatal(err)
			}
		}
		for _, n := range emptied {
			n.start()
		}
		for _, n := range emptied {
			if code := n.awaitExit(); code != 1 || !strings.Contains(n.logTail(1), fmt.Sprint("paxredis member replace ", n.id)) {
				t.Errorf("node %d ended with %d: %s", n.id, code, n.logTail(1))
			}
		}
		for _, n := range emptied {
			if err := errors.Join(os.RemoveAll(n.dir), os.Rename(n.dir+".lost", n.dir)); err != nil {
				t.Fatal(err)
			}
			n.start()
		}
		c.awaitServing()
		expect(t, kept, "v", "GET", "k")
	}
}

func TestSecondProcessOnADataDirectoryIsRefused(t *testing.T) {
	t.Parallel()
	n := startSingle(t)
	second := newNode(t, 1, n.program)
	second.args = append(second.args, "--data-dir", n.dir)
	expectRefusedStart(t, second, n.dir)
	expect(t, n, "OK", "SET", "k", "v")
}

// TestCorruptJournalIsRefused flips one byte of an acknowledged record: the node must not take part (rule D3).
func TestCorruptJournalIsRefused(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 3)
	value := strings.Repeat("needle-in-the-journal ", 50)
	expect(t, c.nodes[0], "OK", "SET", "k", value)
	for i := range 100 {
		expect(t, c.nodes[0], "OK", "SET", fmt.Sprint("later-", i), "v")
	}
	damaged := c.follower()
	damaged.stop()
	flipByte(t, damaged.dir, "needle-in-the-journal")
	expectRefusedStart(t, damaged, "member replace", damaged.dir)
	for _, n := range c.others(damaged) {
		expect(t, n, value, "GET", "k")
	}
}

// flipByte changes one bit in the middle of the text's first place in any file under dir.
func flipByte(t *testing.T, dir, text string) {
	t.Helper()
	found := false
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || found {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		at := strings.Index(string(content), text)
		if at < 0 {
			return nil
		}
		found = true
		content[at+len(text)/2] ^= 1
		return os.WriteFile(path, content, d.Type().Perm()|0o600)
	})
	if err != nil || !found {
		t.Fatalf("%q in %s: found %v, %v", text, dir, found, err)
	}
}

func TestCommandOverTheLimitIsRefused(t *testing.T) {
	t.Parallel()
	n := startSingle(t, "--max-command-bytes", "1mb")
	s := dial(t, n.address)
	s.send("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$2000000\r\n")
	if got := s.rest(); !strings.HasPrefix(got, "-ERR Protocol error: invalid bulk length") {
		t.Errorf("got %q", got)
	}
	expect(t, n, "OK", "SET", "k", strings.Repeat("v", 1<<20-100))
	client := newClient(n.address) // of its own: the node ends its connection
	defer client.Close()
	if err := client.MSet(t.Context(), "a", strings.Repeat("v", 600<<10), "b", strings.Repeat("v", 600<<10)).Err(); err == nil {
		t.Error("a command over the limit in all its arguments was taken")
	}
	expect(t, n, "1", "DBSIZE")
}

// TestClientThatNeverReadsIsNotAskedForMore: what is held for it is bounded, nobody else notices, and it gets all of its replies when it reads.
func TestClientThatNeverReadsIsNotAskedForMore(t *testing.T) {
	const outputLimit, value, times = 16 << 20, 1 << 20, 200
	// A quarter of the limit, the reply beyond it, and those of one turn before they are given to the socket.
	const most = outputLimit/4 + 2*value + 512<<10
	n := startSingle(t, "--client-output-limit", fmt.Sprint(outputLimit))
	expect(t, n, "OK", "SET", "k", strings.Repeat("v", value))
	before := n.processFigure("VmHWM")
	s := dial(t, n.address)
	s.send(strings.Repeat("GET k\r\n", times))
	await(t, "replies to be held", func() error {
		list, err := n.rdb().ClientList(t.Context()).Result()
		if err == nil && !regexp.MustCompile(` omem=[1-9]`).MatchString(list) {
			return errors.New("there are none")
		}
		return err
	})
	for range times {
		if got := s.line(); got != fmt.Sprintf("$%d", value) {
			t.Fatal(got)
		}
		if got := s.line(); got != strings.Repeat("v", value) {
			t.Fatalf("%d bytes", len(got))
		}
	}
	info, err := infoOf(n, "clients")
	if err != nil {
		t.Fatal(err)
	}
	held, err := strconv.Atoi(info["client_recent_max_output_buffer"])
	if err != nil || held > most {
		t.Errorf("%d bytes were held for a client, want at most %d: %v", held, most, err)
	}
	grown := n.processFigure("VmHWM") - before
	t.Logf("%d bytes were held for the client, the process grew by %d", held, grown)
	if grown > 8*outputLimit {
		t.Errorf("the process has grown by %d MiB", grown>>20)
	}
}

// TestClientThatAsksForTooMuchAtOnceIsDisconnected: one reply beyond the limit is not made, although no machine has the memory for it.
func TestClientThatAsksForTooMuchAtOnceIsDisconnected(t *testing.T) {
	const outputLimit, value = 4 << 20, 1 << 20
	n := startSingle(t, "--client-output-limit", fmt.Sprint(outputLimit))
	expect(t, n, "OK", "SET", "k", strings.Repeat("v", value))
	before := n.processFigure("VmHWM")
	dial(t, n.address).send("MGET" + strings.Repeat(" k", 30_000) + "\r\n")
	n.awaitInfo("clients", "connected_clients", func(value string) bool { return value == "1" })
	grown := n.processFigure("VmHWM") - before
	t.Logf("the process grew by %d", grown)
	if grown > 16*outputLimit {
		t.Errorf("the process has grown by %d MiB", grown>>20)
	}
}

func TestClientsOverTheLimitAreRefused(t *testing.T) {
	t.Parallel()
	n := startSingle(t, "--maxclients", "5")
	var open []*socket
	for range 4 { // the harness's own client is the fifth
		s := dial(t, n.address)
		s.send("PING\r\n")
		if got := s.line(); got != "+PONG" {
			t.Fatal(got)
		}
		open = append(open, s)
	}
	over := dial(t, n.address)
	if got := over.rest(); got != "-ERR max number of clients reached\r\n" {
		t.Errorf("got %q", got)
	}
	if err := open[0].Close(); err != nil {
		t.Fatal(err)
	}
	await(t, "room for another client", func() error {
		s := dial(t, n.address)
		s.send("PING\r\n")
		if got := s.line(); got != "+PONG" {
			return fmt.Errorf("got %q", got)
		}
		return nil
	})
}
