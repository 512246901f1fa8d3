package resp

import (
	"context"
	"strings"
	"testing"
)

// A client that goes away ends what it waits for.
func TestErrandsEndWithTheirClients(t *testing.T) {
	s, node := startServer(t, Config{})
	for _, command := range []string{"SAVE", "BGSAVE", "PAXOS MEMBER REMOVE 1", "PAXOS CHECKPOINT NEW"} {
		w := dial(t, s)
		w.send(line(command))
		node.until(func() bool { return len(node.saves)+len(node.changes) == 1 })
		if n := s.waiting.Load(); n != 1 {
			t.Errorf("%s: %d clients wait, want 1", command, n)
		}
		_ = w.conn.Close()
		node.until(func() bool { return len(node.saves)+len(node.changes) == 0 })
		waitFor(t, s, func() bool { return s.waiting.Load() == 0 })
	}
}

// A client that is killed by another does so, too.
func TestErrandsEndWithAKilledClient(t *testing.T) {
	s, node := startServer(t, Config{Loops: 2})
	w := dial(t, s)
	w.check("CLIENT ID", ":1")
	w.send(line("SAVE"))
	node.until(func() bool { return len(node.saves) == 1 })
	other := dial(t, s) // only now: ids are given in the order in which event loops take connections up
	other.check("CLIENT KILL ID 1", ":1")
	node.until(func() bool { return len(node.saves) == 0 })
	w.wantClosed()
}

func TestErrandsAreBounded(t *testing.T) {
	s, node := startServer(t, Config{Loops: 2})
	var waiters []*wire
	for range maxErrands {
		w := dial(t, s)
		w.send(line("SAVE"))
		waiters = append(waiters, w)
	}
	node.until(func() bool { return len(node.saves) == maxErrands })
	late := dial(t, s)
	for _, command := range []string{"SAVE", "BGSAVE", "PAXOS MEMBER REMOVE 1"} {
		late.check(command, "-"+errTooManyErrands)
	}
	late.send(lines("MULTI;BGSAVE;EXEC"))
	late.want("+OK", "+QUEUED", "*1 -"+errTooManyErrands)
	late.check("SET a 1", "+OK")
	late.check("WAIT 1 0", ":1") // is none
	_ = waiters[0].conn.Close()
	node.until(func() bool { return len(node.saves) == maxErrands-1 })
	for range maxErrands - 1 {
		node.save(1, nil)
	}
	for _, w := range waiters[1:] {
		w.want("+OK")
	}
	late.send(line("SAVE"))
	node.save(1, nil)
	late.want("+OK")
}

// Close does not wait for the group: it tells the clients so.
func TestCloseEndsErrands(t *testing.T) {
	source := newFakeCheckpoints()
	s, node := startServer(t, Config{Checkpoints: source})
	saves, holds, schedules := dial(t, s), dial(t, s), dial(t, s)
	holds.check("PAXOS CHECKPOINT HEAD", "*2 :40 $4 head")
	node.set(func() { node.saving.Running = 9 })
	schedules.check("BGSAVE SCHEDULE", "+Background saving scheduled")
	node.set(func() { node.saving.Running = 0 })
	saves.send(line("SAVE"))
	node.until(func() bool { return len(node.saves) == 2 })
	if err := <-closing(s); err != nil {
		t.Error(err)
	}
	saves.want("-" + errClosing)
	saves.wantClosed()
	node.until(func() bool { return len(node.saves) == 0 })
	source.until(func() bool { return source.holds == 0 })
}

// An errand that does not end when it is told to makes Close say so, no more.
func TestCloseDoesNotWaitForeverForAnErrand(t *testing.T) {
	source := newFakeCheckpoints()
	source.held = true
	s, _ := startServer(t, Config{Checkpoints: source})
	w := dial(t, s)
	w.send(line("PAXOS CHECKPOINT READ 40 x 1024"))
	source.until(func() bool { return source.reading == 1 })
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := s.errands.await(ctx); err == nil || !strings.Contains(err.Error(), "still at work") {
		t.Errorf("%v", err)
	}
	source.set(func() { source.held = false })
}

// With no errand at work there is nothing to complain of, however late it is.
func TestNoErrandIsAtWorkAfterTheDeadline(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for range 100 {
		var e errands
		e.init()
		if err := e.await(ctx); err != nil {
			t.Fatal(err)
		}
	}
}
