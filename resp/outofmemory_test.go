package resp

import (
	"log/slog"
	"strings"
	"testing"
)

// startFull starts a server whose keyspace takes more than its maxmemory.
func startFull(t *testing.T) *Server {
	t.Helper()
	s, _ := startServer(t, Config{MaxMemory: 64 << 10})
	w := dial(t, s)
	w.check("SET large "+strings.Repeat("x", 100_000), "+OK")
	return s
}

// TestOutOfMemory: beyond maxmemory commands that could take more are refused, and all others, by which room can be made, are not.
func TestOutOfMemory(t *testing.T) {
	s := startFull(t)
	w := dial(t, s)
	const oom = "-OOM command not allowed when used memory > 'maxmemory'."
	for _, command := range []string{"SET a 1", "INCR n", "LPUSH l 1", "HSET h f v", "BLMOVE a b LEFT LEFT 0", "SETRANGE large 0 x"} {
		w.check(command, oom)
	}
	for command, want := range map[string]string{"STRLEN large": ":100000", "PING": "+PONG", "DEL none": ":0", "EXPIRE none 10": ":0", "RPOP none": "$-1",
		"PUBLISH c m": ":0", "CONFIG GET maxmemory": "*2 $9 maxmemory $5 65536"} {
		w.check(command, want)
	}
	info := w.do("INFO memory")
	for _, want := range []string{"maxmemory:65536", "maxmemory_human:64.00K", "maxmemory_policy:noeviction"} {
		if !strings.Contains(info, want) {
			t.Errorf("INFO memory has no %s", want)
		}
	}
	if !strings.Contains(w.do("INFO commandstats"), "cmdstat_set:calls=1") {
		t.Error("a refused command counts as a call")
	}
	w.check("CONFIG SET maxmemory 1gb", "+OK")
	w.check("SET a 1", "+OK")
	w.check("CONFIG SET maxmemory 64kb", "+OK")
	w.check("SET a 2", oom)
	w.check("DEL large", ":1")
	w.check("SET a 2", "+OK")
	w.check("CONFIG SET maxmemory 1", "+OK")
	w.check("SET a 3", oom)
	w.check("CONFIG SET maxmemory 0", "+OK")
	w.check("SET a 3", "+OK")
}

// TestTransactionsOutOfMemory: as in Redis nothing is queued without memory, and what was queued before is refused if it could take more.
func TestTransactionsOutOfMemory(t *testing.T) {
	s := startFull(t)
	w := dial(t, s)
	w.send(lines("MULTI;STRLEN large;EXEC"))
	w.want("+OK", "-"+errOOM, "-"+errExecAbort)
	w.send(lines("MULTI;DISCARD"))
	w.want("+OK", "+OK")
	w.send(lines("CONFIG SET maxmemory 0;MULTI;SET a 1;DEL none"))
	w.want("+OK", "+OK", "+QUEUED", "+QUEUED")
	other := dial(t, s)
	other.check("CONFIG SET maxmemory 64kb", "+OK")
	w.check("EXEC", "-EXECABORT Transaction discarded because of: "+errOOM)
	w.check("EXISTS a", ":0")
	other.check("CONFIG SET maxmemory 0", "+OK")
	w.send(lines("MULTI;DEL large"))
	w.want("+OK", "+QUEUED")
	other.check("CONFIG SET maxmemory 64kb", "+OK")
	w.check("EXEC", "*1 :1") // it makes room
}

// TestScriptsOutOfMemory: a script is refused what could take more, and may still remove.
func TestScriptsOutOfMemory(t *testing.T) {
	s := startFull(t)
	w := dial(t, s)
	w.send(request("EVAL", "return redis.pcall('SET', KEYS[1], 'x').err", "1", "a"))
	w.want("$" + "55 " + errOOM)
	w.send(request("EVAL", "#!lua\nreturn redis.call('SET', KEYS[1], 'x')", "1", "a"))
	w.want("-OOM allow-oom flag is not set on the script, can not run it when used memory > 'maxmemory'")
	w.send(request("EVAL", "return redis.call('DEL', KEYS[1])", "1", "large"))
	w.want(":1")
	w.send(request("EVAL", "return redis.call('SET', KEYS[1], 'x')", "1", "a"))
	w.want("+OK")
}

// TestBlockedCommandsOutOfMemory: who waits and would take memory is refused when there is something for it, which stays for the next in line.
func TestBlockedCommandsOutOfMemory(t *testing.T) {
	s, _ := startServer(t, Config{MaxMemory: 64 << 10})
	moves, pops, pushes := dial(t, s), dial(t, s), dial(t, s)
	moves.send(line("BLMOVE l m LEFT LEFT 0"))
	inLine(t, s, 1)
	pops.send(line("BLPOP l 0"))
	inLine(t, s, 2)
	pushes.check("RPUSH l a "+strings.Repeat("x", 100_000), ":2")
	moves.want("-" + errOOM)
	pops.want("*2 $1 l $1 a")
	pushes.check("EXISTS m", ":0")
	pushes.check("LLEN l", ":1")
}

// A maxmemory that a node does not have is warned of once: when it starts with it, and when it is set.
func TestAMaxMemoryBeyondTheMachinesIsWarnedOf(t *testing.T) {
	var log lockedBuffer
	s, _ := startServer(t, Config{MaxMemory: 2000, MemoryLimit: 1000, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	w := dial(t, s)
	for _, step := range []struct {
		command  string
		warnings int // by then
	}{{"PING", 1}, {"CONFIG SET maxmemory-policy allkeys-lru", 1}, {"CONFIG SET maxmemory 1000", 1}, {"CONFIG SET maxmemory 0", 1},
		{"CONFIG SET maxmemory 1001", 2}, {"CONFIG SET maxmemory 1001", 2}} {
		w.do(step.command)
		if got := strings.Count(log.String(), "maxmemory is more than"); got != step.warnings {
			t.Errorf("%d warnings by %s, want %d", got, step.command, step.warnings)
		}
	}
	if !strings.Contains(w.do("INFO memory"), "memory_limit:1000") {
		t.Error("INFO does not tell the limit")
	}
}

// Where nobody knows how much there is, nothing is warned of, and nothing told.
func TestAMaxMemoryOnAMachineThatIsNotKnown(t *testing.T) {
	var log lockedBuffer
	s, _ := startServer(t, Config{MaxMemory: 2000, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	if strings.Contains(dial(t, s).do("INFO memory"), "memory_limit") || strings.Contains(log.String(), "maxmemory is") {
		t.Errorf("a limit is told that is not known: %s", log.String())
	}
}
