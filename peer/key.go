package peer

import (
	"bytes"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/paxredis/paxredis/replication/paxos"
)

// minKeyBytes is the least a key may have: 256 bits, as strong as the ciphers it authorises.
const minKeyBytes = 32

// maxKeyFileBytes bounds what is read of a key file: a longer one is no key.
const maxKeyFileBytes = 4096

// MaxKeys bounds how many keys a node has at once: an old and a new one are enough.
const MaxKeys = 4

// Key is a cluster key: whoever holds it may act as any node of the cluster. It prints as a placeholder, so that it
// cannot end up in a log. The zero Key is no key.
type Key struct{ secret string }

// Format implements fmt.Formatter without the secret, for every verb.
func (k Key) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "cluster key (not shown)") }

// NewKey returns the text of a new key, 32 random bytes in hex and a line end. Whoever writes it to a file gives the
// file mode 0600.
func NewKey() string {
	secret := make([]byte, minKeyBytes)
	rand.Read(secret) // never fails: crypto/rand stops the process instead
	return hex.EncodeToString(secret) + "\n"
}

// InsecureKey returns the key that --insecure-peers uses: it is published here, so links made with it are open to
// anybody who can reach the port.
func InsecureKey() Key {
	published := sha256.Sum256([]byte("paxredis --insecure-peers: published, protects nothing"))
	return Key{secret: string(published[:])}
}

// LoadKeys reads a key file: a key a line, as ParseKeys takes them. A file that others than its owner may
// access, and a key that is short or plainly not random, are refused with the reason.
func LoadKeys(path string) ([]Key, error) { return LoadKeysOf("cluster", path) }

// LoadKeysOf is LoadKeys for a file of keys for another use, which errors call by its name.
func LoadKeysOf(use, path string) ([]Key, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("%s key: %w; make one with: paxredis keygen %s", use, err, path)
	}
	defer file.Close()
	if err := checkKeyFile(file); err != nil {
		return nil, fmt.Errorf("%s key file %s: %w", use, path, err)
	}
	text, err := io.ReadAll(io.LimitReader(file, maxKeyFileBytes+1))
	if err != nil {
		return nil, fmt.Errorf("%s key file %s: %w", use, path, err)
	}
	keys, err := ParseKeys(string(text))
	if err != nil {
		return nil, fmt.Errorf("%s key file %s: %w", use, path, err)
	}
	return keys, nil
}

// ParseKeys reads keys, one a line: the first is the one that a node shows, the others are accepted beside it while keys are exchanged. At most
// MaxKeys, all different.
func ParseKeys(text string) ([]Key, error) {
	if len(text) > maxKeyFileBytes {
		_, err := ParseKey(text) // which says that it is too long
		return nil, err
	}
	var keys []Key
	for line := range strings.Lines(strings.TrimSpace(text)) {
		if len(keys) == MaxKeys {
			return nil, fmt.Errorf("there are more than %d keys", MaxKeys)
		}
		key, err := ParseKey(line)
		if err != nil {
			return nil, fmt.Errorf("key %d: %w", len(keys)+1, err)
		}
		if slices.Contains(keys, key) {
			return nil, fmt.Errorf("key %d is there twice", len(keys)+1)
		}
		keys = append(keys, key)
	}
	if len(keys) == 0 {
		_, err := ParseKey(text) // which says that it is empty
		return nil, err
	}
	return keys, nil
}

// Fingerprint tells keys apart in a log, and says nothing about them: 8 hexadecimal digits.
func (k Key) Fingerprint() string {
	sum, err := k.derive("paxredis key fingerprint v1", 4)
	if err != nil {
		return "none"
	}
	return hex.EncodeToString(sum)
}

// checkKeyFile looks at the open file, so that it cannot be exchanged between check and use.
func checkKeyFile(file *os.File) error {
	info, err := file.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("not a regular file (%v)", info.Mode().Type())
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return fmt.Errorf("mode %04o lets others than the owner use it, so it may have leaked; after making sure it has not: chmod 600 %s",
			mode, file.Name())
	}
	return nil
}

