package peer

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"math/big"
	"time"
)

// protocolName is what the two ends agree on in the TLS handshake (ALPN), so that no other protocol that happens to
// use the same key can be led onto a link.
const protocolName = "paxredis-peer/1"

// identity is what a node shows of itself and accepts of others: the first key is its own, the others are accepted
// beside it while keys are exchanged.
type identity struct {
	certificate tls.Certificate
	accepted    []acceptedKey
	tls         *tls.Config
}

type acceptedKey struct {
	public ed25519.PublicKey
	// mac authenticates hellos of nodes that show public.
	mac []byte
}

func newIdentity(keys []Key) (*identity, error) {
	if len(keys) == 0 {
		return nil, errors.New("peer: no cluster key")
	}
	id := &identity{}
	for i, key := range keys {
		seed, err := key.derive("paxredis peer identity v1", ed25519.SeedSize)
		if err != nil {
			return nil, err
		}
		mac, err := key.derive("paxredis hello v1", 32)
		if err != nil {
			return nil, err
		}
		private := ed25519.NewKeyFromSeed(seed)
		id.accepted = append(id.accepted, acceptedKey{private.Public().(ed25519.PublicKey), mac})
		if i == 0 {
			if id.certificate, err = selfSigned(private); err != nil {
				return nil, err
			}
		}
	}
	id.tls = id.tlsConfig()
	return id, nil
}

// selfSigned wraps the key in a certificate, since TLS needs one. Nothing in it but the key is ever looked at.
func selfSigned(private ed25519.PrivateKey) (tls.Certificate, error) {
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: "paxredis peer"},
		NotBefore:    time.Unix(0, 0),
		NotAfter:     time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC),
		KeyUsage:     x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("peer: make certificate: %w", err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: private}, nil
}

// own returns the MAC key that goes with the certificate shown.
func (id *identity) own() []byte { return id.accepted[0].mac }

// macKeyOf returns the MAC key that goes with the certificate the peer has shown, or why it is not one of this
// cluster.
func (id *identity) macKeyOf(state tls.ConnectionState) ([]byte, error) {
	if len(state.PeerCertificates) == 0 {
		return nil, errors.New("the peer showed no certificate")
	}
	public, ok := state.PeerCertificates[0].PublicKey.(ed25519.PublicKey)
	if !ok {
		return nil, fmt.Errorf("the peer's certificate has a %T: %w", state.PeerCertificates[0].PublicKey, errWrongKey)
	}
	for _, accepted := range id.accepted {
		if accepted.public.Equal(public) {
			return accepted.mac, nil
		}
	}
	return nil, errWrongKey
}

// verify judges every finished TLS handshake, in place of the chain of trust that a single key has no need of.
func (id *identity) verify(state tls.ConnectionState) error {
	switch {
	case state.Version != tls.VersionTLS13:
		return fmt.Errorf("%s instead of TLS 1.3", tls.VersionName(state.Version))
	case state.DidResume:
		return errors.New("a resumed session proves no key")
	case state.NegotiatedProtocol != protocolName:
		return fmt.Errorf("protocol %q instead of %q", state.NegotiatedProtocol, protocolName)
	}
	_, err := id.macKeyOf(state)
	return err
}

// tlsConfig is the same for both ends. Chain verification is off because verify stands in its place: it compares the
// peer's public key, of whose possession TLS has made sure, with those derived from the cluster key.
func (id *identity) tlsConfig() *tls.Config {
	return &tls.Config{
		Certificates:           []tls.Certificate{id.certificate},
		ClientAuth:             tls.RequireAnyClientCert,
		InsecureSkipVerify:     true,
		VerifyConnection:       id.verify,
		MinVersion:             tls.VersionTLS13,
		NextProtos:             []string{protocolName},
		SessionTicketsDisabled: true,
		// Full records from the start: the first 128 KiB would otherwise go in records of a packet's size each.
		DynamicRecordSizingDisabled: true,
	}
}
