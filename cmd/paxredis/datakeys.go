package main

import (
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"

	"github.com/paxredis/paxredis/peer"
	"github.com/paxredis/paxredis/storage"
)

// dataKeyVariable holds the data key itself, for the reason that keyVariable has.
const dataKeyVariable = "PAXREDIS_DATA_KEY"

// dataKeys loads the keys that a data directory is encrypted with: none if neither a file nor a text is given. Their text is that of cluster keys.
func dataKeys(file, text string) ([]storage.DataKey, error) {
	var keys []peer.Key
	var err error
	switch {
	case file != "":
		if keys, err = peer.LoadKeysOf("data", file); errors.Is(err, fs.ErrNotExist) {
			err = fmt.Errorf("%w, unless the data directory is encrypted already: no other key than its own opens it", err)
		}
	case text != "":
		if keys, err = peer.ParseKeys(text); err != nil {
			err = fmt.Errorf("%s: %w", dataKeyVariable, err)
		}
	}
	if err != nil {
		return nil, err
	}
	all := make([]storage.DataKey, len(keys))
	for i, key := range keys {
		b, err := key.Derive("data at rest v1", storage.DataKeyBytes)
		if err == nil {
			all[i], err = storage.NewDataKey(b)
		}
		if err != nil {
			return nil, fmt.Errorf("data key %d: %w", i+1, err)
		}
	}
	return all, nil
}

// dataKeyFlag is --data-key-file of a command that opens a data directory. Its result loads the keys, those of the environment without a file.
func dataKeyFlag(fs *flag.FlagSet) (load func() ([]storage.DataKey, error)) {
	file := fs.String("data-key-file", "", "`file` with the key that the data directory is encrypted with, as for paxredis server; or the key itself in the environment as "+dataKeyVariable)
	return func() ([]storage.DataKey, error) {
		text := os.Getenv(dataKeyVariable)
		if err := givenOnce("--data-key-file", *file, dataKeyVariable, text); err != nil {
			return nil, usageError{err}
		}
		return dataKeys(*file, text)
	}
}

// keyFlags are the flags for keys of a server whose data directory is encrypted with one of keys, if there are any, as hints show them.
func keyFlags(keys []storage.DataKey) string {
	if len(keys) == 0 {
		return "--cluster-key-file FILE"
	}
	return "--cluster-key-file FILE --data-key-file FILE"
}
