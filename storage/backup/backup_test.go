package backup

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/paxredis/paxredis/replication/paxos"
	"github.com/paxredis/paxredis/storage/backup/internal/format"
)

// many are records of all sizes: some are stored in pieces, one has a key longer than the store takes.
func many() map[string]string {
	random := rand.New(rand.NewPCG(1, 2))
	records := map[string]string{strings.Repeat("long key ", 10_000): "v"}
	for i := range 200 {
		records[fmt.Sprintf("key %d", i)] = strings.Repeat("x", 1+random.IntN(200))
	}
	for i, size := range []int{1 << 16, 200_000} {
		value := make([]byte, size)
		for j := range value {
			value[j] = byte(random.Uint32())
		}
		records[fmt.Sprintf("large %d", i)] = string(value)
	}
	return records
}

func TestWrittenBackupIsReadBack(t *testing.T) {
	o := newOrigin(t)
	c := o.checkpoint(10, many())
	var b bytes.Buffer
	written := o.write(&b, c, nil, 4096)
	h, totals, err := readAll(&b)
	if err != nil {
		t.Fatal(err)
	}
	if h.ClusterUUID != written.ClusterUUID || !h.Created.Equal(written.Created) || h.Program != "test" || !h.IsFull() || h.Slot() != 10 {
		t.Errorf("header %+v", h)
	}
	if totals.Records != c.Count || totals.Sum != c.Sum || totals.Deleted != 0 || totals.Parts < 10 {
		t.Errorf("totals %+v, the checkpoint has %d records with sum %x", totals, c.Count, c.Sum)
	}
}

func TestEmptyStateIsABackupToo(t *testing.T) {
	o := newOrigin(t)
	path, _ := o.file("empty", o.checkpoint(1, nil), nil)
	if r, err := Check(context.Background(), path, nil); err != nil || r.Totals.Records != 0 {
		t.Errorf("%+v, %v", r.Totals, err)
	}
	dir := filepath.Join(t.TempDir(), "data")
	if _, err := restore(t, dir, path); err != nil {
		t.Fatal(err)
	}
	_, records := recordsIn(t, dir)
	mustEqual(t, records, nil)
}

// TestEveryByteCounts changes each byte of a backup, cuts it off at each, and appends one: all of that is found out.
func TestEveryByteCounts(t *testing.T) {
	o := newOrigin(t)
	var b bytes.Buffer
	o.write(&b, o.checkpoint(10, map[string]string{"a": "1", "b": strings.Repeat("2", 3000), "c": "3"}), nil, 1024)
	good := b.Bytes()
	if _, _, err := readAll(bytes.NewReader(good)); err != nil {
		t.Fatal(err)
	}
	known := func(err error) bool {
		return errors.Is(err, ErrDamaged) || errors.Is(err, ErrNotBackup) || errors.Is(err, ErrNewer)
	}
	for at := range good {
		for _, flip := range []byte{1, 0x80, 0xff} {
			bad := bytes.Clone(good)
			bad[at] ^= flip
			if _, _, err := readAll(bytes.NewReader(bad)); !known(err) {
				t.Errorf("byte %d of %d changed by %02x: %v", at, len(good), flip, err)
			}
		}
		if _, _, err := readAll(bytes.NewReader(good[:at])); !known(err) {
			t.Errorf("cut off at byte %d of %d: %v", at, len(good), err)
		}
	}
	if _, _, err := readAll(bytes.NewReader(append(bytes.Clone(good), 0))); !errors.Is(err, ErrDamaged) {
		t.Errorf("with a byte behind it: %v", err)
	}
}

// frames takes a file apart.
func frames(t *testing.T, file []byte) (start []byte, list [][]byte) {
	t.Helper()
	start, rest := file[:len(magic)+4], file[len(magic)+4:]
	for len(rest) > 0 {
		n := frameHead + int(binary.BigEndian.Uint32(rest[1:])) + frameTail
		list, rest = append(list, rest[:n]), rest[n:]
	}
	return start, list
}

