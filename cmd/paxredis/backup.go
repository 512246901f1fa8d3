package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/paxredis/paxredis/storage/backup"
)

// checkpointTimeout is how long the checkpoint that a backup is made of may take.
const checkpointTimeout = 10 * time.Minute

const backupUsage = `paxredis backup reads a consistent, checksummed, compressed copy of a running cluster's data, as it is at one slot.
Nothing is stopped or held up for it: a checkpoint is taken, and read from one node.

Usage:
  paxredis backup [flags] > FILE
  paxredis backup [flags] --output FILE
  paxredis backup --since EARLIER [flags] > FILE      only what has changed since an earlier backup, full or not
  paxredis backup verify [flags] FILE [FILE...]       check one, or a full one and all that follow it, in order

Restore with: paxredis restore --data-dir DIR FILE [FILE...]

`

func runBackup(args []string, std stdio) error {
	if len(args) > 0 && args[0] == "verify" {
		return runVerify(args[1:], std)
	}
	fs := newFlagSet("backup", "[flags] [> FILE]", std)
	c := clusterFlags(fs, checkpointTimeout)
	since := fs.String("since", "", "make an incremental backup: what has changed since the one in this `file`")
	output := fs.String("output", "", "write to this new `file`, which appears when it is complete (default: to the standard output, which must not be a terminal)")
	fs.Usage = func() {
		fmt.Fprint(fs.Output(), backupUsage, "Flags:\n")
		fs.PrintDefaults()
	}
	if err := parseFlags(fs, args); err != nil {
		return err
	}
	switch {
	case fs.NArg() > 0:
		return usageErrorf("backup takes flags only, not %q", fs.Arg(0))
	case *output == "" && isTerminal(std.out):
		return usageErrorf("backup: a backup is no text for a terminal: send it to a file (paxredis backup > FILE), or name one with --output")
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	b := &backupRun{cluster: c, meter: newMeter(std.err)}
	if err := b.run(ctx, *since, *output, std.out); err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	if *output != "" {
		fmt.Fprintf(std.out, "%s: slot %v, %d records, %d deletions, %s\n", *output, b.header.Slot(), b.totals.Records, b.totals.Deleted, sizeText(b.totals.Bytes))
	}
	return nil
}

// backupRun is one backup in the making.
type backupRun struct {
	cluster *cluster
	meter   *meter
	before  *backup.Header // of the backup that this one follows, nil for a full one
	header  backup.Header
	totals  backup.Totals
}

// run makes a backup to a file that is to be made, or else to out.
func (b *backupRun) run(ctx context.Context, since, output string, out io.Writer) error {
	if since != "" {
		report, err := backup.Check(ctx, since, nil) // what follows a damaged one is worth nothing
		if err != nil {
			return fmt.Errorf("--since: %w", err)
		}
		b.before = &report.Header
	}
	if output == "" {
		return b.write(ctx, out)
	}
	if _, err := os.Lstat(output); err == nil {
		return fmt.Errorf("--output %s: exists and is left as it is; choose another name, or remove it first", output)
	}
	return writeFile(output, func(w io.Writer) error { return b.write(ctx, w) })
}

// write reads a new checkpoint from a node, from another one if that fails, and writes it.
func (b *backupRun) write(ctx context.Context, out io.Writer) error {
	s := &source{cluster: b.cluster}
	defer s.close()
	head, err := s.begin(ctx)
	if err != nil {
		return err
	}
	if b.header, err = backup.DecodeHead(head, time.Now(), "paxredis "+version); err != nil {
		return err
	}
	if b.before != nil {
		if err := b.header.After(b.before); err != nil {
			return fmt.Errorf("--since: %w", err)
		}
		s.since = uint64(b.before.Slot())
	}
	w, err := backup.NewWriter(out, b.header)
	if err != nil {
		return err
	}
	defer b.meter.end()
	for more := true; more; {
		data, next, err := s.part(ctx)
		if err != nil {
			return err
		}
		if err := w.Part(data, next); err != nil {
			return err
		}
		more, b.totals = len(next) > 0, w.Totals()
		b.meter.show(b.header, b.totals)
	}
	return w.Close()
}

// writeFile has a file written beside its name, synced, and given its name only then.
func writeFile(path string, write func(io.Writer) error) (err error) {
	dir := filepath.Dir(path)
	file, err := os.CreateTemp(dir, "."+filepath.Base(path)+".*.tmp")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(file.Name()))
		}
	}()
	if err = write(file); err == nil {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return err
	}
	if err = os.Rename(file.Name(), path); err != nil {
		return err
	}
	d, openErr := os.Open(dir)
	if openErr != nil {
		return fmt.Errorf("%s is written, but its directory cannot be synced: %w", path, openErr)
	}
	if syncErr := errors.Join(d.Sync(), d.Close()); syncErr != nil {
		return fmt.Errorf("%s is written, but its directory cannot be synced: %w", path, syncErr)
	}
	return nil
}
