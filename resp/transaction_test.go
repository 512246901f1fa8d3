package resp

import (
	"strings"
	"testing"

	"github.com/paxredis/paxredis/replication"
)

func TestTransactions(t *testing.T) {
	for _, test := range []struct {
		name, commands string
		want           []string
	}{
		{"writes and reads", "MULTI;SET a 1;GET a;INCR a;EXEC", []string{"+OK", "+QUEUED", "+QUEUED", "+QUEUED", "*3 +OK $1 1 :2"}},
		{"reads alone", "SET a 1;MULTI;GET a;GET b;EXEC", []string{"+OK", "+OK", "+QUEUED", "+QUEUED", "*2 $1 1 $-1"}},
		{"local commands alone", "MULTI;PING;ECHO x;EXEC", []string{"+OK", "+QUEUED", "+QUEUED", "*2 +PONG $1 x"}},
		{"local commands between", "MULTI;PING;SET a 1;ECHO x;GET a;EXEC", []string{"+OK", "+QUEUED", "+QUEUED", "+QUEUED", "+QUEUED", "*4 +PONG +OK $1 x $1 1"}},
		{"nothing", "MULTI;EXEC", []string{"+OK", "*0"}},
		{"select counts inside and behind", "MULTI;SET a 0;SELECT 3;SET a 3;EXEC;GET a;SELECT 0;GET a",
			[]string{"+OK", "+QUEUED", "+QUEUED", "+QUEUED", "*3 +OK +OK +OK", "$1 3", "+OK", "$1 0"}},
		{"nested", "MULTI;MULTI;PING;EXEC", []string{"+OK", "-ERR MULTI calls can not be nested", "+QUEUED", "*1 +PONG"}},
		{"watch inside", "MULTI;WATCH a;PING;EXEC", []string{"+OK", "-ERR WATCH inside MULTI is not allowed", "+QUEUED", "*1 +PONG"}},
		{"a refused command spoils it", "MULTI;SET a;SET b 1;EXEC;GET b", []string{"+OK", "-ERR wrong number of arguments for 'set' command", "+QUEUED",
			"-EXECABORT Transaction discarded because of previous errors.", "$-1"}},
		{"an unknown command spoils it", "MULTI;FOO;EXEC", []string{"+OK", "-ERR unknown command 'FOO', with args beginning with: ",
			"-EXECABORT Transaction discarded because of previous errors."}},
		{"not inside", "MULTI;CLIENT LIST;EXEC", []string{"+OK", "-ERR Command not allowed inside a transaction",
			"-EXECABORT Transaction discarded because of previous errors."}},
		{"a failing command does not", "SET a x;MULTI;INCR a;SET b 1;EXEC", []string{"+OK", "+OK", "+QUEUED", "+QUEUED",
			"*2 -ERR value is not an integer or out of range +OK"}},
		{"a wrong EXEC ends it", "SET a 1;WATCH a;SET a 2;MULTI;SET a 3;EXEC x;MULTI;GET a;EXEC", []string{"+OK", "+OK", "+OK", "+OK", "+QUEUED",
			"-EXECABORT Transaction discarded because of: wrong number of arguments for 'exec' command", "+OK", "+QUEUED", "*1 $1 2"}},
		{"discard", "MULTI;SET a 1;DISCARD;GET a;EXEC;DISCARD", []string{"+OK", "+QUEUED", "+OK", "$-1", "-ERR EXEC without MULTI", "-ERR DISCARD without MULTI"}},
		{"own write before EXEC breaks the watch", "WATCH a;SET a 1;MULTI;SET a 2;EXEC;GET a", []string{"+OK", "+OK", "+OK", "+QUEUED", "*-1", "$1 1"}},
		{"watch holds", "WATCH a b;SET c 1;MULTI;SET a 2;EXEC;GET a", []string{"+OK", "+OK", "+OK", "+QUEUED", "*1 +OK", "$1 2"}},
		{"unwatch", "WATCH a;SET a 1;UNWATCH;MULTI;SET a 2;EXEC", []string{"+OK", "+OK", "+OK", "+OK", "+QUEUED", "*1 +OK"}},
		{"exec forgets the watch", "WATCH a;MULTI;EXEC;SET a 1;MULTI;PING;EXEC", []string{"+OK", "+OK", "*0", "+OK", "+OK", "+QUEUED", "*1 +PONG"}},
		{"a broken watch of reads", "WATCH a;SET a 1;MULTI;GET a;EXEC", []string{"+OK", "+OK", "+OK", "+QUEUED", "*-1"}},
		{"a broken watch of nothing", "WATCH a;SET a 1;MULTI;EXEC", []string{"+OK", "+OK", "+OK", "*-1"}},
		{"a select in a broken one does not count", "WATCH a;SET a 1;MULTI;SELECT 5;SET a 5;EXEC;GET a", []string{"+OK", "+OK", "+OK", "+QUEUED", "+QUEUED", "*-1", "$1 1"}},
		{"null in RESP3", "HELLO 3 FOO;WATCH a", []string{"-ERR Syntax error in HELLO option 'FOO'", "+OK"}},
		{"wait inside", "MULTI;WAIT 0 0;EXEC", []string{"+OK", "+QUEUED", "*1 :1"}},
		{"reset leaves it", "MULTI;SET a 1;RESET;EXEC", []string{"+OK", "+QUEUED", "+RESET", "-ERR EXEC without MULTI"}},
		{"the first revision watched counts", "WATCH a;SET a 1;WATCH a;MULTI;PING;EXEC", []string{"+OK", "+OK", "+OK", "+OK", "+QUEUED", "*-1"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			s, _ := startServer(t, Config{})
			w := dial(t, s)
			w.send(lines(test.commands))
			w.want(test.want...)
			w.send(line("QUIT"))
			w.want("+OK")
			w.wantClosed()
		})
	}
}

