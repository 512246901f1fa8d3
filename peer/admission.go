package peer

import (
	"net"
	"net/netip"
	"sync"
)

// admission bounds the connections that have not said hello, with a fair share for each source address: when all
// places are taken, a newcomer from an address that holds fewer than another takes the place of that one's oldest.
// So one address that opens connections without end cannot keep a peer out. Safe for use by several goroutines.
type admission struct {
	max int

	mu      sync.Mutex
	waiting []*waiting // oldest first
}

// waiting is a connection that has not said hello.
type waiting struct {
	conn net.Conn
	from netip.Addr
}

// admit takes a place for conn, or returns nil when there is none. leave gives it back.
func (a *admission) admit(conn net.Conn) *waiting {
	w := &waiting{conn: conn, from: sourceOf(conn)}
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.waiting) >= a.max && !a.evictFor(w.from) {
		return nil
	}
	a.waiting = append(a.waiting, w)
	return w
}

func (a *admission) leave(w *waiting) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for i := range a.waiting {
		if a.waiting[i] == w {
			a.waiting = append(a.waiting[:i], a.waiting[i+1:]...)
			return
		}
	}
}

// evictFor closes the oldest connection of the address that holds most, if that is more than from would hold then.
func (a *admission) evictFor(from netip.Addr) bool {
	held := make(map[netip.Addr]int, len(a.waiting))
	for _, w := range a.waiting {
		held[w.from]++
	}
	oldest := -1
	for i, w := range a.waiting {
		if held[w.from] > held[from]+1 && (oldest < 0 || held[w.from] > held[a.waiting[oldest].from]) {
			oldest = i
		}
	}
	if oldest < 0 {
		return false
	}
	a.waiting[oldest].conn.Close() // its handshake ends with an error, which says enough
	a.waiting = append(a.waiting[:oldest], a.waiting[oldest+1:]...)
	return true
}

// sourceOf is the address without the port; IPv6 is counted by /64, which one host commonly owns whole.
func sourceOf(conn net.Conn) netip.Addr {
	tcp, ok := conn.RemoteAddr().(*net.TCPAddr)
	if !ok {
		return netip.Addr{}
	}
	addr := tcp.AddrPort().Addr().Unmap().WithZone("")
	if addr.Is6() {
		if prefix, err := addr.Prefix(64); err == nil {
			return prefix.Addr()
		}
	}
	return addr
}
