package rdb

import (
	"bufio"
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// maxTestBytes bounds strings in tests.
const maxTestBytes = 1 << 20

// maxShown is how long a value's text in the golden file may be; of longer ones it has the beginning and a sum.
const maxShown = 300

// show tells a value as text, the same for the same value.
func show(v Value) string {
	text := fmt.Sprintf("%T ", v)
	switch v := v.(type) {
	case String:
		text += fmt.Sprintf("%q", v)
	case List:
		text += fmt.Sprintf("%q", v)
	case Set:
		slices.SortFunc(v, bytes.Compare)
		text += fmt.Sprintf("%q", v)
	case ZSet:
		slices.SortFunc(v, func(a, b ScoredMember) int {
			return cmp.Or(cmp.Compare(a.Score, b.Score), bytes.Compare(a.Member, b.Member))
		})
		for _, m := range v {
			text += fmt.Sprintf("%q=%v ", m.Member, m.Score)
		}
	case Hash:
		slices.SortFunc(v, func(a, b Field) int { return bytes.Compare(a.Name, b.Name) })
		for _, f := range v {
			text += fmt.Sprintf("%q=%q@%d ", f.Name, f.Value, f.ExpireAt)
		}
	case *Stream:
		text += fmt.Sprintf("last %v deleted %v added %d: ", v.LastID, v.MaxDeletedID, v.EntriesAdded)
		for _, e := range v.Entries {
			text += fmt.Sprintf("%v %q ", e.ID, e.Fields)
		}
		for _, g := range v.Groups {
			text += fmt.Sprintf("group %q last %v read %d pending %v ", g.Name, g.LastID, g.EntriesRead, g.Pending)
			for _, c := range g.Consumers {
				text += fmt.Sprintf("consumer %q %d %d ", c.Name, c.SeenAt, c.ActiveAt)
			}
		}
	}
	if text = strings.TrimRight(text, " "); len(text) > maxShown {
		text = fmt.Sprintf("%s... sha256 %x", text[:maxShown], sha256.Sum256([]byte(text)))
	}
	return text
}

// golden is a line of the golden file.
type golden struct {
	name, want string
	payload    []byte
}

func readGolden(t testing.TB) []golden {
	t.Helper()
	f, err := os.Open("testdata/golden.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var all []golden
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		line := lines.Text()
		if strings.HasPrefix(line, "#") {
			continue
		}
		parts := strings.SplitN(line, "\t", 3)
		payload, err := hex.DecodeString(parts[1])
		if err != nil || len(parts) != 3 {
			t.Fatalf("%q: %v", line, err)
		}
		all = append(all, golden{parts[0], parts[2], payload})
	}
	if err := lines.Err(); err != nil || len(all) == 0 {
		t.Fatalf("%d lines, %v", len(all), err)
	}
	return all
}

// TestGoldenDumps reads what redis-server dumped of each type, and what older ones would have, and writes it again.
func TestGoldenDumps(t *testing.T) {
	for _, g := range readGolden(t) {
		v, err := Load(g.payload, maxTestBytes)
		if err != nil {
			t.Errorf("%s: %v", g.name, err)
			continue
		}
		if got := show(v); got != g.want {
			t.Errorf("%s is\n  %s\nnot\n  %s", g.name, got, g.want)
		}
		again, err := Load(Dump(v), maxTestBytes)
		if err != nil || show(again) != show(v) {
			t.Errorf("%s: dumped again it is %v, %v", g.name, again, err)
		}
	}
}

// TestStringsAreDumpedAsByRedis: byte for byte, where they are not compressed.
func TestStringsAreDumpedAsByRedis(t *testing.T) {
	compared := 0
	for _, g := range readGolden(t) {
		v, err := Load(g.payload, maxTestBytes)
		s, ok := v.(String)
		if err != nil || !ok || g.payload[1] == lengthSpecial<<6|formLZF {
			continue
		}
		compared++
		if got := Dump(s); !bytes.Equal(got, g.payload) {
			t.Errorf("%s is dumped as %x, by Redis as %x", g.name, got, g.payload)
		}
	}
	if compared < 5 {
		t.Errorf("only %d strings were compared", compared)
	}
}

// TestChecksum pins the CRC to its published check value.
func TestChecksum(t *testing.T) {
	const check = 0xe9c6d914c4b8d9ca
	if got := Checksum(0, []byte("123456789")); got != check {
		t.Errorf("the checksum is %#x, not %#x", got, uint64(check))
	}
	if got := Checksum(Checksum(0, []byte("12345")), []byte("6789")); got != check {
		t.Errorf("in two parts the checksum is %#x, not %#x", got, uint64(check))
	}
}

func TestFooter(t *testing.T) {
	good := Dump(String("hello"))
	if _, err := Load(good, maxTestBytes); err != nil {
		t.Fatal(err)
	}
	for i := range good {
		for bit := range 8 {
			bad := slices.Clone(good)
			bad[i] ^= 1 << bit
			if _, err := Load(bad, maxTestBytes); !errors.Is(err, ErrFooter) {
				t.Errorf("with bit %d of byte %d turned the error is %v", bit, i, err)
			}
		}
	}
	for n := range good {
		if _, err := Load(good[:n], maxTestBytes); !errors.Is(err, ErrFooter) {
			t.Errorf("of %d bytes the error is %v", n, err)
		}
	}
	newer := slices.Clone(good[:len(good)-FooterBytes])
	newer = binary.LittleEndian.AppendUint16(newer, newestVersion+1)
	newer = binary.LittleEndian.AppendUint64(newer, Checksum(0, newer))
	if _, err := Load(newer, maxTestBytes); !errors.Is(err, ErrFooter) {
		t.Errorf("of a newer version the error is %v", err)
	}
}

// TestVersionsOfDumps: no dump names a newer version than it needs.
func TestVersionsOfDumps(t *testing.T) {
	active := &Stream{Groups: []StreamGroup{{Consumers: []StreamConsumer{{SeenAt: 5, ActiveAt: UnknownEntriesRead}}}}}
	for _, test := range []struct {
		v    Value
		want uint16
	}{
		{String("a"), 10}, {List{{}}, 10}, {Set{[]byte("a")}, 10}, {Set{[]byte("1")}, 10}, {ZSet{{}}, 10}, {Hash{{}}, 10}, {&Stream{}, 10},
		{active, 11}, {Hash{{ExpireAt: 1}}, 12},
	} {
		b := Dump(test.v)
		if got := binary.LittleEndian.Uint16(b[len(b)-FooterBytes:]); got != test.want {
			t.Errorf("%T %v: version %d, not %d", test.v, test.v, got, test.want)
		}
	}
}

// TestLimits: past each bound there is an error.
func TestLimits(t *testing.T) {
	plain := Encode(String("0123456789"))
	if _, err := Decode(plain, 10); err != nil {
		t.Error(err)
	}
	if _, err := Decode(plain, 9); err == nil {
		t.Error("a string that is too long was read")
	}
	packed := Encode(String(strings.Repeat("a", 1000)))
	if packed[1] != lengthSpecial<<6|formLZF {
		t.Fatal("it was not compressed")
	}
	if _, err := Decode(packed, 1000); err != nil {
		t.Error(err)
	}
	if _, err := Decode(packed, 999); err == nil {
		t.Error("a compressed string that is too long was read")
	}
	two := Encode(List{bytes.Repeat([]byte("a"), maxNodeBytes+1), bytes.Repeat([]byte("b"), maxNodeBytes+1)})
	if _, err := Decode(two, 2*(maxNodeBytes+1)); err != nil {
		t.Error(err)
	}
	if _, err := Decode(two, 2*maxNodeBytes+1); err == nil {
		t.Error("compressed strings that are too long together were read")
	}
}

// TestHostileLengths: counts and lengths that cannot be true are refused before anything is made room for.
func TestHostileLengths(t *testing.T) {
	const huge = "\x81\x7f\xff\xff\xff\xff\xff\xff\xff"
	inputs := []string{"", "\x00", "\x00" + huge, "\x00\xc4", "\x00\xc3" + huge + huge, "\x00\xc3\x01" + huge + "a", "\x00\x82aaaaaaaa", "\x00\xc2aaa",
		"\x07", "\x06\x00", "\xff", "\x12\x01\x03\x01a", "\x12\xc0\x01"}
	for _, kind := range []valueType{typeList, typeSet, typeZSet, typeHash, typeZSet2, typeListQuicklist, typeListQuicklist2, typeStreamListpacks,
		typeStreamListpacks2, typeStreamListpacks3} {
		inputs = append(inputs, string(rune(kind))+huge, string(rune(kind))+huge+huge+huge+huge+huge, string(rune(kind))+"\x00")
	}
	inputs = append(inputs, string(rune(typeHashTimes))+"aaaaaaaa"+huge)
	for _, input := range inputs {
		if v, err := Decode([]byte(input), maxTestBytes); err == nil {
			if _, ok := v.(*Stream); !ok {
				t.Errorf("%q was read as %v", input, v)
			}
		}
	}
}

// TestWrongValues: what no Redis would write.
func TestWrongValues(t *testing.T) {
	for name, v := range map[string]Value{
		"no elements of a list":   List{},
		"no members of a set":     Set{},
		"no members of a zset":    ZSet{},
		"no fields of a hash":     Hash{},
		"a member twice":          Set{[]byte("a"), []byte("a")},
		"a scored member twice":   ZSet{{Member: []byte("a"), Score: 1}, {Member: []byte("a"), Score: 2}},
		"a field twice":           Hash{{Name: []byte("a")}, {Name: []byte("a")}},
		"a timed field twice":     Hash{{Name: []byte("a"), ExpireAt: 1}, {Name: []byte("a")}},
		"entries in wrong order":  &Stream{LastID: StreamID{9, 9}, EntriesAdded: 2, Entries: []StreamEntry{{ID: StreamID{2, 0}, Fields: pair}, {ID: StreamID{1, 0}, Fields: pair}}},
		"an entry twice":          &Stream{LastID: StreamID{9, 9}, EntriesAdded: 2, Entries: []StreamEntry{{ID: StreamID{2, 0}, Fields: pair}, {ID: StreamID{2, 0}, Fields: pair}}},
		"an entry above the last": &Stream{LastID: StreamID{1, 9}, EntriesAdded: 1, Entries: []StreamEntry{{ID: StreamID{2, 0}, Fields: pair}}},
		"too few entries":         &Stream{LastID: StreamID{2, 0}, Entries: []StreamEntry{{ID: StreamID{2, 0}, Fields: pair}}},
		"a group twice":           &Stream{Groups: []StreamGroup{{Name: []byte("g")}, {Name: []byte("g")}}},
	} {
		if got, err := Load(Dump(v), maxTestBytes); err == nil {
			t.Errorf("%s was read as %v", name, got)
		}
	}
}

var pair = [][]byte{[]byte("field"), []byte("value")}

// TestBackwardLengths pins how many bytes an element's length takes at the edges, which are not where one would think.
func TestBackwardLengths(t *testing.T) {
	for n, want := range map[int]int{1: 1, 127: 1, 128: 2, 16382: 2, 16383: 3, 2097150: 3, 2097151: 4, 268435454: 4, 268435455: 5} {
		if got := len(appendBackward(nil, n)); got != want {
			t.Errorf("the length %d takes %d bytes, not %d", n, got, want)
		}
	}
}

func TestLZF(t *testing.T) {
	for _, text := range []string{"", "a", "aaaa", strings.Repeat("a", 1000), strings.Repeat("abc", 5000), strings.Repeat("0123456789abcdef", 1000) + "x",
		strings.Repeat("x", 8192) + "yz" + strings.Repeat("x", 20000)} {
		packed, ok := lzfCompress([]byte(text), len(text)+len(text)/16+16)
		if !ok {
			t.Fatalf("%.20q did not fit", text)
		}
		if plain, ok := lzfDecompress(packed, len(text)); !ok || string(plain) != text {
			t.Errorf("%.20q became %.20q", text, plain)
		}
		for n := range packed {
			if _, ok := lzfDecompress(packed[:n], len(text)); ok {
				t.Errorf("%d of the %d bytes of %.20q are enough", n, len(packed), text)
			}
		}
	}
	for _, bad := range []string{"\x20", "\x20\x00", "\xe0", "\xe0\xff", "\xe0\xff\x00", "\x05ab", "\x00a\x20\x05"} {
		if _, ok := lzfDecompress([]byte(bad), 100); ok {
			t.Errorf("%q was unpacked", bad)
		}
	}
	if _, ok := lzfDecompress([]byte("\x00a"), 1<<40); ok {
		t.Error("two bytes came to a terabyte")
	}
}

// FuzzDecode: no input makes Decode panic, and what it reads is the same again once it is encoded and read anew.
func FuzzDecode(f *testing.F) {
	for _, g := range readGolden(f) {
		if len(g.payload) < 4096 {
			f.Add(g.payload[:len(g.payload)-FooterBytes])
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		v, err := Decode(b, maxTestBytes)
		if err != nil {
			return
		}
		again, err := Decode(Encode(v), 2*maxTestBytes)
		if err != nil {
			t.Fatalf("%v cannot be read again: %v", v, err)
		}
		// DeepEqual knows nil from empty, which means nothing here.
		if show(v) != show(again) && !reflect.DeepEqual(v, again) {
			t.Fatalf("%s became %s", show(v), show(again))
		}
	})
}

// FuzzLZF: what is compressed comes back.
func FuzzLZF(f *testing.F) {
	f.Add([]byte("abcabcabcabcabcabcabc"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if packed, ok := lzfCompress(b, len(b)); ok {
			if plain, ok := lzfDecompress(packed, len(b)); !ok || !bytes.Equal(plain, b) {
				t.Fatalf("%q became %q", b, plain)
			}
		}
		if plain, ok := lzfDecompress(b, 4096); ok && len(plain) != 4096 {
			t.Fatal("of another length")
		}
	})
}

func BenchmarkCompress(b *testing.B) {
	text := []byte(strings.Repeat("the quick brown fox jumps over the lazy dog; ", 200))
	b.SetBytes(int64(len(text)))
	for range b.N {
		_, _ = lzfCompress(text, len(text))
	}
}
