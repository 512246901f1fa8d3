// Package secret has the keys that data at rest is encrypted with, and seals with them what is small and rare. All of it is AES-256-GCM and
// HKDF of the standard library.
package secret

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
)

// KeyBytes is the length of a key.
const KeyBytes = 32

// Key is a key of 256 bits. It prints as a placeholder, so that it cannot end up in a log. The zero Key is no key.
type Key struct{ secret [KeyBytes]byte }

// Random makes a key.
func Random() Key {
	var k Key
	rand.Read(k.secret[:]) // never fails: crypto/rand stops the process instead
	return k
}

// New makes a key of KeyBytes bytes.
func New(b []byte) (k Key, err error) {
	if len(b) != KeyBytes {
		return k, fmt.Errorf("a key has %d bytes, not %d", KeyBytes, len(b))
	}
	copy(k.secret[:], b)
	return k, nil
}

// IsZero reports whether k is no key.
func (k Key) IsZero() bool { return k == Key{} }

// Bytes are those of the key.
func (k Key) Bytes() []byte { return k.secret[:] }

// Format implements fmt.Formatter without the secret, for every verb.
func (k Key) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "data key (not shown)") }

// Derive returns the key for one purpose, and one thing among many of that purpose if salt is not nil (RFC 5869).
func (k Key) Derive(purpose string, salt []byte) (Key, error) {
	b, err := hkdf.Key(sha256.New, k.secret[:], salt, "paxredis at rest v1: "+purpose, KeyBytes)
	if err != nil {
		return Key{}, fmt.Errorf("storage: cannot derive the key for %s: %w", purpose, err)
	}
	return New(b)
}

// Fingerprint tells keys apart, and says nothing about them: 16 hexadecimal digits.
func (k Key) Fingerprint() (string, error) {
	d, err := k.Derive("fingerprint", nil)
	return hex.EncodeToString(d.secret[:8]), err
}

// AEAD seals with the key itself. No nonce may be used twice.
func (k Key) AEAD() (cipher.AEAD, error) {
	block, err := k.block()
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// Seal encrypts content under a random nonce, which begins what it returns. additional is what Open must be given besides. A key may
// seal 2^32 times; it is for what is written now and then.
func (k Key) Seal(content, additional []byte) ([]byte, error) {
	aead, err := k.randomNonces()
	if err != nil {
		return nil, err
	}
	return aead.Seal(nil, nil, content, additional), nil
}

// ErrOpen says that something is not what was sealed with the key and the additional data.
var ErrOpen = errors.New("it does not open with the data key")

// Open decrypts what Seal has returned. It changes nothing of it.
func (k Key) Open(sealed, additional []byte) ([]byte, error) {
	aead, err := k.randomNonces()
	if err != nil {
		return nil, err
	}
	content, err := aead.Open(nil, nil, sealed, additional)
	if err != nil {
		return nil, ErrOpen
	}
	return content, nil
}

func (k Key) randomNonces() (cipher.AEAD, error) {
	block, err := k.block()
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

func (k Key) block() (cipher.Block, error) {
	block, err := aes.NewCipher(k.secret[:])
	if err != nil {
		return nil, fmt.Errorf("storage: cannot encrypt: %w", err)
	}
	return block, nil
}
