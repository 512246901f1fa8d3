package peer

import (
	"bytes"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/paxredis/paxredis/replication/paxos"
)

func accept(slot paxos.Slot, bytesOfPayload int) paxos.Accept {
	return paxos.Accept{Ballot: sampleBallot(1), Slot: slot, Entry: paxos.Entry{Kind: paxos.EntryBatch,
		Payload: bytes.Repeat([]byte{byte(slot)}, bytesOfPayload)}}
}

// cut breaks the node's link to peer.
func (n *node) cut(peer paxos.NodeID) {
	r := n.view.Load().remotes[peer]
	r.mu.Lock()
	l := r.current
	r.mu.Unlock()
	if l != nil {
		l.fail(errors.New("cut by the test"))
	}
}

// TestValuesOfAllSizesArriveWhole: around the sizes of records, frames and buffers, in order.
func TestValuesOfAllSizesArriveWhole(t *testing.T) {
	one, two := pair(t, nil)
	sizes := []int{0, 1, 1000, 16 << 10, pieceBytes - 40, pieceBytes - 20, pieceBytes, pieceBytes + 1, 128 << 10, 128<<10 + 1,
		writeBytes - 1, writeBytes + 1, 3 << 20}
	for i, size := range sizes {
		one.Send(2, accept(paxos.Slot(i+1), size))
	}
	for i, size := range sizes {
		got, ok := two.nextMessage(t).(paxos.Accept)
		want := accept(paxos.Slot(i+1), size)
		if !ok || got.Slot != want.Slot || !bytes.Equal(got.Entry.Payload, want.Entry.Payload) {
			t.Fatalf("value %d of %d bytes came as slot %v with %d", i, size, got.Slot, len(got.Entry.Payload))
		}
	}
}

// TestManyRecordsInOneMessage: a long Learned, whose payloads are sent from where they lie.
func TestManyRecordsInOneMessage(t *testing.T) {
	one, two := pair(t, nil)
	var records []paxos.Record
	for i := range 2000 {
		records = append(records, paxos.Record{Slot: paxos.Slot(i + 1), Ballot: sampleBallot(1),
			Entry: paxos.Entry{Kind: paxos.EntryBatch, Payload: bytes.Repeat([]byte{byte(i)}, i)}})
	}
	one.Send(2, paxos.Learned{Records: records, Chosen: 2000})
	got := two.nextMessage(t).(paxos.Learned)
	if len(got.Records) != len(records) || got.Chosen != 2000 {
		t.Fatalf("%d records", len(got.Records))
	}
	for i, r := range got.Records {
		if r.Slot != records[i].Slot || !bytes.Equal(r.Entry.Payload, records[i].Entry.Payload) {
			t.Fatalf("record %d differs", i)
		}
	}
}

// TestHeartbeatsOvertakeBulk: ten heartbeats sent behind a 64 MiB value arrive before it.
func TestHeartbeatsOvertakeBulk(t *testing.T) {
	one, two := pair(t, nil)
	one.Send(2, accept(1, 64<<20))
	for i := range 10 {
		one.Send(2, paxos.Heartbeat{Ballot: sampleBallot(1), Number: uint64(i)})
	}
	for i := range 10 {
		if got, ok := two.nextMessage(t).(paxos.Heartbeat); !ok || got.Number != uint64(i) {
			t.Fatalf("message %d is no heartbeat, or not that one", i)
		}
	}
	if got, ok := two.nextMessage(t).(paxos.Accept); !ok || len(got.Entry.Payload) != 64<<20 {
		t.Fatal("the value did not arrive")
	}
}

// TestControlGoesBeforeTheNextPiece: at any point of a long message, a control message waits for one write at most,
// and bulk for the long message.
func TestControlGoesBeforeTheNextPiece(t *testing.T) {
	w, box := idleWriter(t)
	box.put(accept(1, 4*writeBytes))
	w.fill(false)
	if len(w.buf) > 2*writeBytes || !w.underWay() {
		t.Fatalf("the first write has %d bytes", len(w.buf))
	}
	box.put(accept(2, 10))
	box.put(paxos.Learn{From: 1})
	w.fill(false)
	if f, _, err := parseFrame(w.buf, maxFormat, pieceBytes); err != nil || f.kind != paxos.KindLearn {
		t.Fatalf("the second write begins with type %d, %v", f.typ, err)
	}
	for w.underWay() {
		w.fill(false)
	}
	w.fill(false)
	if f, _, err := parseFrame(w.buf, maxFormat, pieceBytes); err != nil || f.typ != frameMessage || f.kind != paxos.KindAccept {
		t.Fatalf("the small value did not follow: type %d, %v", f.typ, err)
	}
}

