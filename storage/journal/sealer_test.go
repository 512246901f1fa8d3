package journal

import (
	"bytes"
	"encoding/binary"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/paxredis/paxredis/replication/paxos"
)

// testSealer inverts the bits of a payload, and puts its slot before it.
type testSealer struct{}

func (testSealer) Overhead() int { return 8 }

func (testSealer) Seal(dst []byte, r *paxos.Record) []byte {
	dst = binary.BigEndian.AppendUint64(dst, uint64(r.Slot))
	for _, b := range r.Entry.Payload {
		dst = append(dst, ^b)
	}
	return dst
}

func (testSealer) Open(r *paxos.Record) ([]byte, error) {
	stored := r.Entry.Payload
	if len(stored) < 8 || binary.BigEndian.Uint64(stored) != uint64(r.Slot) {
		return nil, errors.New("sealed for another slot")
	}
	for i := range stored {
		stored[i] = ^stored[i]
	}
	return stored[8:], nil
}

func sealedOptions() Options {
	o := testOptions()
	o.Sealer = testSealer{}
	return o
}

// TestSealedPayloads are what was saved, from memory and from disk, also in a journal that is inspected or salvaged; in the files is none of them.
// Frames of all kinds are among them: of several records, larger than what is copied, and larger than a segment.
func TestSealedPayloads(t *testing.T) {
	j, dir := create(t, sealedOptions())
	all := fillJournal(t, j, 15)
	more := []paxos.Record{record(16, 1, 90_000), record(17, 1, 100), record(18, 1, 0), record(19, 1, 20_000), record(20, 1, 30_000)}
	save(t, j, more[0])
	save(t, j, more[1:]...)
	all = append(all, more...)
	expect(t, j, all)
	crash(t, j)
	for path, content := range files(t, dir) {
		for _, r := range all {
			if len(r.Entry.Payload) >= 100 && bytes.Contains(content, r.Entry.Payload[:100]) {
				t.Errorf("the payload of slot %v is in %s", r.Slot, filepath.Base(path))
			}
		}
	}

	o := sealedOptions()
	o.CacheBytes = 1
	j = open(t, dir, o)
	expect(t, j, all)
	r, err := j.Restored()
	if err != nil || len(r.Records) != len(all) || !sameRecord(r.Records[18], all[18]) {
		t.Errorf("%d records restored: %v", len(r.Records), err)
	}
	closeJournal(t, j)

	o = sealedOptions()
	o.Boot = 1
	s, err := Salvage(dir, o, false)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range all {
		if got, err := s.Record(want.Slot); err != nil || !sameRecord(got, want) {
			t.Errorf("slot %v as salvaged: %v", want.Slot, err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	err = Inspect(dir, o, func(e Entry) error {
		if e.Frame == nil {
			return nil
		}
		for _, r := range e.Frame.Records {
			if want := all[r.Slot-1].Entry.Payload; r.Bytes != uint64(len(want)) {
				t.Errorf("slot %v has %d bytes as inspected, not %d", r.Slot, r.Bytes, len(want))
			}
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// TestD3_APayloadThatDoesNotOpenIsDamage, although its checksum is right.
func TestD3_APayloadThatDoesNotOpenIsDamage(t *testing.T) {
	j, dir := create(t, testOptions()) // without a sealer, so that nothing opens
	save(t, j, record(1, 1, 100))
	closeJournal(t, j)
	o := sealedOptions()
	o.CacheBytes = 1
	j = open(t, dir, o)
	defer closeJournal(t, j)
	var damage *Corrupt
	if _, err := j.Restored(); !errors.As(err, &damage) || damage.Where == "" {
		t.Errorf("restored: %v", err)
	}
	if _, err := j.Read(1, 1, 1<<20); !errors.As(err, &damage) {
		t.Errorf("read: %v", err)
	}
	o.Boot = 1
	var frame, verdict string
	err := Inspect(dir, o, func(e Entry) error {
		if e.Frame != nil {
			frame = e.Problem
		}
		verdict = e.Problem
		return nil
	})
	if err != nil || !strings.Contains(frame, "the payload of slot 1") || !strings.Contains(frame, "cannot be decrypted") || verdict != frame {
		t.Errorf("inspected: %q, and the verdict is %q: %v", frame, verdict, err)
	}
}

// TestALargeSealedPayloadIsNotKept in memory after it was written.
func TestALargeSealedPayloadIsNotKept(t *testing.T) {
	o := sealedOptions()
	o.CacheBytes = 1
	j, _ := create(t, o)
	defer closeJournal(t, j)
	save(t, j, record(1, 1, 100))
	if len(j.scratch.sealed) == 0 {
		t.Error("nothing is used again")
	}
	large := record(2, 1, keepScratch+1)
	save(t, j, large)
	if n := cap(j.scratch.sealed); n > keepScratch {
		t.Errorf("%d bytes are kept", n)
	}
	expect(t, j, []paxos.Record{record(1, 1, 100), large})
}

// TestWithoutASealerAppendAllocatesNothingForPayloads: what a Sealer needs is not paid for by others.
func TestWithoutASealerAppendAllocatesNothingForPayloads(t *testing.T) {
	o := testOptions()
	o.SegmentBytes, o.CacheBytes = DefaultSegmentBytes, 1
	j, _ := create(t, o)
	defer closeJournal(t, j)
	parts := &frameParts{records: []*paxos.Record{{Slot: 1, Entry: paxos.Entry{Payload: make([]byte, 64<<10)}}}}
	payload := &parts.records[0].Entry.Payload[0]
	j.payloads(parts)
	if n := testing.AllocsPerRun(100, func() { j.payloads(parts) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
	if got := j.payloads(parts); &got[0][0] != payload {
		t.Error("the payload was copied")
	}
}