func TestAWatchSeesAnotherClientsWrite(t *testing.T) {
	s, _ := startServer(t, Config{})
	w, other := dial(t, s), dial(t, s)
	w.check("WATCH a", "+OK")
	other.check("SET a 1", "+OK")
	w.send(lines("MULTI;SET a 2;EXEC;GET a"))
	w.want("+OK", "+QUEUED", "*-1", "$1 1")
}

func TestATransactionIsBoundedLikeOneCommand(t *testing.T) {
	s, _ := startServer(t, Config{Limits: Limits{MaxCommandBytes: 4096}})
	w := dial(t, s)
	w.check("MULTI", "+OK")
	big := strings.Repeat("x", 1500)
	w.check("SET a "+big, "+QUEUED")
	w.check("SET b "+big, "+QUEUED")
	w.check("SET c "+big, "-ERR the transaction is larger than the limit of 4096 bytes")
	w.check("EXEC", "-EXECABORT Transaction discarded because of previous errors.")
	w.check("WATCH "+big, "+OK")
	w.check("WATCH "+big+"2", "+OK")
	w.check("WATCH "+big+"3", "-ERR the transaction is larger than the limit of 4096 bytes")
}

func TestOutcomesReachTheClientInOrder(t *testing.T) {
	s, node := startServer(t, Config{})
	w := dial(t, s)
	for _, outcome := range []replication.Outcome{replication.NoLeader, replication.Uncertain, replication.Stopping} {
		problem := "-" + outcome.String()
		node.set(func() { node.refuse, node.held = outcome, true })
		w.send(lines("PING;GET a;PING;SET a 1;GET a;ECHO x;WATCH a;MULTI;SET a 2;SELECT 2;EXEC;PING"))
		w.want("+PONG")
		node.letGo()
		w.want(problem, "+PONG", problem, problem, "$1 x", problem, "+OK", "+QUEUED", "+QUEUED", problem, "+PONG")
		node.set(func() { node.refuse = 0 })
		w.check("SET a 1", "+OK") // in database 0: the SELECT went with its transaction
		w.send(lines("SELECT 0;GET a;DEL a"))
		w.want("+OK", "$1 1", ":1")
	}
}

func TestALoadingNodeRefusesWhatNeedsTheState(t *testing.T) {
	s, node := startServer(t, Config{})
	node.set(func() { node.loading = true })
	w := dial(t, s)
	loading := "-LOADING Redis is loading the dataset in memory"
	w.check("GET a", loading)
	w.check("SET a 1", loading)
	w.check("PING", loading)
	w.check("SELECT 1", "+OK")
	w.check("BGSAVE", loading)
	w.check("SAVE", loading)
	w.check("PAXOS CHECKPOINT NEW", loading)
	w.check("PAXOS MEMBER REMOVE 1", loading)
	w.check("PAXOS MEMBER LIST", "*0")
	w.check("MULTI", "+OK")
	w.check("GET a", loading)
	w.check("EXEC", "-EXECABORT Transaction discarded because of previous errors.")
	node.set(func() { node.loading = false })
	w.check("SET a 1", "+OK")
	w.check("PING", "+PONG")
	node.set(func() { node.loading = true }) // again: the state comes from another node
	w.check("GET a", loading)
}

// What waits for its turn is not answered from a state that has been emptied meanwhile.
func TestALoadingNodeRefusesReadsThatWaited(t *testing.T) {
	s, node := startServer(t, Config{})
	w := dial(t, s)
	w.check("SET a 1", "+OK")
	node.hold()
	asked := node.asked()
	w.send(lines("GET a;WATCH a"))
	node.until(func() bool { return node.reads > asked })
	node.set(func() { node.loading = true })
	node.letGo()
	loading := "-LOADING Redis is loading the dataset in memory"
	w.want(loading, loading)
}
