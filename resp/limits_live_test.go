package resp

import (
	"errors"
	"fmt"
	"io"
	"math/rand"
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

func TestAHeldClientsInputIsBounded(t *testing.T) {
	s, node := startServer(t, Config{Limits: small()})
	w := dial(t, s)
	w.send(line("WAIT 3 0"))
	node.until(func() bool { return len(node.waiters) == 1 })
	_, err := io.WriteString(w.conn, strings.Repeat(line("PING"), 200<<10/14))
	if err != nil && !isReset(err) && !strings.Contains(err.Error(), "pipe") {
		t.Fatal(err)
	}
	waitFor(t, s, func() bool { return s.open.Load() == 0 })
	node.until(func() bool { return len(node.waiters) == 0 })
}

// A client that never reads is closed once it is owed too much, however its replies come about.
func TestAClientThatNeverReadsIsClosed(t *testing.T) {
	value := strings.Repeat("v", 60<<10)
	for _, test := range []struct{ name, commands string }{
		{"reads at once", "GET a"},
		{"reads behind writes", "SET b 1;GET a;GET a;GET a;GET a"},
		{"local commands", "ECHO " + value},
		{"transactions", "MULTI;GET a;GET a;GET a;GET a;EXEC"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s, _ := startServer(t, Config{Limits: small()})
			other := dial(t, s)
			other.check("SET a "+value, "+OK")
			w := dial(t, s)
			sent := make(chan struct{})
			go func() {
				defer close(sent)
				for {
					if _, err := io.WriteString(w.conn, lines(test.commands)); err != nil {
						return // closed, as it should be
					}
				}
			}()
			<-sent
			waitFor(t, s, func() bool { return s.open.Load() == 1 })
			other.check("PING", "+PONG")
		})
	}
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
	const n = 100_000
	sent := make(chan error, 1)
	go func() {
		_, err := io.WriteString(w.conn, strings.Repeat(line("GET a"), n)+line("ECHO end"))
		sent <- err
	}()
	l := s.allLoops()[0]
	owed, unread := 0, 0
	waitFor(t, s, func() bool {
		done := make(chan struct{})
		l.do(func() {
			for c := range l.clients {
				owed, unread = c.owed, c.input.len()
			}
			close(done)
		})
		<-done
		return unread > 100<<10
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