// TestUnsendableMessagesAreDroppedAndLogged, and those around them arrive.
func TestUnsendableMessagesAreDroppedAndLogged(t *testing.T) {
	one, two := pair(t, func(cfg *Config) { cfg.Limits.MessageBytes = 1 << 20 })
	one.Send(2, accept(1, 2<<20))
	one.Send(2, paxos.Heartbeat{Synced: make([]paxos.SyncedThrough, pieceBytes)})
	one.Send(2, foreign{})
	one.Send(2, accept(2, 10))
	if got, ok := two.nextMessage(t).(paxos.Accept); !ok || got.Slot != 2 {
		t.Fatalf("got %v", got)
	}
	if s := one.Status()[0]; s.Unsendable != 3 {
		t.Errorf("%d were counted", s.Unsendable)
	}
	one.log.await(t, "peer message cannot be sent")
}

type foreign struct{}

func (foreign) Kind() paxos.MessageKind { return 77 }

// idleWriter is a writer whose link has no connection.
func idleWriter(t testing.TB) (*writer, *outbox) {
	limits := quickLimits().WithDefaults()
	box := newOutbox(limits)
	box.start()
	r := &remote{id: 2, outbox: box}
	return &writer{link: newLink(&Transport{limits: limits, epoch: time.Now()}, r, nil, nil, maxFormat)}, box
}

// TestOrderIsKeptOverReconnects: links are cut at any moment; what arrives never goes back in time, and each new link
// is announced before its messages.
func TestOrderIsKeptOverReconnects(t *testing.T) {
	one, two := pair(t, nil)
	var stop atomic.Bool
	defer stop.Store(true)
	go func() {
		for i := paxos.Slot(1); !stop.Load(); i++ {
			one.Send(2, paxos.Learn{From: i})
			if i%64 == 0 {
				runtime.Gosched()
			}
		}
	}()
	last, up := paxos.Slot(0), true
	for cuts := 0; cuts < 20; {
		e := two.next(t)
		switch {
		case e.message != nil:
			from := e.message.(paxos.Learn).From
			if !up || from <= last {
				t.Fatalf("%v after %v, link up %v", from, last, up)
			}
			last = from
		case e.down:
			up = false
		default:
			up = true
			cuts++
			if cuts%2 == 0 {
				one.cut(2)
			} else {
				two.cut(1)
			}
		}
		if up && last%1000 == 1 {
			two.cut(1)
		}
	}
}

// TestRenewalLosesNothing: links are replaced all the time under load, in both directions, with long messages among
// the short ones, and every message arrives, in order, without a LinkUp.
func TestRenewalLosesNothing(t *testing.T) {
	one, two := pair(t, func(cfg *Config) {
		cfg.Limits.LinkRecords = 200
		cfg.Limits.QueueMessages, cfg.Limits.QueueBytes = 1<<20, 1<<30
	})
	const round = 2000
	send := func(n *node, to paxos.NodeID, first paxos.Slot) {
		for i := range paxos.Slot(round) {
			size := 10
			if i%500 == 0 {
				size = 200 << 10
			}
			n.Send(to, accept(first+i, size))
		}
	}
	for first := paxos.Slot(1); one.Status()[0].Links < 6; first += round {
		go send(one, 2, first)
		go send(two, 1, first)
		for _, n := range []*node{one, two} {
			for want := first; want < first+round; want++ {
				e := n.next(t)
				if got, ok := e.message.(paxos.Accept); !ok || got.Slot != want {
					t.Fatalf("node %v: %+v instead of slot %v\n%s", n.door.self, e, want, n.log)
				}
			}
		}
	}
	if s := one.Status()[0]; s.Overflowed != 0 || s.Unlinked != 0 {
		t.Errorf("%+v", s)
	}
}

// TestRenewalByAge: an idle link is renewed as well.
func TestRenewalByAge(t *testing.T) {
	one, two := pair(t, func(cfg *Config) { cfg.Limits.LinkAge = 30 * time.Millisecond })
	for i := paxos.Slot(1); one.Status()[0].Links < 4; i++ {
		one.Send(2, paxos.Learn{From: i})
		if got := two.nextMessage(t); got != (paxos.Learn{From: i}) {
			t.Fatalf("%v instead of %v", got, i)
		}
	}
}

