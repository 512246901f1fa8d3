package resp

import (
	"errors"
	"fmt"
	"io"
	"math/rand"
	"net"
	"os"
	"strings"
	"testing"
)

// small are limits that a test can go past.
func small() Limits {
	return Limits{MaxCommandBytes: 64 << 10, MaxArgs: 100, MaxInline: 256, QueryBuffer: 128 << 10, OutputBuffer: 1 << 20}
}

func TestInputBeyondALimitIsRefusedAndClosed(t *testing.T) {
	for _, test := range []struct{ name, input, want string }{
		{"bulk length", "*2\r\n$3\r\nGET\r\n$70000\r\n", "-ERR Protocol error: invalid bulk length"},
		{"all arguments", "*3\r\n$3\r\nSET\r\n$40000\r\n" + strings.Repeat("k", 40000) + "\r\n$40000\r\n", "-ERR Protocol error: invalid bulk length"},
		{"argument count", "*101\r\n", "-ERR Protocol error: invalid multibulk length"},
		{"inline length", strings.Repeat("x", 300), "-ERR Protocol error: too big inline request"},
		{"garbage", "*1\r\nxyz\r\n", "-ERR Protocol error: expected '$', got 'x'"},
		{"quotes", "SET a \"b\r\n", "-ERR Protocol error: unbalanced quotes in request"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s, node := startServer(t, Config{Limits: small()})
			w := dial(t, s)
			node.hold()
			w.send(line("SET a 1") + test.input)
			node.letGo()
			w.want("+OK", test.want)
			w.wantClosed()
		})
	}
}

// What a client sends while it is held stays with it, once its socket is full.
func TestAHeldClientsInputIsNotRead(t *testing.T) {
	s, node := startServer(t, Config{Limits: small(), Loops: 1})
	w := dial(t, s)
	w.send(line("WAIT 3 0"))
	node.until(func() bool { return len(node.waiters) == 1 })
	const n = 20_000
	sent := make(chan error, 1)
	go func() {
		_, err := io.WriteString(w.conn, strings.Repeat(line("PING"), n))
		sent <- err
	}()
	dial(t, s).check("PING", "+PONG")
	if read := s.total().maxInput; read > biteBytes {
		t.Errorf("%d bytes of it are read", read)
	}
	node.sync(3)
	w.want(":3")
	for range n {
		w.want("+PONG")
	}
	if err := <-sent; err != nil {
		t.Error(err)
	}
}

// A client that is held and goes away is not waited for, although what it has sent meanwhile is not read.
func TestAHeldClientThatGoesAwayIsNoticed(t *testing.T) {
	s, node := startServer(t, Config{Limits: small()})
	w := dial(t, s)
	w.send(line("WAIT 3 0"))
	node.until(func() bool { return len(node.waiters) == 1 })
	w.send(strings.Repeat(line("PING"), 1000))
	_ = w.conn.Close()
	waitFor(t, s, func() bool { return s.open.Load() == 0 })
	node.until(func() bool { return len(node.waiters) == 0 })
}

// A client that does not read is not asked for more commands, however its replies come about, and is served again as soon as it reads. What is
// held for it meanwhile is little more than a client may leave unread.
func TestAClientThatDoesNotReadIsNotAskedForMore(t *testing.T) {
	value := strings.Repeat("v", 60<<10)
	get := fmt.Sprintf("$%d %s", len(value), value)
	for _, test := range []struct {
		name, commands string
		replies        []string
	}{
		{"reads at once", "GET a", []string{get}},
		{"reads behind a write", "SET b 1;GET a;WAIT 0 0", []string{"+OK", get, ":1"}},
		{"local commands", "ECHO " + value, []string{get}},
		{"transactions", "MULTI;GET a;GET a;EXEC", []string{"+OK", "+QUEUED", "+QUEUED", "*2 " + get + " " + get}},
	} {
		t.Run(test.name, func(t *testing.T) {
			s, node := startServer(t, Config{Limits: small(), Loops: 1})
			node.synced = 1
			other := dial(t, s)
			other.check("SET a "+value, "+OK")
			w := dial(t, s)
			const n = 300 // more than the kernel holds of their replies
			sent := make(chan error, 1)
			go func() {
				_, err := io.WriteString(w.conn, strings.Repeat(lines(test.commands), n))
				sent <- err
			}()
			waitFor(t, s, func() bool { return anyClient(s, func(c *Client) bool { return c.stuck }) })
			other.check("PING", "+PONG")
			if held, most := s.total().maxOutput, s.limits.OutputBuffer/unreadShare+outputSlack+2*int64(len(value)); held > most {
				t.Errorf("%d bytes were held, want at most %d", held, most)
			}
			for range n {
				w.want(test.replies...)
			}
			if err := <-sent; err != nil {
				t.Error(err)
			}
		})
	}
}

// anyClient reports whether there is a client of which something holds, asked on its loop.
func anyClient(s *Server, is func(*Client) bool) bool {
	found := false
	for _, l := range s.allLoops() {
		done := make(chan struct{})
		l.do(func() {
			for c := range l.clients {
				found = found || is(c)
			}
			close(done)
		})
		<-done
	}
	return found
}

