package main

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"github.com/paxredis/paxredis/integration/bench/load"
	"github.com/paxredis/paxredis/integration/bench/system"
)

// How keys are written before a measurement: a pipeline holds so many commands, but no more than so many bytes of values.
const (
	fillClients  = 8
	fillPipeline = 100
	fillBytes    = 256 << 10
)

// fill has the system hold a dataset, and nothing else, unless it does already.
func (k *block) fill(ctx context.Context, data dataset) error {
	if k.held == data {
		return nil
	}
	address, err := k.running.Address(ctx, system.Leader)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, loadLimit, fmt.Errorf("it took longer than %v", loadLimit))
	defer cancel()
	value := load.Value(data.value)
	if k.system.Etcd {
		_, err = load.Run(ctx, fillJob(data), load.DialEtcd(address, load.EtcdFill, data.keys, value))
	} else {
		if err := k.running.Flush(ctx); err != nil {
			return err
		}
		_, err = load.Run(ctx, fillJob(data), load.DialRedis(address, load.Fill(value)))
	}
	if err != nil {
		return err
	}
	k.held = data
	unix.Sync() // what it has not written yet it would write while it is measured
	return k.settle(ctx)
}

func fillJob(data dataset) load.Job {
	return load.Job{Clients: fillClients, Pipeline: max(1, min(fillPipeline, fillBytes/data.value)), Requests: data.keys}
}

// prepare writes what a measurement of so many requests needs beside the dataset.
func (k *block) prepare(ctx context.Context, w workload, requests int) error {
	if w.op != opDel {
		return nil
	}
	address, err := k.running.Address(ctx, system.Leader)
	if err != nil {
		return err
	}
	if k.system.Versions {
		k.version += 2 // newer than the deletes before, which have the version after that of their keys
	}
	writes := load.Versioned{Value: load.Value(w.data.value), Version: k.version}
	if _, err := load.Run(ctx, fillJob(dataset{requests, w.data.value}), load.DialRedis(address, writes.Sources())); err != nil {
		return fmt.Errorf("writing keys with versions: %w", err)
	}
	return k.settle(ctx)
}

const (
	// A system is quiet if it uses no more than this part of a core for the time that the run's size says.
	quietPart = 0.1
	// settleLimit is how long that is waited for: what a system does for longer is part of what it does.
	settleLimit = 15 * time.Second
)

// settle waits until the system does nothing that a request has caused, such as rewriting its log or taking a checkpoint.
func (k *block) settle(ctx context.Context) error {
	for began := time.Now(); time.Since(began) < settleLimit; {
		used, err := k.cpuWithin(ctx, k.b.size.quiet)
		if err != nil {
			return err
		}
		if used.Seconds() <= quietPart*k.b.size.quiet.Seconds() {
			return nil
		}
	}
	return nil
}

// cpuWithin is what the system uses of the CPUs while a time passes.
func (k *block) cpuWithin(ctx context.Context, d time.Duration) (time.Duration, error) {
	before, err := k.running.CPU()
	if err != nil {
		return 0, err
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return 0, context.Cause(ctx)
	case <-timer.C:
	}
	after, err := k.running.CPU()
	return after - before, err
}

// measureIdle measures what the system uses without a client.
func (k *block) measureIdle(ctx context.Context) error {
	used, err := k.cpuWithin(ctx, k.b.size.idle)
	if err != nil {
		return err
	}
	k.b.idle[k.system.Name] = used.Seconds() / k.b.size.idle.Seconds()
	return nil
}
