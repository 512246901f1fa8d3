package resp

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/paxredis/paxredis/statemachine"
)

// patience ends a test that hangs; nothing depends on its length otherwise.
const patience = 30 * time.Second

// noListen is the Listen of a server that has no TCP address without TLS.
const noListen = "none"

func newMachine() *statemachine.Machine { return statemachine.New(statemachine.Config{}) }

// closing has a server close, and tells what came of it.
func closing(s *Server) <-chan error {
	closed := make(chan error, 1)
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		closed <- s.Close(ctx)
	}()
	return closed
}

// startServer serves a fresh machine on a fake node.
func startServer(t testing.TB, cfg Config) (*Server, *fakeNode) {
	t.Helper()
	machine := newMachine()
	node := newFakeNode(machine)
	switch cfg.Listen {
	case "":
		cfg.Listen = "127.0.0.1:0"
	case noListen:
		cfg.Listen = ""
	}
	s, err := Start(cfg, node, machine)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		node.letGo()
		if err := <-closing(s); err != nil {
			t.Errorf("closing the server: %v", err)
		}
		node.stop()
	})
	return s, node
}

// wire is a raw client.
type wire struct {
	t    testing.TB
	conn net.Conn
	in   *bufio.Reader
	// patience is how long a write, or a reply, may take.
	patience time.Duration
}

func newWire(t testing.TB, conn net.Conn) *wire {
	t.Helper()
	w := &wire{t: t, conn: conn, in: bufio.NewReader(conn), patience: patience}
	if err := w.wait(); err != nil {
		t.Fatal(err)
	}
	return w
}

// wait gives what comes next its time.
func (w *wire) wait() error { return w.conn.SetDeadline(time.Now().Add(w.patience)) }

func dial(t testing.TB, s *Server) *wire {
	t.Helper()
	return dialWire(t, "tcp", s.Addr().String())
}

func dialWire(t testing.TB, network, address string) *wire {
	t.Helper()
	conn, err := net.Dial(network, address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return newWire(t, conn)
}

// send writes bytes as they are.
func (w *wire) send(s string) {
	w.t.Helper()
	if _, err := io.WriteString(w.conn, s); err != nil {
		w.t.Fatalf("sending: %v", err)
	}
}

// request is a RESP request; words are separated by blanks, and "" is written as ”.
func request(words ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "*%d\r\n", len(words))
	for _, word := range words {
		fmt.Fprintf(&b, "$%d\r\n%s\r\n", len(word), word)
	}
	return b.String()
}

// line is a request of the words of a line.
func line(s string) string { return request(strings.Fields(s)...) }

func lines(s string) string {
	var b strings.Builder
	for _, l := range strings.Split(s, ";") {
		b.WriteString(line(l))
	}
	return b.String()
}

// readReply reads one reply as it is on the wire.
func (w *wire) readReply() (string, error) {
	if err := w.wait(); err != nil {
		return "", err
	}
	var b bytes.Buffer
	err := w.copyReply(&b)
	return b.String(), err
}

func (w *wire) copyReply(b *bytes.Buffer) error {
	head, err := w.in.ReadString('\n')
	if err != nil {
		return err
	}
	b.WriteString(head)
	n, _ := strconv.Atoi(strings.TrimSpace(head[1:]))
	switch head[0] {
	case '$', '=':
		if n >= 0 {
			_, err = io.CopyN(b, w.in, int64(n)+2)
		}
	case '%':
		n *= 2
		fallthrough
	case '*', '~', '>':
		for ; n > 0 && err == nil; n-- {
			err = w.copyReply(b)
		}
	}
	return err
}

// reply reads one reply in short: line ends are blanks.
func (w *wire) reply() string {
	w.t.Helper()
	s, err := w.readReply()
	if err != nil {
		w.t.Fatalf("reading a reply: %v", err)
	}
	return short(s)
}

func short(s string) string {
	return strings.TrimSuffix(strings.ReplaceAll(s, "\r\n", " "), " ")
}

// do sends a line and returns its reply.
func (w *wire) do(command string) string {
	w.t.Helper()
	w.send(line(command))
	return w.reply()
}

// want checks the next replies.
func (w *wire) want(replies ...string) {
	w.t.Helper()
	for i, want := range replies {
		if got := w.reply(); got != want {
			w.t.Fatalf("reply %d is %q, want %q", i, got, want)
		}
	}
}

// check sends a line and checks its reply.
func (w *wire) check(command, want string) {
	w.t.Helper()
	if got := w.do(command); got != want {
		w.t.Fatalf("%s: got %q, want %q", command, got, want)
	}
}

// wantClosed checks that the server closes the connection without another word.
func (w *wire) wantClosed() {
	w.t.Helper()
	if rest, err := io.ReadAll(w.in); len(rest) > 0 || err != nil && !isReset(err) {
		w.t.Fatalf("want the end of the connection, got %q, %v", rest, err)
	}
}

func isReset(err error) bool { return strings.Contains(err.Error(), "reset") }
