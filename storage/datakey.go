package storage

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/paxredis/paxredis/storage/internal/secret"
	"github.com/paxredis/paxredis/storage/journal"
)

// DataKey is a key that an operator gives a node to encrypt its data directory with. It prints as a placeholder.
//
// A directory has a random key of its own, made with it, from which all others are derived. It lies in the identity, encrypted (wrapped) with one of
// the operator's: so that one can be exchanged without anything else being written anew.
type DataKey = secret.Key

// DataKeyBytes is the length of a DataKey.
const DataKeyBytes = secret.KeyBytes

// NewDataKey makes one of DataKeyBytes random bytes.
func NewDataKey(b []byte) (DataKey, error) { return secret.New(b) }

// Errors of a directory and a key that do not belong together. Neither is damage, and nothing was changed.
var (
	ErrNoDataKey    = errors.New("the data directory is encrypted, and no data key is given")
	ErrNotEncrypted = errors.New("a data key is given, and the data directory is not encrypted")
	ErrOtherDataKey = errors.New("the data directory is encrypted with another data key")
)

// wrappedKey is the key of a directory as it lies in the identity.
type wrappedKey struct {
	// By is the fingerprint of the operator's key that it is wrapped with.
	By string `json:"by"`
	// Wrapped is the key, sealed by a key that is derived from the operator's, for this node only.
	Wrapped []byte `json:"wrapped"`
}

// makeDataKey gives a new directory its key.
func (f *identityFile) makeDataKey(keys []DataKey) error {
	if len(keys) == 0 {
		return nil
	}
	return f.wrap(secret.Random(), keys[0])
}

// wrap has the identity hold the key of its directory.
func (f *identityFile) wrap(directory secret.Key, by DataKey) error {
	fingerprint, err := by.Fingerprint()
	if err != nil {
		return err
	}
	key, err := f.wrappingKey(by)
	if err != nil {
		return err
	}
	wrapped, err := key.Seal(directory.Bytes(), f.wrapData())
	if err != nil {
		return err
	}
	f.Format, f.DataKey = encryptedFormat, &wrappedKey{By: fingerprint, Wrapped: wrapped}
	return nil
}

// wrappingKey is what the key of the directory is sealed with, for one of the operator's.
func (f *identityFile) wrappingKey(by DataKey) (secret.Key, error) {
	return by.Derive("wrapping", f.NodeUUID[:])
}

// wrapData binds a wrapped key to its directory.
func (f *identityFile) wrapData() []byte {
	return slices.Concat(f.ClusterUUID[:], f.NodeUUID[:])
}

// directoryKey returns the key of the directory in dir, the zero Key for one that is not encrypted. by is the one of keys that it is wrapped with.
func (f *identityFile) directoryKey(dir string, keys []DataKey) (directory secret.Key, by DataKey, err error) {
	switch {
	case f.DataKey == nil && len(keys) == 0:
		return directory, by, nil
	case f.DataKey == nil:
		return directory, by, fmt.Errorf("storage: %s: %w: leave --data-key-file out; to encrypt what the node has, replace it by one with a new directory and the key: paxredis member replace %v",
			dir, ErrNotEncrypted, f.NodeID)
	case len(keys) == 0:
		return directory, by, fmt.Errorf("storage: %s: %w: name the file with key %s by --data-key-file", dir, ErrNoDataKey, f.DataKey.By)
	}
	var given []string
	for _, key := range keys {
		fingerprint, err := key.Fingerprint()
		if err != nil {
			return directory, by, err
		}
		if fingerprint == f.DataKey.By {
			directory, err = f.unwrap(dir, key)
			return directory, key, err
		}
		given = append(given, fingerprint)
	}
	return directory, by, fmt.Errorf("storage: %s: %w: it is %s, and the file of --data-key-file has %s: add the one it was encrypted with as a further line",
		dir, ErrOtherDataKey, f.DataKey.By, strings.Join(given, ", "))
}

// CheckDataKeys finds out, from the identity alone, whether the data directory in dir opens with these keys, or without any. A new one does. Else
// the errors are those of Open.
func CheckDataKeys(dir string, keys []DataKey) error {
	f, err := loadIdentity(dir, 0)
	if err != nil || f == nil {
		return err
	}
	_, _, err = f.directoryKey(dir, keys)
	return err
}

// unwrap opens the directory's key with the key that it was wrapped with: if that fails it is damaged.
func (f *identityFile) unwrap(dir string, by DataKey) (directory secret.Key, err error) {
	key, err := f.wrappingKey(by)
	if err != nil {
		return directory, err
	}
	content, err := key.Open(f.DataKey.Wrapped, f.wrapData())
	if err == nil {
		directory, err = secret.New(content)
	}
	if err != nil {
		return directory, &Corrupt{
			What:  fmt.Sprintf("the key of the data directory is not as it was written: %v, although that is the right one", err),
			Where: filepath.Join(dir, identityName), Hint: journal.RejoinHint(f.NodeID.String()),
		}
	}
	return directory, nil
}

// openDataKey makes ready what the directory is encrypted with, if it is. A key that is wrapped with another one than the first of the operator's
// is wrapped anew; the identity is written soon after, by beginBoot.
func (s *Store) openDataKey(o *Options) error {
	directory, by, err := s.identity.directoryKey(s.dir, o.DataKeys)
	if err != nil || directory.IsZero() {
		return err
	}
	if first := o.DataKeys[0]; by != first {
		before := s.identity.DataKey.By
		if err := s.identity.wrap(directory, first); err != nil {
			return err
		}
		if o.Logger != nil {
			o.Logger.Info("the key of the data directory is wrapped with the first data key from now on", "before", before, "now", s.identity.DataKey.By)
		}
	}
	s.encryption, err = newEncryption(directory)
	return err
}
