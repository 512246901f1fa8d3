package resp

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/paxredis/paxredis/replication"
)

// fakeCheckpoints is a CheckpointSource with one checkpoint, of slot 40. What it has to read waits while it is held.
type fakeCheckpoints struct {
	mu      sync.Mutex
	changed *sync.Cond
	held    bool
	heads   int // calls of Head at work
	holds   int // not released
	reading int // calls of Read at work
	most    int // at the same time
}

func newFakeCheckpoints() *fakeCheckpoints {
	f := &fakeCheckpoints{}
	f.changed = sync.NewCond(&f.mu)
	return f
}

func (f *fakeCheckpoints) set(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
	f.changed.Broadcast()
}

func (f *fakeCheckpoints) until(condition func() bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for !condition() {
		f.changed.Wait()
	}
}

func (f *fakeCheckpoints) Head(slot uint64) (uint64, []byte, func(), error) {
	if slot != 0 && slot != 40 {
		return 0, nil, nil, errors.New("no such checkpoint")
	}
	f.set(func() { f.heads++ })
	f.until(func() bool { return !f.held })
	f.set(func() { f.heads--; f.holds++ })
	return 40, []byte("head"), func() { f.set(func() { f.holds-- }) }, nil
}

func (f *fakeCheckpoints) Read(slot uint64, cursor []byte, since uint64, maxBytes int) (data, next []byte, err error) {
	if slot != 40 {
		return nil, nil, errors.New("no such checkpoint")
	}
	f.set(func() { f.reading++; f.most = max(f.most, f.reading) })
	f.until(func() bool { return !f.held })
	f.set(func() { f.reading-- })
	if string(cursor) == "last" {
		return []byte("end"), nil, nil
	}
	return fmt.Appendf(nil, "%d %q %d %d", slot, cursor, since, maxBytes), []byte("last"), nil
}

func TestCheckpointsAreRead(t *testing.T) {
	source := newFakeCheckpoints()
	s, node := startServer(t, Config{Checkpoints: source})
	w := dial(t, s)
	w.send(line("PAXOS CHECKPOINT NEW"))
	if !node.save(40, nil) {
		t.Error("PAXOS CHECKPOINT NEW does not wait for the disk")
	}
	w.want(":40")
	w.send(line("PAXOS CHECKPOINT NEW"))
	node.save(0, errGroup)
	w.want("-ERR no leader within the commit timeout")
	part := func(words ...string) string {
		w.send(request(append([]string{"PAXOS", "CHECKPOINT", "READ"}, words...)...))
		return w.reply()
	}
	for _, proto := range []string{"HELLO 2", "HELLO 3"} {
		w.do(proto)
		w.check("paxos checkpoint head", "*2 :40 $4 head")
		w.check("PAXOS CHECKPOINT HEAD 40", "*2 :40 $4 head")
		for _, test := range []struct {
			words []string
			want  string
		}{
			{[]string{"40", "", "1024"}, `*2 $12 40 "" 0 1024 $4 last`},
			{[]string{"40", "a\r\n", "4194304", "since", "39"}, `*2 $21 40 "a\r\n" 39 4194304 $4 last`},
			{[]string{"40", "last", "1024"}, "*2 $3 end $0 "},
		} {
			if got := part(test.words...); got != test.want {
				t.Errorf("%s: READ %q: %q, want %q", proto, test.words, got, test.want)
			}
		}
	}
	const size = "ERR max-bytes must be from 1024 to 4194304"
	for _, test := range []struct{ command, want string }{
		{"HEAD 41", "ERR no such checkpoint"},
		{"HEAD 0", errSlot}, {"HEAD x", errSlot}, {"HEAD 40 1", errPaxosSyntax},
		{"READ 41 c 1024", "ERR no such checkpoint"},
		{"READ 40 c 1023", size}, {"READ 40 c 4194305", size}, {"READ 40 c x", size},
		{"READ 0 c 1024", errSlot}, {"READ 40 c", errPaxosSyntax}, {"READ 40 c 1024 SINCE", errPaxosSyntax},
		{"READ 40 c 1024 BEFORE 3", errPaxosSyntax}, {"READ 40 c 1024 SINCE x", errSlot}, {"READ 40 c 1024 SINCE 40", errSinceSlot},
	} {
		w.check("PAXOS CHECKPOINT "+test.command, "-"+test.want)
	}
}

