package main

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"strconv"

	"github.com/paxredis/paxredis/resp"
)

// endpoints are where clients connect besides --listen.
type endpoints struct {
	TLS            resp.TLSConfig
	UnixSocket     string
	UnixSocketMode permissions
}

// endpointOptions are theirs.
func endpointOptions() []option {
	file := func(at func(t *resp.TLSConfig) *string) field {
		return text(func(c *Config) *string { return at(&c.Endpoints.TLS) })
	}
	return []option{
		{name: "tls-listen", group: groupEndpoints, sample: "0.0.0.0:6380",
			field: file(func(t *resp.TLSConfig) *string { return &t.Listen }).must("must be host:port", func(c *Config) bool {
				return c.Endpoints.TLS.Listen == "" || isHostPort(c.Endpoints.TLS.Listen)
			}),
			help: "`host:port` for clients with TLS 1.2 or 1.3 (default: there is none)"},
		{name: "tls-cert-file", group: groupEndpoints, sample: "/etc/paxredis/node.crt", field: file(func(t *resp.TLSConfig) *string { return &t.CertFile }),
			help: "PEM `file` with this node's certificate for clients, and intermediate ones behind it; read again when it has changed, as are --tls-key-file and --tls-ca-file"},
		{name: "tls-key-file", group: groupEndpoints, sample: "/etc/paxredis/node.key", field: file(func(t *resp.TLSConfig) *string { return &t.KeyFile }),
			help: "PEM `file` with its private key"},
		{name: "tls-ca-file", group: groupEndpoints, sample: "/etc/paxredis/ca.crt", field: file(func(t *resp.TLSConfig) *string { return &t.CAFile }),
			help: "PEM `file` with the certificates that sign clients'"},
		{name: "tls-auth-clients", group: groupEndpoints, field: custom(func(c *Config) flag.Value { return (*certificateValue)(&c.Endpoints.TLS.Clients) }),
			help: "whether clients need a certificate: `yes`, optional (one that is given must be good) or no"},
		{name: "tls-auth-clients-user", group: groupEndpoints, field: custom(func(c *Config) flag.Value { return (*userValue)(&c.Endpoints.TLS.UserFromName) }),
			help: "`CN`: the common name of a client's certificate is its user, if there is one of that name; off: clients use AUTH"},
		{name: "unixsocket", group: groupEndpoints, sample: "/run/paxredis/paxredis.sock", field: text(func(c *Config) *string { return &c.Endpoints.UnixSocket }),
			help: "`path` of a Unix socket for clients (default: there is none)"},
		{name: "unixsocketperm", group: groupEndpoints, field: custom(func(c *Config) flag.Value { return &c.Endpoints.UnixSocketMode }),
			help: "its `permissions`, octal as 770; 0: what the umask leaves"},
	}
}

// validateEndpoints reports what is wrong with where clients connect.
func (c *Config) validateEndpoints() []error {
	var errs []error
	refuse := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }

	e := &c.Endpoints
	if c.Listen == "" && e.TLS.Listen == "" && e.UnixSocket == "" {
		refuse("--listen off: clients need --tls-listen or --unixsocket then")
	}
	if err := e.TLS.Check(); err != nil {
		errs = append(errs, err)
	}
	if e.TLS.Listen == "" && e.TLS.CertFile+e.TLS.KeyFile != "" {
		refuse("--tls-cert-file, --tls-key-file: need --tls-listen")
	}
	if e.TLS.Listen == "" && e.TLS.UserFromName {
		refuse("--tls-auth-clients-user %v: needs --tls-listen", (*userValue)(&e.TLS.UserFromName))
	}
	if e.UnixSocketMode != 0 && e.UnixSocket == "" {
		refuse("--unixsocketperm %v: needs --unixsocket", &e.UnixSocketMode)
	}
	return errs
}

// tcpAddress is the TCP address of clients, without TLS if there is one; empty: there is none.
func (c *Config) tcpAddress() string { return cmp.Or(c.Listen, c.Endpoints.TLS.Listen) }

// listenValue is the flag value of --listen; off is empty.
type listenValue string

// String implements flag.Value.
func (v *listenValue) String() string { return cmp.Or(string(*v), "off") }

// Set implements flag.Value.
func (v *listenValue) Set(text string) error {
	if *v = listenValue(text); text == "off" {
		*v = ""
	}
	return nil
}

// certificateValue is the flag value of --tls-auth-clients.
type certificateValue resp.ClientCertificates

// String implements flag.Value.
func (v *certificateValue) String() string { return resp.ClientCertificates(*v).String() }

// Set implements flag.Value.
func (v *certificateValue) Set(text string) error {
	c, ok := resp.ParseClientCertificates(text)
	if !ok {
		return errors.New("must be yes, optional or no")
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
		return errors.New("must be CN or off")
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
		return errors.New("must be from 0 to 777, in octal")
	}
	*p = permissions(n)
	return nil
}
