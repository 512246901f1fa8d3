package main

import (
	"crypto/tls"
	"crypto/x509"
	"flag"
	"fmt"
	"os"
)

// clientSecurity is how commands to running nodes connect to their clients' ports.
type clientSecurity struct {
	on                        bool
	caFile, certFile, keyFile string
}

// flags binds what they have in common.
func (s *clientSecurity) flags(fs *flag.FlagSet) {
	fs.BoolVar(&s.on, "tls", false, "connect by TLS, to the nodes' --tls-listen")
	fs.StringVar(&s.caFile, "tls-ca-file", "", "PEM `file` with the certificates that sign the nodes' (default: those of the operating system)")
	fs.StringVar(&s.certFile, "tls-cert-file", "", "PEM `file` with this client's certificate, if the nodes ask for one")
	fs.StringVar(&s.keyFile, "tls-key-file", "", "PEM `file` with its private key")
}

// config is how to connect by TLS; nil: without.
func (s *clientSecurity) config() (*tls.Config, error) {
	if !s.on {
		if s.caFile+s.certFile+s.keyFile != "" {
			return nil, usageErrorf("--tls-ca-file, --tls-cert-file, --tls-key-file: need --tls")
		}
		return nil, nil
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if s.caFile != "" {
		text, err := os.ReadFile(s.caFile)
		if err != nil {
			return nil, fmt.Errorf("--tls-ca-file: %w", err)
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(text) {
			return nil, fmt.Errorf("--tls-ca-file: %s has no certificate in PEM format", s.caFile)
		}
	}
	if (s.certFile == "") != (s.keyFile == "") {
		return nil, usageErrorf("--tls-cert-file and --tls-key-file belong together: give both, or none")
	}
	if s.certFile != "" {
		pair, err := tls.LoadX509KeyPair(s.certFile, s.keyFile)
		if err != nil {
			return nil, fmt.Errorf("--tls-cert-file %s, --tls-key-file %s: %w", s.certFile, s.keyFile, err)
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return config, nil
}