// ParseKey reads the text of a key: hex, or else base64 (standard or URL alphabet, padded or not), of at least 32
// random bytes, white space around it ignored. The error says what is wrong with it and never shows it.
func ParseKey(text string) (Key, error) {
	if len(text) > maxKeyFileBytes {
		return Key{}, fmt.Errorf("more than %d bytes is no key; make one with: paxredis keygen", maxKeyFileBytes)
	}
	secret, err := decodeKey(strings.TrimSpace(text))
	if err == nil {
		err = checkStrength(secret)
	}
	if err != nil {
		return Key{}, fmt.Errorf("%w; make one with: paxredis keygen", err)
	}
	return Key{secret: string(secret)}, nil
}

func decodeKey(text string) ([]byte, error) {
	if text == "" {
		return nil, errors.New("the key is empty")
	}
	if secret, err := hex.DecodeString(text); err == nil {
		return secret, nil
	}
	standard := strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimRight(text, "="))
	secret, err := base64.RawStdEncoding.DecodeString(standard)
	if err != nil {
		return nil, errors.New("the key is neither hex nor base64; a passphrase is not accepted")
	}
	return secret, nil
}

// checkStrength refuses what random bytes would be by an accident of less than one in 10^9: a short key, one value or
// a short pattern over and over, a counting sequence, a text.
func checkStrength(secret []byte) error {
	switch {
	case len(secret) < minKeyBytes:
		return fmt.Errorf("the key has %d bytes and needs at least %d random ones", len(secret), minKeyBytes)
	case distinctBytes(secret) < minKeyBytes/2:
		return fmt.Errorf("the key has only %d different bytes, so it is not random", distinctBytes(secret))
	case isPeriodic(secret):
		return errors.New("the key repeats a pattern, so it is not random")
	case isSequence(secret):
		return errors.New("the key is a counting sequence, so it is not random")
	case isText(secret):
		return errors.New("the key is an encoded text, not random bytes; a passphrase is not accepted")
	}
	return nil
}

func distinctBytes(b []byte) int {
	sorted := slices.Sorted(slices.Values(b))
	return len(slices.Compact(sorted))
}

func isPeriodic(b []byte) bool {
	for period := 1; period <= len(b)/2; period++ {
		if bytes.Equal(b[period:], b[:len(b)-period]) {
			return true
		}
	}
	return false
}

func isSequence(b []byte) bool {
	for i := 2; i < len(b); i++ {
		if b[i]-b[i-1] != b[1]-b[0] {
			return false
		}
	}
	return true
}

func isText(b []byte) bool {
	for _, c := range b {
		if (c < ' ' || c > '~') && c != '\t' && c != '\n' && c != '\r' {
			return false
		}
	}
	return true
}

// derive returns n bytes that depend on the key and the purpose alone (RFC 5869).
func (k Key) derive(purpose string, n int) ([]byte, error) {
	if len(k.secret) < minKeyBytes {
		return nil, errors.New("peer: no cluster key")
	}
	return hkdf.Key(sha256.New, []byte(k.secret), nil, purpose, n)
}

// Derive returns n bytes for a purpose that has nothing to do with links. Whoever knows them knows nothing of the key.
func (k Key) Derive(purpose string, n int) ([]byte, error) {
	return k.derive("paxredis other use: "+purpose, n)
}

// ClusterUUID returns the identity of the cluster that the key and its first voters make: nodes that are started
// apart with the same key and the same voters agree on it (rule D4). The order of voters does not matter; their
// addresses are compared as text.
func ClusterUUID(key Key, voters []paxos.Member) string {
	id, err := clusterUUID(key, voters)
	if err != nil {
		return "" // no key: Listen refuses it with the reason
	}
	return id
}

func clusterUUID(key Key, voters []paxos.Member) (string, error) {
	lines := make([]string, 0, len(voters))
	for _, m := range sortedByID(voters) {
		lines = append(lines, m.ID.String()+"="+strconv.Quote(m.Address))
	}
	raw, err := key.derive("paxredis cluster uuid v1\n"+strings.Join(lines, "\n"), 16)
	if err != nil {
		return "", err
	}
	raw[6] = raw[6]&0x0f | 0x80 // version 8: derived by the application (RFC 9562, 5.8)
	raw[8] = raw[8]&0x3f | 0x80
	return uuid.UUID(raw).String(), nil
}

func sortedByID(members []paxos.Member) []paxos.Member {
	sorted := slices.Clone(members)
	slices.SortFunc(sorted, func(a, b paxos.Member) int { return int(int64(a.ID) - int64(b.ID)) })
	return sorted
}
