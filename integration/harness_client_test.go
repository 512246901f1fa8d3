package integration

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"
	"github.com/redis/go-redis/v9/maintnotifications"
)

func init() { logging.Disable() } // lost connections are expected here

// newClient returns a go-redis client without retries, so that a test sees every outcome as it was.
func newClient(address string) *redis.Client {
	return redis.NewClient(&redis.Options{
		Addr:                     address,
		PoolSize:                 1 << 16, // after that many failed dials go-redis would answer from memory for a second
		MaxRetries:               -1,
		DialerRetries:            1,
		DialTimeout:              5 * time.Second,
		ReadTimeout:              limit, // longer than any commit timeout used here: the node is the one to give up
		WriteTimeout:             limit,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	})
}

// infoPaxos is the section "# Paxos" of a node's INFO, by field.
func infoPaxos(n *node) (map[string]string, error) { return infoOf(n, "paxos") }

// infoOf is a section of a node's INFO, by field.
func infoOf(n *node, section string) (map[string]string, error) {
	text, err := n.rdb().Info(context.Background(), section).Result()
	if err != nil {
		return nil, err
	}
	info := map[string]string{}
	for line := range strings.Lines(text) {
		if name, value, found := strings.Cut(strings.TrimSpace(line), ":"); found {
			info[name] = value
		}
	}
	return info, nil
}

// outcome is what a client knows about a write.
type outcome int

const (
	acked   outcome = iota // it is applied
	refused                // it is not applied, and never will be
	unknown                // it may be applied
	failed                 // an error that should not have come
)

// outcomeOf sorts the error of a write. Errors of Redis that say that the command itself was wrong are failed.
func outcomeOf(err error) outcome {
	var op *net.OpError
	var reply redis.Error
	switch {
	case err == nil:
		return acked
	case errors.As(err, &reply):
		return outcomeOfText(reply.Error())
	case errors.As(err, &op) && op.Op == "dial":
		return refused
	}
	return unknown // the connection was lost on the way
}

func outcomeOfText(text string) outcome {
	switch {
	case strings.HasPrefix(text, "UNCERTAIN "):
		return unknown
	case strings.HasPrefix(text, "CLUSTERDOWN ") && strings.Contains(text, "not applied"), strings.HasPrefix(text, "LOADING "):
		return refused
	}
	return failed
}

// expect runs a command and compares its reply, both printed as redis-cli would one line.
func expect(t testing.TB, n *node, want string, args ...any) {
	t.Helper()
	reply, err := n.rdb().Do(context.Background(), args...).Result()
	got := show(reply)
	if err != nil && !errors.Is(err, redis.Nil) {
		got = "error " + err.Error()
	}
	if got != want {
		t.Fatalf("node %d: %v: got %s, want %s", n.id, args, got, want)
	}
}

func show(reply any) string {
	switch r := reply.(type) {
	case nil:
		return "nil"
	case []any:
		parts := make([]string, len(r))
		for i := range r {
			parts[i] = show(r[i])
		}
		return "[" + strings.Join(parts, " ") + "]"
	}
	return fmt.Sprint(reply)
}

// socket is a bare connection.
type socket struct {
	t testing.TB
	net.Conn
	in *bufio.Reader
}

func dial(t testing.TB, address string) *socket {
	t.Helper()
	conn, err := net.DialTimeout("tcp", address, 5*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	if err := conn.SetDeadline(time.Now().Add(limit)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return &socket{t, conn, bufio.NewReader(conn)}
}

func (s *socket) send(text string) {
	s.t.Helper()
	if _, err := io.WriteString(s, text); err != nil {
		s.t.Fatal(err)
	}
}

// line reads one line without its end.
func (s *socket) line() string {
	s.t.Helper()
	text, err := s.in.ReadString('\n')
	if err != nil {
		s.t.Fatalf("after %q: %v", text, err)
	}
	return strings.TrimRight(text, "\r\n")
}

// rest reads until the other side closes.
func (s *socket) rest() string {
	s.t.Helper()
	text, err := io.ReadAll(s.in)
	var op *net.OpError
	if err != nil && (!errors.As(err, &op) || op.Timeout()) {
		s.t.Fatalf("after %q: %v", text, err)
	}
	return string(text)
}

// redisCLI runs redis-cli against a node, with stdin if it is not empty, and returns what it printed.
func redisCLI(t testing.TB, n *node, stdin string, args ...string) string {
	t.Helper()
	cli := needsTool(t, "redis-cli")
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, cli, append([]string{"-p", portOf(t, n.address)}, args...)...)
	cmd.Stdin = strings.NewReader(stdin)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("redis-cli %v: %v\n%s", args, err, out)
	}
	return string(out)
}
