package integration

import (
	"bytes"
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/redis/go-redis/v9"
)

// largeBytes is the size of a value that goes in many fragments.
const largeBytes = 8 << 20

// TestLargeValuesAndLeaderKills has a client of each node overwrite a large value in a loop, others write as usual, and the leader
// killed, three times: there is a large command on its way nearly always. Every value that was acknowledged is there, or one that was sent after it.
func TestLargeValuesAndLeaderKills(t *testing.T) {
	const kills = 3
	c := newCluster(t, 3)
	c.start()
	c.awaitServing()
	var stop atomic.Bool
	var all sync.WaitGroup
	writers := startWriters(t, c, 4, &all, &stop)
	large := make([]*largeWriter, len(c.nodes))
	for i, n := range c.nodes {
		large[i] = &largeWriter{t: t, key: fmt.Sprintf("large:%d", i), address: n.address}
		all.Go(func() { large[i].run(&stop) })
	}
	for round := range kills {
		awaitLoad(t, writers, 300)
		awaitLarge(t, large, 2)
		killLeader(t, c, round)
	}
	awaitLarge(t, large, 1)
	stop.Store(true)
	all.Wait()

	c.awaitServing()
	c.awaitEqual()
	for _, n := range c.nodes {
		verifyWriters(t, n, writers)
		for _, w := range large {
			w.verify(n)
		}
	}
	for _, w := range large {
		t.Logf("%s: %d values acknowledged, %d outcomes unknown", w.key, w.acked.Load(), w.unknowns)
	}
}

// largeWriter overwrites one key with large values, each of which is its number again and again.
type largeWriter struct {
	t            *testing.T
	key, address string
	acked        atomic.Int64
	last         int   // the newest that was acknowledged
	maybe        []int // later ones of unknown outcome
	unknowns     int
}

func largeValue(number int) []byte {
	return bytes.Repeat(fmt.Appendf(nil, "%016d", number), largeBytes/16)
}

func (w *largeWriter) run(stop *atomic.Bool) {
	client := newClient(w.address)
	defer func() { _ = client.Close() }()
	for number := 1; !stop.Load() && !w.t.Failed(); number++ {
		err := client.Set(context.Background(), w.key, largeValue(number), 0).Err()
		switch outcomeOf(err) {
		case acked:
			w.last, w.maybe = number, nil
			w.acked.Add(1)
		case unknown:
			w.maybe = append(w.maybe, number)
			w.unknowns++
		case failed:
			w.t.Errorf("%s: %v", w.key, err)
		}
	}
}

// verify looks for the newest value on a node.
func (w *largeWriter) verify(n *node) {
	w.t.Helper()
	got, err := n.rdb().Get(w.t.Context(), w.key).Bytes()
	if err != nil && err != redis.Nil {
		w.t.Fatal(err)
	}
	for _, number := range append([]int{w.last}, w.maybe...) {
		if bytes.Equal(got, largeValue(number)) {
			return
		}
	}
	w.t.Errorf("node %d: %s has %d bytes, %.32q ..., and value %d was acknowledged, %v are unknown", n.id, w.key, len(got), got, w.last, w.maybe)
}

// awaitLarge waits until each client has had that many further values acknowledged.
func awaitLarge(t *testing.T, writers []*largeWriter, count int64) {
	t.Helper()
	enough := make([]int64, len(writers))
	for i, w := range writers {
		enough[i] = w.acked.Load() + count
	}
	await(t, fmt.Sprintf("%d large values of each client", count), func() error {
		for i, w := range writers {
			if now := w.acked.Load(); now < enough[i] {
				return fmt.Errorf("%s lacks %d", w.key, enough[i]-now)
			}
		}
		return nil
	})
}
