package resp

import (
	"context"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/paxredis/paxredis/statemachine"
)

func TestConnectionCommands(t *testing.T) {
	for _, test := range []struct{ command, want string }{
		{"PING", "+PONG"},
		{"ping hello", "$5 hello"},
		{"PING a b", "-ERR wrong number of arguments for 'ping' command"},
		{"ECHO", "-ERR wrong number of arguments for 'echo' command"},
		{"SELECT 15", "+OK"},
		{"SELECT 16", "-ERR DB index is out of range"},
		{"SELECT -1", "-ERR DB index is out of range"},
		{"SELECT 2147483648", "-ERR value is out of range, value must between -2147483648 and 2147483647"},
		{"SELECT 01", "-ERR value is not an integer or out of range"},
		{"HELLO 03", "-ERR Protocol version is not an integer or out of range"},
		{"SELECT x", "-ERR value is not an integer or out of range"},
		{"FOO bar baz", "-ERR unknown command 'FOO', with args beginning with: 'bar' 'baz' "},
		{"CLIENT FOO", "-ERR unknown subcommand 'FOO'. Try CLIENT HELP."},
		{"CLIENT", "-ERR wrong number of arguments for 'client' command"},
		{"AUTH x", "-" + errNoPassword},
		{"AUTH x y", "-" + errWrongPass},
		{"AUTH default y", "+OK"},
		{"HELLO 4", "-NOPROTO unsupported protocol version"},
		{"HELLO x", "-ERR Protocol version is not an integer or out of range"},
		{"HELLO 2 FOO", "-ERR Syntax error in HELLO option 'FOO'"},
		{"HELLO 2 SETNAME", "-ERR Syntax error in HELLO option 'SETNAME'"},
		{"HELLO 3 AUTH foo bar", "-" + errWrongPass},
		{"HELLO 2 AUTH default x SETNAME me", "*14 $6 server $5 redis $7 version $5 7.2.4 $5 proto :2 $2 id :1 $4 mode $10 standalone $4 role $6 master $7 modules *0"},
		{"CLIENT ID", ":1"},
		{"CLIENT GETNAME", "$-1"},
		{"CLIENT SETNAME ab", "+OK"},
		{"CLIENT SETINFO LIB-NAME x", "+OK"},
		{"CLIENT SETINFO LIB-FOO x", "-ERR Unrecognized option 'LIB-FOO'"},
		{"CLIENT GETREDIR", ":-1"},
		{"CLIENT NO-EVICT on", "+OK"},
		{"CLIENT NO-TOUCH maybe", "-ERR syntax error"},
		{"CLIENT KILL 1.1.1.1:1", "-ERR No such client"},
		{"CLIENT KILL ID 99", ":0"},
		{"CLIENT KILL ID x", "-ERR client-id should be greater than 0"},
		{"CLIENT KILL FOO bar", "-ERR syntax error"},
		{"CLIENT LIST TYPE foo", "-ERR Unknown client type 'foo'"},
		{"CLIENT LIST TYPE pubsub", "$0 "},
		{"CLIENT LIST ID x", "-ERR Invalid client ID"},
		{"WAIT x 0", "-ERR value is not an integer or out of range"},
		{"WAIT 1 x", "-ERR timeout is not an integer or out of range"},
		{"WAIT 1 -1", "-ERR timeout is negative"},
		{"WAIT 0 0", ":1"},
		{"READONLY", "+OK"},
		{"READWRITE", "+OK"},
		{"ROLE", "*3 $6 master :0 *0"}, // nothing is applied yet
		{"CLUSTER INFO", "-ERR This instance has cluster support disabled"},
		{"SLOWLOG LEN", ":0"},
		{"SLOWLOG gEt 1 2", "-ERR unknown subcommand or wrong number of arguments for 'gEt'. Try SLOWLOG HELP."},
		{"SLOWLOG GET -2", "-ERR count should be greater than or equal to -1"},
		{"SLOWLOG RESET", "+OK"},
		{"CONFIG RESETSTAT", "+OK"},
		{"CONFIG REWRITE", "-ERR The server is running without a config file"},
		{"RESET", "+RESET"},
		{"SHUTDOWN", "-ERR SHUTDOWN is not allowed on this node"},
		{"SHUTDOWN FOO", "-ERR syntax error"},
	} {
		t.Run(test.command, func(t *testing.T) {
			s, _ := startServer(t, Config{Loops: 1})
			dial(t, s).check(test.command, test.want)
		})
	}
}

