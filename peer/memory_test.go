package peer

import (
	"crypto/tls"
	"errors"
	"net"
	"runtime"
	"testing"
)

// unknownBytes bounds what a connection that has not shown the cluster's key makes a node hold.
const unknownBytes = 64 << 10

// live is what the process holds after garbage is collected.
func live() int64 {
	runtime.GC()
	runtime.GC() // what the first one found only finalizers to hold
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc + m.StackInuse)
}

var errStopped = errors.New("the attacker reads no further")

// stopping is a connection whose owner goes no further once the other side has answered.
type stopping struct{ net.Conn }

func (c stopping) Read(p []byte) (int, error) {
	if _, err := c.Conn.Read(p[:1]); err != nil {
		return 0, err
	}
	return 0, errStopped
}

// TestUnknownPeersHoldLittleMemory: as many of them as are let in stop in the middle of the handshake, when the node has done its part of it
// and waits for theirs.
func TestUnknownPeersHoldLittleMemory(t *testing.T) {
	n := victim(t, nil)
	id, err := newIdentity([]Key{testKey(t, 2)})
	if err != nil {
		t.Fatal(err)
	}
	attack := func() {
		conn := tcp(t, n.Addr().String())
		if err := tls.Client(stopping{conn}, id.tlsConfig()).Handshake(); !errors.Is(err, errStopped) {
			t.Fatal("no answer to the first message:", err)
		}
	}
	attack() // what is made once
	before := live()
	const attackers = 15
	for range attackers {
		attack()
	}
	held := live() - before
	t.Logf("%d connections hold %d bytes each", attackers, held/attackers)
	if held > attackers*unknownBytes {
		t.Errorf("%d connections hold %d bytes", attackers, held)
	}
	n.untouched(t)
}
