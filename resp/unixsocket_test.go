package resp

import (
	"bytes"
	"context"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// startListening starts a server without a TCP address of its own.
func startListening(t *testing.T, cfg Config) (*Server, *fakeNode) {
	t.Helper()
	cfg.Listen = noListen
	return startServer(t, cfg)
}

// A Unix socket serves clients as Redis's does, with the permissions that it was given, and is gone with the server.
func TestUnixSocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "p.sock")
	s, _ := startServer(t, Config{UnixSocket: path, UnixSocketMode: 0o770})
	if info, err := os.Stat(path); err != nil || info.Mode() != fs.ModeSocket|0o770 {
		t.Fatal(info.Mode(), err)
	}
	w := dialWire(t, "unix", path)
	w.check("SET a 1", "+OK")
	list := w.do("CLIENT LIST")
	for _, want := range []string{" addr=" + path + ":0 ", " laddr=" + path + ":0 ", " flags=U "} {
		if !strings.Contains(list, want) {
			t.Errorf("CLIENT LIST has no %q: %s", want, list)
		}
	}
	if info := w.do("INFO server"); !strings.Contains(info, "listener1:name=unix,bind="+path+" ") {
		t.Error(info)
	}
	w.check("CONFIG GET unixsocketperm", "*2 $14 unixsocketperm $3 770")
	monitor := dial(t, s)
	monitor.check("MONITOR", "+OK")
	w.check("GET a", "$1 1")
	if got := monitor.reply(); !strings.Contains(got, "[0 unix:"+path+`] "GET" "a"`) {
		t.Errorf("MONITOR shows %q", got)
	}
	if cli, err := exec.LookPath("redis-cli"); err == nil {
		if out, err := exec.Command(cli, "-s", path, "GET", "a").Output(); err != nil || string(bytes.TrimSpace(out)) != "1" {
			t.Errorf("redis-cli -s: %q, %v", out, err)
		}
	}
	if err := <-closing(s); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Errorf("the socket is left behind: %v", err)
	}
}

// A socket that a dead process has left is replaced; what somebody uses, or is no socket, is not.
func TestUnixSocketThatIsThere(t *testing.T) {
	dir := t.TempDir()
	stale := filepath.Join(dir, "stale.sock")
	l, err := net.Listen("unix", stale)
	if err != nil {
		t.Fatal(err)
	}
	l.(*net.UnixListener).SetUnlinkOnClose(false)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(stale); err != nil {
		t.Fatal(err)
	}
	startListening(t, Config{UnixSocket: stale})
	dialWire(t, "unix", stale).check("PING", "+PONG")

	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		stale:                              "another process listens on",
		file:                               "is no socket",
		filepath.Join(dir, "none", "sock"): "no such file",
		filepath.Join(dir, strings.Repeat("x", 120)): "invalid argument",
	} {
		s, err := Start(Config{UnixSocket: path}, newFakeNode(newMachine()), newMachine())
		if err == nil {
			_ = s.Close(context.Background())
		}
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "--unixsocket") {
			t.Errorf("%s: got %v, want %q", path, err, want)
		}
	}
	if text, err := os.ReadFile(file); string(text) != "precious" {
		t.Errorf("the file is %q, %v", text, err)
	}
	dialWire(t, "unix", stale).check("PING", "+PONG")
}

func TestNowhereToListen(t *testing.T) {
	if _, err := Start(Config{}, newFakeNode(newMachine()), newMachine()); err == nil || !strings.Contains(err.Error(), "nowhere to listen") {
		t.Errorf("got %v", err)
	}
}