func TestHelloSwitchesTheProtocol(t *testing.T) {
	s, node := startServer(t, Config{})
	w := dial(t, s)
	node.hold()
	w.send(lines("GET a;HELLO 3 SETNAME me;GET a;SET a 1;GET b;CLIENT GETNAME;RESET;GET b;CLIENT GETNAME"))
	node.letGo()
	w.want("$-1")
	if got := w.reply(); !strings.HasPrefix(got, "%7 $6 server") {
		t.Fatalf("HELLO 3 answered %q", got)
	}
	w.want("_", "+OK", "_", "$2 me", "+RESET", "$-1", "$-1")
}

func TestClientReply(t *testing.T) {
	s, node := startServer(t, Config{})
	w := dial(t, s)
	node.hold()
	w.send(lines("CLIENT REPLY SKIP;SET a 1;GET a;CLIENT REPLY OFF;PING;SET a 2;GET a;FOO;CLIENT REPLY ON;GET a;CLIENT REPLY FOO"))
	node.letGo()
	w.want("$1 1", "+OK", "$1 2", "-ERR syntax error")
}

func TestQuitAnswersWhatCameBefore(t *testing.T) {
	s, node := startServer(t, Config{})
	w := dial(t, s)
	node.hold()
	w.send(lines("SET a 1;GET a;QUIT;PING"))
	node.letGo()
	w.want("+OK", "$1 1", "+OK")
	w.wantClosed()
}

// A client that quits gets all its replies, however slowly it reads.
func TestQuitWaitsForASlowReader(t *testing.T) {
	s, _ := startServer(t, Config{})
	w := dial(t, s)
	value := strings.Repeat("v", 1<<20)
	w.check("SET a "+value, "+OK")
	w.send(strings.Repeat(line("GET a"), 30) + line("QUIT"))
	for i := range 30 {
		if got := w.reply(); len(got) != len(value)+9 {
			t.Fatalf("reply %d has %d bytes", i, len(got))
		}
	}
	w.want("+OK")
	w.wantClosed()
}

func TestStaleReadsNeedNobody(t *testing.T) {
	s, node := startServer(t, Config{})
	w := dial(t, s)
	w.check("SET a 1", "+OK")
	node.hold()
	w.send(lines("READONLY;GET a;READWRITE;GET a"))
	w.want("+OK", "$1 1", "+OK")
	node.letGo()
	w.want("$1 1")
}

func TestAReadByGrantIsAskedForAgainWhenTheGrantIsOver(t *testing.T) {
	s, node := startServer(t, Config{})
	w := dial(t, s)
	w.check("SET a 1", "+OK")
	node.set(func() { node.fast = true })
	before := node.asked()
	w.check("GET a", "$1 1")
	if node.asked() != before {
		t.Error("a read that was granted asked for a slot")
	}
	node.set(func() { node.invalid = 1 })
	w.check("GET a", "$1 1")
	if node.asked() != before+1 {
		t.Error("a read whose grant ran out was answered by it")
	}
}

// A read that finds a key due has time pass in the log first, and what it then says stays true.
func TestADueReadCommitsATick(t *testing.T) {
	clock := time.Now()
	s, node := startServer(t, Config{Loops: 1, Now: func() time.Time { return clock.Add(time.Hour) }})
	w := dial(t, s)
	for i, fast := range []bool{false, true} {
		w.check("SET a 1 PX 60000", "+OK")
		node.set(func() { node.fast, node.timeMS = fast, clock.Add(time.Duration(2+i)*2*time.Minute).UnixMilli() })
		slot := node.applied()
		w.send(lines("GET a;PING;EXISTS a;GET b"))
		w.want("$-1", "+PONG", ":0", "$-1")
		if node.applied() == slot {
			t.Error("no tick was committed")
		}
	}
}

