package main

import (
	"bytes"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

func TestDevFlags(t *testing.T) {
	for _, test := range []struct{ args, want string }{
		{"--nodes 0", "--nodes 0"},
		{"--nodes 10", "--nodes 10"},
		{"--base-port 0", "--base-port 0"},
		{"--base-port 65000", "--base-port 65000"},
		{"stray", "stray"},
	} {
		if _, err := parseDev(strings.Fields(test.args), quiet); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v", test.args, err)
		}
	}
	c, err := parseDev(strings.Fields("--nodes 5 -- --read-mode lease"), quiet)
	if err != nil || c.nodes != 5 || strings.Join(c.serverFlags, " ") != "--read-mode lease" {
		t.Errorf("got %+v, %v", c, err)
	}
	if c.clientAddress(2) != "127.0.0.1:6380" || c.peerAddress(2) != "127.0.0.1:7380" || c.httpAddress(2) != "127.0.0.1:8380" {
		t.Errorf("addresses of node 2: %s, %s, %s", c.clientAddress(2), c.peerAddress(2), c.httpAddress(2))
	}
}

func TestKeptDirectoryRemembersTheCluster(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "kept")
	open := func(args ...string) (devConfig, error) {
		c, err := parseDev(append([]string{"--keep", "--dir", dir}, args...), quiet)
		if err != nil {
			t.Fatal(err)
		}
		d, err := openDevDir(&c)
		if err != nil {
			return c, err
		}
		return c, d.close()
	}
	if _, err := open("--nodes", "5", "--base-port", "7000"); err != nil {
		t.Fatal(err)
	}
	key, err := os.ReadFile(filepath.Join(dir, "cluster.key"))
	if err != nil {
		t.Fatal(err)
	}
	c, err := open()
	if err != nil || c.nodes != 5 || c.basePort != 7000 {
		t.Errorf("got %d nodes at %d, %v", c.nodes, c.basePort, err)
	}
	again, err := os.ReadFile(filepath.Join(dir, "cluster.key"))
	if err != nil || !bytes.Equal(key, again) {
		t.Errorf("the key changed: %v", err)
	}
	for _, args := range [][]string{{"--nodes", "3"}, {"--base-port", "6379"}} {
		if _, err := open(args...); err == nil || !strings.Contains(err.Error(), "5 nodes at base port 7000") {
			t.Errorf("%v: got %v", args, err)
		}
	}
}

func TestDirectoryThatIsNotKept(t *testing.T) {
	open := func(dir string) (*devDir, error) {
		return openDevDir(&devConfig{dir: dir, nodes: 1, basePort: 1})
	}
	parent := t.TempDir()

	missing := filepath.Join(parent, "missing")
	d, err := open(missing)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(missing); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a directory that was made is not removed: %v", err)
	}

	empty := filepath.Join(parent, "empty")
	if err := os.Mkdir(empty, 0o700); err != nil {
		t.Fatal(err)
	}
	if d, err = open(empty); err != nil {
		t.Fatal(err)
	}
	if err := d.close(); err != nil {
		t.Error(err)
	}
	if left, err := os.ReadDir(empty); err != nil || len(left) != 0 {
		t.Errorf("a directory that was there and empty is left with %v, %v", left, err)
	}

	if err := os.WriteFile(filepath.Join(empty, "precious"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := open(empty); err == nil || !strings.Contains(err.Error(), "--keep") {
		t.Errorf("a directory with a file in it: got %v", err)
	}
	if _, err := os.Stat(filepath.Join(empty, "precious")); err != nil {
		t.Error(err)
	}
}

func TestPortsInUseAreAllNamed(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	port := l.Addr().(*net.TCPAddr).Port
	err = checkPorts(devConfig{nodes: 1, basePort: port})
	if err == nil || !strings.Contains(err.Error(), strconv.Itoa(port)) {
		t.Errorf("got %v", err)
	}
}

func TestConsolePrintsWholeLinesWithTheirNode(t *testing.T) {
	var out bytes.Buffer
	c := newConsole(&out)
	one, two := c.node(1), c.node(2)
	for _, part := range []string{"first\nsec", "ond", "\n\n"} {
		if n, err := one.Write([]byte(part)); n != len(part) || err != nil {
			t.Fatal(n, err)
		}
		if _, err := two.Write([]byte("x\n")); err != nil {
			t.Fatal(err)
		}
	}
	want := "node 1 | first\nnode 2 | x\nnode 2 | x\nnode 1 | second\nnode 1 | \nnode 2 | x\n"
	if out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
	out.Reset()
	if _, err := one.Write(bytes.Repeat([]byte("y"), maxHeldLine)); err != nil || out.Len() < maxHeldLine {
		t.Errorf("a line without an end is held back: %d bytes printed, %v", out.Len(), err)
	}
}

func TestKeygen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cluster.key")
	var out bytes.Buffer
	if err := runKeygen([]string{path}, quiet); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if err := runKeygen([]string{path}, quiet); err == nil || !strings.Contains(err.Error(), "exists") {
		t.Errorf("over a file that is there: %v", err)
	}
	if err := runKeygen(nil, stdio{&out, &out}); err != nil || out.Len() < 44 {
		t.Errorf("to the screen: %q, %v", out.String(), err)
	}
}

func TestHelpListsEveryCommand(t *testing.T) {
	var out bytes.Buffer
	if code := run([]string{"help"}, stdio{&out, &out}); code != exitOK {
		t.Errorf("exit code %d", code)
	}
	for _, c := range commands() {
		if !strings.Contains(out.String(), "paxredis "+c.name) {
			t.Errorf("help does not list %s", c.name)
		}
	}
}
