package resp

import (
	"strings"
	"testing"
)

// A paused client's commands run in their order once the pause is over, on every loop, and reads are not held up by a
// pause of writes.
func TestClientPauseOfWrites(t *testing.T) {
	s, _ := startServer(t, Config{Loops: 3})
	admin := dial(t, s)
	var clients []*wire
	for range 6 {
		clients = append(clients, dial(t, s))
		clients[len(clients)-1].check("PING", "+PONG")
	}
	admin.check("CLIENT PAUSE 1000000 WRITE", "+OK")
	for _, w := range clients {
		w.check("GET n", "$-1")
		w.send(lines("ECHO before;INCR n;INCR n;ECHO after"))
		w.want("$6 before")
	}
	late := dial(t, s) // perhaps the first client of its loop
	late.send(lines("MULTI;INCR m;EXEC"))
	late.want("+OK")
	waitFor(t, s, func() bool { return s.waiting.Load() == 7 })
	admin.check("GET n", "$-1")
	admin.check("CLIENT UNPAUSE", "+OK")
	for _, w := range clients {
		for range 2 {
			if got := w.reply(); !strings.HasPrefix(got, ":") {
				t.Fatalf("INCR behind a pause answers %q", got)
			}
		}
		w.want("$5 after")
	}
	late.want("+QUEUED", "*1 :1")
	admin.check("GET n", "$2 12")
	if n := s.waiting.Load(); n != 0 {
		t.Errorf("%d clients count as blocked", n)
	}
}

// What may write is held as writes are, in transactions too; what reads is not.
func TestClientPauseOfWritesHoldsWhatMayWrite(t *testing.T) {
	s, _ := startServer(t, Config{})
	admin := dial(t, s)
	admin.check("CLIENT PAUSE 1000000 WRITE", "+OK")
	for commands, reply := range map[string]string{
		"EVAL return{redis.call('SET','k','v')} 0": "*1 +OK", "PUBLISH c m": ":0", "SPUBLISH c m": ":0", "PFCOUNT p": ":0", "MULTI;PFCOUNT p;EXEC": "*1 :0", "MULTI;PUBLISH c m;EXEC": "*1 :0",
	} {
		w := dial(t, s)
		w.send(lines(commands + ";PING"))
		inside := strings.HasPrefix(commands, "MULTI")
		if inside {
			w.want("+OK")
		}
		waitFor(t, s, func() bool { return s.waiting.Load() == 1 })
		for _, free := range []string{"GET k", "EXISTS k", "EVAL_RO return 0"} {
			if got := admin.do(free); got != "$-1" && got != ":0" {
				t.Errorf("%s: %q", free, got)
			}
		}
		admin.check("CLIENT UNPAUSE", "+OK")
		if inside {
			w.want("+QUEUED")
		}
		w.want(reply, "+PONG")
		admin.check("DEL k", map[bool]string{true: ":1", false: ":0"}[strings.HasPrefix(commands, "EVAL")])
		admin.check("CLIENT PAUSE 1000000 WRITE", "+OK")
	}
	admin.check("CLIENT UNPAUSE", "+OK")
}

func TestClientPauseOfAllEndsByItself(t *testing.T) {
	s, _ := startServer(t, Config{Loops: 2})
	admin, other := dial(t, s), dial(t, s)
	admin.check("CLIENT PAUSE 30", "+OK")
	other.send(lines("PING;PING"))
	other.want("+PONG", "+PONG")
	if mode := s.halt.current(); mode != haltNothing {
		t.Errorf("a command ran in mode %d", mode)
	}
}

// A pause is only ever made longer, and ends with the server.
func TestClientPauseIsMadeLonger(t *testing.T) {
	s, _ := startServer(t, Config{Loops: 2})
	admin, other := dial(t, s), dial(t, s)
	admin.check("CLIENT PAUSE 1000000 WRITE", "+OK")
	admin.check("CLIENT PAUSE 0 WRITE", "+OK")
	other.send(line("INCR n"))
	waitFor(t, s, func() bool { return s.waiting.Load() == 1 })
	_ = other.conn.Close() // one that goes away meanwhile leaves nothing behind
	waitFor(t, s, func() bool { return s.waiting.Load() == 0 })
	dial(t, s).send(line("INCR n"))
	waitFor(t, s, func() bool { return s.waiting.Load() == 1 })
}

func TestClientPauseErrors(t *testing.T) {
	s, _ := startServer(t, Config{})
	w := dial(t, s)
	w.check("CLIENT PAUSE x", "-ERR timeout is not an integer or out of range")
	w.check("CLIENT PAUSE 9223372036854775807", "-ERR timeout is not an integer or out of range")
	w.check("CLIENT PAUSE -1", "-ERR timeout is negative")
	w.check("CLIENT PAUSE 1 READ", "-ERR CLIENT PAUSE mode must be WRITE or ALL")
	w.check("CLIENT PAUSE 1 ALL 2", "-ERR unknown subcommand or wrong number of arguments for 'PAUSE'. Try CLIENT HELP.")
	w.check("CLIENT PAUSE", "-ERR wrong number of arguments for 'client|pause' command")
	w.check("MULTI", "+OK")
	w.check("CLIENT UNPAUSE", "+QUEUED")
	w.check("EXEC", "*1 +OK")
}

func TestClientKillByAge(t *testing.T) {
	s, _ := startServer(t, Config{Loops: 2})
	w := dial(t, s)
	w.check("CLIENT KILL MAXAGE 1000 SKIPME no", ":0")
	w.check("CLIENT KILL MAXAGE x", "-ERR maxage is not an integer or out of range")
	w.check("CLIENT KILL MAXAGE 0", "-ERR maxage should be greater than 0")
}