func TestWait(t *testing.T) {
	s, node := startServer(t, Config{})
	w := dial(t, s)
	w.send(lines("SET a 1;WAIT 1 0;GET a;WAIT 2 0;PING"))
	w.want("+OK", ":1", "$1 1")
	node.until(func() bool { return len(node.waiters) == 1 })
	node.sync(3)
	w.want(":3", "+PONG")
	w.send(lines("WAIT 4 1;PING"))
	w.want(":3", "+PONG")
	node.until(func() bool { return len(node.waiters) == 0 })
	w.send(line("WAIT 4 0"))
	node.until(func() bool { return len(node.waiters) == 1 })
	_ = w.conn.Close()
	node.until(func() bool { return len(node.waiters) == 0 })
}

func TestClientListAndKillReachAllLoops(t *testing.T) {
	s, _ := startServer(t, Config{Loops: 3})
	var clients []*wire
	for i := range 9 {
		w := dial(t, s)
		w.check(fmt.Sprintf("CLIENT SETNAME c%d", i), "+OK")
		clients = append(clients, w)
	}
	list := clients[0].do("CLIENT LIST")
	for i := range clients {
		if !strings.Contains(list, fmt.Sprintf(" name=c%d ", i)) {
			t.Errorf("client %d is not in %s", i, list)
		}
	}
	if strings.Contains(list, " flags=b ") {
		t.Errorf("whoever asks does not wait: %s", list)
	}
	clients[0].check("CLIENT KILL ADDR "+clients[4].conn.LocalAddr().String(), ":1")
	clients[4].wantClosed()
	clients[0].check("CLIENT KILL "+clients[5].conn.LocalAddr().String(), "+OK")
	clients[5].wantClosed()
	clients[0].check("CLIENT KILL TYPE normal", ":6")
	clients[1].wantClosed()
	clients[0].check("CLIENT KILL TYPE normal SKIPME no", ":1")
	clients[0].wantClosed()
}

// What a client sent before it went away is applied, its replies go nowhere, and others get theirs.
func TestAClientThatGoesAwayLeavesNothingBehind(t *testing.T) {
	s, node := startServer(t, Config{Loops: 1})
	stays := dial(t, s)
	stays.check("SET n 0", "+OK")
	for i := range 20 {
		node.hold()
		goes := dial(t, s)
		goes.send(lines("INCR n;GET n;MULTI;GET n;EXEC;WATCH n;ECHO mine"))
		stays.send(lines("ECHO yours"))
		stays.want("$5 yours")
		stays.send(lines("INCR m;GET m"))
		_ = goes.conn.Close()
		waitFor(t, s, func() bool { return int(s.accepted.Load()) == i+2 && s.open.Load() == 1 })
		node.letGo()
		if got := stays.reply(); !strings.HasPrefix(got, ":") {
			t.Fatalf("INCR m answered %q", got)
		}
		stays.reply()
	}
	for _, l := range s.allLoops() {
		done := make(chan int)
		l.do(func() { done <- len(l.clients) + 100*len(l.touched) })
		if n := <-done; n%100 != 1 {
			t.Errorf("%d clients are left", n%100)
		}
	}
}

// waitFor waits for something that a loop does on its own.
func waitFor(t *testing.T, s *Server, condition func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !condition(); {
		if time.Now().After(end) {
			t.Fatal("it never happened")
		}
		turn := make(chan struct{})
		for _, l := range s.allLoops() {
			l.do(func() { turn <- struct{}{} })
			<-turn
		}
	}
}

