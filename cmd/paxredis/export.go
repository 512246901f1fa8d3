package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/paxredis/paxredis/replication/paxos"
	"github.com/paxredis/paxredis/statemachine"
	"github.com/paxredis/paxredis/statemachine/rdb"
	"github.com/paxredis/paxredis/storage/backup"
)

const exportUsage = `paxredis export writes the data of a running cluster, or of backups, into an RDB file, which redis-server and others load. It is the data
of one moment: a checkpoint is taken and read from one node, without stopping anything. All of it must fit into this machine's
memory, and for the time of the export twice into the directory for temporary files.

Usage:
  paxredis export [flags] FILE                                    of a running cluster
  paxredis export --backup BACKUP[,BACKUP...] [flags] FILE        of a full backup, and those that follow it, in order

Versions of keys and tombstones have no place in such a file, and scripts that were loaded by SCRIPT LOAD neither.

`

// exported is what went into a file.
type exported struct {
	*rdb.FileWriter
	slot      paxos.Slot
	keys      map[string]int // by type
	databases int
	libraries int
	deadlines int
}

// Functions implements statemachine.Snapshot.
func (e *exported) Functions(text string) error {
	e.libraries++
	return e.FileWriter.Functions(text)
}

// Database implements statemachine.Snapshot.
func (e *exported) Database(number, keys, deadlines int) error {
	e.databases++
	e.deadlines += deadlines
	return e.FileWriter.Database(number, keys, deadlines)
}

// Key implements statemachine.Snapshot.
func (e *exported) Key(key []byte, expireAt int64, v rdb.Value) error {
	e.keys[rdb.TypeOf(v)]++
	return e.FileWriter.Key(key, expireAt, v)
}

func runExport(args []string, std stdio) error {
	fs := newFlagSet("export", "[flags] FILE", std)
	c := clusterFlags(fs, checkpointTimeout)
	var backups []string
	fs.Func("backup", "export the state of these `files` instead: a full backup, and those that follow it in their order, separated by commas", func(list string) error {
		backups = append(backups, strings.Split(list, ",")...)
		return nil
	})
	version := fs.Int("rdb-version", rdb.OldestWrittenVersion, "version of the file's `format`: 10 for Redis 7.0, 11 for 7.2, 12 for 7.4, which deadlines of single fields need")
	temp := fs.String("temp-dir", "", "`directory` in which the data is put together (default: the system's for temporary files)")
	introduce(fs, exportUsage)
	files, err := parseMixed(fs, args)
	if err != nil {
		return err
	}
	switch {
	case len(files) != 1:
		return usageErrorf("export: name one FILE to be written")
	case *version < rdb.OldestWrittenVersion || *version > rdb.NewestFileVersion:
		return usageErrorf("--rdb-version %d: must be from %d (Redis 7.0) to %d (7.4)", *version, rdb.OldestWrittenVersion, rdb.NewestFileVersion)
	}
	if _, err := os.Lstat(files[0]); err == nil {
		return fmt.Errorf("export: %s exists and is left as it is; choose another name, or remove it first", files[0])
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	e := &exported{keys: map[string]int{}}
	m := newMeter(std.err)
	err = e.run(ctx, c, backups, *temp, files[0], *version, m)
	m.end()
	if err != nil {
		return fmt.Errorf("export: %w", err)
	}
	_, err = fmt.Fprintf(std.out, "%s: RDB version %d, the state of slot %v\n%s", files[0], *version, e.slot, e.text())
	return err
}

// run exports backups, or one that is made of the cluster for it.
func (e *exported) run(ctx context.Context, c *cluster, backups []string, temp, file string, version int, m *meter) (err error) {
	if len(backups) == 0 {
		dir, err := os.MkdirTemp(temp, "paxredis-export-")
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
		made := filepath.Join(dir, "backup")
		if err := (&backupRun{cluster: c, meter: m}).run(ctx, "", made, nil); err != nil {
			return err
		}
		backups = []string{made}
	}
	machine := statemachine.New(statemachine.Config{})
	err = backup.Load(ctx, backup.LoadOptions{Files: backups, TempDir: temp, Progress: m.report},
		func(c paxos.Checkpoint, next func() (paxos.CheckpointRecord, bool, error)) error {
			e.slot = c.Slot
			return newMachine(machine).Restore(c, next)
		})
	if err != nil {
		return err
	}
	return writeFile(file, func(w io.Writer) error { return e.write(w, machine, version) })
}

// write writes the file.
func (e *exported) write(w io.Writer, machine *statemachine.Machine, format int) (err error) {
	if e.FileWriter, err = rdb.NewFileWriter(w, format); err != nil {
		return err
	}
	for _, aux := range [][2]string{{"redis-bits", "64"}, {"ctime", strconv.FormatInt(time.Now().Unix(), 10)}, {"paxredis-ver", version}} {
		if err := e.Aux(aux[0], aux[1]); err != nil {
			return err
		}
	}
	err = machine.Export(e)
	if errors.Is(err, rdb.ErrNeedsNewer) {
		err = fmt.Errorf("%w: give --rdb-version %d, or remove those deadlines with HPERSIST", err, rdb.NewestFileVersion)
	}
	if err != nil {
		return err
	}
	return e.Close()
}

// text says what is in the file.
func (e *exported) text() string {
	var b strings.Builder
	total := 0
	for _, name := range rdb.TypeNames {
		if n := e.keys[name]; n > 0 {
			fmt.Fprintf(&b, "  %-8s %d\n", name, n)
			total += n
		}
	}
	fmt.Fprintf(&b, "  %-8s %d in %d databases, %d with a time to live; %d libraries of functions\n", "keys", total, e.databases, e.deadlines, e.libraries)
	return b.String()
}
