package resp

import (
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/paxredis/paxredis/replication"
)

// manyKeys is how many keys make a list that is made in bites.
const manyKeys = 11_000

// startWithManyKeys serves a state with many keys.
func startWithManyKeys(t *testing.T, cfg Config) (*Server, *fakeNode) {
	t.Helper()
	s, node := startServer(t, cfg)
	w := dial(t, s)
	var b strings.Builder
	for i := range manyKeys {
		b.WriteString(line(fmt.Sprint("SET key:", i, " v")))
	}
	go func() { _, _ = io.WriteString(w.conn, b.String()) }() // what is missing is missed below
	for range manyKeys {
		w.want("+OK")
	}
	return s, node
}

// wantKeys reads a list of so many keys.
func (w *wire) wantKeys(n int) {
	w.t.Helper()
	if got := w.reply(); !strings.HasPrefix(got, fmt.Sprintf("*%d ", n)) {
		w.t.Fatalf("%.60q is not a list of %d", got, n)
	}
}

// occupyLists keeps lists from being made, until the returned function is called.
func occupyLists(s *Server) (letGo func()) {
	for range maxListings {
		s.listings <- struct{}{}
	}
	return func() {
		for range maxListings {
			<-s.listings
		}
	}
}

// A list of many keys has its place among its client's commands, in transactions too, and holds up nobody else while it is made.
func TestAListOfManyKeysHoldsUpNobodyElse(t *testing.T) {
	for _, test := range []struct {
		name    string
		prepare func(*fakeNode)
	}{
		{"a read slot is needed", func(*fakeNode) {}},
		{"reads run at once", func(n *fakeNode) { n.set(func() { n.fast = true }) }},
	} {
		t.Run(test.name, func(t *testing.T) {
			s, node := startWithManyKeys(t, Config{Loops: 1})
			test.prepare(node)
			letGo := occupyLists(s)
			w, other := dial(t, s), dial(t, s)
			w.send(lines("SET before 1;KEYS *;SET after 1;GET after;KEYS key:1*0;KEYS;MULTI;KEYS *;EXEC"))
			w.want("+OK")
			waitFor(t, s, func() bool { return s.waiting.Load() == 1 })
			other.check("SET meanwhile 1", "+OK")
			other.check("GET meanwhile", "$1 1")
			letGo()
			w.wantKeys(manyKeys + 2)
			w.want("+OK", "$1 1")
			w.wantKeys(1 + 10 + 100 + 100) // 10, 1x0, 1xx0, 10xx0
			w.want("-ERR wrong number of arguments for 'keys' command", "+OK", "+QUEUED")
			w.wantKeys(1)
			if stats := other.do("INFO commandstats"); !strings.Contains(stats, "cmdstat_keys:calls=2,") && !strings.Contains(stats, "cmdstat_keys:calls=3,") {
				t.Errorf("%s", stats)
			}
		})
	}
}

// It fails as any other read does, ends with its client, and when the server does.
func TestAListOfManyKeysEnds(t *testing.T) {
	s, node := startWithManyKeys(t, Config{Loops: 1})
	w := dial(t, s)
	node.set(func() { node.refuse = replication.NoLeader })
	w.check("KEYS *", "-"+replication.NoLeader.String())
	node.set(func() { node.refuse = 0 })

	letGo := occupyLists(s)
	defer letGo()
	w.send(line("KEYS *"))
	waitFor(t, s, func() bool { return s.waiting.Load() == 1 })
	if err := w.conn.(*net.TCPConn).SetLinger(0); err != nil { // it does not only say that it has sent all
		t.Fatal(err)
	}
	_ = w.conn.Close()
	waitFor(t, s, func() bool { return s.waiting.Load() == 0 })

	node.set(func() { node.fast = true }) // it is begun when it is waited for
	w = dial(t, s)
	w.send(line("KEYS *"))
	waitFor(t, s, func() bool { return s.waiting.Load() == 1 })
	closed := closing(s)
	w.want("-" + errClosing)
	if err := <-closed; err != nil {
		t.Error(err)
	}
}

// One whose read slot comes only after the server has begun to close is not begun any more.
func TestAListOfManyKeysIsNotBegunByAClosingServer(t *testing.T) {
	s, node := startWithManyKeys(t, Config{Loops: 1})
	letGo := occupyLists(s)
	defer letGo()
	node.hold()
	w := dial(t, s)
	w.send(line("KEYS *"))
	waitFor(t, s, func() bool { return s.waiting.Load() == 1 })
	closed := closing(s)
	waitFor(t, s, func() bool {
		draining := make(chan bool, 1)
		l := s.allLoops()[0]
		return l.do(func() { draining <- l.draining }) && <-draining
	})
	node.letGo()
	w.want("-" + errClosing)
	if err := <-closed; err != nil {
		t.Error(err)
	}
}

// A client that has sent everything and shut its side down gets its list, and all else.
func TestAHalfClosedClientGetsItsList(t *testing.T) {
	s, _ := startWithManyKeys(t, Config{Loops: 1})
	letGo := occupyLists(s)
	w := dial(t, s)
	w.send(lines("SET a 1;GET a;KEYS *;GET a"))
	if err := w.conn.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	waitFor(t, s, func() bool { return anyClient(s, func(c *Client) bool { return c.hungUp && c.paused != nil }) })
	letGo()
	w.want("+OK", "$1 1")
	w.wantKeys(manyKeys + 1)
	w.want("$1 1")
	w.wantClosed()
}

// A list that no client may be owed ends its client, and is not made further.
func TestAListBeyondTheOutputLimitIsNotSent(t *testing.T) {
	limits := small()
	s, _ := startServer(t, Config{Limits: limits, Loops: 1})
	other := dial(t, s)
	long := strings.Repeat("k", 200)
	for i := range manyKeys {
		other.send(line(fmt.Sprint("SET ", long, i, " v")))
		if i%100 == 99 {
			for range 100 {
				other.want("+OK")
			}
		}
	}
	w := dial(t, s)
	w.send(line("KEYS *"))
	w.wantClosed()
	other.check("PING", "+PONG")
	if held := s.total().maxOutput; held > limits.OutputBuffer+outputSlack+int64(manyKeys*len(long)/10) {
		t.Errorf("%d bytes were held", held)
	}
}

// A deadline that has come by the log's time ends a key of a list.
func TestAListHasNoExpiredKeys(t *testing.T) {
	s, _ := startWithManyKeys(t, Config{Loops: 1})
	w := dial(t, s)
	w.check("SET short v PX 1", "+OK")
	for started := time.Now(); w.do("EXISTS short") != ":0"; {
		if time.Since(started) > patience {
			t.Fatal("it never expires")
		}
	}
	w.send(line("KEYS *"))
	w.wantKeys(manyKeys)
}
