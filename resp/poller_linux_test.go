package resp

import (
	"testing"

	"golang.org/x/sys/unix"
)

func startPoller(t *testing.T) *poller {
	t.Helper()
	p, err := newPoller()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.close(); err != nil {
			t.Error(err)
		}
	})
	return p
}

// eventsOf waits, and returns the events of a socket.
func eventsOf(t *testing.T, p *poller, fd int, block bool) (events uint32) {
	t.Helper()
	found, err := p.wait(block)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range found {
		if int(e.Fd) == fd {
			events |= e.Events
		}
	}
	return events
}

// Each change of a socket is told once, also to who waits for it.
func TestAPollerTellsWhatHappens(t *testing.T) {
	p := startPoller(t)
	s, peer := socketPair(t)
	if err := p.add(s.fd); err != nil {
		t.Fatal(err)
	}
	if got := eventsOf(t, p, s.fd, true); got&unix.EPOLLOUT == 0 || got&unix.EPOLLIN != 0 {
		t.Errorf("a new socket: %x", got)
	}
	if got := eventsOf(t, p, s.fd, false); got != 0 {
		t.Errorf("told twice: %x", got)
	}
	go func() { _, _ = unix.Write(peer, []byte("x")) }()
	if got := eventsOf(t, p, s.fd, true); got&unix.EPOLLIN == 0 {
		t.Errorf("bytes have come: %x", got)
	}
	if err := unix.Shutdown(peer, unix.SHUT_RDWR); err != nil {
		t.Fatal(err)
	}
	if got := eventsOf(t, p, s.fd, true); got&unix.EPOLLRDHUP == 0 {
		t.Errorf("the peer has closed: %x", got)
	}
}

// Waking ends a wait, before it begins or while it lasts, does not keep sockets from being looked at, and is over with rest.
func TestAPollerIsWoken(t *testing.T) {
	p := startPoller(t)
	s, peer := socketPair(t)
	if err := p.add(s.fd); err != nil {
		t.Fatal(err)
	}
	eventsOf(t, p, s.fd, true)
	for range 100 {
		woken := make(chan error)
		go func() { woken <- p.wake() }()
		if got := eventsOf(t, p, s.fd, true); got != 0 {
			t.Fatalf("woken with %x", got)
		}
		if err := <-woken; err != nil {
			t.Fatal(err)
		}
		if got := eventsOf(t, p, s.fd, true); got != 0 { // it is still awake
			t.Fatalf("awake with %x", got)
		}
		if err := p.rest(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := unix.Write(peer, []byte("x")); err != nil {
		t.Fatal(err)
	}
	if err := p.wake(); err != nil {
		t.Fatal(err)
	}
	if got := eventsOf(t, p, s.fd, true); got&unix.EPOLLIN == 0 {
		t.Errorf("bytes have come while it was awake: %x", got)
	}
}
