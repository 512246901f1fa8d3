package main

import (
	"context"
	"errors"
	"os"
	"time"

	"github.com/paxredis/paxredis/replication/paxos"
)

// stopUnless stops the node gracefully, unless another signal comes first. Each step may take so long as limit.
func (n *node) stopUnless(signals <-chan os.Signal, limit time.Duration) error {
	done := make(chan error, 1)
	go func() { done <- n.stop(limit) }()
	select {
	case err := <-done:
		if err == nil {
			n.log.Info("stopped")
		}
		return err
	case <-signals:
		return errSecondSignal
	}
}

// stop ends the layers from the clients down, each while those it needs still run. It goes on after an error. Each step has a deadline of
// its own: a client that does not take its replies must not cost the time of what comes after it.
func (n *node) stop(limit time.Duration) error {
	var errs []error
	within := func(step func(context.Context) error) {
		ctx, cancel := context.WithTimeout(context.Background(), limit)
		defer cancel()
		errs = append(errs, step(ctx))
	}
	// The watch of the disk uses all that follows.
	if n.unwatch != nil {
		n.unwatch()
		n.watching.Wait()
	}
	// Leadership: first of all, and while the clients go on. Whatever the rest takes, and even if the process is killed before it is done,
	// the cluster does without this node.
	if n.leads() {
		within(n.handOver)
	}
	// Clients: no new ones; what was accepted is answered, which needs the group.
	if n.server != nil {
		within(n.server.Close)
	}
	// The group: answers what is left, and hands over what it may have been elected to meanwhile, which needs the peers and the journal.
	if n.group != nil {
		within(n.group.Close)
	}
	if n.transport != nil {
		errs = append(errs, n.transport.Close())
	}
	// Traces: there are no more writes. Before HTTP, which counts those that are lost.
	if n.traces != nil {
		within(n.stopTraces)
	}
	// HTTP: up to here it has told that the node stops, and it looks at what is left.
	if n.web != nil {
		within(n.stopMonitor)
	}
	// Storage: nothing writes to it any more.
	if n.store != nil {
		errs = append(errs, n.store.Close())
	}
	return errors.Join(errs...)
}

// leads reports whether there is leadership to hand over, and somebody to take it.
func (n *node) leads() bool {
	if n.group == nil {
		return false
	}
	s := n.group.Status()
	return s.Role == paxos.RoleLeader && len(s.Configuration.Voters) > 1
}

// handOver hands leadership over. That nobody can take it is no failure of the stop.
func (n *node) handOver(ctx context.Context) error {
	if err := n.group.HandOver(ctx); err != nil {
		n.log.Warn("leadership was not handed over; the others elect a leader", "error", err)
	}
	return nil
}
