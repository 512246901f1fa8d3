package scenario

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/paxredis/paxredis/integration/bench/traffic"
)

// How servers are watched while something goes on: a few clients of each, each with one command at a time, at a pace. A cluster
// that is as busy as it can be shows only its queues.
const (
	probesANode = 4
	probeEvery  = 8 * time.Millisecond
)

// probe are the clients that watch.
type probe struct {
	sets, gets *traffic.Flow
}

// watched is what they saw in a while.
type watched struct {
	sets, gets traffic.Result
}

// failures tells of errors, or nothing.
func (w *watched) failures() string {
	var text string
	for _, r := range []*traffic.Result{&w.sets, &w.gets} {
		if r.Errors > 0 || r.Lost > 0 {
			text += fmt.Sprintf("; %d errors and %d connections lost, such as: %s", r.Errors, r.Lost, r.Failure)
		}
	}
	return text
}

// The p99 of both, and the longest of all, in milliseconds.
func (w *watched) setP99() float64  { return milliseconds(w.sets.Quantile(0.99)) }
func (w *watched) getP99() float64  { return milliseconds(w.gets.Quantile(0.99)) }
func (w *watched) longest() float64 { return milliseconds(max(w.sets.Max(), w.gets.Max())) }

// watching says what is watched.
type watching struct {
	addrs   []string // of the servers
	keys    int      // that they hold
	patient bool     // see traffic.Options
	after   bool     // also after what goes on, and not only before and during it
}

func (w watching) start(ctx context.Context) (*probe, error) {
	o := traffic.Options{Addrs: w.addrs, Connections: probesANode * len(w.addrs), Every: probeEvery, Patient: w.patient,
		Command: traffic.Set(w.keys, valueBytes), Tolerant: true}
	sets, err := traffic.Start(ctx, o)
	if err != nil {
		return nil, err
	}
	o.Command = traffic.Get(w.keys)
	gets, err := traffic.Start(ctx, o)
	if err != nil {
		_, stopped := sets.Stop()
		return nil, errors.Join(err, stopped)
	}
	return &probe{sets: sets, gets: gets}, nil
}

// take returns what was seen since it was last asked.
func (p *probe) take() watched { return watched{p.sets.Take(), p.gets.Take()} }

// stop ends it, and returns the same.
func (p *probe) stop() (watched, error) {
	sets, err := p.sets.Stop()
	gets, err2 := p.gets.Stop()
	return watched{sets, gets}, errors.Join(err, err2)
}

// while watches what goes on in a function, until that returns or says that what is to be watched is over.
func (p *probe) while(run func(over func()) error) (watched, error) {
	p.take()
	err := run(func() {
		p.sets.Cut()
		p.gets.Cut()
	})
	return p.take(), err
}
