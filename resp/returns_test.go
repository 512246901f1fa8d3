package resp

import (
	"testing"
	"time"
)

// returnsTest is a loop that has answered clients.
type returnsTest struct {
	returns
	now     time.Time
	clients []Client
}

func answeredClients(n int) *returnsTest {
	r := &returnsTest{returns: newReturns(minWriters, func() {}), now: time.Unix(1, 0), clients: make([]Client, n)}
	r.answer()
	return r
}

func (r *returnsTest) answer() {
	for i := range r.clients {
		r.expect(&r.clients[i].returnsIn)
		r.expect(&r.clients[i].returnsIn) // its second reply of the round
	}
}

func (r *returnsTest) waits() bool { return r.awaits(r.now) }

func TestReturnsWaitUntilMostClientsAreBack(t *testing.T) {
	r := answeredClients(8)
	for i := range r.clients {
		if waits := r.waits(); waits != (i < 6) {
			t.Fatalf("%d of 8 are back, waits: %v", i, waits)
		}
		r.back(&r.clients[i].returnsIn)
		r.back(&r.clients[i].returnsIn) // whose second command counts no more
	}
	r.answer()
	if !r.waits() {
		t.Error("the next round waits for nobody")
	}
}

func TestReturnsWaitForNoneWhereFewWereAnswered(t *testing.T) {
	if r := answeredClients(minWriters - 1); r.waits() {
		t.Error("a few clients are waited for")
	}
	if r := answeredClients(minWriters); !r.waits() {
		t.Error("more are not")
	}
}

// Clients that take their time are asked less and less often whether they come back at once; and when they do, it is every time again.
func TestReturnsWaitLessOftenInVain(t *testing.T) {
	r := answeredClients(8)
	inVain := func() (skipped int) {
		for !r.waits() {
			skipped++
			r.answer()
		}
		r.now = r.now.Add(returnWait)
		if r.waits() {
			t.Fatal("waits for longer than it may")
		}
		r.answer()
		return skipped
	}
	for _, want := range []int{0, 1, 2, 4, 8, 16, 32, 64, 64} {
		if skipped := inVain(); skipped != want {
			t.Fatalf("did without %d rounds, want %d", skipped, want)
		}
	}
	for !r.waits() {
		r.answer()
	}
	for i := range r.clients {
		r.back(&r.clients[i].returnsIn)
	}
	if r.waits() {
		t.Fatal("all are back")
	}
	r.answer()
	if skipped := inVain(); skipped != 0 {
		t.Errorf("did without %d rounds after clients had come back", skipped)
	}
	if skipped := inVain(); skipped != 1 {
		t.Errorf("then without %d, want 1", skipped)
	}
}
