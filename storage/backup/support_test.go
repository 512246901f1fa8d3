package backup

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/paxredis/paxredis/replication/paxos"
	"github.com/paxredis/paxredis/storage"
)

const space = 7

// origin is a node to be backed up.
type origin struct {
	t     testing.TB
	store *storage.Store
	state map[string]string
}

func newOrigin(t testing.TB) *origin {
	t.Helper()
	s, err := storage.Open(t.TempDir(), storage.Options{NodeID: 3, SegmentBytes: 1 << 20, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return &origin{t: t, store: s, state: map[string]string{}}
}

// checkpoint makes changes, "" for a deletion, and takes a checkpoint.
func (o *origin) checkpoint(slot paxos.Slot, changes map[string]string) paxos.Checkpoint {
	o.t.Helper()
	var records []paxos.CheckpointRecord
	for key, value := range changes {
		records = append(records, paxos.CheckpointRecord{Space: space, Key: []byte(key), Value: []byte(value), Deleted: value == ""})
		if value == "" {
			delete(o.state, key)
		} else {
			o.state[key] = value
		}
	}
	c := paxos.Checkpoint{Slot: slot, Spaces: []uint64{space}, Machine: []byte("machine"), Group: []byte("former group"), Count: uint64(len(o.state))}
	for key, value := range o.state {
		c.Sum += paxos.RecordSum(space, []byte(key), []byte(value))
	}
	if err := o.store.WriteCheckpoint(slot, records); err != nil {
		o.t.Fatal(err)
	}
	if err := o.store.PublishCheckpoint(c); err != nil {
		o.t.Fatal(err)
	}
	return c
}

// header is that of a full backup of a checkpoint.
func (o *origin) header(c paxos.Checkpoint) Header {
	o.t.Helper()
	head, err := EncodeHead(o.store.Identity().ClusterUUID, c)
	if err != nil {
		o.t.Fatal(err)
	}
	h, err := DecodeHead(head, time.Date(2026, 1, 2, 3, 4, 5, 6_000_000, time.UTC), "test")
	if err != nil {
		o.t.Fatal(err)
	}
	return h
}

// write makes a backup of a checkpoint, of what has changed since before if that is not nil, in parts of so many bytes.
func (o *origin) write(out io.Writer, c paxos.Checkpoint, before *Header, partBytes int) Header {
	o.t.Helper()
	h := o.header(c)
	if before != nil {
		if err := h.After(before); err != nil {
			o.t.Fatal(err)
		}
	}
	w, err := NewWriter(out, h)
	if err != nil {
		o.t.Fatal(err)
	}
	for cursor, more := []byte(nil), true; more; more = len(cursor) > 0 {
		var data []byte
		var err error
		if before == nil {
			data, cursor, err = o.store.ReadCheckpoint(c.Slot, cursor, partBytes)
		} else {
			data, cursor, err = o.store.ReadChanges(c.Slot, before.Slot(), cursor, partBytes)
		}
		if err == nil {
			err = w.Part(data, cursor)
		}
		if err != nil {
			o.t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		o.t.Fatal(err)
	}
	return h
}

// file is write to a file.
func (o *origin) file(name string, c paxos.Checkpoint, before *Header) (path string, h Header) {
	o.t.Helper()
	var b bytes.Buffer
	h = o.write(&b, c, before, 2000)
	return saved(o.t, name, b.Bytes()), h
}

func saved(t testing.TB, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// readAll reads a backup to its end.
func readAll(in io.Reader) (Header, Totals, error) {
	r, err := NewReader(in)
	if err != nil {
		return Header{}, Totals{}, err
	}
	for {
		_, err := r.Next()
		if err == io.EOF {
			return r.Header(), r.Totals(), nil
		}
		if err != nil {
			return Header{}, Totals{}, err
		}
	}
}

// recordsIn are the records of the newest checkpoint of a data directory.
func recordsIn(t testing.TB, dir string) (paxos.Checkpoint, map[string]string) {
	t.Helper()
	s, err := storage.Open(dir, storage.Options{SegmentBytes: 1 << 20, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	c, ok := s.Checkpoint()
	if !ok {
		t.Fatal("there is no checkpoint")
	}
	if r := s.Restored(); r.First != c.Slot+1 || len(r.Records) != 0 {
		t.Errorf("the log begins at slot %v with %d records, the checkpoint is of slot %v", r.First, len(r.Records), c.Slot)
	}
	next, done, err := s.LoadCheckpoint()
	if err != nil {
		t.Fatal(err)
	}
	records := map[string]string{}
	for {
		r, ok, err := next()
		if err != nil {
			t.Fatal(err)
		}
		if !ok {
			break
		}
		records[string(r.Key)] = string(r.Value)
	}
	if err := done(); err != nil {
		t.Fatal(err)
	}
	return c, records
}

func restore(t testing.TB, dir string, files ...string) (Restored, error) {
	t.Helper()
	return Restore(context.Background(), RestoreOptions{
		Dir: dir, NodeID: 5, Address: "a:1", Files: files, Logger: slog.New(slog.DiscardHandler),
		Refound: func(group []byte) ([]byte, error) { return append([]byte("no "), group...), nil },
	})
}

func mustEqual(t testing.TB, got, want map[string]string) {
	t.Helper()
	if !maps.Equal(got, want) {
		t.Errorf("%d records are not the %d of the state", len(got), len(want))
	}
}
