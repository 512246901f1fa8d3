package resp

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"
)

// announcement is a request that says more than it brings, in the packets in which it comes.
type announcement struct {
	name    string
	packets []string
}

// announcements are the forms that a stranger can try. All of them are less than 64 KiB, and none is complete.
func announcements() []announcement {
	const value = "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$62914560\r\n"
	const nested = "*1048576\r\n$60000000\r\n*1048576\r\n$60000000\r\n"
	return []announcement{
		{"a large value", []string{value}},
		{"a large value and its first byte", []string{value, "v"}},
		{"a large value and its first bytes, one by one", append([]string{value}, strings.Split(strings.Repeat("v", 50), "")...)},
		{"a large value, every byte alone", strings.Split(value+"v", "")},
		{"a value as large as the limit", []string{"*1\r\n$67108864\r\n", "v"}},
		{"a value beyond the limit", []string{"*1\r\n$67108865\r\n", "v"}},
		{"a value longer than any number", []string{"*1\r\n$" + strings.Repeat("9", 1000), "9"}},
		{"a negative value", []string{"*2\r\n$-60000000\r\n", "v"}},
		{"two halves of a limit", []string{"*3\r\n$3\r\nSET\r\n$0\r\n\r\n", "$67108861\r\n", "v", "v"}},
		{"many arguments", []string{"*1048576\r\n", "$4\r\nMGET\r\n", "$1\r\nk\r\n"}},
		{"many arguments, every byte alone", strings.Split("*1048576\r\n$4\r\nMGET\r\n$1\r\nk\r\n", "")},
		{"many arguments, all empty", []string{"*1048576\r\n", strings.Repeat("$0\r\n\r\n", 100)}},
		{"a negative count", []string{"*-1048576\r\n", "*1048576\r\n", "$"}},
		{"a count beyond the limit", []string{"*1048577\r\n", "$"}},
		{"a count longer than any number", []string{"*" + strings.Repeat("9", 1000), "9"}},
		{"a request in an argument", []string{nested, "v"}},
		{"a request in an argument, every byte alone", strings.Split(nested+"v", "")},
		{"an endless line", []string{"SET k ", strings.Repeat("v", 1000), "v"}},
		{"an endless line, every byte alone", strings.Split("SET k "+strings.Repeat("v", 200), "")},
		{"a line with an open quote", []string{`SET k "`, strings.Repeat("v", 1000), "v"}},
		{"behind a command that is complete", []string{"PING\r\n" + value, "v", "v"}},
	}
}

// take does with a client's bytes what the event loop does: what is not taken stays.
func (in *input) take(s *Scanner, data string) error {
	in.add([]byte(data), s.Want())
	for !in.empty() {
		n, _, err := s.Next(in.unread())
		if n == 0 || err != nil {
			return err
		}
		in.skip(n)
	}
	s.Reset()
	return nil
}

func TestWhatIsAnnouncedTakesNoRoom(t *testing.T) {
	for _, a := range announcements() {
		t.Run(a.name, func(t *testing.T) {
			var in input
			var err error
			received := 0
			all := allocated(func() {
				s := NewScanner(Limits{})
				for _, packet := range a.packets {
					if err = in.take(s, packet); err != nil {
						return // the client is closed
					}
					if received += len(packet); cap(in.buf) > max(2*received, leastInput) {
						t.Fatalf("%d bytes of room when %d have come", cap(in.buf), received)
					}
				}
			})
			t.Logf("%d bytes in %d packets: %d allocated in all, %d of them kept, %v", received, len(a.packets), all, cap(in.buf), err)
			if all > 64<<10 {
				t.Errorf("%d bytes have made the node allocate %d", received, all)
			}
		})
	}
}

// However a request is cut in two, the room for it follows its first part, then both.
func TestRoomFollowsWhatWasReceivedWhereverARequestIsCut(t *testing.T) {
	request := "*4\r\n$4\r\nMSET\r\n$1\r\nk\r\n$62914560\r\n" + strings.Repeat("v", 20_000)
	for at := 1; at < len(request); at += 1 + at/100 {
		var in input
		s := NewScanner(Limits{})
		for _, part := range []string{request[:at], request[at:]} {
			if err := in.take(s, part); err != nil {
				t.Fatal(err)
			}
			if cap(in.buf) > max(2*in.len(), leastInput) {
				t.Fatalf("cut at %d: %d bytes of room for %d", at, cap(in.buf), in.len())
			}
		}
	}
}

// The beginning of a request behind a large one keeps the memory of neither.
func TestALargeRequestIsLetGoOfBehindIt(t *testing.T) {
	var in input
	s := NewScanner(Limits{})
	request := fmt.Sprintf("*2\r\n$4\r\nECHO\r\n$%d\r\n%s\r\n", 8<<20, strings.Repeat("v", 8<<20))
	for range 3 {
		if err := in.take(s, request+"*2\r\n$4\r\nEC"); err != nil {
			t.Fatal(err)
		}
		if got := string(in.unread()); got != "*2\r\n$4\r\nEC" {
			t.Fatalf("%q is left", got)
		}
		if cap(in.buf) > leastInput {
			t.Fatalf("%d bytes of room for %d", cap(in.buf), in.len())
		}
		if err := in.take(s, "HO\r\n$1\r\na\r\n"); err != nil || !in.empty() {
			t.Fatalf("%d bytes are left, %v", in.len(), err)
		}
	}
}

// A client that sends many small commands finds its buffer again, although none of its packets ends with a command.
func TestAPipelineKeepsItsRoom(t *testing.T) {
	var in input
	s := NewScanner(Limits{})
	packet := bytes.Repeat([]byte(line("SET a 1")), 65536/len(line("SET a 1")))
	in.add([]byte("*"), 0)
	packet = append(packet[1:], '*')
	feed := func() {
		if err := in.take(s, string(packet)); err != nil || in.len() != 1 {
			t.Fatalf("%d bytes are left, %v", in.len(), err)
		}
	}
	feed()
	feed()
	room := &in.buf[:1][0]
	for range 100 {
		feed()
		if room != &in.buf[:1][0] {
			t.Fatal("the buffer was replaced")
		}
	}
}

// All that a server allocates for a client that announces something: the connection, its reads, the parser.
func TestWhatIsAnnouncedTakesNoMemoryOfAServer(t *testing.T) {
	const clients = 20
	for _, a := range announcements() {
		t.Run(a.name, func(t *testing.T) {
			s, _ := startServer(t, Config{Loops: 1})
			dial(t, s).check("PING", "+PONG") // what is made once
			l := s.allLoops()[0]
			all := allocated(func() {
				wires := make([]*wire, clients)
				for i := range wires {
					wires[i] = dial(t, s)
				}
				for _, packet := range a.packets {
					want := l.stats.inputBytes.Load() + uint64(clients*len(packet))
					for _, w := range wires {
						_, _ = io.WriteString(w.conn, packet) // the server may have closed already
					}
					waitFor(t, s, func() bool { return l.stats.inputBytes.Load() >= want || s.open.Load() == 1 })
				}
			})
			t.Logf("%d bytes for each client", all/clients)
			if all > clients*64<<10 {
				t.Errorf("%d bytes were allocated for each of %d clients", all/clients, clients)
			}
		})
	}
}
