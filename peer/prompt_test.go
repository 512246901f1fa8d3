package peer

import (
	"bytes"
	"io"
	"net"
	"testing"
	"time"

	"github.com/paxredis/paxredis/replication/paxos"
)

// A message that finds somebody at the link is left to the writer, and its sender waits for nothing.
func TestSendWaitsForNobody(t *testing.T) {
	one, two := pair(t, nil)
	one.Send(2, paxos.Learn{From: 1})
	two.nextMessage(t)
	w := one.view.Load().remotes[2].writable.Load().writer
	w.mu.Lock()
	one.Send(2, paxos.Learn{From: 2})
	one.SendAll([]paxos.Envelope{{To: 2, Message: paxos.Learn{From: 3}}, {To: 9, Message: paxos.Learn{}}, {To: 2, Message: paxos.Learn{From: 4}}})
	w.mu.Unlock()
	for from := paxos.Slot(2); from <= 4; from++ {
		if got := two.nextMessage(t); got != (paxos.Learn{From: from}) {
			t.Fatalf("got %v, want %v", got, from)
		}
	}
}

// A small message leaves on the sender's goroutine: when writeNow has returned, nothing is left to do.
func TestASmallMessageIsWrittenByItsSender(t *testing.T) {
	one, two := pair(t, nil)
	one.Send(2, paxos.Learn{From: 1})
	two.nextMessage(t)
	r := one.view.Load().remotes[2]
	w := r.writable.Load().writer
	for r.outbox.put(paxos.Learn{From: 2}); !w.writeNow(); r.outbox.put(paxos.Learn{From: 2}) {
		r.outbox.signal() // the writer was still at it
		two.nextMessage(t)
	}
	if waiting := r.outbox.bytes(); waiting != 0 {
		t.Errorf("%d bytes wait", waiting)
	}
	if got := two.nextMessage(t); got != (paxos.Learn{From: 2}) {
		t.Errorf("got %v", got)
	}
}

// More than a batch of common size is left to the writer, whatever else is going on.
func TestALargeMessageIsNotWrittenByItsSender(t *testing.T) {
	one, two := pair(t, nil)
	one.Send(2, paxos.Learn{From: 1})
	two.nextMessage(t)
	r := one.view.Load().remotes[2]
	w := r.writable.Load().writer
	w.mu.Lock() // or the writer might take the message in between
	r.outbox.put(accept(1, promptBytes))
	if w.writePrompt() {
		t.Error("it is written at once")
	}
	w.mu.Unlock()
	r.outbox.signal()
	two.nextMessage(t)
}

// What the socket does not take stays, and goes before all that comes later.
func TestGatheredBytesKeepTheirOrder(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	out, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	in, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	c := newRawConn(out, 1)
	c.trust()
	var sent []byte
	write := func(b byte) {
		part := bytes.Repeat([]byte{b}, 1<<20)
		sent = append(sent, part...)
		if _, err := c.Write(part); err != nil {
			t.Fatal(err)
		}
	}
	all := true
	for b := byte(1); all && b < 100; b++ { // nobody reads, so the socket is full at some time
		write(b)
		if all, err = c.push(); err != nil {
			t.Fatal(err)
		}
	}
	if all {
		t.Fatal("100 MiB fit into a socket")
	}
	write(200) // behind what waits, even if the socket has room again by now
	received := make(chan []byte)
	go func() {
		got, err := io.ReadAll(in)
		if err != nil {
			t.Error(err)
		}
		received <- got
	}()
	if err := c.drain(time.Minute); err != nil {
		t.Fatal(err)
	}
	if all, err = c.push(); !all || err != nil {
		t.Errorf("after all has been written: %v, %v", all, err)
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	if got := <-received; !bytes.Equal(got, sent) {
		t.Errorf("%d bytes came of %d, or others", len(got), len(sent))
	}
	write(1)
	if _, err := c.push(); err == nil {
		t.Error("a closed socket takes bytes")
	}
}
