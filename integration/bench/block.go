package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"github.com/paxredis/paxredis/integration/bench/load"
	"github.com/paxredis/paxredis/integration/bench/machine"
	"github.com/paxredis/paxredis/integration/bench/report"
	"github.com/paxredis/paxredis/integration/bench/system"
)

// block is a system that was started for the workloads of a part, and runs alone.
type block struct {
	b       *bench
	round   int
	part    part
	system  system.System
	running *system.Running
	held    dataset // what the system holds
	version int64   // of the newest keys with versions
}

// runBlock starts a system, measures all workloads of a part on it, and stops it.
func (b *bench) runBlock(ctx context.Context, round int, p part, s system.System) (err error) {
	workloads := p.of(s)
	if len(workloads) == 0 {
		return nil
	}
	dir, err := os.MkdirTemp(b.dir, "data-")
	if err != nil {
		return err
	}
	defer func() {
		err = errors.Join(err, os.RemoveAll(dir))
		unix.Sync() // what one system has written is not to be felt by the next
	}()
	running, err := s.Start(ctx, system.Place{Dir: dir, Port: b.port})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, running.Stop()) }()
	k := &block{b: b, round: round, part: p, system: s, running: running}
	for _, w := range workloads {
		if err := k.measure(ctx, w); err != nil {
			return fmt.Errorf("%s: %w", w, err)
		}
	}
	return nil
}

// attempts is how often a measurement is begun anew because the leader has changed meanwhile.
const attempts = 3

// measure takes one sample.
func (k *block) measure(ctx context.Context, w workload) error {
	if err := k.fill(ctx, w.data); err != nil {
		return fmt.Errorf("writing its keys: %w", err)
	}
	if _, known := k.b.idle[k.system.Name]; !known {
		if err := k.measureIdle(ctx); err != nil {
			return err
		}
	}
	requests, err := k.requests(ctx, w)
	if err != nil {
		return err
	}
	for range attempts {
		s, same, err := k.sample(ctx, w, requests)
		if err != nil {
			return err
		}
		if same {
			k.b.add(k.round, k.part, s)
			return nil
		}
	}
	return fmt.Errorf("the leader changed in each of %d attempts", attempts)
}

// sample measures once. It is of no use if the leader was not the same all the time.
func (k *block) sample(ctx context.Context, w workload, requests int) (s report.Sample, same bool, err error) {
	if err := k.prepare(ctx, w, requests); err != nil {
		return s, false, err
	}
	address, err := k.running.Address(ctx, k.part.role)
	if err != nil {
		return s, false, err
	}
	before, err := k.usage()
	if err != nil {
		return s, false, err
	}
	figures, err := k.load(ctx, address, w, requests)
	if err != nil {
		return s, false, err
	}
	during, err := k.usage()
	if err != nil {
		return s, false, err
	}
	if err := k.settle(ctx); err != nil {
		return s, false, err
	}
	after, err := k.usage()
	if err != nil {
		return s, false, err
	}
	now, err := k.running.Address(ctx, k.part.role)
	cell := k.cell(w)
	return report.Sample{Round: k.round, Part: cell.Part, Workload: cell.Workload, System: cell.System, Figures: figures,
		CPU: during.system - before.system, CPUAfter: after.system - during.system, Others: during.others(before)}, now == address, err
}

// usage is the time of the CPUs that was used so far: by the system, by the suite and its clients, and by all programs.
type usage struct {
	at               time.Time
	system, own, all time.Duration
}

func (k *block) usage() (u usage, err error) {
	u.at = time.Now()
	if u.system, err = k.running.CPU(); err != nil {
		return u, err
	}
	if u.own, err = machine.Own(); err != nil {
		return u, err
	}
	u.all, err = machine.Busy()
	return u, err
}

// others is how many CPUs other programs than the measured ones have used since before.
func (u usage) others(before usage) float64 {
	used := (u.all - before.all) - (u.system - before.system) - (u.own - before.own)
	return max(0, used.Seconds()/u.at.Sub(before.at).Seconds())
}

func (k *block) cell(w workload) report.Cell {
	return report.Cell{Part: k.part.name, Workload: w.String(), System: k.system.Name}
}

const (
	// probeTime is how long a probe must take, in seconds, to tell how many requests a measurement has.
	probeTime = 0.1
	// The first probe has so many requests of each client, and so many in all, at least. The next one has as many as should take long
	// enough, by the one before, but no more than so many times more.
	firstProbe  = 2
	leastProbe  = 200
	probeGrowth = 10
)

// requests is how many requests take about as long as a measurement should. What was measured before tells; the first time, probes do.
func (k *block) requests(ctx context.Context, w workload) (int, error) {
	cell := k.cell(w)
	for n := max(leastProbe, firstProbe*w.clients*w.pipeline); k.b.rates[cell] == 0; {
		if err := k.prepare(ctx, w, n); err != nil {
			return 0, err
		}
		address, err := k.running.Address(ctx, k.part.role)
		if err != nil {
			return 0, err
		}
		f, err := k.load(ctx, address, w, n)
		if err != nil {
			return 0, err
		}
		if float64(n)/f.PerSecond >= probeTime || n == w.most() {
			k.b.rates[cell] = f.PerSecond
		}
		n = min(w.most(), nextProbe(n, f.PerSecond))
	}
	return min(w.most(), max(2*w.clients*w.pipeline, int(k.b.rates[cell]*k.b.size.seconds))), nil
}

// nextProbe is how many requests the probe after one of n requests has.
func nextProbe(n int, perSecond float64) int {
	return min(probeGrowth*n, max(2*n, int(1.5*probeTime*perSecond)))
}

// mostRequests and mostVersioned bound the requests of a measurement; each delete needs a key of its own.
const (
	mostRequests  = 20_000_000
	mostVersioned = 400_000
)

func (w workload) most() int {
	if w.op == opDel {
		return mostVersioned
	}
	return mostRequests
}

// load has clients at work.
func (k *block) load(ctx context.Context, address string, w workload, requests int) (load.Figures, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, loadLimit, fmt.Errorf("it took longer than %v", loadLimit))
	defer cancel()
	job := load.Job{Clients: w.clients, Pipeline: w.pipeline, Requests: requests}
	value := load.Value(w.data.value)
	switch {
	case k.system.Etcd && w.op == opSet:
		return load.Run(ctx, job, load.DialEtcd(address, load.EtcdPut, w.data.keys, value))
	case k.system.Etcd:
		return load.Run(ctx, job, load.DialEtcd(address, load.EtcdRange, w.data.keys, value))
	case w.op == opMixed:
		return load.Run(ctx, job, load.DialRedis(address, load.Mixed(w.data.keys, value, readPercent)))
	case w.op == opDel:
		return load.Run(ctx, job, load.DialRedis(address, load.Versioned{Version: k.version, Deleting: true}.Sources()))
	}
	return load.RedisBenchmark(ctx, address, load.Benchmark{Job: job, Command: string(w.op), Value: w.data.value, Keys: w.data.keys})
}

// loadLimit bounds a measurement, and the writing of keys before one.
const loadLimit = 2 * time.Minute