// A connection holds one checkpoint at most, until it closes.
func TestCheckpointsAreHeldByConnections(t *testing.T) {
	source := newFakeCheckpoints()
	s, _ := startServer(t, Config{Checkpoints: source, Loops: 2})
	const head = "PAXOS CHECKPOINT HEAD"
	var holders []*wire
	for range maxCheckpointHolds {
		w := dial(t, s)
		w.check(head, "*2 :40 $4 head")
		w.check(head, "*2 :40 $4 head")
		w.check(head+" 39", "-ERR no such checkpoint")
		holders = append(holders, w)
	}
	source.until(func() bool { return source.holds == maxCheckpointHolds })
	late := dial(t, s)
	late.check(head, "-"+errTooManyHolds)
	_ = holders[0].conn.Close()
	source.until(func() bool { return source.holds == maxCheckpointHolds-1 })
	late.check(head+" 39", "-ERR no such checkpoint") // takes no place
	other := dial(t, s)
	other.check(head, "*2 :40 $4 head")
	other.check("QUIT", "+OK")
	source.until(func() bool { return source.holds == maxCheckpointHolds-1 })
	for _, w := range holders[1:] {
		_ = w.conn.Close()
	}
	source.until(func() bool { return source.holds == 0 })
}

// A checkpoint that comes when its client has gone is released.
func TestACheckpointForNobodyIsReleased(t *testing.T) {
	source := newFakeCheckpoints()
	s, _ := startServer(t, Config{Checkpoints: source})
	source.set(func() { source.held = true })
	w := dial(t, s)
	w.send(line("PAXOS CHECKPOINT HEAD"))
	source.until(func() bool { return source.heads == 1 })
	_ = w.conn.Close()
	waitFor(t, s, func() bool { return s.open.Load() == 0 })
	source.set(func() { source.held = false })
	source.until(func() bool { return source.heads == 0 && source.holds == 0 })
}

func TestFewPartsAreReadAtOnce(t *testing.T) {
	source := newFakeCheckpoints()
	s, _ := startServer(t, Config{Checkpoints: source, Loops: 2})
	source.set(func() { source.held = true })
	const n = 3 * maxCheckpointReads
	var readers []*wire
	for range n {
		w := dial(t, s)
		w.send(line("PAXOS CHECKPOINT READ 40 last 1024"))
		readers = append(readers, w)
	}
	waitFor(t, s, func() bool { return s.waiting.Load() == n })
	dial(t, s).check("SET a 1", "+OK") // the loops are free
	source.until(func() bool { return source.reading == maxCheckpointReads })
	_ = readers[n-1].conn.Close() // may wait for its turn
	source.set(func() { source.held = false })
	for _, w := range readers[:n-1] {
		w.want("*2 $3 end $0 ")
	}
	source.until(func() bool { return source.reading == 0 })
	source.set(func() {
		if source.most > maxCheckpointReads {
			t.Errorf("%d parts were read at once, more than %d", source.most, maxCheckpointReads)
		}
	})
}

func TestBackupsBehindOtherCommands(t *testing.T) {
	source := newFakeCheckpoints()
	s, node := startServer(t, Config{Checkpoints: source})
	node.hold()
	w := dial(t, s)
	w.send(lines("SET a 1;PAXOS CHECKPOINT HEAD;GET a;CLIENT REPLY SKIP;PAXOS CHECKPOINT HEAD;PAXOS LEADER GET"))
	node.letGo()
	w.want("+OK", "*2 :40 $4 head", "$1 1", "*4 $2 id :0 $6 ballot $3 0.0")
}

func TestOutcomesAreToldAsTheyAre(t *testing.T) {
	s, node := startServer(t, Config{})
	w := dial(t, s)
	for outcome := replication.NoLeader; !strings.Contains(outcome.String(), "unknown"); outcome++ {
		node.set(func() { node.refuse = outcome })
		w.check("SET a 1", "-"+outcome.String())
		w.check("GET a", "-"+outcome.String())
		if got := w.do("INFO paxos"); !strings.Contains(got, "paxos_role:") {
			t.Errorf("INFO paxos: %s", got)
		}
		w.check("PING", "+PONG")
	}
}