// However many clients leave their replies unread, all of them together stay within the limit at which some would be closed, and who reads is
// served.
func TestWhatAllClientsLeaveUnreadIsBounded(t *testing.T) {
	limits := small()
	limits.ClientMemory = 8 << 20
	s, _ := startServer(t, Config{Limits: limits, Loops: 1})
	other := dial(t, s)
	other.check("SET a "+strings.Repeat("v", 10<<10), "+OK")
	const n = 30
	for range n {
		w := dial(t, s)
		if err := w.conn.(*net.TCPConn).SetReadBuffer(8 << 10); err != nil { // or the kernel takes megabytes for each
			t.Fatal(err)
		}
		go func() {
			for {
				if _, err := io.WriteString(w.conn, strings.Repeat(line("GET a"), 100)); err != nil {
					return // the end of the test
				}
			}
		}()
	}
	stuck := func() (n int) {
		anyClient(s, func(c *Client) bool {
			if c.stuck {
				n++
			}
			return false
		})
		return n
	}
	waitFor(t, s, func() bool { return stuck() == n })
	other.check("PING", "+PONG")
	if all := s.clientBytes.Load(); all > limits.ClientMemory {
		t.Errorf("%d bytes are held, want at most %d", all, limits.ClientMemory)
	}
	if open := s.open.Load(); open != n+1 {
		t.Errorf("%d connections are left of %d", open, n+1)
	}
}

// Requests that are never complete are kept up to the limit of all clients' memory. Beyond it the client that takes most is closed, unless it is exempt.
func TestTheClientThatTakesMostIsClosed(t *testing.T) {
	limits := small()
	limits.MaxCommandBytes, limits.QueryBuffer, limits.ClientMemory = 1<<20, 2<<20, 4<<20
	s, _ := startServer(t, Config{Limits: limits, Loops: 1})
	begin := fmt.Sprintf("*2\r\n$3\r\nGET\r\n$%d\r\n", 1<<20-10)
	exempt := dial(t, s)
	exempt.check("CLIENT NO-EVICT ON", "+OK")
	exempt.send(begin + strings.Repeat("v", 1<<20-100))
	var others []*wire
	for range 5 {
		w := dial(t, s)
		w.send(begin + strings.Repeat("v", 1<<20-200))
		others = append(others, w)
		waitFor(t, s, func() bool { return s.total().inputBytes >= uint64(len(others))*(1<<20-200) })
	}
	waitFor(t, s, func() bool { return s.open.Load() < 6 && s.clientBytes.Load() <= limits.ClientMemory })
	exempt.send(strings.Repeat("v", 90) + "\r\n")
	exempt.want("$-1")
	if got := s.Info().Stats.Dropped; got[overMemory] == 0 || got[overOutput]+got[overQuery] > 0 {
		t.Errorf("INFO counts %v of one that took most", got)
	}
}

// The limit of all clients' memory that CONFIG SET sets is in force at once.
func TestClientMemoryChangesWhileTheServerRuns(t *testing.T) {
	limits := small()
	limits.MaxCommandBytes, limits.QueryBuffer, limits.ClientMemory = 1<<20, 2<<20, 64<<20
	s, _ := startServer(t, Config{Limits: limits, Loops: 1})
	dial(t, s).check("CONFIG SET maxmemory-clients 4mb", "+OK")
	begin := fmt.Sprintf("*2\r\n$3\r\nGET\r\n$%d\r\n", 1<<20-10)
	for range 5 {
		dial(t, s).send(begin + strings.Repeat("v", 1<<20-200))
	}
	waitFor(t, s, func() bool { return s.Info().Stats.Dropped[overMemory] > 0 && s.clientBytes.Load() <= 4<<20 })
}

// One chunk can have more replies for a client than it may be owed.
func TestRepliesOfOneChunkAreBounded(t *testing.T) {
	s, node := startServer(t, Config{Limits: small(), Loops: 1})
	value := strings.Repeat("v", 60<<10)
	w, other := dial(t, s), dial(t, s)
	other.check("SET a "+value, "+OK")
	node.hold()
	w.send(lines("ECHO x;SET b 1") + strings.Repeat(line("GET a"), 1000))
	w.want("$1 x")
	other.send(lines("ECHO y;SET c 1;GET c"))
	other.want("$1 y")
	node.letGo()
	other.want("+OK", "$1 1")
	waitFor(t, s, func() bool { return s.open.Load() == 1 })
	if got := s.Info().Stats.Dropped; got != [overLimits]uint64{overOutput: 1} {
		t.Errorf("INFO counts %v of one that was owed too much", got)
	}
}

func TestMoreClientsThanAllowedAreTurnedAway(t *testing.T) {
	s, _ := startServer(t, Config{Limits: Limits{MaxClients: 2}})
	a, b := dial(t, s), dial(t, s)
	a.check("PING", "+PONG")
	b.check("PING", "+PONG")
	c := dial(t, s)
	c.want("-ERR max number of clients reached")
	c.wantClosed()
	a.send(line("QUIT"))
	a.want("+OK")
	a.wantClosed()
	waitFor(t, s, func() bool { return s.open.Load() == 1 })
	dial(t, s).check("PING", "+PONG")
}

