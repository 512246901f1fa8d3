package main

import (
	"context"
	"fmt"

	"github.com/paxredis/paxredis/cmd/paxredis/monitor"
	"github.com/paxredis/paxredis/cmd/paxredis/tracing"
	"github.com/paxredis/paxredis/peer"
	"github.com/paxredis/paxredis/replication"
	"github.com/paxredis/paxredis/replication/paxos"
	"github.com/paxredis/paxredis/resp"
	"github.com/paxredis/paxredis/storage"
)

// The kinds of events that are not a group's.
const (
	eventStarted = "started"
	eventLink    = "link"
	eventDisk    = "disk"
	eventMemory  = "memory"
)

// startMonitor opens the HTTP server, if there is to be one: before all that may take long, so that it can be seen.
func (n *node) startMonitor(c Config) (err error) {
	n.monitor = monitor.New(version, wallClock)
	if c.HTTPListen == "" {
		return nil
	}
	if n.web, err = monitor.Serve(c.HTTPListen, n.monitor, n.log); err != nil {
		return err
	}
	n.log.Info("serving HTTP", "address", n.web.Addr().String())
	return nil
}

// validateTraces refuses to be told which writes are traced, and not where traces go.
func (c *Config) validateTraces() []error {
	if c.TraceEndpoint != "" {
		return nil
	}
	var errs []error
	if c.isGiven("otlp-sample") {
		errs = append(errs, fmt.Errorf("--otlp-sample %v: needs --otlp-endpoint", &c.TraceRatio))
	}
	if c.isGiven("otlp-slower-than") {
		errs = append(errs, fmt.Errorf("--otlp-slower-than %v: needs --otlp-endpoint", (*durationValue)(&c.TraceSlowerThan)))
	}
	return errs
}

// startTraces begins to send traces, if they are wanted.
func (n *node) startTraces(c Config, identity storage.Identity) (err error) {
	if c.TraceEndpoint == "" {
		return nil
	}
	n.traces, err = tracing.Start(tracing.Config{Endpoint: c.TraceEndpoint, Node: uint64(identity.NodeID), NodeUUID: identity.NodeUUID, Cluster: identity.ClusterUUID,
		Version: version, Logger: n.log})
	return err
}

// tracing is what clients' writes are traced for.
func (n *node) tracing(c Config) resp.Tracing {
	if n.traces == nil {
		return resp.Tracing{}
	}
	return resp.Tracing{Sink: n.traces.Add, Ratio: float64(c.TraceRatio), SlowerThan: c.TraceSlowerThan}
}

// stopTraces sends the last ones. That they are lost is no failure of the stop.
func (n *node) stopTraces(ctx context.Context) error {
	n.traces.Close(ctx)
	return nil
}

// attachMonitor shows a node that works.
func (n *node) attachMonitor(c Config) {
	identity := n.store.Identity()
	parts := monitor.Parts{Group: n.group, Clients: n.server, FreeDisk: n.store.FreeBytes, NodeUUID: identity.NodeUUID, ClusterUUID: identity.ClusterUUID,
		Boot: identity.Boot, ClientAddress: c.clientAddress(), PeerAddress: n.peerAddress()}
	if parts.ClientAddress == "" {
		parts.ClientAddress = n.server.Addr().String() // a port that the system chose
	}
	if n.traces != nil {
		parts.Spans = n.traces.Counts
	}
	if n.transport == nil {
		parts.PeerAddress = ""
	} else {
		parts.Links = n.transport.Status
	}
	n.monitor.Attach(parts)
	n.monitor.Note(eventStarted, 0, fmt.Sprintf("paxredis %s serves, boot %d", version, identity.Boot), 0)
}

// stopMonitor ends the HTTP server. That somebody's request was cut off is no failure of the stop.
func (n *node) stopMonitor(ctx context.Context) error {
	if err := n.web.Close(ctx); err != nil {
		n.log.Warn("HTTP requests were cut off", "error", err)
	}
	return nil
}

// watchedLinks is a group that peers' links talk to, and has their coming and going remembered.
type watchedLinks struct {
	*replication.Group
	monitor *monitor.Monitor
}

// LinkUp implements peer.Handler.
func (w watchedLinks) LinkUp(id paxos.NodeID) {
	w.monitor.Note(eventLink, uint64(id), fmt.Sprintf("link to node %v up", id), 0)
	w.Group.LinkUp(id)
}

// LinkDown implements peer.Handler.
func (w watchedLinks) LinkDown(id paxos.NodeID) {
	w.monitor.Note(eventLink, uint64(id), fmt.Sprintf("link to node %v down", id), 0)
	w.Group.LinkDown(id)
}

var _ peer.Handler = watchedLinks{}

// noteAs returns what remembers events of this kind, about this node.
func (n *node) noteAs(kind string) func(text string) {
	return func(text string) { n.monitor.Note(kind, 0, text, 0) }
}
