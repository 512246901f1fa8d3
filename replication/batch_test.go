package replication

import (
	"bytes"
	"reflect"
	"testing"

	"github.com/google/uuid"

	"github.com/paxredis/paxredis/replication/internal/wire"
)

func exampleSections() []section {
	return []section{
		{node: 1, session: uuid.New(), boot: 7, open: true},
		{node: 2, session: uuid.New(), first: 41, count: 2, commands: []byte("abcd")},
		{node: 3, session: uuid.New(), first: maxNumber, count: 1, commands: bytes.Repeat([]byte{0xff}, 100_000)},
	}
}

func TestBatchRoundTrip(t *testing.T) {
	want := batch{timeMS: 1_700_000_000_123, seed: 1 << 63, retentionMS: 86_400_000, sections: exampleSections()}
	payload, err := encodeBatch(&want)
	if err != nil {
		t.Fatal(err)
	}
	got, err := decodeBatch(payload)
	if err != nil {
		t.Fatal(err)
	}
	want.sections[0].commands, got.sections[0].commands = nil, nil
	if !reflect.DeepEqual(got, want) {
		t.Errorf("decoded %+v\nwant %+v", got, want)
	}
	bound := sectionOverhead
	for i := range want.sections {
		bound += want.sections[i].size()
	}
	if len(payload) > bound {
		t.Errorf("%d bytes exceed the bound %d that the pipeline goes by", len(payload), bound)
	}
}

func TestForwardedRoundTrip(t *testing.T) {
	want := exampleSections()[1:]
	payload, err := encodeForwarded(want)
	if err != nil {
		t.Fatal(err)
	}
	got, err := decodeForwarded(payload)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("decoded %+v\nwant %+v", got, want)
	}
}

func TestEmptyBatchIsAStamp(t *testing.T) {
	payload, err := encodeBatch(&batch{timeMS: 5, seed: 6})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := decodeBatch(payload); err != nil || got.timeMS != 5 || got.seed != 6 || len(got.sections) != 0 {
		t.Errorf("%+v, %v", got, err)
	}
}

// expectUndecodable wants a batch to be decoded as it is, and not once its section is changed.
func expectUndecodable(t *testing.T, b *wire.Batch, change func(b *wire.Batch, s *wire.Section)) {
	t.Helper()
	encode := func() []byte {
		payload, err := b.MarshalVT()
		if err != nil {
			t.Fatal(err)
		}
		return payload
	}
	if _, err := decodeBatch(encode()); err != nil {
		t.Fatalf("before the change: %v", err)
	}
	change(b, b.Sections[0])
	if got, err := decodeBatch(encode()); err == nil || got.sections != nil {
		t.Errorf("decoded as %+v, %v", got, err)
	}
}

func TestUndecodableBatches(t *testing.T) {
	id := uuid.New()
	good := func() *wire.Section {
		return &wire.Section{Node: 1, Session: id[:], First: 1, Count: 1, Commands: []byte("x")}
	}
	for name, change := range map[string]func(b *wire.Batch, s *wire.Section){
		"a newer format":              func(b *wire.Batch, _ *wire.Section) { b.Format++ },
		"no format":                   func(b *wire.Batch, _ *wire.Section) { b.Format = 0 },
		"another group":               func(b *wire.Batch, _ *wire.Section) { b.Group++ },
		"a time before 1970":          func(b *wire.Batch, _ *wire.Section) { b.TimeMs = -1 },
		"no origin":                   func(_ *wire.Batch, s *wire.Section) { s.Node = 0 },
		"a short session":             func(_ *wire.Batch, s *wire.Section) { s.Session = s.Session[:15] },
		"a long session":              func(_ *wire.Batch, s *wire.Section) { s.Session = append(s.Session[:16:16], 0) },
		"number 0":                    func(_ *wire.Batch, s *wire.Section) { s.First = 0 },
		"a number that overflows":     func(_ *wire.Batch, s *wire.Section) { s.First = 1<<64 - 1 },
		"no commands":                 func(_ *wire.Batch, s *wire.Section) { s.Count = 0 },
		"more commands than bytes":    func(_ *wire.Batch, s *wire.Section) { s.Count = 2 },
		"an opening without a boot":   func(_ *wire.Batch, s *wire.Section) { *s = wire.Section{Node: 1, Session: id[:], Open: true} },
		"an opening with commands":    func(_ *wire.Batch, s *wire.Section) { s.Open, s.Boot = true, 1 },
		"a bad section behind a good": func(b *wire.Batch, _ *wire.Section) { b.Sections = append(b.Sections, &wire.Section{}) },
	} {
		t.Run(name, func(t *testing.T) {
			b := &wire.Batch{Format: FormatVersion, Group: groupID, TimeMs: 1, Sections: []*wire.Section{good()}}
			expectUndecodable(t, b, change)
		})
	}
}

func TestSectionSeedsDiffer(t *testing.T) {
	seen := map[uint64]bool{}
	for seed := range uint64(100) {
		for index := range 100 {
			seen[sectionSeed(seed, index)] = true
		}
	}
	if len(seen) != 100*100 {
		t.Errorf("%d different seeds of 10000", len(seen))
	}
}

func FuzzDecodeBatch(f *testing.F) {
	payload, err := encodeBatch(&batch{timeMS: 1, seed: 2, sections: exampleSections()[:2]})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(payload)
	f.Add([]byte(nil))
	f.Fuzz(func(t *testing.T, payload []byte) {
		b, err := decodeBatch(payload)
		if err != nil {
			return
		}
		for i := range b.sections {
			s := &b.sections[i]
			if s.node == 0 || !s.open && (s.count == 0 || s.last() < s.first || int(s.count) > len(s.commands)) {
				t.Fatalf("decoded section %+v", s)
			}
		}
		again, err := encodeBatch(&b)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := decodeBatch(again); err != nil {
			t.Fatalf("its own encoding does not decode: %v", err)
		}
	})
}

func FuzzDecodeForwarded(f *testing.F) {
	payload, err := encodeForwarded(exampleSections()[:2])
	if err != nil {
		f.Fatal(err)
	}
	f.Add(payload)
	f.Fuzz(func(t *testing.T, payload []byte) {
		sections, err := decodeForwarded(payload)
		if err != nil && sections != nil {
			t.Fatal("sections and an error")
		}
	})
}
