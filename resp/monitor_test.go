package resp

import (
	"bufio"
	"net"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/paxredis/paxredis/statemachine"
)

// monitored is what MONITOR shows, without when and which client.
var monitored = regexp.MustCompile(`^\+\d+\.\d{6} \[(\d+) (?:127\.0\.0\.1:\d+|(lua))\] `)

// What MONITOR shows is what redis-server shows: passwords and commands of administrators are left out, those of a transaction
// come when it runs, and those of a script behind it.
func TestMonitorShowsWhatRedisShows(t *testing.T) {
	redis := startRedisServer(t)
	s, _ := startServer(t, Config{Loops: 3})
	script := func(args ...string) (call statemachine.Args) {
		for _, arg := range args {
			call = append(call, []byte(arg))
		}
		return call
	}
	calls := []statemachine.Args{
		words("SET a 1"), {[]byte("set"), []byte("k\r\n\t\a\b\"\\\x00\xffé"), []byte("")}, words("AUTH secret"), words("AUTH default secret"),
		words("HELLO 2 AUTH default secret SETNAME me"), words("HELLO 3 AUTH other secret"), words("CONFIG SET maxclients 99"), words("CLIENT LIST"), words("NOSUCH a"), words("GET"),
		words("MULTI"), words("INCR a"), words("GET a"), words("EXEC"), words("MULTI"), words("INCR"), words("EXEC"),
		words("SELECT 3"), words("get a"), words("WATCH a"),
		script("EVAL", "redis.call('set',KEYS[1],'v')redis.call('select',2)redis.pcall('get')redis.pcall('nosuch')return redis.pcall('incr',KEYS[1],ARGV[1])", "1", "b", "x"),
		script("EVAL", "redis.call('set','n',7.0)redis.pcall('lpush','n',1)return redis.pcall('ping')", "0"),
		script("EVAL_RO", "redis.pcall('set','n',1)return redis.call('get','n')", "0"), script("EVAL", "error", "x"), script("EVALSHA", "nosuch", "0"),
		script("FUNCTION", "LOAD", "#!lua name=l\nredis.register_function('f',function(keys)redis.call('expire',keys[1],100)return redis.call('ttl',keys[1])end)"),
		script("FCALL", "f", "1", "b"), words("FCALL nosuch 0"), words("PING last"),
	}
	show := func(address string) []string {
		dialed := func() (net.Conn, *bufio.Reader) {
			conn, err := net.Dial("tcp", address)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = conn.Close() })
			return conn, bufio.NewReader(conn)
		}
		monitor, lines := dialed()
		client, replies := dialed()
		send := func(conn net.Conn, args ...[]byte) {
			words := make([]string, len(args))
			for i := range args {
				words[i] = string(args[i])
			}
			if _, err := conn.Write([]byte(request(words...))); err != nil {
				t.Fatal(err)
			}
		}
		send(monitor, []byte("MONITOR"))
		if line, err := lines.ReadString('\n'); line != "+OK\r\n" {
			t.Fatal(line, err)
		}
		for _, call := range calls {
			send(client, call...)
			if _, err := (&wire{t: t, conn: client, in: replies, patience: patience}).readReply(); err != nil {
				t.Fatal(err)
			}
		}
		var all []string
		for {
			line, err := lines.ReadString('\n')
			if err != nil {
				t.Fatal(err)
			}
			if !monitored.MatchString(line) {
				t.Fatalf("%q", line)
			}
			all = append(all, monitored.ReplaceAllString(line, "$1 $2 "))
			if strings.Contains(line, `"last"`) {
				return all
			}
		}
	}
	got, want := show(s.Addr().String()), show(redis.address)
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, ""), strings.Join(want, ""))
	}
}

// A client that monitors and does not read is closed before its backlog takes the node's memory; others are not held up.
func TestAMonitorThatDoesNotReadIsClosed(t *testing.T) {
	s, _ := startServer(t, Config{Loops: 2, Limits: Limits{OutputBuffer: leastOutputBuffer}})
	deaf, busy := dial(t, s), dial(t, s)
	deaf.check("MONITOR", "+OK")
	value := strings.Repeat("x", maxMonitorArg/2)
	for len(s.monitors.current()) > 0 {
		busy.send(request("SET", "a", value))
		busy.want("+OK")
	}
	busy.check("PING", "+PONG")
}

func TestMonitorShowsLargeArgumentsInPart(t *testing.T) {
	c := &Client{remote: &net.TCPAddr{}}
	line := monitorLine(c.active, c.db, c.origin(), statemachine.Args{[]byte("SET"), []byte(strings.Repeat("x", maxMonitorArg+5))})
	if len(line) > maxMonitorArg+100 || !strings.HasSuffix(string(line), "\"... (5 more bytes)\r\n") {
		t.Errorf("%d bytes that end with %q", len(line), line[len(line)-30:])
	}
}

// The backlog between two loops is bounded, too.
func TestAMonitorsBacklogIsBounded(t *testing.T) {
	s, _ := startServer(t, Config{Loops: 1})
	w := dial(t, s)
	w.check("MONITOR", "+OK")
	m := s.monitors.current()[0]
	l := s.allLoops()[0]
	l.do(func() { // while the loop is at this, nothing is shown
		for range maxMonitorBacklog/(1<<20) + 1 {
			m.take(make([]byte, 1<<20))
		}
		if len(m.backlog) != 0 || !m.over {
			t.Errorf("%d bytes wait", len(m.backlog))
		}
	})
	w.wantClosed()
}

func TestResetEndsMonitor(t *testing.T) {
	s, _ := startServer(t, Config{Loops: 2})
	w, other := dial(t, s), dial(t, s)
	w.check("MONITOR", "+OK")
	w.send(line("MONITOR")) // says nothing
	w.send(line("RESET"))
	for w.reply() != "+RESET" {
	}
	other.check("PING", "+PONG")
	w.check("GET a", "$-1")
	if n := len(s.monitors.current()); n != 0 {
		t.Errorf("%d monitors", n)
	}
	other.check("MULTI", "+OK")
	other.check("MONITOR", "+QUEUED")
	other.check("EXEC", "*1 -ERR MONITOR isn't allowed for DENY BLOCKING client")
}
