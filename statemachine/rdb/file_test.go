package rdb

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"reflect"
	"testing"
)

// written is a file of a version with a key of each type, and what was put into it.
func written(t testing.TB, version int) ([]byte, []Value) {
	t.Helper()
	values := []Value{
		String("hello"), String("12345"), String(bytes.Repeat([]byte("abc"), 100)), List{[]byte("a"), []byte("1")},
		Set{[]byte("1"), []byte("2")}, Set{[]byte("a"), []byte("b")}, ZSet{{Member: []byte("a"), Score: 1.5}},
		Hash{{Name: []byte("a"), Value: []byte("b")}},
		&Stream{LastID: StreamID{MS: 5, Seq: 1}, EntriesAdded: 1, Entries: []StreamEntry{{ID: StreamID{MS: 5, Seq: 1}, Fields: [][]byte{[]byte("f"), []byte("v")}}},
			Groups: []StreamGroup{{Name: []byte("g"), Consumers: []StreamConsumer{{Name: []byte("c"), SeenAt: 7, ActiveAt: 7}},
				Pending: []PendingEntry{{ID: StreamID{MS: 5, Seq: 1}, DeliveredAt: 7, Deliveries: 1}}}}},
	}
	if version >= version74 {
		values = append(values, Hash{{Name: []byte("a"), Value: []byte("b"), ExpireAt: 99}, {Name: []byte("c"), Value: []byte("d")}})
	}
	var file bytes.Buffer
	w, err := NewFileWriter(&file, version)
	if err != nil {
		t.Fatal(err)
	}
	steps := []error{w.Aux("redis-ver", "7.0.15"), w.Functions("#!lua name=x\n"), w.Database(3, len(values), 1)}
	for i, v := range values {
		deadline := int64(0)
		if i == 1 {
			deadline = 1 << 45
		}
		steps = append(steps, w.Key([]byte{'k', byte(i)}, deadline, v))
	}
	if err := errors.Join(append(steps, w.Close())...); err != nil {
		t.Fatal(err)
	}
	return file.Bytes(), values
}

// readAll reads a file, and what is behind it.
func readAll(file []byte) (items []Item, rest []byte, err error) {
	in := bufio.NewReader(bytes.NewReader(file))
	r, err := NewFileReader(in, 1<<20)
	for err == nil {
		var item Item
		if item, err = r.Next(); err == nil {
			items = append(items, item)
		}
	}
	if !errors.Is(err, io.EOF) {
		return items, nil, err
	}
	rest, err = io.ReadAll(in)
	return items, rest, err
}

func TestAFileIsReadAsItWasWritten(t *testing.T) {
	for version := OldestWrittenVersion; version <= NewestFileVersion; version++ {
		file, values := written(t, version)
		items, rest, err := readAll(append(bytes.Clone(file), "what follows"...))
		if err != nil || string(rest) != "what follows" {
			t.Fatalf("version %d: %v, left %q", version, err, rest)
		}
		if items[0].Kind != ItemAux || string(items[0].Text) != "7.0.15" || items[1].Kind != ItemFunctions || string(items[1].Text) != "#!lua name=x\n" {
			t.Fatalf("version %d: the file begins with %+v", version, items[:2])
		}
		for i, item := range items[2:] {
			v, err := Load(item.Payload, 1<<20)
			if err != nil || !reflect.DeepEqual(v, values[i]) || item.DB != 3 || !bytes.Equal(item.Key, []byte{'k', byte(i)}) {
				t.Errorf("version %d: item %d is %+v, %v, %v", version, i, item, v, err)
			}
			if want := int64(0); i != 1 && item.ExpireAt != want || i == 1 && item.ExpireAt != 1<<45 {
				t.Errorf("version %d: item %d ends at %d", version, i, item.ExpireAt)
			}
		}
		if len(items) != len(values)+2 {
			t.Errorf("version %d: %d items", version, len(items))
		}
	}
}

// TestADamagedFileIsRefused: no byte can be another, and none be missing, without an error that says where.
func TestADamagedFileIsRefused(t *testing.T) {
	file, _ := written(t, NewestFileVersion)
	for i := range file {
		var where *FileError
		if _, _, err := readAll(file[:i]); !errors.As(err, &where) || where.Offset > int64(i) {
			t.Errorf("cut at %d: %v", i, err)
		}
		changed := bytes.Clone(file)
		changed[i] ^= 0x10
		if _, _, err := readAll(changed); err == nil {
			t.Errorf("byte %d is another, and nothing was said", i)
		}
	}
}

func TestFilesThatAreRefused(t *testing.T) {
	head := "REDIS0012"
	module := binary.BigEndian.AppendUint64([]byte{7, 1, 'k', length64}, 1<<63)
	for _, test := range []struct {
		file string
		want error
	}{
		{"", ErrNotASnapshot}, {"PAXOS0010", ErrNotASnapshot}, {"REDIS00x0", ErrNotASnapshot}, {"REDIS0013", ErrNewerFile},
		{head, ErrCut}, {head + string(module), ErrModule}, {head + "\x00\x01k\x80\x7f\xff\xff\xff", ErrTooLarge}, {head + "\x00\x01k\x80\x00\x01\x00\x00", ErrCut},
		{head + "\xff12345678", ErrChecksum},
	} {
		if _, _, err := readAll([]byte(test.file)); !errors.Is(err, test.want) {
			t.Errorf("%q: %v, not %v", test.file, err, test.want)
		}
	}
	if _, _, err := readAll([]byte(head + "\xff\x00\x00\x00\x00\x00\x00\x00\x00")); err != nil {
		t.Errorf("a file without a checksum: %v", err)
	}
}

