package integration

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// backup writes a backup of a cluster into a file, through the standard output.
func (c *cluster) backup(dir, name string, flags ...string) string {
	c.t.Helper()
	path := filepath.Join(dir, name)
	out := c.paxredis(append([]string{"backup", "--addr", c.addresses()}, flags...)...)
	if err := os.WriteFile(path, []byte(out), 0o600); err != nil {
		c.t.Fatal(err)
	}
	return path
}

// restore makes a new cluster of backups and starts it.
func (c *cluster) restore(files ...string) *cluster {
	c.t.Helper()
	n := newNode(c.t, 1, c.program, "--cluster-key-file", c.keyFile)
	n.peer = loopback(freePort(c.t))
	c.paxredis(append([]string{"restore", "--data-dir", n.dir, "--peer-advertise", n.peer}, files...)...)
	r := &cluster{t: c.t, keyFile: c.keyFile, program: c.program, nodes: []*node{n}}
	r.start()
	r.awaitServing()
	return r
}

func digestOf(t *testing.T, n *node) string {
	t.Helper()
	digest, err := n.rdb().Do(t.Context(), "DEBUG", "DIGEST").Text()
	if err != nil {
		t.Fatal(err)
	}
	return digest
}

// TestBackupAndRestore takes a full and two incremental backups of a running cluster, and makes new clusters of each state.
func TestBackupAndRestore(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 3, oftenCheckpoints...)
	dir := t.TempDir()
	var files, digests []string
	take := func(flags ...string) {
		c.awaitEqual()
		digests = append(digests, digestOf(t, c.nodes[0]))
		files = append(files, c.backup(dir, fmt.Sprintf("%d.backup", len(files)), flags...))
	}
	fill(t, c.nodes[0], 3000, 1000, 500)
	expect(t, c.nodes[0], "OK", "SET", "versioned", "v", "VER", "70")
	expect(t, c.nodes[0], "1", "DEL", "fill:1")
	take()
	fill(t, c.nodes[1], 100, 100, 700)
	expect(t, c.nodes[1], "1", "DEL", "fill:500")
	expect(t, c.nodes[1], "OK", "SET", "new", "v")
	take("--since", files[0])
	expect(t, c.nodes[2], "1", "DEL", "new")
	take("--since", files[1])
	if full, change := size(t, files[0]), size(t, files[1]); change > full/2 {
		t.Errorf("the full backup has %d bytes, the one of 102 changes %d", full, change)
	}

	for last := range files {
		chain := files[:last+1]
		c.paxredis(append([]string{"backup", "verify"}, chain...)...)
		r := c.restore(chain...)
		n := r.nodes[0]
		if got := digestOf(t, n); got != digests[last] {
			t.Errorf("restored from %d files: digest %s, want %s", last+1, got, digests[last])
		}
		expect(t, n, "nil", "SET", "versioned", "w", "VER", "69")
		expect(t, n, "OK", "SET", "after", "v")
		if last == len(files)-1 {
			r.join(0) // it is a cluster like any other
			r.awaitEqual()
		}
		n.stop()
	}
}

func size(t *testing.T, path string) int64 {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

// TestBackupOfAClusterUnderLoadIsOfOneSlot: two keys that are always written together are equal in a backup.
func TestBackupOfAClusterUnderLoadIsOfOneSlot(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 3, oftenCheckpoints...)
	fill(t, c.nodes[0], 3000, 3000, 500)
	done := make(chan error, 1)
	stop := make(chan struct{})
	client := newClient(c.nodes[1].address)
	defer client.Close()
	go func() {
		for i := 0; ; i++ {
			select {
			case <-stop:
				done <- nil
				return
			default:
			}
			if err := client.MSet(t.Context(), "left", i, "right", i).Err(); err != nil {
				done <- err
				return
			}
		}
	}()
	for i := range 3 {
		n := c.restore(c.backup(t.TempDir(), "b")).nodes[0]
		values, err := n.rdb().MGet(t.Context(), "left", "right").Result()
		if err != nil || values[0] == nil || values[0] != values[1] {
			t.Errorf("backup %d: left and right are %v, %v", i, values, err)
		}
		expect(t, n, "3002", "DBSIZE")
		n.kill()
	}
	close(stop)
	if err := <-done; err != nil {
		t.Errorf("a write during the backups: %v", err)
	}
}

