package resp

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
)

// The names of the kinds of endpoints, as INFO has them.
const (
	endpointTCP  = "tcp"
	endpointUnix = "unix"
	endpointTLS  = "tls"
)

// endpoint is one of the places where clients connect.
type endpoint struct {
	kind     string
	listener net.Listener
	host     string // what it was asked to listen on: a host, or the path of a Unix socket
	path     string // of a Unix socket
}

// port is the TCP port of an endpoint, 0 if it has none.
func (e *endpoint) port() int {
	if addr, ok := e.listener.Addr().(*net.TCPAddr); ok {
		return addr.Port
	}
	return 0
}

// unixAddress is how Redis shows an address of a client of a Unix socket: path:0.
type unixAddress string

// Network implements net.Addr.
func (a unixAddress) Network() string { return "unix" }

// String implements net.Addr.
func (a unixAddress) String() string { return string(a) + ":0" }

// addresses are those of a connection: its client's, and the one that it has connected to.
func (e *endpoint) addresses(conn net.Conn) (remote, local net.Addr) {
	if e.kind == endpointUnix {
		return unixAddress(e.path), unixAddress(e.path)
	}
	return conn.RemoteAddr(), conn.LocalAddr()
}

// listen opens all endpoints, or none.
func (s *Server) listen() error {
	cfg := &s.config
	open := func(kind, address, option string, listen func() (net.Listener, error)) error {
		l, err := listen()
		if err != nil {
			return fmt.Errorf("resp: cannot listen for clients on %s: %w; choose another one with %s, or stop what uses it", address, err, option)
		}
		e := &endpoint{kind: kind, listener: l, path: cfg.UnixSocket}
		if e.host = address; kind != endpointUnix {
			e.host, _ = splitListen(address)
		}
		s.endpoints = append(s.endpoints, e)
		return nil
	}
	var err error
	// The listeners are Go's: they go on when the process runs out of file descriptors.
	if cfg.Listen != "" {
		err = open(endpointTCP, cfg.Listen, "--listen", func() (net.Listener, error) { return net.Listen("tcp", cfg.Listen) })
	}
	if err == nil && cfg.UnixSocket != "" {
		err = open(endpointUnix, cfg.UnixSocket, "--unixsocket", func() (net.Listener, error) { return listenUnix(cfg.UnixSocket, cfg.UnixSocketMode) })
	}
	if err == nil && cfg.TLS.Listen != "" {
		err = open(endpointTLS, cfg.TLS.Listen, "--tls-listen", func() (net.Listener, error) { return net.Listen("tcp", cfg.TLS.Listen) })
	}
	if err == nil && len(s.endpoints) == 0 {
		err = errors.New("resp: there is nowhere to listen for clients: give --listen, --tls-listen or --unixsocket")
	}
	if err != nil {
		return errors.Join(err, s.stopListening())
	}
	return nil
}

// stopListening closes all endpoints.
func (s *Server) stopListening() error {
	var problems []error
	for _, e := range s.endpoints {
		problems = append(problems, e.listener.Close())
	}
	return errors.Join(problems...)
}

// endpoint returns the endpoint of a kind, nil if there is none.
func (s *Server) endpoint(kind string) *endpoint {
	if i := slices.IndexFunc(s.endpoints, func(e *endpoint) bool { return e.kind == kind }); i >= 0 {
		return s.endpoints[i]
	}
	return nil
}

// Addr is the address clients connect to without TLS; if there is none, that of the first endpoint.
func (s *Server) Addr() net.Addr { return s.endpoints[0].listener.Addr() }

// TLSAddr is the address clients connect to with TLS; nil: there is none.
func (s *Server) TLSAddr() net.Addr {
	if e := s.endpoint(endpointTLS); e != nil {
		return e.listener.Addr()
	}
	return nil
}

// port is the TCP port that clients are told of: without TLS if there is one, as in Redis; 0: there is no TCP port.
func (s *Server) port() int {
	for _, kind := range []string{endpointTCP, endpointTLS} {
		if e := s.endpoint(kind); e != nil {
			return e.port()
		}
	}
	return 0
}

// ListenerInfo is an endpoint in INFO.
type ListenerInfo struct {
	// Index is Redis's number of the kind: 0 for TCP, 1 for a Unix socket, 2 for TLS.
	Index int
	// Kind is tcp, unix or tls.
	Kind string
	// Bind is the host, or the path of a Unix socket.
	Bind string
	// Port is 0 for a Unix socket.
	Port int
}

func (l ListenerInfo) String() string {
	text := "name=" + l.Kind + ",bind=" + l.Bind
	if l.Port != 0 {
		text += ",port=" + strconv.Itoa(l.Port)
	}
	return text
}

func (s *Server) listenerInfo() []ListenerInfo {
	var all []ListenerInfo
	for i, kind := range []string{endpointTCP, endpointUnix, endpointTLS} {
		if e := s.endpoint(kind); e != nil {
			all = append(all, ListenerInfo{i, kind, e.host, e.port()})
		}
	}
	return all
}
