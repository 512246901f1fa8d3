package load

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// fakeServer answers each command with what answer makes of it, on all its connections, until the test ends.
func fakeServer(t *testing.T, answer func(args []string) string) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	t.Cleanup(func() {
		if err := listener.Close(); err != nil {
			t.Error(err)
		}
		all.Wait()
	})
	all.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			all.Go(func() {
				defer func() { _ = conn.Close() }() // the client may have closed it
				in := bufio.NewReader(conn)
				for {
					args, err := readCommand(in)
					if err != nil {
						return
					}
					if _, err := conn.Write([]byte(answer(args))); err != nil {
						return
					}
				}
			})
		}
	})
	return listener.Addr().String()
}

// readCommand reads a command as clients send it.
func readCommand(in *bufio.Reader) ([]string, error) {
	n, err := readNumber(in, '*')
	if err != nil {
		return nil, err
	}
	args := make([]string, n)
	for i := range args {
		size, err := readNumber(in, '$')
		if err != nil {
			return nil, err
		}
		arg := make([]byte, size+2)
		for at := 0; at < len(arg); {
			read, err := in.Read(arg[at:])
			if err != nil {
				return nil, err
			}
			at += read
		}
		args[i] = string(arg[:size])
	}
	return args, nil
}

func readNumber(in *bufio.Reader, kind byte) (int, error) {
	line, err := in.ReadString('\n')
	if err != nil {
		return 0, err
	}
	if line[0] != kind {
		return 0, fmt.Errorf("%q does not begin with %q", line, kind)
	}
	return strconv.Atoi(strings.TrimSuffix(line[1:], "\r\n"))
}

// store is a server that knows SET, GET and DEL, and nothing of versions but their form.
type store struct {
	sync.Mutex
	keys  map[string]string
	calls map[string]int
}

func newStore() *store { return &store{keys: map[string]string{}, calls: map[string]int{}} }

func (s *store) answer(args []string) string {
	s.Lock()
	defer s.Unlock()
	s.calls[args[0]]++
	switch args[0] {
	case "SET":
		s.keys[args[1]] = args[2]
		return "+OK\r\n"
	case "GET":
		value, found := s.keys[args[1]]
		if !found {
			return "$-1\r\n"
		}
		return fmt.Sprintf("$%d\r\n%s\r\n", len(value), value)
	case "DEL":
		_, found := s.keys[args[1]]
		if delete(s.keys, args[1]); found {
			return ":1\r\n"
		}
		return ":0\r\n"
	}
	return "-ERR unknown command\r\n"
}

func TestClientsFillReadAndDelete(t *testing.T) {
	s := newStore()
	address := fakeServer(t, s.answer)
	const keys = 1000
	steps := []struct {
		name    string
		job     Job
		source  func(int) Source
		command string
		calls   int // of the command, by this step; -1: some
	}{
		{"fill", Job{3, 16, keys}, Fill(Value(10)), "SET", keys},
		{"mixed", Job{4, 1, keys}, Mixed(keys, Value(10), 90), "GET", -1},
		{"mixed, in pipelines", Job{2, 7, keys}, Mixed(keys, Value(10), 90), "SET", -1},
		{"writes with versions", Job{5, 3, keys}, Versioned{Value: Value(20), Version: 1}.Sources(), "SET", keys},
		{"deletes with versions", Job{5, 3, keys}, Versioned{Version: 1, Deleting: true}.Sources(), "DEL", keys},
	}
	for _, step := range steps {
		s.Lock()
		before := s.calls[step.command]
		s.Unlock()
		f, err := Run(context.Background(), step.job, DialRedis(address, step.source))
		if err != nil {
			t.Fatalf("%s: %v", step.name, err)
		}
		if f.Requests != keys || f.PerSecond <= 0 || f.P50 <= 0 || f.P99 < f.P50 || f.Max < f.P99 {
			t.Errorf("%s: %+v", step.name, f)
		}
		calls := s.calls[step.command] - before
		if step.calls >= 0 && calls != step.calls || step.calls < 0 && (calls == 0 || calls >= keys) {
			t.Errorf("%s: %d calls of %s", step.name, calls, step.command)
		}
	}
	if len(s.keys) != keys || s.keys["key:000000000999"] != "xxxxxxxxxx" {
		t.Errorf("%d keys are left, key 999 is %q", len(s.keys), s.keys["key:000000000999"])
	}
}