// TestWhatOldRedisReads: an old version refuses what it cannot hold, and takes a stream without the times that are new.
func TestWhatOldRedisReads(t *testing.T) {
	var file bytes.Buffer
	w, err := NewFileWriter(&file, OldestWrittenVersion)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Key([]byte("k"), 0, Hash{{Name: []byte("a"), ExpireAt: 1}}); !errors.Is(err, ErrNeedsNewer) {
		t.Errorf("a field with a deadline: %v", err)
	}
	s := &Stream{Groups: []StreamGroup{{Name: []byte("g"), Consumers: []StreamConsumer{{Name: []byte("c"), SeenAt: 7, ActiveAt: 5}}}}}
	if err := errors.Join(w.Key([]byte("s"), 0, s), w.Close()); err != nil {
		t.Fatal(err)
	}
	items, _, err := readAll(file.Bytes())
	if err != nil || len(items) != 1 || valueType(items[0].Payload[0]) != typeStreamListpacks2 {
		t.Errorf("%v, %v", items, err)
	}
	for _, version := range []int{OldestWrittenVersion - 1, NewestFileVersion + 1} {
		if _, err := NewFileWriter(io.Discard, version); err == nil {
			t.Errorf("version %d is written", version)
		}
	}
}

// FuzzFile: whatever a file says, it is read within bounds, and what is read of it is read again as it was written.
func FuzzFile(f *testing.F) {
	for version := OldestWrittenVersion; version <= NewestFileVersion; version++ {
		file, _ := written(f, version)
		f.Add(file)
		f.Add(append(file[:len(file)-8:len(file)-8], make([]byte, 8)...))
	}
	f.Add([]byte("REDIS0009\xf7\x81\x00\x00\x00\x00\x00\x00\x00\x01\x02\x02\x01\x05\x01x\x00\xf8\x05\xf9\x03\xfd\x01\x00\x00\x00\x03\x01k\x01\x01m\x011\xff\x00\x00\x00\x00\x00\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, file []byte) {
		items, rest, err := readAll(file)
		if err == nil && len(rest) > len(file) {
			t.Fatal("more is left than there was")
		}
		for _, item := range items {
			if item.Kind != ItemKey {
				continue
			}
			if item.Type == "" || item.ExpireAt < 0 || len(item.Payload) > len(file)+FooterBytes {
				t.Fatalf("%+v", item)
			}
			if _, err := Load(item.Payload, 1<<20); errors.Is(err, ErrFooter) {
				t.Fatalf("the payload of %q has no right footer", item.Key)
			}
		}
	})
}

// TestFilesOfOldRedis puts together what was written long ago, by the description of the format (https://rdb.fnordig.de/file_format.html): no checksum
// before version 5, no notes and sizes before 7, deadlines in seconds, scores as text, and zipmaps.
func TestFilesOfOldRedis(t *testing.T) {
	keys := "\xfd\x80\x00\x00\x00\x00\x01s\x05hello" + // a deadline, 128 s after the epoch
		"\x01\x01l\x02\x01a\xc0\x07" + "\x02\x01t\x01\x01a" + "\x03\x01z\x02\x01a\x031.5\x01b\xfe" + "\x04\x01h\x01\x01a\x01b" +
		"\x09\x01m\x07\x01\x01a\x01\x00b\xff" + "\x0b\x01i\x0c\x02\x00\x00\x00\x02\x00\x00\x00\x01\x00\x02\x00"
	want := []Value{
		String("hello"), List{[]byte("a"), []byte("7")}, Set{[]byte("a")},
		ZSet{{Member: []byte("a"), Score: 1.5}, {Member: []byte("b"), Score: math.Inf(1)}},
		Hash{{Name: []byte("a"), Value: []byte("b")}}, Hash{{Name: []byte("a"), Value: []byte("b")}}, Set{[]byte("1"), []byte("2")},
	}
	for head, end := range map[string]string{
		"REDIS0001\xfe\x03": "\xff", "REDIS0004\xfe\x03": "\xff", "REDIS0005\xfe\x03": "\xff\x00\x00\x00\x00\x00\x00\x00\x00",
		"REDIS0009\xfa\x09redis-ver\x055.0.0\xfe\x03\xfb\x07\x01": "\xff\x00\x00\x00\x00\x00\x00\x00\x00",
	} {
		items, rest, err := readAll([]byte(head + keys + end + "what follows"))
		if err != nil || string(rest) != "what follows" {
			t.Fatalf("%.9s: %v, left %q", head, err, rest)
		}
		if items[0].Kind == ItemAux {
			items = items[1:]
		}
		for i, item := range items {
			v, err := Load(item.Payload, 1<<20)
			if err != nil || i >= len(want) || !reflect.DeepEqual(v, want[i]) || item.DB != 3 || (item.ExpireAt == 128_000) != (i == 0) {
				t.Errorf("%.9s: item %d is %+v, %v, %v", head, i, item, v, err)
			}
		}
		if len(items) != len(want) {
			t.Errorf("%.9s: %d items", head, len(items))
		}
	}
}
