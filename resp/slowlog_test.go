package resp

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/paxredis/paxredis/statemachine"
)

// The slow log has the entries of redis-server, but for what scripts call: the commands of a transaction and not EXEC, what was asked for and not what the
// log has in its place, and no secrets.
func TestTheSlowLogIsRedis(t *testing.T) {
	redis := startRedisServer(t, "--enable-debug-command", "yes")
	s, _ := startServer(t, Config{})
	calls := []string{
		"CONFIG SET slowlog-log-slower-than 0", "SLOWLOG RESET", "SET a 1", "GET a", "INCR a", "DEBUG SLEEP 0.001",
		"MULTI", "PING", "INCR a", "GET a", "EXEC", "MULTI", "GET a", "EXISTS a", "EXEC", "MULTI", "ECHO x", "EXEC", "MULTI", "EXEC",
		"MULTI", "LPUSH a x", "INCR a", "EXEC", "WATCH a", "MULTI", "DISCARD",
		"EVAL return{redis.call('incr','a'),redis.call('get','a')} 0", "MULTI", "EVAL return{redis.call('incr','a')} 0", "EXEC",
		"CONFIG SET maxmemory 1gb", "CONFIG SET requirepass secret", "CONFIG SET maxclients 100 requirepass secret",
		"AUTH secret", "AUTH default secret", "HELLO 2 AUTH default secret SETNAME me", "ACL SETUSER bob on >secret ~*", "CONFIG SET requirepass ''",
	}
	logged := func(do func(args statemachine.Args) []byte) (entries []string) {
		for _, call := range calls {
			do(words(call))
		}
		for _, entry := range decoded(t, do(words("SLOWLOG GET -1"))).([]any) {
			entries = append(entries, fmt.Sprint(entry.([]any)[3]))
		}
		slices.Reverse(entries)
		return entries
	}
	w := dial(t, s)
	ours := func(args statemachine.Args) []byte {
		call := make([]string, len(args))
		for i := range args {
			call[i] = string(args[i])
		}
		w.send(request(call...))
		reply, err := w.readReply()
		if err != nil {
			t.Fatal(err)
		}
		return []byte(reply)
	}
	got, want := logged(ours), logged(redis.do)
	calledByScript := func(entry string) bool { return entry == "[incr a]" || entry == "[get a]" }
	if len(slices.DeleteFunc(slices.Clone(want), calledByScript)) == len(want) {
		t.Error("redis-server does not log what scripts call")
	}
	want = slices.DeleteFunc(want, calledByScript)
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// The log's own entries of the times of a transaction's commands go with what the transaction waited for.
func TestTheCommandsOfATransactionTellWhatItWaitedFor(t *testing.T) {
	s, _ := startServer(t, Config{})
	w := dial(t, s)
	w.check("CONFIG SET slowlog-log-slower-than 0", "+OK")
	w.send(lines("MULTI;SET a 1;GET a;EXEC"))
	w.want("+OK", "+QUEUED", "+QUEUED", "*2 +OK $1 1")
	got := w.do("PAXOS SLOWLOG 2")
	if !strings.Contains(got, "$7 command *2 $3 GET $1 a") || !strings.Contains(got, "$7 command *3 $3 SET $1 a $1 1") || strings.Contains(got, "EXEC") {
		t.Error(got)
	}
}

// DEBUG SLEEP is a command that takes long, also where it only holds up what comes behind its transaction.
func TestASleepIsASpikeAndSlow(t *testing.T) {
	s, _ := startServer(t, Config{Parameters: map[string]string{"latency-monitor-threshold": "20", "slowlog-log-slower-than": "20000"}})
	w := dial(t, s)
	w.check("LATENCY LATEST", "*0")
	w.check("DEBUG SLEEP 0.02", "+OK")
	if got := w.do("LATENCY LATEST"); !strings.HasPrefix(got, "*1 *4 $7 command :") {
		t.Error(got)
	}
	w.send(lines("LATENCY RESET;MULTI;DEBUG SLEEP 0.03;EXEC"))
	w.want(":1", "+OK", "+QUEUED", "*1 +OK")
	if got := w.do("LATENCY LATEST"); !strings.HasPrefix(got, "*1 *4 $7 command :") {
		t.Error(got)
	}
	if got := w.do("SLOWLOG GET"); !strings.Contains(got, "*3 $5 DEBUG $5 SLEEP $4 0.02") || !strings.Contains(got, "*3 $5 DEBUG $5 SLEEP $4 0.03") {
		t.Error(got)
	}
}

// A fast command of a transaction that takes long is a spike of its own event, besides that of EXEC.
func TestACommandOfATransactionIsASpike(t *testing.T) {
	s, _ := startServer(t, Config{Parameters: map[string]string{"latency-monitor-threshold": "20"}})
	tx := &transaction{rows: []*row{s.rows[s.table.Lookup([]byte("INCR"))]}, queued: []statemachine.Queued{{Args: words("INCR a")}}}
	var w Writer
	var times execTimes
	times.begin(s, &w, tx, s.nanos()-int64(50*time.Millisecond))
	w.Step(0)
	times.end(func(args []string, _ int64) {
		if !slices.Equal(args, []string{"INCR", "a"}) {
			t.Errorf("the slow log has %q", args)
		}
	})
	if _, ok := s.latency.series(eventFastCommand); !ok {
		t.Error("it is none")
	}
}
