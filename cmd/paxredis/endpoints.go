package main

import (
	"cmp"
	"flag"
	"fmt"
	"io/fs"
	"net"
	"strconv"

	"github.com/paxredis/paxredis/resp"
)

// endpoints are where clients connect besides --listen.
type endpoints struct {
	TLS            resp.TLSConfig
	UnixSocket     string
	UnixSocketMode permissions
}

// flags binds them.
func (e *endpoints) flags(fs *flag.FlagSet) {
	fs.StringVar(&e.TLS.Listen, "tls-listen", e.TLS.Listen, "`host:port` for clients with TLS 1.2 or 1.3 (default: there is none)")
	fs.StringVar(&e.TLS.CertFile, "tls-cert-file", e.TLS.CertFile, "PEM `file` with this node's certificate for clients, and intermediate ones behind it; read again when it has changed, as are --tls-key-file and --tls-ca-file")
	fs.StringVar(&e.TLS.KeyFile, "tls-key-file", e.TLS.KeyFile, "PEM `file` with its private key")
	fs.StringVar(&e.TLS.CAFile, "tls-ca-file", e.TLS.CAFile, "PEM `file` with the certificates that sign clients'")
	fs.Var((*certificateValue)(&e.TLS.Clients), "tls-auth-clients", "whether clients need a certificate: `yes`, optional (one that is given must be good) or no")
	fs.Var((*userValue)(&e.TLS.UserFromName), "tls-auth-clients-user", "`CN`: the common name of a client's certificate is its user, if there is one of that name; off: clients use AUTH")
	fs.StringVar(&e.UnixSocket, "unixsocket", e.UnixSocket, "`path` of a Unix socket for clients (default: there is none)")
	fs.Var(&e.UnixSocketMode, "unixsocketperm", "its `permissions`, octal as 770; 0: what the umask leaves")
}

// validateEndpoints reports what is wrong with where clients connect.
func (c *Config) validateEndpoints() []error {
	var errs []error
	refuse := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }

	e := &c.Endpoints
	if _, _, err := net.SplitHostPort(c.Listen); err != nil && c.Listen != "" {
		refuse("--listen %q: must be host:port, or off", c.Listen)
	}
	if _, _, err := net.SplitHostPort(e.TLS.Listen); err != nil && e.TLS.Listen != "" {
		refuse("--tls-listen %q: must be host:port", e.TLS.Listen)
	}
	if c.Listen == "" && e.TLS.Listen == "" && e.UnixSocket == "" {
		refuse("--listen off: clients need --tls-listen or --unixsocket then")
	}
	if err := e.TLS.Check(); err != nil {
		errs = append(errs, err)
	}
	if e.TLS.Listen == "" && e.TLS.CertFile+e.TLS.KeyFile != "" {
		refuse("--tls-cert-file, --tls-key-file: need --tls-listen")
	}
	if e.UnixSocketMode != 0 && e.UnixSocket == "" {
		refuse("--unixsocketperm %v: needs --unixsocket", &e.UnixSocketMode)
	}
	return errs
}

// tcpAddress is the TCP address of clients, without TLS if there is one; empty: there is none.
func (c *Config) tcpAddress() string { return cmp.Or(c.Listen, c.Endpoints.TLS.Listen) }

// certificateValue is the flag value of --tls-auth-clients.
type certificateValue resp.ClientCertificates

// String implements flag.Value.
func (v *certificateValue) String() string { return resp.ClientCertificates(*v).String() }

// Set implements flag.Value.
func (v *certificateValue) Set(text string) error {
	c, ok := resp.ParseClientCertificates(text)
	if !ok {
		return fmt.Errorf("%q is neither yes nor optional nor no", text)
	}
	*v = certificateValue(c)
	return nil
}

// userValue is the flag value of --tls-auth-clients-user.
type userValue bool

// String implements flag.Value.
func (v *userValue) String() string {
	if *v {
		return "CN"
	}
	return "off"
}

// Set implements flag.Value.
func (v *userValue) Set(text string) error {
	if text != "CN" && text != "off" {
		return fmt.Errorf("%q is neither CN nor off", text)
	}
	*v = text == "CN"
	return nil
}

// permissions are those of a file, in octal.
type permissions fs.FileMode

// String implements flag.Value.
func (p *permissions) String() string { return strconv.FormatUint(uint64(*p), 8) }

// Set implements flag.Value.
func (p *permissions) Set(text string) error {
	n, err := strconv.ParseUint(text, 8, 32)
	if err != nil || n > uint64(fs.ModePerm) {
		return fmt.Errorf("%q is not from 0 to 777, in octal", text)
	}
	*p = permissions(n)
	return nil
}
