package main

import (
	"log/slog"
	"net"

	"github.com/paxredis/paxredis/peer"
	"github.com/paxredis/paxredis/replication/paxos"
	"github.com/paxredis/paxredis/storage"
)

// addressed is the transport of a node that remembers where the others look for it, and says so when that is elsewhere than where it is.
type addressed struct {
	*peer.Transport
	store *storage.Store
	self  paxos.NodeID
	at    string // by its flags; empty: they do not say it
	log   *slog.Logger
}

// SetMembers implements replication.Transport.
func (a addressed) SetMembers(c paxos.Configuration) {
	m, ok := c.Member(a.self)
	if ok && a.at != "" && isElsewhere(m.Address, a.at) {
		a.log.Warn("the other nodes look for this one at another address than its flags name; if they do not reach it there: paxredis member move "+a.self.String()+"="+a.at,
			"member", m.Address, "flags", a.at)
	}
	if err := a.store.RememberAddress(c); err != nil {
		a.log.Error("where this node was moved to could not be written down: it must be started with --peer-listen", "address", m.Address, "error", err)
	}
	a.Transport.SetMembers(c)
}

// isElsewhere reports whether two addresses are plainly not the same place. Names are not resolved.
func isElsewhere(a, b string) bool {
	hostA, portA, errA := net.SplitHostPort(a)
	hostB, portB, errB := net.SplitHostPort(b)
	if errA != nil || errB != nil {
		return a != b
	}
	ipA, ipB := net.ParseIP(hostA), net.ParseIP(hostB)
	return portA != portB || ipA != nil && ipB != nil && !ipA.Equal(ipB)
}
