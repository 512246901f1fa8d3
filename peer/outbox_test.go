package peer

import (
	"net"
	"net/netip"
	"slices"
	"testing"

	"github.com/paxredis/paxredis/replication/paxos"
)

func testOutbox(messages, bytes int) *outbox {
	o := newOutbox(Limits{QueueMessages: messages, QueueBytes: bytes})
	o.start()
	return o
}

// slots are the numbers of queued Learn (control) and Accept (bulk) messages; bulk is negative.
func slots(queue []queued) []int {
	var all []int
	for _, q := range queue {
		switch m := q.message.(type) {
		case paxos.Learn:
			all = append(all, int(m.From))
		case paxos.Accept:
			all = append(all, -int(m.Slot))
		}
	}
	return all
}

func TestOutboxKeepsTheOrderOfArrival(t *testing.T) {
	o := testOutbox(100, 1<<20)
	o.put(accept(1, 10))
	o.put(paxos.Learn{From: 2})
	o.put(accept(3, 10))
	o.put(paxos.Learn{From: 4})
	if got := slots(o.take(nil, 1<<20)); !slices.Equal(got, []int{-1, 2, -3, 4}) {
		t.Fatal(got)
	}
}

func TestOutboxLetsControlPassBulk(t *testing.T) {
	o := testOutbox(100, 1<<20)
	for i := range 4 {
		o.put(accept(paxos.Slot(i+1), 1000))
		o.put(paxos.Learn{From: paxos.Slot(i + 1)})
	}
	if got := slots(o.take(nil, 0)); !slices.Equal(got, []int{1, 2, 3, 4}) {
		t.Fatal(got)
	}
	if got := slots(o.take(nil, 1500)); !slices.Equal(got, []int{-1, -2}) {
		t.Fatal(got)
	}
}

func TestFullOutboxDropsTheOldest(t *testing.T) {
	o := testOutbox(3, 1<<20)
	for i := range 5 {
		o.put(paxos.Learn{From: paxos.Slot(i + 1)})
		o.put(accept(paxos.Slot(i+1), 10)) // lanes do not displace each other
	}
	if got := slots(o.take(nil, 1<<20)); !slices.Equal(got, []int{3, -3, 4, -4, 5, -5}) || o.overflowed != 4 {
		t.Fatal(got, o.overflowed)
	}
}

func TestOutboxIsBoundedInBytes(t *testing.T) {
	o := testOutbox(100, 1000)
	for i := range 5 {
		o.put(accept(paxos.Slot(i+1), 300))
	}
	if got := slots(o.take(nil, 1<<20)); !slices.Equal(got, []int{-4, -5}) || o.overflowed != 3 {
		t.Fatal(got, o.overflowed)
	}
	o.put(accept(6, 300))
	o.put(accept(7, 5000)) // longer than the bound: let through alone
	if got := slots(o.take(nil, 1<<20)); !slices.Equal(got, []int{-7}) {
		t.Fatal(got)
	}
	if o.bulk.bytes != 0 || o.control.bytes != 0 {
		t.Error("an empty queue counts bytes")
	}
}

// TestLongLivedLaneDoesNotGrow: a queue that is never empty reuses its memory.
func TestLongLivedLaneDoesNotGrow(t *testing.T) {
	o := testOutbox(16, 1<<20)
	for i := range 100_000 {
		o.put(paxos.Learn{From: paxos.Slot(i)})
	}
	if c := cap(o.control.items); c > 64 {
		t.Errorf("16 messages take the room of %d", c)
	}
}

func TestOutboxWithoutALink(t *testing.T) {
	o := testOutbox(10, 1000)
	o.put(paxos.Learn{From: 1})
	o.stop()
	o.put(paxos.Learn{From: 2})
	o.start()
	if got := o.take(nil, 1); len(got) != 0 || o.unlinked != 2 {
		t.Fatal(slots(got), o.unlinked)
	}
	o.put(paxos.Learn{From: 3})
	o.seal()
	o.put(paxos.Learn{From: 4})
	if got := slots(o.take(nil, 1)); !slices.Equal(got, []int{3}) {
		t.Fatal(got)
	}
}

// fakeConn has an address and can be closed.
type fakeConn struct {
	net.Conn
	from   string
	closed bool
}

func (c *fakeConn) RemoteAddr() net.Addr {
	return net.TCPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr(c.from), 1))
}
func (c *fakeConn) Close() error { c.closed = true; return nil }

func TestAdmissionIsFair(t *testing.T) {
	a := admission{max: 4}
	greedy := make([]*fakeConn, 4)
	for i := range greedy {
		greedy[i] = &fakeConn{from: "10.0.0.1"}
		if a.admit(greedy[i]) == nil {
			t.Fatal("a free place was refused")
		}
	}
	if a.admit(&fakeConn{from: "10.0.0.1"}) != nil || a.admit(&fakeConn{from: "::ffff:10.0.0.1"}) != nil {
		t.Error("the greedy address got more than there is")
	}
	place := a.admit(&fakeConn{from: "10.0.0.2"})
	if place == nil || !greedy[0].closed || greedy[1].closed {
		t.Fatal("a newcomer must take the place of the greediest's oldest")
	}
	if a.admit(&fakeConn{from: "10.0.0.2"}) == nil || a.admit(&fakeConn{from: "10.0.0.2"}) != nil {
		t.Error("two addresses must share four places by halves")
	}
	a.leave(place)
	a.leave(place) // harmless
	if a.admit(&fakeConn{from: "10.0.0.2"}) == nil {
		t.Error("a place given back was refused")
	}
}

func TestIPv6NeighboursAreOneSource(t *testing.T) {
	one, two := sourceOf(&fakeConn{from: "2001:db8::1"}), sourceOf(&fakeConn{from: "2001:db8::ffff:2"})
	if other := sourceOf(&fakeConn{from: "2001:db8:0:1::1"}); one != two || one == other {
		t.Error(one, two, other)
	}
}
