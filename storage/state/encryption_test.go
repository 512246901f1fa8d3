package state

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/dgraph-io/badger/v4"

	"github.com/paxredis/paxredis/storage/internal/secret"
)

// TestADamagedKeyRegistryIsDamageOfTheCheckpoint, which comes from a peer again; whatever of it is damaged, nothing is read wrongly, and the process
// goes on.
func TestADamagedKeyRegistryIsDamageOfTheCheckpoint(t *testing.T) {
	t.Setenv(encrypting, "1")
	original, m := damageable(t)
	registry := filepath.Join("state", "1", badger.KeyRegistryFileName)
	whole, err := os.ReadFile(filepath.Join(original, registry))
	if err != nil {
		t.Fatal(err)
	}
	cases := map[string]func(string) error{
		"missing":     os.Remove,
		"empty":       edit(func([]byte) []byte { return nil }),
		"without key": edit(func(b []byte) []byte { return b[:28] }),
		"too long":    edit(func(b []byte) []byte { return append(b, make([]byte, maxRegistryBytes)...) }),
		"a long key":  edit(func(b []byte) []byte { binary.BigEndian.PutUint32(b[28:], 1<<32-1); return b }),
		"another's": func(path string) error {
			other := filepath.Join(filepath.Dir(path), "other")
			if err := os.Mkdir(other, 0o700); err != nil {
				return err
			}
			if err := makeRegistry(other, secret.Random()); err != nil {
				return err
			}
			return os.Rename(filepath.Join(other, badger.KeyRegistryFileName), path)
		},
	}
	// Of the initialisation vector, the text to know the key by, length, checksum and key.
	for _, at := range []int{0, 15, 16, 27, 28, 30, 31, 32, 35, 36, 40, len(whole) / 2, len(whole) - 1} {
		cases[fmt.Sprint("byte ", at)] = flip(func(int) int { return at })
	}
	for name, damage := range cases {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "node")
			if err := os.CopyFS(dir, os.DirFS(original)); err != nil {
				t.Fatal(err)
			}
			if err := damage(filepath.Join(dir, registry)); err != nil {
				t.Fatal(err)
			}
			recovers(t, dir, m)
		})
	}
}

// TestLengthsInAKeyRegistryAreNotBelieved: before anything is allocated for a key, it is known to be there.
func TestLengthsInAKeyRegistryAreNotBelieved(t *testing.T) {
	key, dir := secret.Random(), t.TempDir()
	if err := makeRegistry(dir, key); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, badger.KeyRegistryFileName)
	if err := edit(func(b []byte) []byte { binary.BigEndian.PutUint32(b[28:], 1<<32-1); return b })(path); err != nil {
		t.Fatal(err)
	}
	if _, err := readRegistry(dir, key); err == nil || !strings.Contains(err.Error(), "cut short") {
		t.Errorf("read: %v", err)
	}
}

// TestAGenerationHasOneKey for as long as it lives: the file with it is not written again, so that no crash can cut it. Badger by itself would make
// another one when the first is ten days old.
func TestAGenerationHasOneKey(t *testing.T) {
	t.Setenv(encrypting, "1")
	key := testKey()
	dir := filepath.Join(t.TempDir(), "1")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := makeRegistry(dir, key); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, badger.KeyRegistryFileName)
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	r, err := badger.OpenKeyRegistry(registryOptions(dir, key))
	if err != nil {
		t.Fatal(err)
	}
	made, err := r.LatestDataKey()
	if err != nil || made == nil || made.KeyId != 1 {
		t.Errorf("key %v: %v", made, err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if after, err := os.ReadFile(path); err != nil || !slices.Equal(before, after) {
		t.Errorf("%d bytes became %d: %v", len(before), len(after), err)
	}
}

// TestGenerationsHaveKeysOfTheirOwn: what is written in one cannot be brought into another.
func TestGenerationsHaveKeysOfTheirOwn(t *testing.T) {
	o := Options{Key: secret.Random()}
	first, err1 := o.generationKey(1)
	second, err2 := o.generationKey(2)
	if err1 != nil || err2 != nil || first == second || first == o.Key || first.IsZero() {
		t.Error("two generations have the same key", err1, err2)
	}
	if none, err := (&Options{}).generationKey(1); err != nil || !none.IsZero() {
		t.Error("a key without a key", err)
	}
}

// TestAReceptionOfAnotherKeyIsNotResumed, nor one that is not encrypted in a directory that is, nor a damaged one.
func TestAReceptionOfAnotherKeyIsNotResumed(t *testing.T) {
	o := Options{Key: secret.Random()}
	content, err := o.Key.Seal([]byte("a reception"), []byte(receptionName))
	if err != nil {
		t.Fatal(err)
	}
	content = append([]byte{sealedReceptionFormat}, content...)
	if got := o.openReception(content); string(got) != "a reception" {
		t.Errorf("%q", got)
	}
	for at := range content {
		changed := slices.Clone(content)
		changed[at] ^= 1
		if got := o.openReception(changed); got != nil {
			t.Errorf("byte %d: %q", at, got)
		}
	}
	other := Options{Key: secret.Random()}
	if other.openReception(content) != nil || o.openReception([]byte("a reception")) != nil || o.openReception(nil) != nil {
		t.Error("what is not of this key was taken")
	}
}
