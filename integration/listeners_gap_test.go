package integration

import (
	"syscall"
	"testing"
)

// TestListenersOfANodeThatFellBehindAreTold: a node that stands still for so long that it gets a checkpoint of a peer has missed messages
// for good. Its subscribers' connections end, since they could not know otherwise, and its caches are told to forget everything.
func TestListenersOfANodeThatFellBehindAreTold(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 3, oftenCheckpoints...)
	behind := c.follower()
	up := c.others(behind)
	fillApart(t, up[0], 1000, 2000)
	subscriber, cache := dial(t, behind.address), dial(t, behind.address)
	subscriber.send("SUBSCRIBE " + channel + "\r\n")
	for _, want := range []string{"*3", "$9", "subscribe", "$4", channel, ":1"} {
		if got := subscriber.line(); got != want {
			t.Fatalf("SUBSCRIBE is answered %q, want %q", got, want)
		}
	}
	cache.send("HELLO 3\r\nCLIENT TRACKING ON\r\nGET missing\r\n")
	for cache.line() != "_" {
	}
	behind.freeze()
	for range 3 {
		fillApart(t, up[0], 3000, 2000)
		takeCheckpoint(t, up[1])
	}
	awaitCut(t, up)
	behind.signal(syscall.SIGCONT)
	subscriber.rest() // its end; what was on its way to the node when that stood still may come before
	behind.awaitLog(`msg="state replaced by a peer's checkpoint"`)
	for _, want := range []string{">2", "$10", "invalidate", "_"} {
		if got := cache.line(); got != want {
			t.Fatalf("the cache is told %q, want %q", got, want)
		}
	}
	behind.awaitServing()
	subscriber = dial(t, behind.address)
	subscriber.send("SUBSCRIBE " + channel + "\r\n")
	for subscriber.line() != ":1" {
	}
	if err := up[0].rdb().Publish(t.Context(), channel, "again").Err(); err != nil {
		t.Fatal(err)
	}
	for subscriber.line() != "again" {
	}
}
