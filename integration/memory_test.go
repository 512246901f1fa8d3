package integration

import (
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
	"testing"
)

// resident is the memory of the node's process, in bytes.
func (n *node) resident() int64 {
	n.t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", n.cmd.Process.Pid))
	if err != nil {
		n.t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		var kib int64
		if _, err := fmt.Sscanf(line, "VmRSS: %d kB", &kib); err == nil {
			return kib << 10
		}
	}
	n.t.Fatalf("process %d has no VmRSS", n.cmd.Process.Pid)
	return 0
}

// needsFiles skips a test when this process may not open so many files.
func needsFiles(t testing.TB, count uint64) {
	t.Helper()
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	if limit.Max < count { // Go has raised the soft limit
		t.Skipf("needs %d open files, and %d are allowed (ulimit -Hn)", count, limit.Max)
	}
}

// crowd opens connections that say something and wait for ever; it returns when the node knows them all.
func crowd(t *testing.T, n *node, count int, says string) []*socket {
	t.Helper()
	sockets := make([]*socket, count)
	for i := range sockets {
		sockets[i] = dial(t, n.address)
		sockets[i].send(says)
	}
	n.awaitInfo("clients", "connected_clients", func(value string) bool { return value == fmt.Sprint(count+1) })
	return sockets
}

// TestIdleConnectionsAreCheap: ten thousand of them, half of which have asked for something once, and others are served as ever.
func TestIdleConnectionsAreCheap(t *testing.T) {
	const count, each = 10_000, 8 << 10
	needsFiles(t, count+1000)
	n := startSingle(t, "--maxclients", fmt.Sprint(count+100))
	expect(t, n, "OK", "SET", "k", "v")
	before := n.resident()
	sockets := crowd(t, n, count, "")
	for _, s := range sockets[:count/2] {
		s.send("GET k\r\n")
	}
	for _, s := range sockets[:count/2] {
		if got := s.line(); got != "$1" {
			t.Fatalf("got %q", got)
		}
	}
	grown := n.resident() - before
	t.Logf("%d connections take %d bytes each", count, grown/count)
	if grown > count*each {
		t.Errorf("%d idle connections take %d MiB", count, grown>>20)
	}
	expect(t, n, "OK", "SET", "k", "w")
	for _, s := range sockets {
		_ = s.Close()
	}
	n.awaitInfo("clients", "connected_clients", func(value string) bool { return value == "1" })
}

// TestDeclaredLengthsTakeNoMemory: what a client says that it will send is nothing until it is there.
func TestDeclaredLengthsTakeNoMemory(t *testing.T) {
	const count, each = 1000, 64 << 10
	for name, says := range map[string]string{
		"a large value":     "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$62914560\r\nthe beginning",
		"many arguments":    "*1048576\r\n$4\r\nMGET\r\n$1\r\nk\r\n",
		"an endless inline": "SET k " + strings.Repeat("v", 1000),
	} {
		t.Run(name, func(t *testing.T) {
			n := startSingle(t)
			expect(t, n, "OK", "SET", "k", "v")
			before := n.resident()
			sockets := crowd(t, n, count, says)
			// What a connection has sent is read in turn: who asks behind all of them is answered behind all of them.
			expect(t, n, "v", "GET", "k")
			grown := n.resident() - before
			t.Logf("%d requests take %d bytes each", count, grown/count)
			if grown > count*each {
				t.Errorf("%d requests that have only begun take %d MiB", count, grown>>20)
			}
			for _, s := range sockets {
				_ = s.Close()
			}
			n.awaitInfo("clients", "connected_clients", func(value string) bool { return value == "1" })
		})
	}
}

// TestStrangersAtThePeerPortTakeNoMemory: a thousand attempts, one after the other and sixteen at once, leave nothing.
func TestStrangersAtThePeerPortTakeNoMemory(t *testing.T) {
	c := startCluster(t, 3)
	n := c.follower()
	before := n.resident()
	for round := range 60 {
		var sockets []*socket
		for i := range 16 {
			s := dial(t, n.peer)
			_, _ = io.WriteString(s, []string{"\x16\x03\x01\x40\x00\x01\x00\xff\x00", "\xff\xff\xff\xff\xff\xff\xff\xff", "GET / HTTP/1.1\r\n\r\n"}[(round+i)%3])
			sockets = append(sockets, s)
		}
		for _, s := range sockets {
			_ = s.Close()
		}
	}
	expect(t, n, "OK", "SET", "k", "v")
	if grown := n.resident() - before; grown > 16<<20 {
		t.Errorf("the node has grown by %d MiB", grown>>20)
	}
}