// TestRestartedPeerIsLinkedAgain, whichever end restarts.
func TestRestartedPeerIsLinkedAgain(t *testing.T) {
	for restarted := paxos.NodeID(1); restarted <= 2; restarted++ {
		t.Run(fmt.Sprint("node ", restarted), func(t *testing.T) {
			addresses := []string{freeAddress(t), freeAddress(t)}
			run := func(id paxos.NodeID) *node {
				cfg := testConfig(t, id, addresses...)
				cfg.Listen = addresses[id-1]
				return start(t, cfg)
			}
			nodes := map[paxos.NodeID]*node{1: run(1), 2: run(2)}
			other := 3 - restarted
			for range 3 {
				nodes[1].awaitUp(t, 2)
				nodes[2].awaitUp(t, 1)
				nodes[other].Send(restarted, paxos.Learn{From: 1})
				nodes[restarted].nextMessage(t)
				if err := nodes[restarted].Close(); err != nil {
					t.Fatal(err)
				}
				for e := nodes[other].next(t); !e.down; e = nodes[other].next(t) {
				}
				nodes[other].Send(restarted, paxos.Learn{From: 666}) // no link: dropped, not kept for later
				if s := nodes[other].Status()[0]; s.QueuedMessages != 0 {
					t.Errorf("%d messages are kept without a link", s.QueuedMessages)
				}
				nodes[restarted] = run(restarted)
			}
			nodes[restarted].awaitUp(t, other)
			nodes[other].awaitUp(t, restarted)
			nodes[other].Send(restarted, paxos.Learn{From: 2})
			if got := nodes[restarted].nextMessage(t); got != (paxos.Learn{From: 2}) {
				t.Fatalf("got %v", got)
			}
			if s := nodes[other].Status()[0]; s.Unlinked != 3 {
				t.Errorf("%d messages counted as dropped for want of a link", s.Unlinked)
			}
		})
	}
}

// TestNewLinkBeginsWithAnEmptyQueue: what waited for a link that was cut is not sent on the next; LinkUp has it sent
// again.
func TestNewLinkBeginsWithAnEmptyQueue(t *testing.T) {
	r := &remote{id: 2, outbox: newOutbox(quickLimits().WithDefaults())}
	for range 2 {
		if renewed, err := r.adopt(newLink(nil, r, nil, newRawConn(&fakeConn{}, 1), maxFormat), false, shown{}); renewed || err != nil {
			t.Fatal(renewed, err)
		}
		if got := r.outbox.take(nil, 1); len(got) != 0 {
			t.Fatal(slots(got))
		}
		r.outbox.put(paxos.Learn{From: 1})
	}
	if r.outbox.unlinked != 1 {
		t.Errorf("%d counted", r.outbox.unlinked)
	}
}

// keeping is a Handler that keeps the slices it is given.
type keeping struct {
	*recorder
	batches chan []paxos.Message
}

func (k *keeping) Receive(_ paxos.NodeID, ms []paxos.Message) { k.batches <- ms }

// TestBatchesBelongToTheHandler: what was handed over does not change when more is received.
func TestBatchesBelongToTheHandler(t *testing.T) {
	address := freeAddress(t)
	one := start(t, func() Config {
		cfg := testConfig(t, 1, address, "127.0.0.1:1")
		cfg.Listen = address
		return cfg
	}())
	two := listen(t, testConfig(t, 2, address, "127.0.0.1:1"))
	handler := &keeping{two.recorder, make(chan []paxos.Message, 1000)}
	two.Start(handler)
	one.awaitUp(t, 2)
	two.awaitUp(t, 1)
	var kept []paxos.Message
	var slices [][]paxos.Message
	for i := range paxos.Slot(100) {
		one.Send(2, accept(i+1, 100))
		batch := <-handler.batches
		kept, slices = append(kept, batch...), append(slices, batch)
	}
	for i, batch := range slices {
		got, first := batch[0].(paxos.Accept), kept[i].(paxos.Accept)
		if got.Slot != paxos.Slot(i+1) || !bytes.Equal(first.Entry.Payload, bytes.Repeat([]byte{byte(i + 1)}, 100)) {
			t.Fatalf("batch %d now holds slot %v", i+1, got.Slot)
		}
	}
}

// TestSilentPeerIsGivenUp: a peer that neither closes nor speaks.
func TestSilentPeerIsGivenUp(t *testing.T) {
	n := victim(t, func(cfg *Config) { cfg.Limits.IdleTimeout = 50 * time.Millisecond })
	a := infiltrate(t, n.Addr().String(), testKey(t, 1))
	a.hello(t, truthful())
	n.awaitUp(t, 3)
	if e := n.next(t); !e.down {
		t.Fatalf("%v", e)
	}
	awaitCut(t, a)
}

