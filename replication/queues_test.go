package replication

import (
	"slices"
	"testing"
	"time"

	"github.com/paxredis/paxredis/replication/paxos"
)

func TestInboxHoldsUpWhoBringsTooMuch(t *testing.T) {
	in := newInbox(Bounds{InboxMessages: 3, InboxBytes: 25})
	const readers, slices = 4, 500
	two := []paxos.Message{paxos.Forward{Payload: make([]byte, 10)}, paxos.Learn{From: 1}}
	for range readers {
		go func() {
			for range slices {
				in.receive(2, two)
			}
		}()
	}
	var m mail
	for total := 0; total < 2*readers*slices; total += len(m.messages) {
		<-in.wake
		if in.take(&m); len(m.messages) > 3 {
			t.Fatalf("%d messages were let in, the bound is 3", len(m.messages))
		}
	}
}

func TestInboxLetsOneSliceOfAnySizeThrough(t *testing.T) {
	in := newInbox(Bounds{InboxMessages: 1, InboxBytes: 1})
	in.receive(2, []paxos.Message{paxos.Forward{Payload: make([]byte, 10)}, paxos.Forward{}})
	var m mail
	if in.take(&m); len(m.messages) != 2 {
		t.Error(len(m.messages))
	}
}

func TestInboxCloseLetsGo(t *testing.T) {
	in := newInbox(Bounds{InboxMessages: 1, InboxBytes: 1})
	in.receive(2, []paxos.Message{paxos.Forward{}})
	passed := make(chan struct{})
	go func() {
		in.receive(2, []paxos.Message{paxos.Forward{}})
		close(passed)
	}()
	in.close()
	<-passed
	if in.control(func() {}) {
		t.Error("a closed inbox took a call")
	}
}

func TestQueueKickAndClose(t *testing.T) {
	q := newQueue[int]()
	q.kick()
	if items, ok := q.take(nil); !ok || len(items) != 0 {
		t.Fatalf("after a kick: %v %v", items, ok)
	}
	q.push([]int{1, 2}, 10)
	q.close()
	items, ok := q.take(nil)
	if !ok || !slices.Equal(items, []int{1, 2}) {
		t.Fatalf("what was pushed before the close: %v %v", items, ok)
	}
	if q.count.Load() != 2 || q.bytes.Load() != 10 {
		t.Error("items count until they are reported done")
	}
	if q.done(2, 10); q.count.Load() != 0 || q.bytes.Load() != 0 {
		t.Error("items count after they were reported done")
	}
	if _, ok := q.take(items); ok {
		t.Error("no end")
	}
}

func TestLatencyQuantiles(t *testing.T) {
	var h latencies
	if h.quantile(0.5) != 0 {
		t.Error("a quantile of nothing")
	}
	for i := 1; i <= 1000; i++ {
		h.add(time.Duration(i) * time.Microsecond)
	}
	for q, want := range map[float64]time.Duration{0.5: 500 * time.Microsecond, 0.99: 990 * time.Microsecond, 1: time.Millisecond} {
		if got := h.quantile(q); got < want || got > want+want/latencySteps {
			t.Errorf("quantile %v is %v, want %v or up to an eighth more", q, got, want)
		}
	}
	for range 3 * latencyWindow {
		h.add(time.Second)
	}
	if got := h.quantile(0.05); got < time.Second {
		t.Errorf("old durations still count: the 5%% quantile is %v", got)
	}
}

func TestLatencyBucketsCoverEveryDuration(t *testing.T) {
	for _, d := range []time.Duration{-1, 0, 1, 7, 8, 9, 15, 16, 17, time.Microsecond, time.Hour, 1<<63 - 1} {
		bucket := latencyBucket(d)
		if bound := latencyBound(bucket); bound < d {
			t.Errorf("%v is in a bucket up to %v", d, bound)
		}
	}
}

// TestInboxKeepsTheNewestChangesOfALink: a link that flaps while the loop is busy takes no more room than two changes,
// and the loop sees the newest last.
func TestInboxKeepsTheNewestChangesOfALink(t *testing.T) {
	in := newInbox(Bounds{InboxMessages: 1, InboxBytes: 1})
	for range 1000 {
		in.linkChanged(linkChange{peer: 2, up: true})
		in.linkChanged(linkChange{peer: 2})
	}
	in.linkChanged(linkChange{peer: 3, up: true})
	in.linkChanged(linkChange{peer: 2, up: true})
	var m mail
	in.take(&m)
	want := []linkChange{{peer: 2}, {peer: 3, up: true}, {peer: 2, up: true}}
	if !slices.Equal(m.links, want) {
		t.Fatalf("the loop sees %v, want %v", m.links, want)
	}
	if in.take(&m); len(m.links) != 0 {
		t.Fatalf("seen twice: %v", m.links)
	}
}