// TestBadBackupsAreRefused and leave nothing behind: damaged, cut short, of another cluster, in the wrong order, or no backup.
func TestBadBackupsAreRefused(t *testing.T) {
	t.Parallel()
	c, other := startCluster(t, 1), startCluster(t, 1)
	dir := t.TempDir()
	fillApart(t, c.nodes[0], 200, 1000)
	full := c.backup(dir, "full")
	expect(t, c.nodes[0], "OK", "SET", "k", "v")
	next := c.backup(dir, "next", "--since", full)
	expect(t, c.nodes[0], "OK", "SET", "k", "w")
	last := c.backup(dir, "last", "--since", next)
	expect(t, other.nodes[0], "OK", "SET", "k", "v")
	foreign := other.backup(dir, "foreign")

	content, err := os.ReadFile(full)
	if err != nil {
		t.Fatal(err)
	}
	write := func(name string, content []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	flipped := append([]byte{}, content...)
	flipped[len(flipped)/2] ^= 1
	for _, test := range []struct {
		name, want string
		files      []string
	}{
		{"damaged", "damaged", []string{write("flipped", flipped)}},
		{"cut short", "damaged", []string{write("short", content[:len(content)-1])}},
		{"with more behind", "damaged", []string{write("long", append(append([]byte{}, content...), 0))}},
		{"no backup", "not a backup", []string{write("text", []byte("this is no backup, but a text of some length\n"))}},
		{"empty", "", []string{write("empty", nil)}},
		{"without the full one", "must come before", []string{next}},
		{"one left out", "since slot", []string{full, last}},
		{"of another cluster", "cluster", []string{foreign, next}},
	} {
		data := filepath.Join(t.TempDir(), "restored")
		expectRefused(t, 1, test.want, append([]string{"restore", "--data-dir", data}, test.files...)...)
		if _, err := os.Stat(data); !os.IsNotExist(err) {
			t.Errorf("%s: the refused restore has left %s behind (%v)", test.name, data, err)
		}
		if test.name != "without the full one" { // by itself the file is good
			expectRefused(t, 1, test.want, append([]string{"backup", "verify"}, test.files...)...)
		}
	}
	expectRefused(t, 1, "cluster", "backup", "--addr", other.addresses(), "--since", full)
	// A directory that is in use, or holds anything, is left as it is.
	before := digestOf(t, c.nodes[0])
	expectRefused(t, 1, "not empty", "restore", "--data-dir", c.nodes[0].dir, full)
	if now := digestOf(t, c.nodes[0]); now != before {
		t.Error("a refused restore has changed a running node")
	}
}

// TestBackupVerifyAsJSON is for scripts.
func TestBackupVerifyAsJSON(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 1)
	expect(t, c.nodes[0], "OK", "MSET", "a", "1", "b", "2")
	path := filepath.Join(t.TempDir(), "b")
	if out := c.paxredis("backup", "--addr", c.addresses(), "--output", path); !strings.Contains(out, "2 records") {
		t.Errorf("backup --output says %q", out)
	}
	expectRefused(t, 1, "exists", "backup", "--addr", c.addresses(), "--output", path)
	var files []struct {
		Slot, Records uint64
		Bytes         int64
	}
	out := c.paxredis("backup", "verify", "--json", path)
	if err := json.Unmarshal([]byte(out), &files); err != nil || len(files) != 1 || files[0].Records != 2 || files[0].Bytes != size(t, path) ||
		files[0].Slot == 0 {
		t.Errorf("%v\n%s", err, out)
	}
}
