package load

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// Conn is a client's connection. It belongs to one goroutine, but for Close, which may be called at any time and ends a Do.
type Conn interface {
	// Do sends so many requests at once, and returns when all are answered. A reply that is an error, or not what was to be
	// expected, is an error.
	Do(requests int) error
	Close() error
}

// Dial connects a client, counted from 0.
type Dial func(ctx context.Context, client int) (Conn, error)

// Job is how many requests are made, and how.
type Job struct {
	Clients  int // each with one connection
	Pipeline int // requests that a client sends at once
	Requests int // by all clients together
}

// Run connects all clients and then makes the requests. The first error ends it.
func Run(ctx context.Context, job Job, dial Dial) (Figures, error) {
	if job.Clients < 1 || job.Pipeline < 1 || job.Requests < 1 {
		return Figures{}, fmt.Errorf("load: %+v: all must be at least 1", job)
	}
	conns, err := connect(ctx, job.Clients, dial)
	closeAll := sync.OnceValue(func() error { return closeConns(conns) })
	if err != nil {
		return Figures{}, errors.Join(err, closeAll())
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	closing := make(chan error, 1)
	stop := context.AfterFunc(ctx, func() { closing <- closeAll() })
	r := &run{job: job, trips: make([][]time.Duration, job.Clients), fail: cancel}
	began := time.Now()
	var all sync.WaitGroup
	for i, conn := range conns {
		all.Go(func() { r.client(i, conn) })
	}
	all.Wait()
	took := time.Since(began)
	if !stop() {
		return Figures{}, errors.Join(context.Cause(ctx), <-closing)
	}
	if err := closeAll(); err != nil {
		return Figures{}, err
	}
	var trips []time.Duration
	for _, t := range r.trips {
		trips = append(trips, t...)
	}
	return figures(job.Requests, took, trips), nil
}

// connect dials one client after the other. What it returns must be closed, also after an error.
func connect(ctx context.Context, clients int, dial Dial) ([]Conn, error) {
	var conns []Conn
	for i := range clients {
		conn, err := dial(ctx, i)
		if err != nil {
			return conns, fmt.Errorf("load: client %d: %w", i, err)
		}
		conns = append(conns, conn)
	}
	return conns, nil
}

func closeConns(conns []Conn) error {
	var errs []error
	for _, conn := range conns {
		if err := conn.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// run is a job at work. Each client writes its own element of trips.
type run struct {
	job   Job
	taken atomic.Int64 // requests that a client has begun with
	trips [][]time.Duration
	fail  context.CancelCauseFunc
}

// client makes requests until all are taken or one fails.
func (r *run) client(i int, conn Conn) {
	trips := make([]time.Duration, 0, r.job.Requests/r.job.Pipeline/r.job.Clients*2+1)
	defer func() { r.trips[i] = trips }()
	for {
		first := int(r.taken.Add(int64(r.job.Pipeline))) - r.job.Pipeline
		if first >= r.job.Requests {
			return
		}
		began := time.Now()
		if err := conn.Do(min(r.job.Pipeline, r.job.Requests-first)); err != nil {
			r.taken.Add(int64(r.job.Requests)) // the others end as well
			r.fail(fmt.Errorf("load: client %d: %w", i, err))
			return
		}
		trips = append(trips, time.Since(began))
	}
}
