package resp

import (
	"strings"
	"testing"
)

const full = "MISCONF the disk of this node is nearly full: writes are refused"

func TestWritesAreRefused(t *testing.T) {
	s, _ := startServer(t, Config{})
	w := dial(t, s)
	w.check("SET a 1", "+OK")
	s.SetRefusal(full)
	for _, command := range []string{"SET a 2", "DEL a", "FLUSHALL", "EXPIRE a 10", "GETDEL a", "PING", "PING x"} {
		w.check(command, "-"+full)
	}
	for command, want := range map[string]string{"GET a": "$1 1", "EXISTS a": ":1", "ECHO x": "$1 x", "SELECT 0": "+OK", "WAIT 0 0": ":1"} {
		w.check(command, want)
	}
	for refused, status := range map[string]string{full: "err", "": "ok"} {
		s.SetRefusal(refused)
		if info := w.do("INFO persistence"); !strings.Contains(info, "aof_last_write_status:"+status) {
			t.Errorf("refused %q: %s", refused, info)
		}
	}
	s.SetRefusal("")
	w.check("DEL a", ":1")
	w.check("PING", "+PONG")
}

func TestTransactionsAreRefused(t *testing.T) {
	s, _ := startServer(t, Config{})
	w := dial(t, s)
	w.send(lines("SET a 1;MULTI;GET a;SET a 2"))
	w.want("+OK", "+OK", "+QUEUED", "+QUEUED")
	s.SetRefusal(full)
	w.check("EXEC", "-EXECABORT Transaction discarded because of: "+full)
	w.check("GET a", "$1 1")
	w.send(lines("MULTI;GET a;SET a 2;EXEC")) // the refusal spoils it
	w.want("+OK", "+QUEUED", "-"+full, "-"+errExecAbort)
	w.send(lines("WATCH a;MULTI;GET a;EXEC")) // one that only reads goes on
	w.want("+OK", "+OK", "+QUEUED", "*1 $1 1")
	s.SetRefusal("")
	w.send(lines("MULTI;SET a 2;EXEC"))
	w.want("+OK", "+QUEUED", "*1 +OK")
}
