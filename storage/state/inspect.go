package state

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/paxredis/paxredis/replication/paxos"
	"github.com/paxredis/paxredis/storage/internal/secret"
	"github.com/paxredis/paxredis/storage/journal"
)

// Inspect reads all records of the published checkpoint in a directory of checkpoints that no process uses, tells visit each, and returns
// what the journal says of it. Count and sum are checked; damage is a *Damaged. It changes nothing there: Badger cannot open what a
// crash left without writing, so it gets a directory of its own, into which the tables, which nobody writes to, are linked, and the rest,
// which is small, is copied. visit may be nil; its error ends it. key is that of Options.
func Inspect(dir string, p journal.Published, key secret.Key, visit func(paxos.CheckpointRecord) error) (checkpoint paxos.Checkpoint, err error) {
	if checkpoint, err = paxos.DecodeCheckpoint(p.Head); err != nil {
		return checkpoint, fmt.Errorf("storage: what the journal says about the newest checkpoint cannot be read: %w", err)
	}
	apart, err := os.MkdirTemp("", "paxredis-checkpoint-")
	if err != nil {
		return checkpoint, fmt.Errorf("storage: cannot make a directory to open the checkpoint in: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(apart)) }()
	from := generationIn(dir, p.Generation)
	err = mirror(from, generationIn(apart, p.Generation))
	if errors.Is(err, fs.ErrNotExist) {
		return checkpoint, &Damaged{checkpoint.Slot, from, errors.New("it is missing")}
	}
	if err == nil {
		err = inspect(apart, p, key, visit)
	}
	var damage *Damaged
	if errors.As(err, &damage) {
		damage.Where = from
	}
	return checkpoint, err
}

// mirror makes a directory that Badger can do as it likes in.
func mirror(from, to string) error {
	entries, err := os.ReadDir(from)
	if err != nil {
		return err
	}
	if from, err = filepath.Abs(from); err != nil {
		return err
	}
	if err := os.Mkdir(to, 0o700); err != nil {
		return err
	}
	for _, e := range entries {
		source, target := filepath.Join(from, e.Name()), filepath.Join(to, e.Name())
		if strings.HasSuffix(e.Name(), ".sst") {
			err = os.Symlink(source, target)
		} else {
			err = copyFile(source, target)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func copyFile(source, target string) error {
	in, err := os.Open(source)
	if err != nil {
		return err
	}
	out, err := os.OpenFile(target, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return errors.Join(err, in.Close())
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close(), in.Close())
}

// said is the ledger of what was published; nothing is added to it.
type said journal.Published

// Published implements Ledger.
func (s said) Published() (journal.Published, bool) { return journal.Published(s), true }

// Publish implements Ledger.
func (said) Publish(journal.Published) error {
	return errors.New("storage: nothing is published while a checkpoint is looked at")
}

// inspect opens a mirrored checkpoint, and loads it.
func inspect(dir string, p journal.Published, key secret.Key, visit func(paxos.CheckpointRecord) error) (err error) {
	c, err := Open(dir, said(p), Options{Key: key, apart: true})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	next, done, err := c.Load()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done()) }()
	for {
		record, ok, err := next()
		if err != nil || !ok {
			return err
		}
		if visit != nil {
			if err := visit(record); err != nil {
				return err
			}
		}
	}
}