func TestVersionsAreSentWhereTheyAreKnown(t *testing.T) {
	for _, c := range []struct {
		v    Versioned
		want string
	}{
		{Versioned{Value: []byte("v")}, "SET version:000000000000 v"},
		{Versioned{Value: []byte("v"), Version: 7}, "SET version:000000000000 v VER 7"},
		{Versioned{Version: 7, Deleting: true}, "DEL version:000000000000 VER 8"},
		{Versioned{Deleting: true}, "DEL version:000000000000"},
	} {
		sent := c.v.Sources()(0).Append(nil)
		args, err := readCommand(bufio.NewReader(strings.NewReader(string(sent))))
		if got := strings.Join(args, " "); err != nil || got != c.want {
			t.Errorf("%+v: %q, %v; want %q", c.v, got, err, c.want)
		}
	}
}

func TestAWrongReplyEndsTheRun(t *testing.T) {
	for reply, want := range map[string]string{
		"-ERR no\r\n":       "ERR no",
		":1\r\n":            "answered with",
		"$-1\r\n":           "answered with",
		"$3\r\nabc\r\n":     "answered with",
		"?\r\n":             "answered with",
		"\n":                "the line",
		"?what\r\n":         "answered with",
		"*1\r\n$1\r\n1\r\n": "answered with",
	} {
		address := fakeServer(t, func([]string) string { return reply })
		_, err := Run(context.Background(), Job{3, 2, 100}, DialRedis(address, Fill(Value(1))))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", reply, err)
		}
	}
}

// anyReply takes every reply.
type anyReply struct{ *filler }

func (anyReply) Check([]byte) error { return nil }

func TestRepliesOfEveryKindAreSkipped(t *testing.T) {
	for _, reply := range []string{"+OK\r\n", ":12\r\n", "$0\r\n\r\n", "$-1\r\n", "*-1\r\n", "*0\r\n", "*2\r\n$2\r\nab\r\n*2\r\n:1\r\n+x\r\n"} {
		address := fakeServer(t, func([]string) string { return reply })
		fill := Fill(Value(1))
		source := func(client int) Source { return anyReply{fill(client).(*filler)} }
		if _, err := Run(context.Background(), Job{1, 5, 20}, DialRedis(address, source)); err != nil {
			t.Errorf("%q: %v", reply, err)
		}
	}
}

func TestARunEndsWhenItIsCancelled(t *testing.T) {
	ctx, cancel := context.WithCancelCause(context.Background())
	why := errors.New("enough")
	address := fakeServer(t, func([]string) string { cancel(why); return "" })
	if _, err := Run(ctx, Job{2, 1, 100}, DialRedis(address, Fill(Value(1)))); !errors.Is(err, why) {
		t.Errorf("got %v", err)
	}
}

func TestAJobWithoutClientsIsRefused(t *testing.T) {
	for _, job := range []Job{{0, 1, 1}, {1, 0, 1}, {1, 1, 0}} {
		if _, err := Run(context.Background(), job, nil); err == nil {
			t.Errorf("%+v is done", job)
		}
	}
}

func TestQuantiles(t *testing.T) {
	var trips []time.Duration
	for i := 100; i > 0; i-- {
		trips = append(trips, time.Duration(i)*time.Millisecond)
	}
	if f := figures(200, 2*time.Second, trips); f != (Figures{200, 100, 50, 99, 100}) {
		t.Errorf("got %+v", f)
	}
	if f := figures(1, time.Second, nil); f != (Figures{1, 1, 0, 0, 0}) {
		t.Errorf("of nothing: %+v", f)
	}
}

func TestParseCSV(t *testing.T) {
	header := `"test","rps","avg_latency_ms","min_latency_ms","p50_latency_ms","p95_latency_ms","p99_latency_ms","max_latency_ms"` + "\n"
	f, err := parseCSV("WARNING: could not fetch server CONFIG\n" + header + `"SET","1234.50","0.5","0.1","0.400","0.7","0.900","1.0"` + "\n")
	if err != nil || f != (Figures{PerSecond: 1234.5, P50: 0.4, P99: 0.9, Max: 1}) {
		t.Errorf("got %v, %v", f, err)
	}
	for _, text := range []string{"", header, header + `"SET"` + "\n", header + `"SET","x","0","0","0","0","0","0"` + "\n"} {
		if f, err := parseCSV(text); err == nil {
			t.Errorf("%q: got %v and no error", text, f)
		}
	}
}
