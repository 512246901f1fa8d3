package backup

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"

	"github.com/paxredis/paxredis/replication/paxos"
	"github.com/paxredis/paxredis/storage"
)

// workName is the directory, within the one that is restored, in which everything is prepared.
const workName = "restore.tmp"

// RestoreOptions say what is restored, and as whom.
type RestoreOptions struct {
	// Dir is the data directory to be made: it must not exist, or be empty.
	Dir string
	// NodeID and Address are those of the new cluster's only voter. The address is where its peers will reach it.
	NodeID  paxos.NodeID
	Address string
	// DataKeys, if there are any, have the directory encrypted: see storage.Options.
	DataKeys []storage.DataKey
	// Files are a full backup, or one and those that follow it.
	Files []string
	// Refound makes what the checkpoint holds of its group that of a new cluster.
	Refound  func(group []byte) ([]byte, error)
	Progress Progress
	Logger   *slog.Logger
}

// Restored says what a restore made.
type Restored struct {
	Identity storage.Identity
	Slot     paxos.Slot
	Records  uint64
	Files    []Report
}

// Restore makes the data directory of a new cluster of one node, with UUIDs of its own, from a chain of backups. Until everything has
// been verified no server can start in the directory, and after an error nothing is left of what was made.
func Restore(ctx context.Context, o RestoreOptions) (restored Restored, err error) {
	if len(o.Files) == 0 {
		return restored, errors.New("backup: no file to restore")
	}
	// Nothing is made for files that plainly do not do.
	if err := checkLinks(o.Files); err != nil {
		return restored, err
	}
	made, err := prepare(o.Dir)
	if err != nil {
		return restored, err
	}
	work := filepath.Join(o.Dir, workName)
	if restored, err = build(ctx, work, &o); err == nil {
		err = settle(work, o.Dir)
	}
	if err != nil {
		return restored, errors.Join(err, os.RemoveAll(work), removeEmpty(made))
	}
	return restored, nil
}

// prepare makes sure that dir is there and empty, and makes the directory to work in. It returns the directories it made, the innermost
// first.
func prepare(dir string) (made []string, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("backup: %w", err)
	}
	for _, e := range entries {
		switch e.Name() {
		case "lost+found":
		case workName:
			return nil, fmt.Errorf("backup: %s is there: another restore is at work, or was interrupted: if none is, remove it", filepath.Join(dir, workName))
		default:
			return nil, fmt.Errorf("backup: %s is not empty (it holds %s): name a new or an empty directory", dir, e.Name())
		}
	}
	if made, err = makeAll(dir); err == nil {
		err = os.Mkdir(filepath.Join(dir, workName), 0o700)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("backup: %w", err), removeEmpty(made))
	}
	return made, nil
}

// makeAll makes a directory and its parents.
func makeAll(dir string) (made []string, err error) {
	if _, err := os.Stat(dir); err == nil || !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	if parent := filepath.Dir(dir); parent != dir {
		if made, err = makeAll(parent); err != nil {
			return made, err
		}
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		return made, err
	}
	return slices.Insert(made, 0, dir), nil
}

// removeEmpty removes directories that were made, as far as nobody has put anything into them.
func removeEmpty(made []string) error {
	for _, dir := range made {
		entries, err := os.ReadDir(dir)
		if err != nil || len(entries) > 0 {
			return err
		}
		if err := os.Remove(dir); err != nil {
			return err
		}
	}
	return nil
}

// build makes the whole data directory in the one to work in, closed and synced.
func build(ctx context.Context, work string, o *RestoreOptions) (restored Restored, err error) {
	self := paxos.Member{ID: o.NodeID, Address: o.Address}
	s, err := storage.Open(work, storage.Options{
		NodeID: o.NodeID, Configuration: paxos.Configuration{Voters: []paxos.Member{self}}, DataKeys: o.DataKeys, Logger: o.Logger,
	})
	if err != nil {
		return restored, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if restored.Files, err = load(ctx, s, o.Files, o.Refound, o.Progress); err != nil {
		return restored, err
	}
	c, _ := s.Checkpoint()
	restored.Identity, restored.Slot, restored.Records = s.Identity(), c.Slot, c.Count
	return restored, nil
}

// settle moves what was built to its place, the identity last: without it no server starts.
func settle(work, dir string) error {
	for _, name := range []string{"journal", "state", "identity"} {
		if err := os.Rename(filepath.Join(work, name), filepath.Join(dir, name)); err != nil {
			return errors.Join(fmt.Errorf("backup: %w", err), unsettle(dir))
		}
		if err := syncDirectory(dir); err != nil {
			return errors.Join(err, unsettle(dir))
		}
	}
	// The directory is complete. What is left holds a lock file that nobody uses.
	if err := os.RemoveAll(work); err != nil {
		return errors.Join(fmt.Errorf("backup: %w", err), unsettle(dir))
	}
	return syncDirectory(filepath.Dir(dir))
}

// unsettle removes what settle moved, the identity first.
func unsettle(dir string) error {
	var errs []error
	for _, name := range []string{"identity", "journal", "state"} {
		errs = append(errs, os.RemoveAll(filepath.Join(dir, name)))
	}
	return errors.Join(errs...)
}

func syncDirectory(dir string) error {
	d, err := os.Open(dir)
	if err == nil {
		err = errors.Join(d.Sync(), d.Close())
	}
	if err != nil {
		return fmt.Errorf("backup: cannot sync directory %s: %w", dir, err)
	}
	return nil
}
