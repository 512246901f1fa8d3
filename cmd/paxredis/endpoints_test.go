package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// writeCertificate makes a certificate for loopback and for clients that is its own authority, and returns its file and its key's.
func writeCertificate(t *testing.T, dir string) (certFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "node"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	certFile, keyFile = filepath.Join(dir, "node.crt"), filepath.Join(dir, "node.key")
	for file, block := range map[string]*pem.Block{certFile: {Type: "CERTIFICATE", Bytes: cert}, keyFile: {Type: "PRIVATE KEY", Bytes: private}} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return certFile, keyFile
}

// A node serves plain, TLS and Unix clients at once; commands to running nodes reach it by TLS, with a certificate of their own.
func TestANodeWithTLSAndAUnixSocket(t *testing.T) {
	dir := t.TempDir()
	cert, key := writeCertificate(t, dir)
	socket := filepath.Join(dir, "p.sock")
	n := startTestNode(t, filepath.Join(dir, "data"), "--tls-listen", "127.0.0.1:0", "--tls-cert-file", cert, "--tls-key-file", key, "--tls-ca-file", cert,
		"--unixsocket", socket, "--unixsocketperm", "700")
	n.do("SET", "a", "1")
	address := n.node.server.TLSAddr().String()
	for _, test := range []struct {
		args []string
		want string // of its output; empty: it fails
	}{
		{[]string{"--addr", address, "--tls", "--tls-ca-file", cert, "--tls-cert-file", cert, "--tls-key-file", key}, "leader"},
		{[]string{"--addr", address, "--tls", "--tls-ca-file", cert}, ""},                          // no certificate
		{[]string{"--addr", address, "--tls", "--tls-cert-file", cert, "--tls-key-file", key}, ""}, // does not know the authority
		{[]string{"--addr", address}, ""},
		{[]string{"--addr", n.address, "--tls", "--tls-ca-file", cert}, ""},
		{[]string{"--addr", n.address, "--tls-ca-file", cert}, ""},
		{[]string{"--addr", n.address, "--tls", "--tls-ca-file", key}, ""},
		{[]string{"--addr", n.address, "--tls", "--tls-key-file", key}, ""},
	} {
		var out bytes.Buffer
		err := runStatus(test.args, stdio{out: &out, err: &out})
		if (err == nil) != (test.want != "") || !strings.Contains(out.String(), test.want) {
			t.Errorf("status %v: %v\n%s", test.args, err, out.String())
		}
	}
	var out bytes.Buffer
	if err := runLeader([]string{"get", "--addr", address, "--tls", "--tls-ca-file", cert, "--tls-cert-file", cert, "--tls-key-file", key}, stdio{out: &out, err: &out}); err != nil {
		t.Errorf("leader get: %v\n%s", err, out.String())
	}
	conn, err := net.Dial("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if _, err := conn.Write([]byte("GET a\r\n")); err != nil {
		t.Fatal(err)
	}
	reply := make([]byte, 7)
	if _, err := conn.Read(reply); err != nil || string(reply) != "$1\r\n1\r\n" {
		t.Errorf("by the Unix socket: %q, %v", reply, err)
	}
}

// Without a plain address clients are told that of TLS.
func TestTheAddressOfANodeWithTLSAlone(t *testing.T) {
	c, err := loadConfig(strings.Fields("--listen off --tls-listen 10.0.0.1:6380 --tls-cert-file c --tls-key-file k --tls-auth-clients no"), quiet)
	if err != nil {
		t.Fatal(err)
	}
	if c.Listen != "" || c.clientAddress() != "10.0.0.1:6380" {
		t.Errorf("got %q, %q", c.Listen, c.clientAddress())
	}
}

// --check-config reads the files of certificates.
func TestCheckConfigReadsCertificates(t *testing.T) {
	dir := t.TempDir()
	cert, key := writeCertificate(t, dir)
	flags := []string{"--check-config", "--tls-listen", "127.0.0.1:1", "--tls-cert-file", cert, "--tls-key-file", key, "--tls-ca-file"}
	if _, err := loadConfig(append(flags, cert), quiet); err != nil {
		t.Error(err)
	}
	if _, err := loadConfig(append(flags, key), quiet); err == nil || !strings.Contains(err.Error(), key+" has no certificate") {
		t.Errorf("got %v", err)
	}
}
