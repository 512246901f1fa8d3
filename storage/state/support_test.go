package state

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/paxredis/paxredis/replication/paxos"
	"github.com/paxredis/paxredis/storage/internal/race"
	"github.com/paxredis/paxredis/storage/internal/secret"
	"github.com/paxredis/paxredis/storage/journal"
)

// fileLedger is a Ledger that survives the process: a file.
type fileLedger struct {
	path string
	mu   sync.Mutex
	p    journal.Published
	ok   bool
}

func openLedger(t testing.TB, path string) *fileLedger {
	t.Helper()
	l := &fileLedger{path: path}
	content, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		return l
	}
	if err != nil {
		t.Fatal(err)
	}
	lead, head, _ := strings.Cut(string(content), "\n")
	if _, err := fmt.Sscan(lead, &l.p.Slot, &l.p.Generation); err != nil {
		t.Fatal(err)
	}
	l.p.Head, l.ok = []byte(head), true
	return l
}

func (l *fileLedger) Published() (journal.Published, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.p, l.ok
}

func (l *fileLedger) Publish(p journal.Published) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.p, l.ok = p, true
	content := fmt.Appendf(nil, "%d %d\n%s", uint64(p.Slot), p.Generation, p.Head)
	return journal.WriteFile(journal.OS{}, l.path, content)
}

// node is a node's checkpoints, and what they should be.
type node struct {
	*Checkpoints
	t      testing.TB
	dir    string
	ledger *fileLedger
}

func openNode(t testing.TB, dir string) *node {
	t.Helper()
	return openNodeWith(t, dir, nil)
}

// encrypting, in the environment, has tests encrypt checkpoints. Children that are killed have it, too.
const encrypting = "PAXREDIS_TEST_ENCRYPTED"

// eachWay runs a test with checkpoints that are not encrypted, and with encrypted ones. The race detector finds nothing in the second that it does not
// find in the first, so they run without it.
func eachWay(t *testing.T, test func(t *testing.T)) {
	t.Run("plain", test)
	t.Run("encrypted", func(t *testing.T) {
		if race.Enabled {
			t.Skip("it runs without the race detector")
		}
		t.Setenv(encrypting, "1")
		test(t)
	})
}

func testKey() (key secret.Key) {
	if os.Getenv(encrypting) == "" {
		return key
	}
	key, err := secret.New(bytes.Repeat([]byte("key "), secret.KeyBytes/4))
	if err != nil {
		panic(err)
	}
	return key
}

// openNodeWith has work rest between its bites.
func openNodeWith(t testing.TB, dir string, rest func(time.Duration)) *node {
	t.Helper()
	n := &node{t: t, dir: dir, ledger: openLedger(t, filepath.Join(dir, "ledger"))}
	var err error
	if n.Checkpoints, err = Open(filepath.Join(dir, "state"), n.ledger, Options{Logger: testLogger(t), Rest: rest, Key: testKey()}); err != nil {
		t.Fatal(err)
	}
	return n
}

// testLogger shows what goes wrong, and what happens with -v and the environment asking for it.
func testLogger(t testing.TB) *slog.Logger {
	level := slog.LevelError + 1
	if os.Getenv("PAXREDIS_TEST_LOG") != "" {
		level = slog.LevelDebug
	}
	return slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: level}))
}

func (n *node) close() {
	n.t.Helper()
	if err := n.Close(); err != nil {
		n.t.Fatal(err)
	}
}

