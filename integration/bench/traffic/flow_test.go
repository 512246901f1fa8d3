package traffic

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// fake is a server that answers each command at once.
type fake struct {
	addr   string
	answer func(count int64, words []string) string
	count  atomic.Int64
}

func startFake(t *testing.T, answer func(count int64, words []string) string) *fake {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f := &fake{addr: listener.Addr().String(), answer: answer}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			serving.Go(func() { f.serve(conn) })
		}
	})
	t.Cleanup(func() {
		if err := listener.Close(); err != nil {
			t.Error(err)
		}
		serving.Wait()
	})
	return f
}

// serve ends with the connection, or when there is no answer.
func (f *fake) serve(conn net.Conn) {
	defer conn.Close()
	in := bufio.NewReader(conn)
	for {
		words, err := readCommand(in)
		if err != nil {
			return
		}
		answer := f.answer(f.count.Add(1), words)
		if _, err := io.WriteString(conn, answer); err != nil || answer == "" {
			return
		}
	}
}

func readCommand(in *bufio.Reader) ([]string, error) {
	var count int
	if _, err := fmt.Fscanf(in, "*%d\r\n", &count); err != nil {
		return nil, err
	}
	words := make([]string, count)
	for i := range words {
		var length int
		if _, err := fmt.Fscanf(in, "$%d\r\n", &length); err != nil {
			return nil, err
		}
		text := make([]byte, length+2)
		if _, err := io.ReadFull(in, text); err != nil {
			return nil, err
		}
		words[i] = string(text[:length])
	}
	return words, nil
}

func TestRunSendsWhatItIsTold(t *testing.T) {
	var mu sync.Mutex
	keys := map[string]int{}
	f := startFake(t, func(_ int64, words []string) string {
		mu.Lock()
		defer mu.Unlock()
		keys[words[1]] += len(words[2])
		return "+OK\r\n"
	})
	r, err := Run(t.Context(), Options{Addrs: []string{f.addr}, Connections: 3, Pipeline: 7, Requests: 1000, Command: SetInOrder(500, 100)})
	if err != nil || r.Count() != 1000 || r.Errors != 0 || r.PerSecond <= 0 || r.Max() <= 0 {
		t.Errorf("%d replies, %d errors, %v", r.Count(), r.Errors, err)
	}
	if len(keys) != 500 || keys[Key(0)] != 200 || keys[Key(499)] != 200 || len(Key(499)) != keyBytes {
		t.Errorf("%d keys have come, the last with %d bytes", len(keys), keys[Key(499)])
	}
}

func TestAnErrorEndsAFlowThatIsNotTolerant(t *testing.T) {
	f := startFake(t, func(count int64, _ []string) string {
		if count == 50 {
			return "-ERR enough\r\n"
		}
		return "$1\r\nv\r\n"
	})
	o := Options{Addrs: []string{f.addr}, Connections: 2, Requests: 100, Command: Get(10)}
	if _, err := Run(t.Context(), o); err == nil || !strings.Contains(err.Error(), "ERR enough") {
		t.Errorf("got %v", err)
	}
	f.count.Store(0)
	o.Tolerant = true
	if r, err := Run(t.Context(), o); err != nil || r.Errors != 1 || r.Failure != "ERR enough" || r.Count() != 100 {
		t.Errorf("%d replies, %d errors %q, %v", r.Count(), r.Errors, r.Failure, err)
	}
}

func TestALostConnectionEndsByItselfIfThatIsTolerated(t *testing.T) {
	f := startFake(t, func(count int64, _ []string) string {
		if count == 10 {
			return ""
		}
		return "+OK\r\n"
	})
	r, err := Run(t.Context(), Options{Addrs: []string{f.addr}, Connections: 2, Requests: 100, Command: Fixed("PING"), Tolerant: true})
	if err != nil || r.Lost != 1 || r.Count() < 98 {
		t.Errorf("%d replies, %d connections lost, %v", r.Count(), r.Lost, err)
	}
}

// TestALatePaceIsNoticed: a server that stands still for a while makes all commands late that were due meanwhile, though only one was sent.
// A patient client sees that one late.
func TestALatePaceIsNoticed(t *testing.T) {
	const still, every = 200 * time.Millisecond, 2 * time.Millisecond
	f := startFake(t, func(count int64, _ []string) string {
		if count == 5 {
			<-time.After(still)
		}
		return "+OK\r\n"
	})
	o := Options{Addrs: []string{f.addr}, Connections: 1, Requests: 200, Every: every, Command: Fixed("PING")}
	r, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	// A hundred are due in that time, half of them for longer than half of it.
	if late := r.Quantile(1 - 40.0/200); late < still/2 {
		t.Errorf("of 200 replies 40 took %v at least, and the server stood still for %v", late, still)
	}
	f.count.Store(0)
	o.Patient = true
	if r, err = Run(t.Context(), o); err != nil || r.Max() < still || r.Quantile(1-1.0/200) >= still {
		t.Errorf("a patient client saw %v at most, and %v but for one, %v", r.Max(), r.Quantile(1-1.0/200), err)
	}
}

func TestTakeBeginsAnew(t *testing.T) {
	f := startFake(t, func(int64, []string) string { return "+OK\r\n" })
	flow, err := Start(t.Context(), Options{Addrs: []string{f.addr}, Connections: 2, Pipeline: 3, Command: Fixed("PING")})
	if err != nil {
		t.Fatal(err)
	}
	var first Result
	for deadline := time.Now().Add(10 * time.Second); first.Count() == 0 && time.Now().Before(deadline); {
		first = flow.Take()
	}
	rest, err := flow.Stop()
	if sum := int64(first.Count() + rest.Count()); err != nil || sum != f.count.Load() || first.Count() == 0 {
		t.Errorf("%d and %d replies of %d, %v", first.Count(), rest.Count(), f.count.Load(), err)
	}
}

// TestWhatIsUnderWayAtATakeBelongsToTheTimeBefore: a server that holds a command up for longer than it is watched is found out.
func TestWhatIsUnderWayAtATakeBelongsToTheTimeBefore(t *testing.T) {
	const still = 100 * time.Millisecond
	held, goOn := make(chan struct{}), make(chan struct{})
	f := startFake(t, func(count int64, _ []string) string {
		if count == 5 {
			close(held)
			<-goOn
		}
		return "+OK\r\n"
	})
	flow, err := Start(t.Context(), Options{Addrs: []string{f.addr}, Connections: 1, Every: time.Millisecond, Command: Fixed("PING")})
	if err != nil {
		t.Fatal(err)
	}
	<-held
	flow.Cut()
	time.AfterFunc(still, func() { close(goOn) })
	first := flow.Take()
	rest, err := flow.Stop()
	if err != nil || first.Max() < still/2 || first.Count() < 5 {
		t.Errorf("%d replies, the longest after %v; then %d, the longest after %v; %v", first.Count(), first.Max(), rest.Count(), rest.Max(), err)
	}
}