func TestCloseAnswersWhatWasAccepted(t *testing.T) {
	s, node := startServer(t, Config{})
	w, waits := dial(t, s), dial(t, s)
	waits.send(line("WAIT 3 0"))
	node.until(func() bool { return len(node.waiters) == 1 })
	node.hold()
	w.send(lines("PING;SET a 1;GET a"))
	w.want("+PONG")
	closed := closing(s)
	waits.want(":1")
	waits.wantClosed()
	node.letGo()
	w.want("+OK", "$1 1")
	w.wantClosed()
	if err := <-closed; err != nil {
		t.Errorf("Close: %v", err)
	}
	if conn, err := net.Dial("tcp", s.Addr().String()); err == nil {
		_ = conn.Close()
		t.Error("a closed server still accepts")
	}
}

func TestCloseGivesUpWhenItsContextEnds(t *testing.T) {
	machine := statemachine.New(statemachine.Config{})
	node := newFakeNode(machine)
	s, err := Start(Config{Listen: "127.0.0.1:0"}, node, machine)
	if err != nil {
		t.Fatal(err)
	}
	w := dial(t, s)
	node.hold()
	w.send(lines("PING;SET a 1"))
	w.want("+PONG")
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := s.Close(ctx); err == nil || !strings.Contains(err.Error(), "1 connections were closed before") {
		t.Errorf("Close: %v", err)
	}
	w.wantClosed()
	node.letGo() // late replies find nobody
	node.stop()
}

func TestStartSaysWhyItCannotListen(t *testing.T) {
	s, _ := startServer(t, Config{})
	_, err := Start(Config{Listen: s.Addr().String()}, s.node, s.machine)
	if err == nil || !strings.Contains(err.Error(), s.Addr().String()) || !strings.Contains(err.Error(), "address already in use") {
		t.Errorf("the error is %v", err)
	}
	if _, err := Start(Config{Listen: "127.0.0.1:0", Limits: Limits{MaxArgs: 1}}, s.node, s.machine); err == nil {
		t.Error("limits out of range were accepted")
	}
}

func TestShutdownCallsTheHook(t *testing.T) {
	called := make(chan struct{})
	s, _ := startServer(t, Config{Shutdown: func() { close(called) }})
	w := dial(t, s)
	w.send(line("SHUTDOWN NOSAVE"))
	w.wantClosed()
	<-called
}

func TestSlowLogKeepsTheNewest(t *testing.T) {
	s, _ := startServer(t, Config{})
	w := dial(t, s)
	w.check("CONFIG SET slowlog-log-slower-than 0 slowlog-max-len 2", "+OK")
	w.check("PING", "+PONG")
	w.check("GET a", "$-1")
	w.check("SET a 1", "+OK")
	w.check("SLOWLOG LEN", ":2")
	if got := w.do("SLOWLOG GET"); !strings.HasPrefix(got, "*2 *6 :4 ") || !strings.Contains(got, "*2 $7 SLOWLOG $3 LEN") ||
		!strings.Contains(got, "*3 $3 SET $1 a $1 1") {
		t.Errorf("SLOWLOG GET: %s", got)
	}
}

// A client that has sent everything and shut its side down still gets its replies.
func TestAHalfClosedClientGetsItsReplies(t *testing.T) {
	for _, test := range []struct {
		name, commands string
		want           []string
	}{
		{"writes", "PING;SET a 1;GET a;INCR a", []string{"+PONG", "+OK", "$1 1", ":2"}},
		{"reads", "GET a;PING", []string{"$-1", "+PONG"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			s, node := startServer(t, Config{Loops: 1})
			w, other := dial(t, s), dial(t, s)
			other.check("PING", "+PONG")
			node.hold()
			w.send(lines(test.commands))
			if err := w.conn.(*net.TCPConn).CloseWrite(); err != nil {
				t.Fatal(err)
			}
			l := s.allLoops()[0]
			waitFor(t, s, func() bool {
				half := make(chan bool)
				l.do(func() {
					found := false
					for c := range l.clients {
						found = found || c.ended
					}
					half <- found
				})
				return <-half
			})
			if list := other.do("CLIENT LIST"); strings.Count(list, "id=") != 1 {
				t.Errorf("CLIENT LIST: %s", list)
			}
			node.letGo()
			w.want(test.want...)
			w.wantClosed()
			waitFor(t, s, func() bool { return s.open.Load() == 1 })
		})
	}
}
