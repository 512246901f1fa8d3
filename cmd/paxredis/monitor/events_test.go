package monitor

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/paxredis/paxredis/replication"
)

func TestTheNewestEventsAreKept(t *testing.T) {
	n := newFakeNode()
	for i := range KeptEvents + 5 {
		n.Note("link", 2, fmt.Sprint("event ", i), 0)
	}
	kept := n.Status().Events
	if len(kept) != KeptEvents || kept[0].Text != "event 5" || kept[KeptEvents-1].Text != fmt.Sprint("event ", KeptEvents+4) {
		t.Errorf("%d events, from %q", len(kept), kept[0].Text)
	}
	n.Note("link", 2, strings.Repeat("ä", maxEventText), 0)
	kept = n.Status().Events
	if text := kept[len(kept)-1].Text; text != strings.Repeat("ä", maxEventText/2) {
		t.Errorf("a long text became %d bytes: %q", len(text), text)
	}
}

// A disk that is slow for an hour must not push out what came before.
func TestARepeatedEventIsCounted(t *testing.T) {
	n := newFakeNode()
	n.Note("leader", 2, "node 2 leads", 0)
	began := n.clock.Now()
	for i := range 1000 {
		n.clock.add(time.Second)
		n.Observe(replication.Event{Kind: replication.EventSlowSync, Text: "slow", Took: time.Duration(i%300) * time.Millisecond})
	}
	kept := n.Status().Events
	if len(kept) != 2 || kept[1].Count != 1000 || kept[1].TookMicros != 299_000 || !kept[1].Time.Equal(began.Add(time.Second)) || !kept[1].Last.Equal(n.clock.Now()) {
		t.Errorf("%+v", kept)
	}
	n.clock.add(sameEvent + time.Second)
	n.Observe(replication.Event{Kind: replication.EventSlowSync, Text: "slow"})
	if kept = n.Status().Events; len(kept) != 3 || kept[2].Count != 1 || kept[2].Last != nil {
		t.Errorf("one much later: %+v", kept)
	}
}
