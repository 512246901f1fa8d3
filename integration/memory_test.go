package integration

import (
	"context"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// memoryFigures are what a node's process takes, in bytes.
type memoryFigures struct {
	resident int64 // what it has touched
	used     int64 // what it has allocated and not given back, touched or not: INFO's used_memory, from Go's runtime
}

// memory tells what the node's process takes now.
func (n *node) memory() memoryFigures {
	n.t.Helper()
	info, err := infoOf(n, "memory")
	if err != nil {
		n.t.Fatal(err)
	}
	used, err := strconv.ParseInt(info["used_memory"], 10, 64)
	if err != nil {
		n.t.Fatal(err)
	}
	return memoryFigures{n.processFigure("VmRSS"), used}
}

// grown is by how much the node has grown since then, by whichever figure says more.
func (n *node) grown(since memoryFigures) int64 {
	n.t.Helper()
	now := n.memory()
	return max(now.resident-since.resident, now.used-since.used)
}

// processFigure is a line of the process's status that tells memory, in bytes.
func (n *node) processFigure(name string) int64 {
	n.t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", n.cmd.Process.Pid))
	if err != nil {
		n.t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		var kib int64
		if _, err := fmt.Sscanf(line, name+": %d kB", &kib); err == nil {
			return kib << 10
		}
	}
	n.t.Fatalf("process %d has no %s", n.cmd.Process.Pid, name)
	return 0
}

// awaitUnread waits until the node holds exactly so many bytes of each of count clients, which it cannot run yet.
func (n *node) awaitUnread(count, size int) {
	n.t.Helper()
	await(n.t, fmt.Sprintf("%d bytes of each of %d clients to have come", size, count), func() error {
		list, err := n.rdb().ClientList(context.Background()).Result()
		if err != nil {
			return err
		}
		if have := strings.Count(list, fmt.Sprintf(" qbuf=%d ", size)); have != count {
			return fmt.Errorf("of %d", have)
		}
		return nil
	})
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

// crowd opens connections; it returns when the node knows them all.
func crowd(t *testing.T, n *node, count int) []*socket {
	t.Helper()
	sockets := make([]*socket, count)
	for i := range sockets {
		sockets[i] = dial(t, n.address)
	}
	n.awaitInfo("clients", "connected_clients", func(value string) bool { return value == fmt.Sprint(count+1) })
	return sockets
}

// disperse closes the connections; it returns when the node has forgotten them.
func disperse(n *node, sockets []*socket) {
	n.t.Helper()
	for _, s := range sockets {
		_ = s.Close()
	}
	n.awaitInfo("clients", "connected_clients", func(value string) bool { return value == "1" })
}

// TestIdleConnectionsAreCheap: ten thousand of them, half of which have asked for something once, and others are served as ever.
func TestIdleConnectionsAreCheap(t *testing.T) {
	const count, each = 10_000, 8 << 10
	needsFiles(t, count+1000)
	n := startSingle(t, "--maxclients", fmt.Sprint(count+100))
	expect(t, n, "OK", "SET", "k", "v")
	before := n.memory()
	sockets := crowd(t, n, count)
	for _, s := range sockets[:count/2] {
		s.send("GET k\r\n")
	}
	for _, s := range sockets[:count/2] {
		if got := s.line(); got != "$1" {
			t.Fatalf("got %q", got)
		}
	}
	grown := n.grown(before)
	t.Logf("%d connections take %d bytes each", count, grown/count)
	if grown > count*each {
		t.Errorf("%d idle connections take %d MiB", count, grown>>20)
	}
	expect(t, n, "OK", "SET", "k", "w")
	disperse(n, sockets)
}

// TestDeclaredLengthsTakeNoMemory: what a client says that it will send is nothing until it is there. What it says and what it sends
// first come apart, since room for a request is made when something of it has come.
func TestDeclaredLengthsTakeNoMemory(t *testing.T) {
	const count, each = 1000, 64 << 10
	for name, packets := range map[string][]string{
		"a large value":     {"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$62914560\r\n", "v", "the beginning"},
		"many arguments":    {"*1048576\r\n", "$4\r\nMGET\r\n$1\r\nk\r\n", "$"},
		"an endless inline": {"SET k v", strings.Repeat("v", 1000), "v"},
	} {
		t.Run(name, func(t *testing.T) {
			n := startSingle(t)
			expect(t, n, "OK", "SET", "k", "v")
			sockets := crowd(t, n, count)
			before := n.memory()
			sent := 0
			for _, packet := range packets {
				for _, s := range sockets {
					s.send(packet)
				}
				sent += len(packet)
				n.awaitUnread(count, sent)
				grown := n.grown(before)
				t.Logf("%d requests of which %d bytes have come take %d bytes each", count, sent, grown/count)
				if grown > count*each {
					t.Errorf("%d requests of which %d bytes have come take %d MiB", count, sent, grown>>20)
				}
			}
			expect(t, n, "v", "GET", "k")
			disperse(n, sockets)
		})
	}
}

// TestHalfSentRequestsTakeWhatWasSent: a thousand requests stop in the middle, others are served meanwhile, and every one of them is
// answered when its other half comes.
func TestHalfSentRequestsTakeWhatWasSent(t *testing.T) {
	const count, half, spare = 1000, 20_000, 16 << 10
	n := startSingle(t)
	expect(t, n, "OK", "SET", "k", "v")
	sockets := crowd(t, n, count)
	before := n.memory()
	sent := 0
	for i, s := range sockets {
		begin := fmt.Sprintf("*3\r\n$3\r\nSET\r\n$4\r\n%04d\r\n$%d\r\n", i, 2*half) + strings.Repeat("v", half)
		sent = len(begin)
		s.send(begin[:100])
		s.send(begin[100:])
	}
	n.awaitUnread(count, sent)
	grown := n.grown(before)
	t.Logf("%d half requests of %d bytes take %d bytes each", count, sent, grown/count)
	// The room may be twice what is in it, and there is garbage of the rooms before.
	if grown > count*(4*int64(sent)+spare) {
		t.Errorf("%d half requests of %d bytes take %d MiB", count, sent, grown>>20)
	}
	expect(t, n, "OK", "SET", "k", "w")
	expect(t, n, "2", "INCRBY", "n", "2")
	for _, s := range sockets {
		s.send(strings.Repeat("w", half) + "\r\n")
	}
	for _, s := range sockets {
		if got := s.line(); got != "+OK" {
			t.Fatalf("got %q", got)
		}
	}
	n.awaitUnread(count+1, 0) // nothing is kept of any of them
	expect(t, n, fmt.Sprint(count+2), "DBSIZE")
	expect(t, n, strings.Repeat("v", half)+strings.Repeat("w", half), "GET", "0999")
	disperse(n, sockets)
}

// TestSlowSendersHoldNobodyUp: five hundred clients send their requests a byte at a time. Another is served between any two bytes, and in the end
// each of them is.
func TestSlowSendersHoldNobodyUp(t *testing.T) {
	const count, each = 500, 64 << 10
	n := startSingle(t)
	expect(t, n, "0", "EXISTS", "count")
	sockets := crowd(t, n, count)
	before := n.memory()
	const request = "*3\r\n$6\r\nAPPEND\r\n$5\r\nslow1\r\n$1\r\nv\r\n"
	for at := range len(request) {
		for _, s := range sockets {
			s.send(request[at : at+1])
		}
		if at == len(request)-1 {
			break
		}
		expect(t, n, fmt.Sprint(at+1), "INCR", "count")
		n.awaitUnread(count, at+1)
	}
	if grown := n.grown(before); grown > count*each {
		t.Errorf("%d slow clients take %d MiB", count, grown>>20)
	}
	for _, s := range sockets {
		if got := s.line(); !strings.HasPrefix(got, ":") {
			t.Fatalf("got %q", got)
		}
	}
	expect(t, n, fmt.Sprint(count), "STRLEN", "slow1")
	disperse(n, sockets)
}

// TestStrangersAtThePeerPortTakeNoMemory: a thousand attempts, one after the other and sixteen at once, leave nothing.
func TestStrangersAtThePeerPortTakeNoMemory(t *testing.T) {
	c := startCluster(t, 3)
	n := c.follower()
	before := n.memory()
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
	if grown := n.grown(before); grown > 16<<20 {
		t.Errorf("the node has grown by %d MiB", grown>>20)
	}
}

// TestUsedMemoryIsWhatTheProcessTakes: what INFO says is used is, within a tenth, what the kernel says the process has for itself, with large values,
// with small ones, and when most of them are gone.
func TestUsedMemoryIsWhatTheProcessTakes(t *testing.T) {
	if _, err := os.Stat("/proc/self/smaps"); err != nil {
		t.Skip("only Linux tells what a process has in memory")
	}
	c := startCluster(t, 3)
	agree := func(when string) {
		t.Helper()
		for _, n := range c.nodes {
			await(t, when, func() error {
				info, err := infoOf(n, "memory")
				if err != nil {
					return err
				}
				used, _ := strconv.ParseFloat(info["used_memory"], 64)
				own, _ := strconv.ParseFloat(info["used_memory_rss"], 64)
				if used < 0.9*own || used > 1.1*own {
					return fmt.Errorf("node %d: %.1f MB are used, %.1f MB are the process's", n.id, used/1e6, own/1e6)
				}
				return nil
			})
		}
	}
	cacheFill(c.leader(), "large", 10_000)
	agree("10,000 values of 10 kB")
	expect(t, c.leader(), "OK", "FLUSHALL")
	expect(t, c.leader(), "400000", "EVAL", `for i = 1, 400000 do redis.call('SET', 'small:' .. i, 'value of ' .. i) end return 400000`, "0")
	agree("400,000 small values")
}
