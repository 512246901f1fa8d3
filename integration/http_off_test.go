package integration

import (
	"fmt"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// listening are the ports of TCP that a node's process accepts connections at.
func (n *node) listening() (ports []string) {
	n.t.Helper()
	proc := fmt.Sprintf("/proc/%d/", n.cmd.Process.Pid)
	files, err := os.ReadDir(proc + "fd")
	if err != nil {
		n.t.Fatal(err)
	}
	own := map[string]bool{}
	for _, file := range files {
		name, err := os.Readlink(proc + "fd/" + file.Name())
		if err != nil {
			continue // closed since
		}
		if inode, found := strings.CutPrefix(name, "socket:["); found {
			own[strings.TrimSuffix(inode, "]")] = true
		}
	}
	for _, table := range []string{"net/tcp", "net/tcp6"} {
		text, err := os.ReadFile(proc + table)
		if err != nil {
			n.t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			const address, state, inode, listens = 1, 3, 9, "0A"
			fields := strings.Fields(line)
			if len(fields) <= inode || fields[state] != listens || !own[fields[inode]] {
				continue
			}
			port, err := strconv.ParseUint(fields[address][strings.LastIndexByte(fields[address], ':')+1:], 16, 16)
			if err != nil {
				n.t.Fatalf("%s: %v: %s", table, err, line)
			}
			ports = append(ports, strconv.FormatUint(port, 10))
		}
	}
	slices.Sort(ports)
	return ports
}

// Without --http-listen a node listens for clients and peers alone, and neither port speaks HTTP; with it, at one port more.
func TestWithoutHTTPListenThereIsNoHTTP(t *testing.T) {
	for _, flags := range [][]string{nil, {"--http-listen", "127.0.0.1:0"}} {
		n := startOne(t, flags...).nodes[0]
		want := []string{portOf(t, n.address), portOf(t, n.peer)}
		if flags != nil {
			want = append(want, portOf(t, strings.TrimPrefix(n.http(), "http://")))
		}
		slices.Sort(want)
		if got := n.listening(); !slices.Equal(got, want) {
			t.Errorf("with %v it listens at %v, want %v", flags, got, want)
		}
		for _, address := range []string{n.address, n.peer} {
			if answer, err := http.Get("http://" + address + "/metrics"); err == nil {
				_ = answer.Body.Close()
				t.Errorf("with %v it speaks HTTP at %s: %s", flags, address, answer.Status)
			}
		}
	}
}
