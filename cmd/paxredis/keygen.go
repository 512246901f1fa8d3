package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/paxredis/paxredis/peer"
)

func runKeygen(args []string, std stdio) error {
	fs := newFlagSet("keygen", "[FILE]", std)
	if err := parseFlags(fs, args); err != nil {
		return err
	}
	switch fs.NArg() {
	case 0:
		_, err := fmt.Fprint(std.out, peer.NewKey())
		return err
	case 1:
		if err := writeKey(fs.Arg(0)); err != nil {
			return err
		}
		fmt.Fprintf(std.err, "paxredis: wrote a new key to %s; as the cluster key give every node of the cluster the same one; of a data key keep a copy apart from the data\n", fs.Arg(0))
		return nil
	default:
		return usageErrorf("keygen takes one FILE at most")
	}
}

// writeKey makes a new key in a new file that only its owner may read. It never replaces a file: the key of a running
// cluster, or of data, would be lost.
func writeKey(path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, os.ErrExist) {
		return fmt.Errorf("keygen: %s exists and is left as it is; choose another name or remove it first", path)
	}
	if err != nil {
		return fmt.Errorf("keygen: %w", err)
	}
	_, err = f.WriteString(peer.NewKey())
	err = errors.Join(err, f.Sync(), f.Close())
	if err != nil {
		return errors.Join(fmt.Errorf("keygen: %w", err), os.Remove(path))
	}
	return nil
}