// TestFramesInAnotherOrder: frames that are good by themselves are no backup if one is missing, doubled or elsewhere.
func TestFramesInAnotherOrder(t *testing.T) {
	o := newOrigin(t)
	var b bytes.Buffer
	o.write(&b, o.checkpoint(10, map[string]string{"a": strings.Repeat("1", 3000), "b": strings.Repeat("2", 3000)}), nil, 1024)
	start, list := frames(t, b.Bytes())
	if len(list) < 5 {
		t.Fatalf("%d frames", len(list))
	}
	read := func(list ...[]byte) error {
		_, _, err := readAll(bytes.NewReader(append(bytes.Clone(start), bytes.Join(list, nil)...)))
		return err
	}
	if err := read(list...); err != nil {
		t.Fatal(err)
	}
	for i := range list {
		without := append(append([][]byte{}, list[:i]...), list[i+1:]...)
		if err := read(without...); !errors.Is(err, ErrDamaged) {
			t.Errorf("without frame %d: %v", i, err)
		}
		doubled := append(append(append([][]byte{}, list[:i+1]...), list[i]), list[i+1:]...)
		if err := read(doubled...); !errors.Is(err, ErrDamaged) {
			t.Errorf("frame %d doubled: %v", i, err)
		}
		if i > 0 {
			swapped := append([][]byte{}, list...)
			swapped[i-1], swapped[i] = swapped[i], swapped[i-1]
			if err := read(swapped...); !errors.Is(err, ErrDamaged) {
				t.Errorf("frames %d and %d swapped: %v", i-1, i, err)
			}
		}
	}
}

