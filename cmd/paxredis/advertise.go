package main

import (
	"fmt"
	"net"
	"strconv"
)

// clientAddress is where the clients of all nodes are told to find this one, host:port; without a host it is the one at which the
// other nodes reach it. Empty: it is not known before the node listens, on a port that the system chooses.
func (c *Config) clientAddress() string {
	address := c.Advertise
	if address == "" {
		address = c.tcpAddress()
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil || port == "0" {
		return ""
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = ""
	}
	return net.JoinHostPort(host, port)
}

// checkClientAddress reports what is wrong with --advertise, or missing.
func (c *Config) checkClientAddress() error {
	if c.Advertise != "" {
		_, port, err := net.SplitHostPort(c.Advertise)
		if err == nil {
			_, err = strconv.ParseUint(port, 10, 16)
		}
		if err != nil || port == "0" {
			return fmt.Errorf("--advertise %q: must be host:port, or :port, with the number of a port", c.Advertise)
		}
	}
	if c.ClusterMode && c.clientAddress() == "" {
		return fmt.Errorf("--cluster-mode: clients are told where every node listens: give --listen %q a port, or --advertise", c.tcpAddress())
	}
	return nil
}
