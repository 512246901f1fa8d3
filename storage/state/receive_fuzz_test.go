package state

import (
	"bytes"
	"errors"
	"testing"

	"github.com/paxredis/paxredis/replication/paxos"
)

// FuzzReceive is a peer that sends what it likes, in parts whose checksums are right: nothing that was not promised becomes
// a checkpoint, and the node goes on.
func FuzzReceive(f *testing.F) {
	from := openNode(f, f.TempDir())
	m := make(model)
	from.checkpoint(m, 5, []uint64{1}, set(1, "a", "1"), set(1, "b", string(bytes.Repeat([]byte("2"), 3000))), set(1, "c", ""))
	c, _ := from.Checkpoint()
	parts, nexts := from.parts(5, 0, 1000)
	var codec codec
	for i, data := range parts {
		var entries []byte
		if _, err := codec.decode(data, nil, func(e *entry) error { entries = appendEntry(entries, e.key, e.meta, e.value); return nil }); err != nil {
			f.Fatal(err)
		}
		f.Add(entries, nexts[i])
	}
	f.Add(appendEntry(nil, appendRecordKey(nil, 1, []byte("key")), 0, []byte("value")), []byte{})
	f.Add([]byte{}, []byte("r"))
	to := openNode(f, f.TempDir())
	own := make(model)
	to.checkpoint(own, 3, []uint64{1}, set(1, "own", "1"))
	promised := c
	promised.Sum++ // no parts can keep it
	f.Fuzz(func(t *testing.T, entries, next []byte) {
		if _, err := to.BeginReceive(promised); err != nil { // goes on where the one before stopped
			t.Fatal(err)
		}
		data, err := codec.encode(entries)
		if err != nil {
			t.Fatal(err)
		}
		if err := to.Receive(data, next); err != nil {
			if !errors.Is(err, paxos.ErrDamagedCheckpoint) {
				t.Fatal(err)
			}
			return
		}
		if len(next) > 0 {
			return
		}
		if err := to.FinishReceive(); err == nil {
			t.Fatal("it took what was not promised")
		}
		if now, _ := to.Checkpoint(); now.Slot != 3 {
			t.Fatalf("what it has is %+v", now)
		}
	})
}
