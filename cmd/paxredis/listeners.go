package main

import (
	"fmt"
	"net"
	"strings"
)

// listener is an option that names an address to listen at.
type listener struct{ option, address string }

// listeners are those that c names, in the order of the help. An address of peers that is left out is found when the data directory is read.
func (c *Config) listeners() []listener {
	var all []listener
	for _, l := range []listener{{"peer-listen", c.PeerListen}, {"http-listen", c.HTTPListen}, {"listen", c.Listen}, {"tls-listen", c.Endpoints.TLS.Listen}} {
		if l.address != "" {
			all = append(all, l)
		}
	}
	return all
}

// validateListeners refuses two listeners at one address: the second one would fail, or take the other one's connections.
func (c *Config) validateListeners() []error {
	var errs []error
	all := c.listeners()
	for i, a := range all {
		for _, b := range all[i+1:] {
			if collide(a.address, b.address) {
				errs = append(errs, fmt.Errorf("--%s %s, --%s %s: both listen at the same address; give each its own port", a.option, a.address, b.option, b.address))
			}
		}
	}
	return errs
}

// collide reports whether two listeners cannot be at these addresses at once. Names of hosts are not looked up: only equal ones are taken for one host.
func collide(a, b string) bool {
	hostA, portA, errA := net.SplitHostPort(a)
	hostB, portB, errB := net.SplitHostPort(b)
	if errA != nil || errB != nil || portA != portB || portA == "" || portA == "0" { // the system chooses another one each time
		return false
	}
	return isWildcard(hostA) || isWildcard(hostB) || sameHost(hostA, hostB)
}

// isWildcard reports whether a host means all addresses of the machine.
func isWildcard(host string) bool {
	ip := net.ParseIP(host)
	return host == "" || ip != nil && ip.IsUnspecified()
}

// sameHost compares addresses as such, however they are written.
func sameHost(a, b string) bool {
	ip := net.ParseIP(a)
	return strings.EqualFold(a, b) || ip != nil && ip.Equal(net.ParseIP(b))
}