// TestSlowHandlerHoldsThePeerUp: TCP pushes back, the link stays up, and the sender's queue loses its oldest.
func TestSlowHandlerHoldsThePeerUp(t *testing.T) {
	addressOne, addressTwo := freeAddress(t), freeAddress(t)
	two := listen(t, testConfig(t, 2, addressOne, addressTwo))
	two.gate = make(chan struct{})
	two.Start(two.recorder)
	cfgOne := testConfig(t, 1, addressOne, addressTwo)
	cfgOne.Listen = addressOne
	cfgOne.Limits.QueueMessages = 8
	one := start(t, cfgOne)
	one.awaitUp(t, 2)
	sent := paxos.Slot(0)
	for one.Status()[0].Overflowed < 100 {
		sent++
		one.Send(2, accept(sent, 64<<10))
	}
	close(two.gate)
	last := paxos.Slot(0)
	for last < sent { // the newest is never the one dropped
		got := two.nextMessage(t).(paxos.Accept)
		if got.Slot <= last {
			t.Fatalf("%v after %v", got.Slot, last)
		}
		last = got.Slot
	}
	if s := one.Status()[0]; s.Links != 1 {
		t.Errorf("%d links", s.Links)
	}
}

// TestCloseWritesWhatIsQueued: the hand-over that a closing node sends last must arrive.
func TestCloseWritesWhatIsQueued(t *testing.T) {
	one, two := pair(t, nil)
	for i := range 50 {
		two.Send(1, accept(paxos.Slot(i+1), 1000)) // something unread at the closing end
		one.Send(2, accept(paxos.Slot(i+1), 100<<10))
	}
	one.Send(2, paxos.HandOver{Chosen: 50})
	if err := one.Close(); err != nil {
		t.Fatal(err)
	}
	accepts, handOver := 0, false
	for accepts < 50 || !handOver {
		switch two.nextMessage(t).(type) {
		case paxos.Accept:
			accepts++
		case paxos.HandOver:
			handOver = true
		}
	}
	if e := two.next(t); !e.down {
		t.Fatalf("%v", e)
	}
}

// TestCloseEndsEveryGoroutine, with links up, half up and refused.
func TestCloseEndsEveryGoroutine(t *testing.T) {
	one, two := pair(t, func(cfg *Config) {
		cfg.Configuration.Voters = append(cfg.Configuration.Voters, paxos.Member{ID: 3, Address: "127.0.0.1:1"})
	})
	tcp(t, two.Addr().String())
	for _, n := range []*node{one, two} {
		if err := n.Close(); err != nil {
			t.Fatal(err)
		}
		if err := n.Close(); err != nil {
			t.Fatal("a second Close:", err)
		}
		n.Send(3, paxos.Learn{}) // harmless
	}
	for range 1000 { // a goroutine that has said it is done may still be on its last instruction
		if !strings.Contains(stacks(), "peer.(*Transport)") && !strings.Contains(stacks(), "peer.(*link)") {
			return
		}
		runtime.Gosched()
	}
	t.Errorf("goroutines are left:\n%s", stacks())
}

func stacks() string {
	buf := make([]byte, 1<<20)
	return string(buf[:runtime.Stack(buf, true)])
}

// TestStatus shows what INFO needs.
func TestStatus(t *testing.T) {
	one, two := pair(t, nil)
	for first := true; first || one.Status()[0].RoundTrip == 0; first = false { // every exchange lets a ping through before long
		one.Send(2, paxos.Learn{From: 1})
		two.nextMessage(t)
	}
	s := one.Status()
	if len(s) != 1 || s[0].ID != 2 || !s[0].Connected || s[0].Dials || s[0].Links != 1 || s[0].MessagesSent == 0 ||
		s[0].BytesSent == 0 || s[0].BytesReceived == 0 || s[0].OtherConfiguration || s[0].Since.IsZero() {
		t.Errorf("%+v", s)
	}
	if s := two.Status(); !s[0].Dials || s[0].MessagesReceived == 0 {
		t.Errorf("%+v", s)
	}
	two.Close()
	for e := one.next(t); !e.down; e = one.next(t) {
	}
	if s := one.Status(); s[0].Connected || s[0].LastError == "" {
		t.Errorf("%+v", s)
	}
}

func TestOtherListOfMembersIsReported(t *testing.T) {
	one, two := pair(t, func(cfg *Config) {
		if cfg.Self == 2 {
			cfg.Configuration.Voters = append(cfg.Configuration.Voters, paxos.Member{ID: 3, Address: "127.0.0.1:1"})
		}
	})
	one.log.await(t, "another list of members")
	two.log.await(t, "another list of members")
	if !one.Status()[0].OtherConfiguration {
		t.Error("the status does not say so")
	}
}
