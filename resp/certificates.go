package resp

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"sync"
	"time"
)

// ClientCertificates says whether TLS clients need a certificate.
type ClientCertificates int

// The values, and the words of Redis's tls-auth-clients.
const (
	RequireCertificates  ClientCertificates = iota // yes: who has none, or one that is not signed by the CA, is refused
	OptionalCertificates                           // optional: one that is given must be signed by the CA
	NoCertificates                                 // no: they are not asked for one
)

var certificateWords = []string{RequireCertificates: "yes", OptionalCertificates: "optional", NoCertificates: "no"}

// String is the word for c.
func (c ClientCertificates) String() string { return certificateWords[c] }

// ParseClientCertificates reads yes, optional or no.
func ParseClientCertificates(word string) (c ClientCertificates, ok bool) {
	for value, known := range certificateWords {
		if word == known {
			return ClientCertificates(value), true
		}
	}
	return 0, false
}

// TLSConfig is what a server needs to know to serve clients by TLS, 1.2 or 1.3.
type TLSConfig struct {
	// Listen is the TCP address for TLS clients, host:port; empty: there is none. Port 0 picks one; see Server.TLSAddr.
	Listen string
	// CertFile and KeyFile are PEM files with the server's certificate, its intermediates behind it, and its private key. CAFile has those that sign clients'
	// certificates. They are read again when they have changed.
	CertFile, KeyFile, CAFile string
	// Clients says whether clients need a certificate. If they may have one, CAFile is needed.
	Clients ClientCertificates
	// UserFromName has the common name of a client's certificate name the ACL user that it is.
	UserFromName bool
}

// Check reports what is missing. Whether the files can be read is seen when they are.
func (c *TLSConfig) Check() error {
	if c.Listen == "" {
		return nil
	}
	var problems []error
	if c.CertFile == "" || c.KeyFile == "" {
		problems = append(problems, errors.New("--tls-listen: needs --tls-cert-file and --tls-key-file, the server's certificate and its private key"))
	}
	if c.Clients != NoCertificates && c.CAFile == "" {
		problems = append(problems, fmt.Errorf("--tls-auth-clients %s: needs --tls-ca-file, by which clients' certificates are checked; or give --tls-auth-clients no, and clients need none", c.Clients))
	}
	if c.Clients == NoCertificates && c.UserFromName {
		problems = append(problems, errors.New("--tls-auth-clients-user CN: clients are not asked for certificates; give --tls-auth-clients yes or optional"))
	}
	return errors.Join(problems...)
}

// CheckFiles reads the files, and reports what is wrong with them.
func (c *TLSConfig) CheckFiles() error {
	if c.Listen == "" {
		return nil
	}
	_, err := (&certificates{from: *c}).load()
	return err
}

// certificateRest is how often, at most, the files are looked at.
const certificateRest = time.Second

// certificates are the server's certificate and the clients' CAs, as they are in files. They are looked at when a client comes, once a second at most, and read
// again when one of them has changed. Files that are no good, as a certificate that has been replaced and a key that has not yet, change nothing: those that were
// read last go on being used. Safe for use by several goroutines.
type certificates struct {
	from   TLSConfig
	logger *slog.Logger
	rest   time.Duration // certificateRest, but for tests

	mu      sync.Mutex
	looked  time.Time
	read    []fileState // what was read last
	problem string      // that was logged last, since then
	config  *tls.Config
}

// fileState is what tells one version of a file from another one.
type fileState struct {
	info fs.FileInfo
}

func (f fileState) same(other fileState) bool {
	return os.SameFile(f.info, other.info) && f.info.Size() == other.info.Size() && f.info.ModTime().Equal(other.info.ModTime())
}

// newCertificates reads the files for the first time.
func newCertificates(from TLSConfig, logger *slog.Logger) (*certificates, error) {
	c := &certificates{from: from, logger: logger, rest: certificateRest, looked: time.Now()}
	var err error
	if c.read, err = c.states(); err == nil {
		c.config, err = c.load()
	}
	if err != nil {
		return nil, fmt.Errorf("resp: TLS for clients: %w", err)
	}
	c.log("TLS certificate", c.config)
	return c, nil
}

// current is what a handshake that begins now goes by.
func (c *certificates) current() *tls.Config {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := time.Now(); now.Sub(c.looked) >= c.rest {
		c.looked = now
		if err := c.renew(); err != nil && err.Error() != c.problem {
			c.problem = err.Error()
			c.logger.Error("resp: TLS certificates have changed, and cannot be used: those that were read before stay", "error", err)
		}
	}
	return c.config
}

// renew reads the files if one of them has changed. It is called again after an error, since they may be replaced one after the other.
func (c *certificates) renew() error {
	states, err := c.states() // before they are read: what changes meanwhile is read the next time
	if err != nil {
		return err
	}
	changed := false
	for i := range states {
		changed = changed || !states[i].same(c.read[i])
	}
	if !changed {
		return nil
	}
	config, err := c.load()
	if err != nil {
		return err
	}
	c.read, c.config, c.problem = states, config, ""
	c.log("TLS certificates have changed, and are used from now on", config)
	return nil
}

func (c *certificates) names() []string {
	names := []string{c.from.CertFile, c.from.KeyFile}
	if c.from.CAFile != "" {
		names = append(names, c.from.CAFile)
	}
	return names
}

func (c *certificates) states() ([]fileState, error) {
	var states []fileState
	for _, name := range c.names() {
		info, err := os.Stat(name)
		if err != nil {
			return nil, err
		}
		states = append(states, fileState{info})
	}
	return states, nil
}

// load reads the files. Sessions are not resumed: who has had a certificate must have it, and one that still counts, each time.
func (c *certificates) load() (*tls.Config, error) {
	pair, err := tls.LoadX509KeyPair(c.from.CertFile, c.from.KeyFile)
	if err != nil {
		return nil, fmt.Errorf("the certificate %s and the key %s: %w", c.from.CertFile, c.from.KeyFile, err)
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12, SessionTicketsDisabled: true, Certificates: []tls.Certificate{pair}}
	if c.from.Clients == NoCertificates {
		return config, nil
	}
	text, err := os.ReadFile(c.from.CAFile)
	if err != nil {
		return nil, err
	}
	config.ClientCAs = x509.NewCertPool()
	if !config.ClientCAs.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("%s has no certificate in PEM format", c.from.CAFile)
	}
	config.ClientAuth = tls.RequireAndVerifyClientCert
	if c.from.Clients == OptionalCertificates {
		config.ClientAuth = tls.VerifyClientCertIfGiven
	}
	return config, nil
}

// log tells which certificate is used, and whether that is no good any more.
func (c *certificates) log(what string, config *tls.Config) {
	leaf := config.Certificates[0].Leaf
	level := slog.LevelInfo
	if now := time.Now(); now.After(leaf.NotAfter) || now.Before(leaf.NotBefore) {
		level, what = slog.LevelWarn, what+"; its time is over, or has not come"
	}
	c.logger.Log(context.Background(), level, "resp: "+what, "file", c.from.CertFile, "subject", leaf.Subject.String(), "from", leaf.NotBefore, "until", leaf.NotAfter)
}
