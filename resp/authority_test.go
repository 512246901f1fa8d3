package resp

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// authority signs certificates for a test.
type authority struct {
	t    testing.TB
	dir  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	next int64
}

func newAuthority(t testing.TB) *authority {
	t.Helper()
	a := &authority{t: t, dir: t.TempDir()}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test authority"}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	a.key = newKey(t)
	a.cert = a.sign(template, template, a.key)
	a.write("ca.crt", "CERTIFICATE", a.cert.Raw)
	return a
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func (a *authority) sign(template, parent *x509.Certificate, key *ecdsa.PrivateKey) *x509.Certificate {
	a.t.Helper()
	raw, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, a.key)
	if err != nil {
		a.t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(raw)
	if err != nil {
		a.t.Fatal(err)
	}
	return cert
}

// issue writes name.crt and name.key, for servers at loopback and for clients; files that are there are replaced as tools do that: by renaming.
func (a *authority) issue(file, name string) {
	a.t.Helper()
	a.next++
	key := newKey(a.t)
	cert := a.sign(&x509.Certificate{SerialNumber: big.NewInt(1 + a.next), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(time.Hour), DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}}, a.cert, key)
	raw, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		a.t.Fatal(err)
	}
	a.write(file+".crt", "CERTIFICATE", cert.Raw)
	a.write(file+".key", "PRIVATE KEY", raw)
}

func (a *authority) path(file string) string { return filepath.Join(a.dir, file) }

func (a *authority) write(file, kind string, raw []byte) {
	a.t.Helper()
	a.put(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: raw}))
}

func (a *authority) put(file string, text []byte) {
	a.t.Helper()
	if err := os.WriteFile(a.path(file+".new"), text, 0o600); err != nil {
		a.t.Fatal(err)
	}
	if err := os.Rename(a.path(file+".new"), a.path(file)); err != nil {
		a.t.Fatal(err)
	}
}

// pool has the authority as the only one.
func (a *authority) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return pool
}

// pair is what issue has written.
func (a *authority) pair(file string) tls.Certificate {
	a.t.Helper()
	pair, err := tls.LoadX509KeyPair(a.path(file+".crt"), a.path(file+".key"))
	if err != nil {
		a.t.Fatal(err)
	}
	return pair
}

// client is how a client that trusts the authority connects, with those certificates of its own.
func (a *authority) client(own ...string) *tls.Config {
	config := &tls.Config{RootCAs: a.pool(), ServerName: "localhost", MinVersion: tls.VersionTLS12}
	for _, file := range own {
		config.Certificates = append(config.Certificates, a.pair(file))
	}
	return config
}

// server is the TLS of a server that has been issued server.crt.
func (a *authority) server(clients ClientCertificates) TLSConfig {
	a.issue("server", "the server")
	return TLSConfig{Listen: "127.0.0.1:0", CertFile: a.path("server.crt"), KeyFile: a.path("server.key"), CAFile: a.path("ca.crt"), Clients: clients}
}
