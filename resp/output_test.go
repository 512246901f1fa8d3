package resp

import (
	"fmt"
	"io"
	"strings"
	"testing"
)

// outputSlack is how far beyond the limit what is held for a client may be: what one turn collects before it is given to the socket, and
// one more element of a reply.
const outputSlack = flushBytes + 64<<10

// clientThatReadsNothing sends the same commands until it is closed.
func clientThatReadsNothing(t *testing.T, s *Server, commands string) {
	t.Helper()
	w := dial(t, s)
	for {
		if _, err := io.WriteString(w.conn, lines(commands)); err != nil {
			return
		}
	}
}

// A client that never reads is closed once it is owed too much at a time, however its replies come about, and what was held for it until then
// is little more than the limit, even where a single reply would be a hundred times that.
func TestWhatIsHeldForAClientThatNeverReadsIsBounded(t *testing.T) {
	value := strings.Repeat("v", 60<<10)
	many := strings.Repeat(" a", 99)
	for _, test := range []struct{ name, commands string }{
		{"reads behind writes", "SET b 1;GET a;GET a;GET a;GET a"},
		{"a read as large as the machine", "MGET" + many},
		{"large reads behind writes", "SET b 1;MGET" + many + ";MGET" + many},
		{"transactions that read", "MULTI;GET a;MGET" + many + ";EXEC"},
		{"transactions that write", "MULTI;SET b 1;MGET" + many + ";MGET" + many + ";EXEC;SET b 1"},
		{"transactions of local commands", "MULTI" + strings.Repeat(";COMMAND DOCS", 90) + ";EXEC"},
		{"local commands in transactions that write", "MULTI;SET b 1" + strings.Repeat(";COMMAND DOCS", 90) + ";EXEC"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s, _ := startServer(t, Config{Limits: small(), Loops: 1})
			other := dial(t, s)
			other.check("SET a "+value, "+OK")
			clientThatReadsNothing(t, s, test.commands)
			waitFor(t, s, func() bool { return s.open.Load() == 1 })
			other.check("PING", "+PONG")
			held, most := s.total().maxOutput, int64(s.settings.outputLimit()+outputSlack)
			t.Logf("%d bytes were held at most, %.2f times the limit", held, float64(held)/float64(s.settings.outputLimit()))
			if held > most {
				t.Errorf("%d bytes were held, want at most %d", held, most)
			}
			info := other.do("INFO clients")
			if want := fmt.Sprintf("client_recent_max_output_buffer:%d ", held); !strings.Contains(info, want) {
				t.Errorf("INFO does not say %q: %s", want, info)
			}
		})
	}
}

// A reply that no client may be owed is not made: what it takes to find that out is in proportion to the limit.
func TestAReplyBeyondTheLimitIsNotMade(t *testing.T) {
	const values = 2000
	value := strings.Repeat("v", 60<<10)
	for _, command := range []string{
		"MGET" + strings.Repeat(" a", values),
		"MULTI;MGET" + strings.Repeat(" a", values) + ";EXEC",
		"MULTI;SET b 1;MGET" + strings.Repeat(" a", values) + ";EXEC",
		"MULTI" + strings.Repeat(";COMMAND DOCS", values/4) + ";EXEC",
	} {
		t.Run(fmt.Sprintf("%.30s", command), func(t *testing.T) {
			limits := small()
			limits.MaxArgs, limits.QueryBuffer = values+1, 0
			s, _ := startServer(t, Config{Limits: limits, Loops: 1})
			other := dial(t, s)
			other.check("SET a "+value, "+OK")
			w := dial(t, s)
			requests := lines(command)
			all := allocated(func() {
				w.send(requests)
				_, _ = io.Copy(io.Discard, w.conn) // until it is closed
				waitFor(t, s, func() bool { return s.open.Load() == 1 })
			})
			t.Logf("%d MiB were allocated, the limit is %d MiB", all>>20, s.settings.outputLimit()>>20)
			if all > 20*uint64(s.settings.outputLimit()) {
				t.Errorf("%d MiB were allocated", all>>20)
			}
			other.check("PING", "+PONG")
		})
	}
}