// TestForgedFiles: checksums and seal are right, and still it is no backup.
func TestForgedFiles(t *testing.T) {
	o := newOrigin(t)
	c := o.checkpoint(10, map[string]string{"a": "1"})
	h := o.header(c)
	header, err := h.encode()
	if err != nil {
		t.Fatal(err)
	}
	data, _, err := o.store.ReadCheckpoint(10, nil, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	right := Totals{Parts: 1, Bytes: uint64(len(data)), Records: 1, Sum: c.Sum}
	wrong := right
	wrong.Bytes++
	twice := Totals{Parts: 2, Bytes: 2 * right.Bytes, Records: 2, Sum: 2 * c.Sum}
	changes := h
	changes.Since = 5
	changesHeader, err := changes.encode()
	if err != nil {
		t.Fatal(err)
	}
	last, more := &format.Part{Data: data}, &format.Part{Data: data, Next: []byte("more")}
	for name, test := range map[string]struct {
		header []byte
		parts  []*format.Part
		totals Totals
		seal   byte // changes it
		good   bool
	}{
		"the right one":                 {header, []*format.Part{last}, right, 0, true},
		"changes":                       {changesHeader, []*format.Part{last}, right, 0, true},
		"another seal":                  {header, []*format.Part{last}, right, 1, false},
		"other totals":                  {header, []*format.Part{last}, wrong, 0, false},
		"a part behind the last":        {changesHeader, []*format.Part{last, last}, twice, 0, false},
		"no last part":                  {header, []*format.Part{more}, right, 0, false},
		"other records than its head's": {header, []*format.Part{more, last}, twice, 0, false},
	} {
		file := appendFrame(appendStart(nil), kindHeader, test.header)
		for _, p := range test.parts {
			payload, err := p.MarshalVT()
			if err != nil {
				t.Fatal(err)
			}
			file = appendFrame(file, kindPart, payload)
		}
		totals, err := test.totals.encode()
		if err != nil {
			t.Fatal(err)
		}
		file = appendFrame(file, kindTotals, totals)
		sum := sha256.Sum256(file)
		sum[0] ^= test.seal
		_, _, err = readAll(bytes.NewReader(appendFrame(file, kindSeal, sum[:])))
		if test.good != (err == nil) || err != nil && !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestFilesOfOthers(t *testing.T) {
	for _, test := range []struct {
		content string
		want    error
	}{
		{"", ErrNotBackup},
		{"REDIS0011", ErrNotBackup},
		{strings.Repeat("\x00", 100), ErrNotBackup},
		{magic, ErrDamaged},
		{magic + "\x00\x00\x00\x02", ErrNewer},
		{magic + "\xff\xff\xff\xff", ErrNewer},
		{magic + "\x00\x00\x00\x00", ErrDamaged},
		{magic + "\x00\x00\x00\x01\x02\xff\xff\xff\xff", ErrDamaged},
	} {
		if _, _, err := readAll(strings.NewReader(test.content)); !errors.Is(err, test.want) {
			t.Errorf("%q: got %v, want %v", test.content, err, test.want)
		}
	}
}

// TestWriterRefusesWhatIsNotTheCheckpoint: a backup of the wrong records never gets its seal.
func TestWriterRefusesWhatIsNotTheCheckpoint(t *testing.T) {
	o := newOrigin(t)
	c := o.checkpoint(10, map[string]string{"a": "1", "b": "2"})
	data, _, err := o.store.ReadCheckpoint(10, nil, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	other := c
	other.Sum++
	for name, test := range map[string]struct {
		head  paxos.Checkpoint
		parts [][]byte
		next  []byte
	}{
		"another sum":       {other, [][]byte{data}, nil},
		"no part":           {c, nil, nil},
		"a part twice":      {c, [][]byte{data, data}, nil},
		"no last part":      {c, [][]byte{data}, []byte("more")},
		"no part of a kind": {c, [][]byte{[]byte("garbage")}, nil},
	} {
		var b bytes.Buffer
		w, err := NewWriter(&b, o.header(test.head))
		for _, part := range test.parts {
			if err == nil {
				err = w.Part(part, test.next)
			}
		}
		if closeErr := w.Close(); err == nil {
			err = closeErr
		}
		if err == nil {
			t.Errorf("%s: taken", name)
		}
		if _, _, err := readAll(&b); err == nil {
			t.Errorf("%s: what was written is a backup", name)
		}
	}
}

func TestWriterReportsAFullDisk(t *testing.T) {
	o := newOrigin(t)
	c := o.checkpoint(10, map[string]string{"a": "1"})
	data, _, err := o.store.ReadCheckpoint(10, nil, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	for room := range 4 {
		w, err := NewWriter(&fullDisk{room}, o.header(c))
		if err == nil {
			err = w.Part(data, nil)
		}
		if err == nil {
			err = w.Close()
		}
		if !errors.Is(err, errFull) {
			t.Errorf("room for %d writes: %v", room, err)
		}
	}
}

var errFull = errors.New("no space left")

// fullDisk takes so many writes.
type fullDisk struct{ room int }

func (d *fullDisk) Write(p []byte) (int, error) {
	if d.room--; d.room < 0 {
		return 0, errFull
	}
	return len(p), nil
}

// chain makes three backups, each of what has changed, and returns the state they lead to.
func chain(t *testing.T, o *origin) (files []string, state map[string]string) {
	t.Helper()
	first, h1 := o.file("first", o.checkpoint(10, many()), nil)
	changes := map[string]string{"key 1": "", "key 2": "changed", "large 0": strings.Repeat("y", 70_000), "large 1": "small now", "new": strings.Repeat("z", 150_000)}
	second, h2 := o.file("second", o.checkpoint(20, changes), &h1)
	third, _ := o.file("third", o.checkpoint(30, map[string]string{"new": "", "key 3": ""}), &h2)
	return []string{first, second, third}, maps.Clone(o.state)
}

func TestChainIsVerifiedAndRestored(t *testing.T) {
	o := newOrigin(t)
	files, state := chain(t, o)
	reports, err := Verify(context.Background(), VerifyOptions{Files: files, TempDir: t.TempDir()})
	if err != nil || len(reports) != 3 || reports[2].Header.Slot() != 30 || reports[1].Totals.Deleted == 0 {
		t.Fatalf("%+v, %v", reports, err)
	}
	dir := filepath.Join(t.TempDir(), "a", "b", "data")
	r, err := restore(t, dir, files...)
	if err != nil {
		t.Fatal(err)
	}
	if r.Slot != 30 || r.Records != uint64(len(state)) || r.Identity.NodeID != 5 || r.Identity.ClusterUUID == o.store.Identity().ClusterUUID {
		t.Errorf("%+v", r)
	}
	c, records := recordsIn(t, dir)
	mustEqual(t, records, state)
	if c.Slot != 30 || string(c.Group) != "no former group" || string(c.Machine) != "machine" {
		t.Errorf("head %+v", c)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 4 { // LOCK is there since recordsIn
		t.Errorf("%v, %v", entries, err)
	}
}

func TestVerifyLeavesNothing(t *testing.T) {
	o := newOrigin(t)
	files, _ := chain(t, o)
	temp := t.TempDir()
	for _, list := range [][]string{files, {files[0], files[2]}} {
		_, _ = Verify(context.Background(), VerifyOptions{Files: list, TempDir: temp})
		if left, err := os.ReadDir(temp); err != nil || len(left) > 0 {
			t.Errorf("%d files: %v is left, %v", len(list), left, err)
		}
	}
}

// TestRefusedRestoreLeavesNothing: whatever is wrong with the files or the directory, afterwards it is as it was.
func TestRefusedRestoreLeavesNothing(t *testing.T) {
	o := newOrigin(t)
	files, _ := chain(t, o)
	foreign := newOrigin(t)
	foreignFirst, h := foreign.file("foreign", foreign.checkpoint(10, map[string]string{"a": "1"}), nil)
	foreignSecond, _ := foreign.file("foreign", foreign.checkpoint(20, map[string]string{"a": "2"}), &h)
	content, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	damagedFile := bytes.Clone(content)
	damagedFile[len(content)/2] ^= 1
	newer := bytes.Clone(content)
	newer[len(magic)+3] = 2

	for name, test := range map[string]struct {
		files []string
		want  error
	}{
		"an incremental one alone": {files[1:2], ErrForeign},
		"one left out":             {[]string{files[0], files[2]}, ErrForeign},
		"two full ones":            {[]string{files[0], foreignFirst}, ErrForeign},
		"of another cluster":       {[]string{files[0], foreignSecond}, ErrForeign},
		"in another order":         {[]string{files[0], files[2], files[1]}, ErrForeign},
		"damaged":                  {[]string{saved(t, "damaged", damagedFile)}, ErrDamaged},
		"cut short":                {[]string{saved(t, "short", content[:len(content)-10])}, ErrDamaged},
		"newer":                    {[]string{saved(t, "newer", newer)}, ErrNewer},
		"no backup":                {[]string{saved(t, "other", []byte("something"))}, ErrNotBackup},
		"missing":                  {[]string{filepath.Join(t.TempDir(), "missing")}, os.ErrNotExist},
	} {
		parent := t.TempDir()
		if _, err := restore(t, filepath.Join(parent, "a", "data"), test.files...); !errors.Is(err, test.want) {
			t.Errorf("%s: got %v, want %v", name, err, test.want)
		}
		if left, err := os.ReadDir(parent); err != nil || len(left) > 0 {
			t.Errorf("%s: %v is left, %v", name, left, err)
		}
		empty := t.TempDir()
		if _, err := restore(t, empty, test.files...); err == nil {
			t.Errorf("%s: restored into an empty directory", name)
		}
		if left, err := os.ReadDir(empty); err != nil || len(left) > 0 {
			t.Errorf("%s: %v is left in a directory that was empty, %v", name, left, err)
		}
	}
}

func TestRestoreTouchesNothingThatIsThere(t *testing.T) {
	o := newOrigin(t)
	path, _ := o.file("full", o.checkpoint(10, map[string]string{"a": "1"}), nil)
	for _, name := range []string{"identity", "notes.txt", workName} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, name), []byte("precious"), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := restore(t, dir, path); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: got %v", name, err)
		}
		if content, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(content) != "precious" {
			t.Errorf("%s: %q, %v", name, content, err)
		}
	}
}

func TestInterruptedRestoreLeavesNothing(t *testing.T) {
	o := newOrigin(t)
	files, _ := chain(t, o)
	ctx, cancel := context.WithCancel(context.Background())
	parent := t.TempDir()
	parts := 0
	_, err := Restore(ctx, RestoreOptions{Dir: filepath.Join(parent, "data"), NodeID: 1, Address: "a:1", Files: files, Progress: func(Report) {
		if parts++; parts == 3 {
			cancel()
		}
	}})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if left, err := os.ReadDir(parent); err != nil || len(left) > 0 {
		t.Errorf("%v is left, %v", left, err)
	}
}

// TestChainThatDoesNotAddUp: files that are good by themselves and follow each other by their headers, but do not make the state.
func TestChainThatDoesNotAddUp(t *testing.T) {
	o := newOrigin(t)
	first, h := o.file("first", o.checkpoint(10, map[string]string{"a": "1", "b": "2"}), nil)
	c := o.checkpoint(20, map[string]string{"a": "3"})
	c.Sum++
	second, _ := o.file("second", c, &h)
	if _, err := Check(context.Background(), second, nil); err != nil {
		t.Fatal(err)
	}
	parent := t.TempDir()
	if _, err := restore(t, filepath.Join(parent, "data"), first, second); !errors.Is(err, ErrDamaged) {
		t.Errorf("got %v", err)
	}
	if left, err := os.ReadDir(parent); err != nil || len(left) > 0 {
		t.Errorf("%v is left, %v", left, err)
	}
}

func TestWhatCanFollow(t *testing.T) {
	o := newOrigin(t)
	h10, h20 := o.header(o.checkpoint(10, map[string]string{"a": "1"})), o.header(o.checkpoint(20, map[string]string{"a": "2"}))
	other := h10
	other.ClusterUUID = "another"
	for name, before := range map[string]Header{"of another cluster": other, "of the same slot": h20} {
		h := h20
		if err := h.After(&before); !errors.Is(err, ErrForeign) {
			t.Errorf("after one %s: %v", name, err)
		}
	}
	h := h20
	if err := h.After(&h10); err != nil || h.Follows(&h10) != nil {
		t.Errorf("%v, %v", err, h.Follows(&h10))
	}
	diverged := h10
	diverged.Checkpoint.Sum++
	for name, before := range map[string]Header{"of another cluster": other, "of another slot": h20, "with another state": diverged} {
		if err := h.Follows(&before); !errors.Is(err, ErrForeign) {
			t.Errorf("follows one %s: %v", name, err)
		}
	}
}

// FuzzReadBackup: no input makes the reader do more than refuse it.
func FuzzReadBackup(f *testing.F) {
	o := newOrigin(f)
	var b bytes.Buffer
	h := o.write(&b, o.checkpoint(10, map[string]string{"a": "1", "b": strings.Repeat("2", 3000)}), nil, 1024)
	f.Add(b.Bytes())
	b = bytes.Buffer{}
	o.write(&b, o.checkpoint(20, map[string]string{"a": "", "c": "3"}), &h, 1024)
	f.Add(b.Bytes())
	f.Add([]byte(magic))
	f.Fuzz(func(t *testing.T, file []byte) {
		h, totals, err := readAll(bytes.NewReader(file))
		if err != nil {
			return
		}
		if h.Slot() == 0 || h.ClusterUUID == "" || totals.Parts == 0 {
			t.Errorf("taken: %+v, %+v", h, totals)
		}
	})
}

// FuzzFrame reaches what checksums keep FuzzReadBackup from: payloads of any content in sound frames.
func FuzzFrame(f *testing.F) {
	o := newOrigin(f)
	c := o.checkpoint(10, map[string]string{"a": "1"})
	h := o.header(c)
	header, err := h.encode()
	if err != nil {
		f.Fatal(err)
	}
	data, _, err := o.store.ReadCheckpoint(10, nil, 1<<20)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(header, byte(kindPart), data)
	f.Add(header, byte(kindTotals), []byte{8, 1})
	f.Fuzz(func(t *testing.T, header []byte, k byte, payload []byte) {
		file := appendFrame(appendFrame(appendStart(nil), kindHeader, header), kind(k), payload)
		if _, _, err := readAll(bytes.NewReader(file)); err == nil {
			t.Error("a file without a seal was taken")
		}
	})
}
