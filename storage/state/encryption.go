package state

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"

	"github.com/dgraph-io/badger/v4"

	"github.com/paxredis/paxredis/storage/internal/secret"
)

// maxRegistryBytes bounds what is believed of a KEYREGISTRY: it holds one key.
const maxRegistryBytes = 4 << 10

// neverAnother is the age from which on Badger encrypts with another key than the newest it has: beyond any.
const neverAnother = math.MaxInt64

// blockCacheBytes is for blocks of tables that are encrypted, which Badger does not read without a cache.
const blockCacheBytes = 4 << 20

// generationKey is the key of Badger's registry of one generation, the zero Key if nothing is encrypted.
func (o *Options) generationKey(number uint64) (secret.Key, error) {
	if o.Key.IsZero() {
		return o.Key, nil
	}
	return o.Key.Derive("generation", binary.BigEndian.AppendUint64(nil, number))
}

// registryOptions are those of Badger's registry of the keys that it encrypts with.
func registryOptions(dir string, key secret.Key) badger.KeyRegistryOptions {
	return badger.KeyRegistryOptions{Dir: dir, EncryptionKey: key.Bytes(), EncryptionKeyRotationDuration: neverAnother}
}

// makeRegistry gives a new generation its one key, durably, before Badger opens it. By itself Badger makes keys by the clock: another one after
// some days, so that a crash could cut the file that all tables need, and none while the clock says 1970, so that it would not encrypt.
func makeRegistry(dir string, key secret.Key) error {
	if key.IsZero() {
		return nil
	}
	o := registryOptions(dir, key)
	o.EncryptionKeyRotationDuration = -1 // now
	r, err := badger.OpenKeyRegistry(o)
	if err == nil {
		made, problem := r.LatestDataKey()
		if made == nil && problem == nil {
			problem = errors.New("none was made")
		}
		err = errors.Join(problem, r.Close())
	}
	if err != nil {
		return fmt.Errorf("storage: cannot write the key of the checkpoints in %s: %w", dir, err)
	}
	return nil
}

// tableKeys are the keys of the tables of a generation, nil if they are not encrypted.
type tableKeys struct{ registry *badger.KeyRegistry }

// readRegistry reads the keys of an existing generation. Badger would make an empty registry where there is none, and believe each length in it.
func readRegistry(dir string, key secret.Key) (*tableKeys, error) {
	if key.IsZero() {
		return nil, nil
	}
	path := filepath.Join(dir, badger.KeyRegistryFileName)
	content, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, inconsistent("%s is missing", badger.KeyRegistryFileName)
	}
	if err != nil {
		return nil, err
	}
	if err := checkRegistry(content); err != nil {
		return nil, err
	}
	o := registryOptions(dir, key)
	o.ReadOnly = true
	r, err := badger.OpenKeyRegistry(o)
	if err == nil {
		if newest, problem := r.LatestDataKey(); newest == nil {
			err = errors.Join(problem, errors.New("it holds no key"))
		}
	}
	if err != nil {
		return nil, inconsistent("%s cannot be read: %v", badger.KeyRegistryFileName, err)
	}
	return &tableKeys{r}, nil
}

// checkRegistry checks the lengths in a registry.
//
//	initialisation vector (16) | text to know the key by (12) | { length (4, big-endian) | checksum (4) | key }
func checkRegistry(content []byte) error {
	const lead, entryLead = 16 + 12, 4 + 4
	if len(content) < lead || len(content) > maxRegistryBytes {
		return inconsistent("%s has %d bytes", badger.KeyRegistryFileName, len(content))
	}
	for rest := content[lead:]; len(rest) > 0; {
		if len(rest) < entryLead {
			return inconsistent("%s is cut short", badger.KeyRegistryFileName)
		}
		size := uint64(binary.BigEndian.Uint32(rest))
		if rest = rest[entryLead:]; size > uint64(len(rest)) {
			return inconsistent("%s is cut short", badger.KeyRegistryFileName)
		}
		rest = rest[size:]
	}
	return nil
}

// of returns the key of a table that is encrypted with key number id, as the manifest says; nil for one that is not encrypted. Those of one
// generation are all encrypted, or none is.
func (k *tableKeys) of(id uint64) ([]byte, error) {
	switch {
	case k == nil && id == 0:
		return nil, nil
	case k == nil:
		return nil, errors.New("it is encrypted, and the directory is not")
	case id == 0:
		return nil, errors.New("it is not encrypted, and the directory is")
	}
	key, err := k.registry.DataKey(id)
	if err != nil {
		return nil, err
	}
	return key.Data, nil
}

// decrypt returns what a block or an index of a table was before Badger encrypted it with key, in the same memory; nil is no key.
//
//	AES-CTR of the content | initialisation vector (16)
func decrypt(content, key []byte) ([]byte, error) {
	if key == nil {
		return content, nil
	}
	end := len(content) - aes.BlockSize
	if end < 0 {
		return nil, errors.New("it is too short to be encrypted")
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	cipher.NewCTR(block, content[end:]).XORKeyStream(content[:end], content[:end])
	return content[:end], nil
}
