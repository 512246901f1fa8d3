package resp

import (
	"context"
	"net"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// redis-cli makes its hints and its help of COMMAND DOCS: what it shows is the synopsis of the table's row.
func TestRedisCLIShowsTheSynopsis(t *testing.T) {
	path, err := exec.LookPath("redis-cli")
	if err != nil {
		t.Skip("redis-cli is not installed")
	}
	s, _ := startServer(t, Config{})
	_, port, err := net.SplitHostPort(s.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"set":              "key value [NX|XX|IFEQ ifeq-value|IFNE ifne-value|IFDEQ ifdeq-digest|IFDNE ifdne-digest|VER version|IFVER version] [GET] [WITHVER] [EX seconds|PX milliseconds|EXAT unix-time-seconds|PXAT unix-time-milliseconds|KEEPTTL]",
		"scan":             "cursor [MATCH pattern] [COUNT count] [TYPE type]",
		"mset":             "key value [key value ...]",
		"expire":           "key seconds [NX|XX|GT|LT]",
		"client list":      "[TYPE NORMAL|MASTER|REPLICA|PUBSUB] [ID client-id [client-id ...]]",
		"info":             "[section [section ...]]",
		"bgsave":           "[SCHEDULE]",
		"paxos member":     "LIST|ADD id host:port [FORCE]|REMOVE id [FORCE]|REPLACE old-id [id host:port] [FORCE]|MOVE id host:port",
		"paxos leader":     "GET|TRANSFER [id]",
		"paxos checkpoint": "NEW|HEAD [slot]|READ slot cursor max-bytes [SINCE older-slot]",
	} {
		cmd := exec.CommandContext(context.Background(), path, "-h", "127.0.0.1", "-p", port)
		cmd.Stdin = strings.NewReader("help " + name + "\n")
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		text := regexp.MustCompile(`\x1b\[[0-9;]*m`).ReplaceAllString(string(out), "")
		if synopsis := strings.ToUpper(name) + " " + want; !strings.Contains(text, "  "+synopsis+"\r\n") {
			t.Errorf("help %s: %q, want %q", name, text, synopsis)
		}
	}
}
