package integration

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/paxredis/paxredis/integration/figures"
)

// worker takes elements from a list, waiting for them, as workers of a job queue do.
type worker struct {
	client *redis.Client
	got    []string
	lost   int // calls whose outcome nobody knows: each may have got an element
}

// run takes elements until stop is set and there are none.
func (w *worker) run(t *testing.T, stop *atomic.Bool) {
	for {
		ending := stop.Load() // before the call: what was pushed until then is there
		reply, err := w.client.BLPop(context.Background(), time.Second, "jobs").Result()
		switch {
		case err == nil:
			w.got = append(w.got, reply[1])
		case errors.Is(err, redis.Nil):
			if ending {
				return
			}
		case outcomeOf(err) == unknown:
			w.lost++
		case outcomeOf(err) == failed:
			t.Errorf("BLPOP: %v", err)
			return
		}
	}
}

// producer pushes numbered elements through all nodes in turn.
type producer struct {
	clients []*redis.Client
	acked   []string
	sent    map[string]bool
	count   atomic.Int64
}

func (p *producer) run(t *testing.T, stop *atomic.Bool) {
	for i := 0; !stop.Load(); i++ {
		value := fmt.Sprint(i)
		p.sent[value] = true
		err := p.clients[i%len(p.clients)].RPush(context.Background(), "jobs", value).Err()
		switch outcomeOf(err) {
		case acked:
			p.acked = append(p.acked, value)
			p.count.Add(1)
		case failed:
			t.Errorf("RPUSH: %v", err)
			return
		}
	}
}

// TestJobsAreTakenOnceWhenLeadersAreKilled: workers on all nodes wait for the elements of one list, while leaders are killed and come back.
// Nothing is taken twice, and nothing that was acknowledged is lost but to calls that ended without an answer.
func TestJobsAreTakenOnceWhenLeadersAreKilled(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 3)
	p := &producer{sent: map[string]bool{}}
	var workers []*worker
	var stopPushing, stopTaking atomic.Bool
	var producing, working sync.WaitGroup
	for _, n := range c.nodes {
		p.clients = append(p.clients, newClient(n.address))
		for range 4 {
			w := &worker{client: newClient(n.address)}
			workers = append(workers, w)
			working.Go(func() { w.run(t, &stopTaking) })
		}
	}
	producing.Go(func() { p.run(t, &stopPushing) })
	for round := range 3 {
		enough := p.count.Load() + 200
		await(t, "200 jobs", func() error {
			if n := p.count.Load(); n < enough {
				return fmt.Errorf("%d are missing", enough-n)
			}
			return nil
		})
		killLeader(t, c, round)
	}
	stopPushing.Store(true)
	producing.Wait()
	stopTaking.Store(true)
	working.Wait()

	taken, lost := map[string]bool{}, 0
	for _, w := range workers {
		lost += w.lost
		for _, value := range w.got {
			if taken[value] {
				t.Errorf("%s was taken twice", value)
			}
			if !p.sent[value] {
				t.Errorf("%s was taken, and nobody pushed it", value)
			}
			taken[value] = true
		}
	}
	missing := 0
	for _, value := range p.acked {
		if !taken[value] {
			missing++
		}
	}
	if missing > lost {
		t.Errorf("%d acknowledged jobs were not taken, and only %d calls ended without an answer", missing, lost)
	}
	expect(t, c.nodes[0], "0", "LLEN", "jobs")
	c.awaitEqual()
	figures.Log(t, fmt.Sprintf("jobs taken once by 12 workers on 3 nodes, with 3 kills of the leader: %d; calls without an answer: %d; jobs lost to them: %d",
		len(taken), lost, missing))
}
