package storage

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/paxredis/paxredis/replication/paxos"
	"github.com/paxredis/paxredis/storage/internal/secret"
	"github.com/paxredis/paxredis/storage/journal"
)

// The texts of users that are searched for.
const (
	knownValue  = "a value nobody may read"
	knownKey    = "the name of a key"
	knownField  = "the field of a hash"
	knownUser   = "somebody with a password"
	knownCursor = "where a reception stands"
	knownWhy    = "why a checkpoint was given up"
)

var knownTexts = []string{knownValue, knownKey, knownField, knownUser, knownCursor, knownWhy}

// textsIn returns which of the known texts are in the files below a directory.
func textsIn(t *testing.T, dir string) map[string]bool {
	t.Helper()
	found := make(map[string]bool)
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) || err == nil && d.IsDir() {
			return nil
		}
		content, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil // files come and go in the background
		}
		for _, text := range knownTexts {
			if bytes.Contains(content, []byte(text)) {
				found[text] = true
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// writeKnown writes the known texts everywhere where they may come: into the log, in payloads of all sizes; into checkpoints, in keys, values
// and heads, by batches and by parts; and into what tells of a reception. seen is called each time the files are others.
func writeKnown(t *testing.T, dir string, seen func()) {
	s := mustOpen(t, dir, testOptions())
	slot := paxos.Slot(0)
	for _, size := range []int{0, 100, 20_000, 90_000} {
		slot++
		text := knownValue + knownKey + knownField + knownUser + strings.Repeat("x", size)
		if err := s.Save([]paxos.Write{write(slot, text)}); err != nil {
			t.Fatal(err)
		}
	}
	seen()
	records := []paxos.CheckpointRecord{
		checkpointRecord(knownKey, knownValue), checkpointRecord("hash", strings.Repeat(knownField, 20_000)),
		checkpointRecord(knownCursor+strings.Repeat("k", 70_000), knownUser), // a key that is stored by its digest
	}
	c := head(slot, records...)
	c.Group, c.Machine = []byte(knownUser), []byte(knownUser)
	mustPublish(t, s, c, records...)
	seen()
	mustClose(t, s) // the memtable becomes a table
	seen()
	s = mustOpen(t, dir, testOptions())
	parts, nexts := read(t, s, c.Slot)
	receiveKnown(t, dir+".receiver", seen)
	if _, err := s.BeginReceive(c); err != nil {
		t.Fatal(err)
	}
	for i := range parts {
		if err := s.Receive(parts[i], nexts[i]); err != nil {
			t.Fatal(err)
		}
	}
	seen()
	if err := s.FinishReceive(); err != nil {
		t.Fatal(err)
	}
	seen()
	if err := s.DiscardCheckpoint(knownWhy); err != nil {
		t.Fatal(err)
	}
	seen()
	mustClose(t, s)
	seen()
}

// read reads the checkpoint of a slot by parts.
func read(t *testing.T, s *Store, slot paxos.Slot) (parts, nexts [][]byte) {
	t.Helper()
	var cursor []byte
	for {
		data, next, err := s.ReadCheckpoint(slot, cursor, 1000)
		if err != nil {
			t.Fatal(err)
		}
		parts, nexts = append(parts, data), append(nexts, next)
		if cursor = next; len(next) == 0 {
			return parts, nexts
		}
	}
}

// receiveKnown stops in the middle of a reception, so that what it has written down of that lies in a file.
func receiveKnown(t *testing.T, dir string, seen func()) {
	from := mustOpen(t, dir+".from", testOptions())
	defer mustClose(t, from)
	r := rand.New(rand.NewPCG(1, 2))
	var records []paxos.CheckpointRecord
	for i := range 20 {
		value := make([]byte, 100_000)
		for k := range value {
			value[k] = byte(r.Uint32())
		}
		records = append(records, checkpointRecord(fmt.Sprintf("%s %02d", knownCursor, i), string(value)))
	}
	c := head(1, records...)
	mustPublish(t, from, c, records...)
	parts, nexts := read(t, from, 1)
	to := mustOpen(t, dir, testOptions())
	if _, err := to.BeginReceive(c); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(to.Receive(parts[0], nexts[0]), to.Receive(parts[1], nexts[1])); err != nil {
		t.Fatal(err)
	}
	mustClose(t, to)
	seen()
	to = mustOpen(t, dir, testOptions())
	defer mustClose(t, to)
	if cursor, err := to.BeginReceive(c); err != nil || len(cursor) == 0 {
		t.Errorf("the reception begins anew: %v", err)
	}
}

// TestNothingOfUsersLiesInClearText of a directory that is encrypted, at any time. In one that is not, all of it does: or nothing would
// have been searched.
func TestNothingOfUsersLiesInClearText(t *testing.T) { eachWay(t, testNothingOfUsersLiesInClearText) }

func testNothingOfUsersLiesInClearText(t *testing.T) {
	root := t.TempDir()
	all := make(map[string]bool)
	writeKnown(t, filepath.Join(root, "data"), func() {
		for text := range textsIn(t, root) {
			all[text] = true
		}
	})
	for _, text := range knownTexts {
		if encrypted := len(testKeys()) > 0; all[text] == encrypted {
			t.Errorf("%q was found: %v", text, all[text])
		}
	}
}

// TestADirectoryAndAKeyThatDoNotBelongTogether are told apart, by the name of an error; nothing is changed.
func TestADirectoryAndAKeyThatDoNotBelongTogether(t *testing.T) {
	plain := made(t)
	t.Setenv(encrypting, "1")
	encrypted := made(t)
	for name, c := range map[string]struct {
		dir  string
		keys []DataKey
		want error
		says []string
	}{
		"no key":        {encrypted, nil, ErrNoDataKey, []string{encrypted, "--data-key-file", fingerprint(t, 1)}},
		"not encrypted": {plain, []DataKey{dataKey(1)}, ErrNotEncrypted, []string{plain, "member replace 2"}},
		"wrong keys":    {encrypted, []DataKey{dataKey(2), dataKey(3)}, ErrOtherDataKey, []string{fingerprint(t, 1), fingerprint(t, 2), fingerprint(t, 3)}},
	} {
		t.Run(name, func(t *testing.T) {
			before := content(t, c.dir)
			delete(before, filepath.Join(c.dir, lockName))
			o := testOptions()
			o.DataKeys = c.keys
			_, opened := Open(c.dir, o)
			inspected := Inspect(c.dir, c.keys, func(Entry) error { return nil }, nil)
			ro := recoverOptions()
			ro.DataKeys = c.keys
			_, recovered := Recover(c.dir, ro)
			for _, err := range []error{opened, inspected, recovered} {
				var damage *Corrupt
				if !errors.Is(err, c.want) || errors.As(err, &damage) {
					t.Errorf("%v", err)
					continue
				}
				for _, text := range c.says {
					if !strings.Contains(err.Error(), text) {
						t.Errorf("it does not say %q: %v", text, err)
					}
				}
			}
			after := content(t, c.dir)
			delete(after, filepath.Join(c.dir, lockName))
			for path, bytes := range after {
				if before[path] != bytes {
					t.Errorf("%s was changed", path)
				}
			}
		})
	}
}

func fingerprint(t *testing.T, number byte) string {
	t.Helper()
	text, err := dataKey(number).Fingerprint()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// TestOneDataKeyIsExchangedForAnother: with the new one before the old one in the file the directory is the new one's from that start on. A start that is
// interrupted leaves it one of the two's.
func TestOneDataKeyIsExchangedForAnother(t *testing.T) {
	t.Setenv(encrypting, "1")
	dir := made(t)
	with := func(keys ...DataKey) error {
		o := testOptions()
		o.DataKeys = keys
		s, err := Open(dir, o)
		if err != nil {
			return err
		}
		if r := s.Restored(); len(r.Records) != 1 || string(r.Records[0].Entry.Payload) != "payload" {
			t.Errorf("restored %+v", r)
		}
		mustClose(t, s)
		return nil
	}
	for _, step := range []struct {
		keys []DataKey
		want error
	}{
		{[]DataKey{dataKey(1), dataKey(2)}, nil},
		{[]DataKey{dataKey(2)}, ErrOtherDataKey}, // not yet
		{[]DataKey{dataKey(2), dataKey(1)}, nil}, // the exchange
		{[]DataKey{dataKey(1)}, ErrOtherDataKey},
		{[]DataKey{dataKey(2)}, nil},
		{[]DataKey{dataKey(3), dataKey(1), dataKey(2)}, nil},
		{[]DataKey{dataKey(3)}, nil},
	} {
		if err := with(step.keys...); !errors.Is(err, step.want) {
			t.Errorf("%d keys: %v, not %v", len(step.keys), err, step.want)
		}
	}
}

// TestADamagedKeyIsToldFromAWrongOne.
func TestADamagedKeyIsToldFromAWrongOne(t *testing.T) {
	t.Setenv(encrypting, "1")
	dir := made(t)
	f, err := loadIdentity(dir, 0)
	if err != nil {
		t.Fatal(err)
	}
	if f.Format != encryptedFormat {
		t.Errorf("format %d", f.Format)
	}
	whole := slices.Clone(f.DataKey.Wrapped)
	damage := map[string]func(){"no format": func() { f.Format = plainFormat }, "cut": func() { f.DataKey.Wrapped = whole[:20] }, "none": func() { f.DataKey.Wrapped = nil },
		"another node's": func() { f.NodeUUID[3] ^= 1 }, "another cluster's": func() { f.ClusterUUID[3] ^= 1 }}
	for at := range whole {
		damage[fmt.Sprint("byte ", at)] = func() { f.DataKey.Wrapped[at] ^= 1 }
	}
	for name, change := range damage {
		original, key := *f, *f.DataKey
		f.DataKey.Wrapped = slices.Clone(whole)
		change()
		if err := f.write(journal.OS{}, dir, identityName); err != nil { // the checksum is right
			t.Fatal(err)
		}
		*f, *original.DataKey = original, key
		o := testOptions()
		o.ClusterUUID = ""
		_, err := Open(dir, o)
		var corrupt *Corrupt
		if !errors.As(err, &corrupt) || corrupt.Where != filepath.Join(dir, identityName) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestD3_APayloadOfAnotherDirectoryIsDamage: what the key of a directory does not open was not written there.
func TestD3_APayloadOfAnotherDirectoryIsDamage(t *testing.T) {
	t.Setenv(encrypting, "1")
	for name, prepare := range map[string]func(s *Store){
		"record": func(s *Store) { mustSave(t, s, 1) },
		"head": func(s *Store) {
			r := checkpointRecord("a", "1")
			mustPublish(t, s, head(1, r), r)
		},
	} {
		dir := filepath.Join(t.TempDir(), "data")
		s := mustOpen(t, dir, testOptions())
		prepare(s)
		mustClose(t, s)
		f, err := loadIdentity(dir, 0)
		if err == nil {
			err = errors.Join(f.wrap(secret.Random(), dataKey(1)), f.write(journal.OS{}, dir, identityName))
		}
		if err != nil {
			t.Fatal(err)
		}
		var damage *Corrupt
		if _, err := Open(dir, testOptions()); !errors.As(err, &damage) || !strings.Contains(err.Error(), "decrypt") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestD3_AFlippedByteInASealedPayloadIsRefused as any other.
func TestD3_AFlippedByteInASealedPayloadIsRefused(t *testing.T) {
	t.Setenv(encrypting, "1")
	dir := made(t)
	path := filepath.Join(dir, journalName, "00000001.seg")
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for at := 4096 + 40; at < 4096+40+100; at++ {
		mustEdit(t, path, func(c []byte) []byte { c[at] ^= 1; return c })
		refused(t, dir, "flipped byte")
		mustEdit(t, path, func([]byte) []byte { return bytes.Clone(whole) })
	}
}

// TestAPayloadOpensAsWhatItWasSealedFor, and as nothing else; not one byte of it may be another one.
func TestAPayloadOpensAsWhatItWasSealedFor(t *testing.T) {
	key := secret.Random()
	seal := func() *recordSealer {
		s, err := newRecordSealer(key)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	first, second := seal(), seal()
	record := write(7, "payload").Records[0]
	sealed := first.Seal(nil, &record)
	if again := first.Seal(nil, &record); bytes.Equal(again[:sealPrefixBytes], sealed[:sealPrefixBytes]) || len(again) != len("payload")+first.Overhead() {
		t.Error("a nonce was used twice, or the overhead is not what it says")
	}
	if other := second.Seal(nil, &record); bytes.Equal(other[:seriesBytes], sealed[:seriesBytes]) {
		t.Error("two openings of a directory use the same series")
	}
	open := func(s *recordSealer, change func(r *paxos.Record)) (string, error) {
		r := record
		r.Entry.Payload = bytes.Clone(sealed)
		change(&r)
		payload, err := s.Open(&r)
		return string(payload), err
	}
	for _, s := range []*recordSealer{first, second, second, seal()} {
		if payload, err := open(s, func(*paxos.Record) {}); err != nil || payload != "payload" {
			t.Errorf("%q, %v", payload, err)
		}
	}
	changes := map[string]func(r *paxos.Record){
		"slot": func(r *paxos.Record) { r.Slot++ }, "round": func(r *paxos.Record) { r.Ballot.Round++ }, "node": func(r *paxos.Record) { r.Ballot.Node++ },
		"kind": func(r *paxos.Record) { r.Entry.Kind++ },
	}
	for at := range sealed {
		changes[fmt.Sprint("byte ", at)] = func(r *paxos.Record) { r.Entry.Payload[at] ^= 1 }
		changes[fmt.Sprint("cut to ", at)] = func(r *paxos.Record) { r.Entry.Payload = r.Entry.Payload[:at] }
	}
	for name, change := range changes {
		if payload, err := open(second, change); err == nil {
			t.Errorf("%s: %q", name, payload)
		}
	}
}

// TestDataKeysAreNotShown in logs, in whatever way they are printed.
func TestDataKeysAreNotShown(t *testing.T) {
	key := dataKey('s')
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("key", "key", key, "keys", []DataKey{key})
	for _, text := range []string{fmt.Sprint(key), fmt.Sprintf("%v %+v %#v %s %x %q", key, key, key, key, key, key), fmt.Sprint(Options{DataKeys: []DataKey{key}}), log.String()} {
		if strings.Contains(text, "sss") || strings.Contains(text, "7373") || strings.Contains(text, "115 115") {
			t.Errorf("it shows: %s", text)
		}
	}
}
