package main

import (
	"log/slog"
	"net"

	"github.com/paxredis/paxredis/peer"
	"github.com/paxredis/paxredis/replication/paxos"
)

// addressed is the transport of a node that says so when the others look for it elsewhere than where it is.
type addressed struct {
	*peer.Transport
	self paxos.NodeID
	at   string // by its flags; empty: they do not say it
	log  *slog.Logger
}

// SetMembers implements replication.Transport.
func (a addressed) SetMembers(c paxos.Configuration) {
	if m, ok := c.Member(a.self); ok && a.at != "" && isElsewhere(m.Address, a.at) {
		a.log.Warn("the other nodes look for this one at another address than its flags name; if they do not reach it there: paxredis member move "+a.self.String()+"="+a.at,
			"member", m.Address, "flags", a.at)
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
