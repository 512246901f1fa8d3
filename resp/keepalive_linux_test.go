package resp

import (
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A client whose machine is gone without a word is found by the kernel, on the socket that its loop serves.
func TestAcceptedSocketsAreKeptAlive(t *testing.T) {
	s, _ := startServer(t, Config{Loops: 1})
	w := dial(t, s)
	w.check("CONFIG GET tcp-keepalive", "*2 $13 tcp-keepalive $3 300")
	seconds := func(d time.Duration) int { return int(d / time.Second) }
	keepAlive := s.settings.keepAlive()
	for _, test := range []struct {
		name                string
		level, option, want int
	}{
		{"SO_KEEPALIVE", unix.SOL_SOCKET, unix.SO_KEEPALIVE, 1},
		{"TCP_KEEPIDLE", unix.IPPROTO_TCP, unix.TCP_KEEPIDLE, seconds(keepAlive.Idle)},
		{"TCP_KEEPINTVL", unix.IPPROTO_TCP, unix.TCP_KEEPINTVL, seconds(keepAlive.Interval)},
		{"TCP_KEEPCNT", unix.IPPROTO_TCP, unix.TCP_KEEPCNT, keepAlive.Count},
	} {
		type answer struct {
			value int
			err   error
		}
		asked := make(chan answer, 1)
		l := s.allLoops()[0]
		l.do(func() {
			for c := range l.clients {
				value, err := unix.GetsockoptInt(c.fd, test.level, test.option)
				asked <- answer{value, err}
			}
		})
		if got := <-asked; got.err != nil || got.value != test.want {
			t.Errorf("%s is %d, want %d: %v", test.name, got.value, test.want, got.err)
		}
	}
}