// copyAsOfOneMoment copies the directory of a node that is open, as a crash would leave it. Badger flushes and merges by itself, so files
// come and go; a copy during which any did is no state there ever was, and is made again.
func copyAsOfOneMoment(t testing.TB, from, to string) {
	t.Helper()
	for {
		before := filesBelow(t, from)
		err := os.CopyFS(to, os.DirFS(from))
		if err == nil && slices.Equal(before, filesBelow(t, from)) {
			return
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
		if err := os.RemoveAll(to); err != nil {
			t.Fatal(err)
		}
	}
}

// filesBelow lists files with their sizes and the times they were changed, in order.
func filesBelow(t testing.TB, dir string) (files []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err == nil {
			files = append(files, fmt.Sprint(path, info.Size(), info.ModTime()))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func (n *node) reopen() *node {
	n.t.Helper()
	n.close()
	return openNode(n.t, n.dir)
}

type recordID struct {
	space uint64
	key   string
}

// model is a state: what a checkpoint should have.
type model map[recordID]string

func (m model) head(slot paxos.Slot, spaces ...uint64) paxos.Checkpoint {
	c := paxos.Checkpoint{Slot: slot, Spaces: spaces, Machine: []byte("machine"), Group: []byte("group")}
	for id, value := range m {
		if slices.Contains(spaces, id.space) {
			c.Count++
			c.Sum += paxos.RecordSum(id.space, []byte(id.key), []byte(value))
		}
	}
	return c
}

func set(space uint64, key, value string) paxos.CheckpointRecord {
	return paxos.CheckpointRecord{Space: space, Key: []byte(key), Value: []byte(value)}
}

func gone(space uint64, key string) paxos.CheckpointRecord {
	return paxos.CheckpointRecord{Space: space, Key: []byte(key), Deleted: true}
}

// apply changes the model as the records say.
func (m model) apply(records ...paxos.CheckpointRecord) {
	for _, r := range records {
		id := recordID{r.Space, string(r.Key)}
		if r.Deleted {
			delete(m, id)
		} else {
			m[id] = string(r.Value)
		}
	}
}

func (m model) drop(spaces ...uint64) {
	maps.DeleteFunc(m, func(id recordID, _ string) bool { return slices.Contains(spaces, id.space) })
}

func (n *node) write(slot paxos.Slot, records ...paxos.CheckpointRecord) {
	n.t.Helper()
	if err := n.Write(slot, records); err != nil {
		n.t.Fatal(err)
	}
}

func (n *node) publish(c paxos.Checkpoint) {
	n.t.Helper()
	if err := n.Publish(c); err != nil {
		n.t.Fatal(err)
	}
	if err := n.Renew(); err != nil {
		n.t.Fatal(err)
	}
}

// checkpoint writes and publishes one, and changes the model.
func (n *node) checkpoint(m model, slot paxos.Slot, spaces []uint64, records ...paxos.CheckpointRecord) paxos.Checkpoint {
	n.t.Helper()
	n.write(slot, records...)
	m.apply(records...)
	c := m.head(slot, spaces...)
	n.publish(c)
	return c
}

// load reads the newest checkpoint.
func (n *node) load() (model, error) {
	n.t.Helper()
	next, done, err := n.Load()
	if err != nil {
		return nil, err
	}
	defer func() {
		if err := done(); err != nil {
			n.t.Error(err)
		}
	}()
	m := make(model)
	for {
		r, ok, err := next()
		if err != nil {
			return nil, err
		}
		if !ok {
			return m, nil
		}
		id := recordID{r.Space, string(r.Key)}
		if _, twice := m[id]; twice {
			n.t.Errorf("a record was loaded twice: %d %.50q", r.Space, r.Key)
		}
		m[id] = string(r.Value)
	}
}

func (n *node) expect(want model) {
	n.t.Helper()
	got, err := n.load()
	if err != nil {
		n.t.Fatal(err)
	}
	same(n.t, got, want)
}

func same(t testing.TB, got, want model) {
	t.Helper()
	if maps.Equal(got, want) {
		return
	}
	for id, value := range want {
		if v, ok := got[id]; !ok || v != value {
			t.Errorf("space %d key %.40q (%d bytes): there %v, %d bytes instead of %d", id.space, id.key, len(id.key), ok, len(v), len(value))
			break
		}
	}
	for id := range got {
		if _, ok := want[id]; !ok {
			t.Errorf("space %d key %.40q should not be there", id.space, id.key)
			break
		}
	}
	t.Fatalf("%d records instead of %d", len(got), len(want))
}

// parts reads a checkpoint, or changes if since is not 0.
func (n *node) parts(slot, since paxos.Slot, maxBytes int) (parts, nexts [][]byte) {
	n.t.Helper()
	var cursor []byte
	for {
		read := func() ([]byte, []byte, error) { return n.Read(slot, cursor, maxBytes) }
		if since > 0 {
			read = func() ([]byte, []byte, error) { return n.ReadChanges(slot, since, cursor, maxBytes) }
		}
		data, next, err := read()
		if err != nil {
			n.t.Fatal(err)
		}
		parts, nexts = append(parts, data), append(nexts, next)
		if len(next) == 0 {
			return parts, nexts
		}
		cursor = next
	}
}

func (n *node) readAs(slot paxos.Slot) model {
	n.t.Helper()
	parts, _ := n.parts(slot, 0, 1000)
	return assemble(n.t, make(model), parts)
}

// assemble applies parts to a model.
func assemble(t testing.TB, m model, parts [][]byte) model {
	t.Helper()
	var first PartRecord
	var id, content []byte
	for _, data := range parts {
		err := DecodePart(data, func(p PartRecord) error {
			if p.Piece == 0 {
				first, id, content = p, bytes.Clone(p.ID), nil
			}
			content = append(content, p.Content...)
			if uint64(len(content)) < first.Total {
				return nil
			}
			if first.Hashed {
				id, content = content[:first.KeyBytes], content[first.KeyBytes:]
			}
			m.apply(paxos.CheckpointRecord{Space: p.Space, Key: id, Value: content, Deleted: p.Deleted})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return m
}

func randomBytes(r *rand.Rand, size int) string {
	b := make([]byte, 0, size+8)
	for len(b) < size {
		b = binary.LittleEndian.AppendUint64(b, r.Uint64())
	}
	return string(b[:size])
}