// A client that reads nothing of what it waits for cannot pile up deferred commands: its parser stops.
func TestDeferredCommandsAreBounded(t *testing.T) {
	s, node := startServer(t, Config{Loops: 1})
	w := dial(t, s)
	w.check("SET a 1", "+OK")
	node.hold()
	const n = 20_000
	sent := make(chan error, 1)
	go func() {
		_, err := io.WriteString(w.conn, strings.Repeat(line("GET a"), n)+line("ECHO end"))
		sent <- err
	}()
	owed := 0
	waitFor(t, s, func() bool {
		return anyClient(s, func(c *Client) bool {
			owed = c.owed
			return c.held() && c.readable
		})
	})
	if owed < maxOwed || owed > maxOwed+2*itemCost {
		t.Errorf("%d is owed, the bound is %d", owed, maxOwed)
	}
	node.letGo()
	for range n {
		w.want("$1 1")
	}
	w.want("$3 end")
	if err := <-sent; err != nil {
		t.Error(err)
	}
}

func TestInlineCommandsAndSingleBytes(t *testing.T) {
	s, _ := startServer(t, Config{})
	w := dial(t, s)
	for _, c := range "SET a \"b\\x41 c\"\r\n\r\n" + line("GET a") + "PING\n" + lines("MULTI;GET a;EXEC") {
		w.send(string(c))
	}
	w.want("+OK", "$4 bA c", "+PONG", "+OK", "+QUEUED", "*1 $4 bA c")
}

// A browser that posts commands in the body of a request gets none of them run.
func TestHTTPIsNotTakenForCommands(t *testing.T) {
	for _, request := range []string{
		"POST / HTTP/1.1\r\nSET a stolen\r\n\r\n", "GET a HTTP/1.1\r\nhost: x\r\n\r\nSET a stolen\r\n",
	} {
		s, _ := startServer(t, Config{})
		w := dial(t, s)
		w.send(request)
		answer, err := io.ReadAll(w.in) // a reset closes the connection as well as an end does
		if errors.Is(err, os.ErrDeadlineExceeded) || strings.Contains(string(answer), "+OK") {
			t.Errorf("%q is answered by %q, %v", request, answer, err)
		}
		dial(t, s).check("GET a", "$-1")
	}
}

func TestGarbageHarmsNobodyElse(t *testing.T) {
	s, _ := startServer(t, Config{})
	other := dial(t, s)
	random := rand.New(rand.NewSource(1))
	for range 200 {
		garbage := make([]byte, 1+random.Intn(2000))
		random.Read(garbage)
		if random.Intn(2) == 0 {
			copy(garbage, fmt.Sprintf("*%d\r\n$%d\r\n", random.Intn(5)-1, random.Intn(20)-2))
		}
		w := dial(t, s)
		w.send(string(garbage))
		_ = w.conn.Close()
		other.check("PING", "+PONG")
	}
	waitFor(t, s, func() bool { return s.open.Load() == 1 })
}

// What a request costs grows linearly with its bytes, however small the pieces in which it comes.
func TestPiecesCostLinearTime(t *testing.T) {
	const packet = 1460
	for _, test := range []struct {
		name  string
		whole string
	}{
		{"a large value", "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$67000000\r\n" + strings.Repeat("v", 67_000_000) + "\r\n"},
		{"many arguments", "*1000000\r\n$4\r\nMGET\r\n" + strings.Repeat("$3\r\nkey\r\n", 999_999)},
	} {
		t.Run(test.name, func(t *testing.T) {
			var in input
			scanner := NewScanner(Limits{})
			moved, commands := 0, 0
			for rest := test.whole; rest != ""; {
				piece := rest[:min(packet, len(rest))]
				rest = rest[len(piece):]
				before := cap(in.buf)
				held := in.len()
				in.add([]byte(piece), scanner.Want())
				if cap(in.buf) != before {
					moved += held
				}
				if cap(in.buf) > max(2*in.len(), leastInput) {
					t.Fatalf("room for %d bytes is made when %d have come", cap(in.buf), in.len())
				}
				n, args, err := scanner.Next(in.unread())
				if err != nil {
					t.Fatal(err)
				}
				if n > 0 {
					commands += len(args)
					in.skip(n)
				}
			}
			if commands == 0 || !in.empty() {
				t.Fatal("the command was not found")
			}
			if moved > 3*len(test.whole) {
				t.Errorf("%d bytes were moved for a command of %d", moved, len(test.whole))
			}
		})
	}
}

// A buffer that is read at its front while more comes at its end is not moved over and over.
func TestInputMovesLittleWhileItIsRead(t *testing.T) {
	var in input
	in.add(make([]byte, 1<<20), 0)
	moved := 0
	for range 10_000 {
		in.skip(10)
		first := &in.unread()[0]
		held := in.len()
		in.add(make([]byte, 10), 0)
		if first != &in.unread()[0] {
			moved += held
		}
	}
	if moved > 4<<20 {
		t.Errorf("%d bytes were moved to add 100,000 to 1 MiB", moved)
	}
}
