package state

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/paxredis/paxredis/replication/paxos"
)

// TestReadersRunBesideTheWriter: each sees a whole checkpoint, in which all records have the slot for a value.
func TestReadersRunBesideTheWriter(t *testing.T) {
	n := openNode(t, t.TempDir())
	changes := func(slot paxos.Slot) (records []paxos.CheckpointRecord) {
		for i := range 50 {
			records = append(records, set(1, fmt.Sprint("key", i), strings.Repeat(slot.String()+" ", 1+i*i*i/50)))
		}
		return records
	}
	m := make(model)
	n.checkpoint(m, 1, []uint64{1}, changes(1)...)
	stop := make(chan struct{})
	var readers sync.WaitGroup
	for _, read := range []func() (model, error){n.load, n.readNewest} {
		readers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				got, err := read()
				if err != nil || len(got) != 50 {
					t.Errorf("%d records: %v", len(got), err)
					return
				}
				slot, _, _ := strings.Cut(got[recordID{1, "key0"}], " ")
				for id, value := range got {
					if !strings.HasPrefix(value, slot+" ") {
						t.Errorf("%s has %.10q, others have %s", id.key, value, slot)
						return
					}
				}
			}
		})
	}
	for slot := paxos.Slot(2); slot < 30; slot++ {
		n.checkpoint(m, slot, []uint64{1}, changes(slot)...)
		if i, err := n.newestImage(); slot%10 == 0 && (err != nil || n.renew(i) != nil) {
			t.Error("cannot be renewed", err)
		}
	}
	close(stop)
	readers.Wait()
	n.expect(m)
	n.close()
}

// readNewest reads the newest checkpoint in parts, from a goroutine.
func (n *node) readNewest() (model, error) {
	c, release, err := n.Hold(0)
	if err != nil {
		return nil, err
	}
	defer release()
	m := make(model)
	var parts [][]byte
	var cursor []byte
	for {
		data, next, err := n.Read(c.Slot, cursor, 500)
		if err != nil {
			return nil, err
		}
		parts = append(parts, data)
		if cursor = next; len(next) == 0 {
			return assemble(n.t, m, parts), nil
		}
	}
}

func TestCloseDuringEverything(t *testing.T) {
	for range 5 {
		from, _ := source(t)
		to := openNode(t, t.TempDir())
		c, _ := from.Checkpoint()
		parts, nexts := from.parts(9, 0, 50_000)
		var all sync.WaitGroup
		begun := make(chan struct{}, 3)
		expect := func(err error) bool {
			if err != nil && !errors.Is(err, ErrClosed) && !errors.Is(err, paxos.ErrNoCheckpoint) {
				t.Error(err)
			}
			return err == nil
		}
		all.Go(func() {
			begun <- struct{}{}
			for slot := paxos.Slot(10); expect(from.Write(slot, []paxos.CheckpointRecord{set(1, "x", slot.String())})); slot++ {
			}
		})
		all.Go(func() {
			begun <- struct{}{}
			for {
				if _, err := from.load(); !expect(err) {
					return
				}
			}
		})
		all.Go(func() {
			begun <- struct{}{}
			for {
				if _, err := to.BeginReceive(c); !expect(err) {
					return
				}
				for i := range parts {
					if !expect(to.Receive(parts[i], nexts[i])) {
						return
					}
				}
			}
		})
		for range 3 {
			<-begun
		}
		from.close()
		to.close()
		all.Wait()
	}
}

func FuzzDecodePart(f *testing.F) {
	var c codec
	seed, err := c.encode(appendEntry(nil, appendRecordKey(nil, 1, []byte("key")), 0, []byte("value")))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(seed[1 : len(seed)-checksum64])
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, entries []byte) {
		data, err := c.encode(entries)
		if err != nil {
			t.Fatal(err)
		}
		for _, data := range [][]byte{data, entries} {
			if err := DecodePart(data, new(Tally).Add); err != nil && !errors.Is(err, paxos.ErrDamagedCheckpoint) && !errors.Is(err, errDamaged) {
				t.Error(err)
			}
		}
	})
}
