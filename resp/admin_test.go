package resp

import (
	"strings"
	"testing"
	"time"

	"github.com/paxredis/paxredis/replication/paxos"
)

// While a node sleeps it runs no commands of any client, and goes on afterwards by itself.
func TestDebugSleep(t *testing.T) {
	s, _ := startServer(t, Config{Loops: 2})
	sleeper, other := dial(t, s), dial(t, s)
	other.check("PING", "+PONG")
	began := time.Now()
	sleeper.check("DEBUG SLEEP 0.05", "+OK")
	if took := time.Since(began); took < 50*time.Millisecond {
		t.Errorf("it slept %v", took)
	}
	sleeper.send(line("DEBUG SLEEP 1e300"))
	waitFor(t, s, func() bool { return haltsEverywhere(s, haltAll) })
	other.send(line("PING"))
	waitFor(t, s, func() bool { return s.waiting.Load() == 2 })
	s.sleeping.end()
	s.followHaltEverywhere()
	other.want("+PONG")
	_ = sleeper.conn.Close()
	other.check("DEBUG SLEEP nonsense", "+OK")
	other.check("MULTI", "+OK")
	other.check("DEBUG SLEEP 0.01", "+QUEUED")
	other.check("EXEC", "*1 +OK")
	other.check("PING", "+PONG")
}

// haltsEverywhere reports whether all loops follow a mode.
func haltsEverywhere(s *Server, mode haltMode) bool {
	followed := make(chan bool)
	for _, l := range s.allLoops() {
		l.do(func() { followed <- l.halted == mode })
		if !<-followed {
			return false
		}
	}
	return true
}

func TestDebugRepliesAsTold(t *testing.T) {
	s, _ := startServer(t, Config{})
	w := dial(t, s)
	for _, test := range []struct{ protocol, command, want string }{
		{"2", "DEBUG ERROR MYERR", "-MYERR"},
		{"2", "DEBUG PROTOCOL string", "$11 Hello World"},
		{"2", "DEBUG PROTOCOL map", "*6 :0 :0 :1 :1 :2 :0"},
		{"2", "DEBUG PROTOCOL attrib", "$39 Some real reply following the attribute"},
		{"2", "DEBUG PROTOCOL bignum", "$37 1234567999999999999999999999999999999"},
		{"3", "DEBUG PROTOCOL map", "%3 :0 #f :1 #t :2 #f"},
		{"3", "DEBUG PROTOCOL set", "~3 :0 :1 :2"},
		{"3", "DEBUG PROTOCOL double", ",3.141"},
		{"3", "DEBUG PROTOCOL null", "_"},
		{"3", "DEBUG PROTOCOL bignum", "(1234567999999999999999999999999999999"},
		{"3", "DEBUG PROTOCOL nosuch", "-ERR Wrong protocol type name. Please use one of the following: string|integer|double|null|array|set|map|attrib|push|verbatim|true|false"},
		{"2", "DEBUG LOG hello", "+OK"},
		{"2", "DEBUG RELOAD NOSAVE", "-" + errReloadNothing},
		{"2", "DEBUG RELOAD x", "-" + errReloadOption},
		{"2", "DEBUG SEGFAULT", "-ERR unknown subcommand 'SEGFAULT'. Try DEBUG HELP."},
	} {
		w.do("HELLO " + test.protocol)
		w.check(test.command, test.want)
	}
	w.send(request("DEBUG", "ERROR", "ERR a\r\n+OK"))
	w.want("-ERR a  +OK")
}

// WAITAOF counts this node apart from the other voters.
func TestWaitAOF(t *testing.T) {
	s, node := startServer(t, Config{Loops: 1})
	node.set(func() { node.status.Self = 1 })
	node.sync(1) // another voter's
	w := dial(t, s)
	w.check("SET a 1", "+OK")
	w.check("WAITAOF 0 1 0", "*2 :0 :1")
	w.check("WAITAOF 1 0 20", "*2 :0 :1")
	w.send(line("WAITAOF 1 1 0"))
	node.until(func() bool { return len(node.waiters) == 1 })
	node.set(func() { node.status.Synced = []paxos.SyncedThrough{{Node: 1, Slot: 1 << 40}} })
	node.sync(2)
	w.want("*2 :1 :1")
	w.check("MULTI", "+OK")
	w.check("WAITAOF 1 2 0", "+QUEUED")
	w.check("EXEC", "*1 *2 :1 :1")
	w.check("WAITAOF 2 0 0", "-ERR value is out of range, value must between 0 and 1")
	w.check("WAITAOF x 0 0", "-ERR value is not an integer or out of range")
	w.check("WAITAOF 0 x 0", "-ERR value is out of range, must be positive")
	w.check("WAITAOF 0 -1 0", "-ERR value is out of range, must be positive")
	w.check("WAITAOF 0 0 -1", "-ERR timeout is negative")
	w.check("WAITAOF 0 0 x", "-ERR timeout is not an integer or out of range")
}

func TestAdministrationThatRedisHasForReplicas(t *testing.T) {
	s, _ := startServer(t, Config{})
	w := dial(t, s)
	w.check("REPLICAOF NO ONE", "+OK")
	w.check("SLAVEOF no one", "+OK")
	w.check("REPLICAOF 127.0.0.1 6379", "-"+errNoReplicaOf)
	w.check("FAILOVER", "-ERR FAILOVER requires connected replicas.")
	w.check("FAILOVER ABORT", "-ERR No failover in progress.")
	w.check("SHUTDOWN SAVE NOSAVE", "-ERR syntax error")
	w.check("SHUTDOWN ABORT NOW", "-ERR syntax error")
	w.check("SHUTDOWN ABORT", "-ERR No shutdown in progress.")
}

// MEMORY has the fields of Redis, in its order, but for those of databases.
func TestMemoryIsRedis(t *testing.T) {
	redis := startRedisServer(t)
	s, _ := startServer(t, Config{})
	w := dial(t, s)
	names := func(reply any) string {
		var all []string
		for i, field := range reply.([]any) {
			if i%2 == 0 {
				all = append(all, field.(string))
			}
		}
		return strings.Join(all, " ")
	}
	w.send(line("MEMORY STATS"))
	reply, err := w.readReply()
	if err != nil {
		t.Fatal(err)
	}
	want := names(decoded(t, redis.do(words("MEMORY STATS"))))
	if got := names(decoded(t, []byte(reply))); got != want+" fragmentation fragmentation.bytes" && got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	w.check("MEMORY PURGE", "+OK")
	if got := w.do("MEMORY MALLOC-STATS"); !strings.Contains(got, "/memory/classes/heap/objects:bytes:") {
		t.Error(got)
	}
	if got := w.do("MEMORY DOCTOR"); !strings.Contains(got, "Sam") {
		t.Error(got)
	}
	for want, m := range map[string]MemoryInfo{
		"Hi Sam, this instance is empty": {Used: 1 << 20, RSS: 1 << 30, Peak: 1 << 30},
		"Hi Sam, I can't find any":       {Used: 100 << 20, RSS: 110 << 20, Peak: 100 << 20},
		" * Peak memory: ":               {Used: 100 << 20, RSS: 110 << 20, Peak: 200 << 20},
		" * High total RSS: ":            {Used: 100 << 20, RSS: 190 << 20, Peak: 100 << 20},
	} {
		if got := memoryReport(m); !strings.Contains(got, want) {
			t.Errorf("%+v: %q", m, got)
		}
	}
}
