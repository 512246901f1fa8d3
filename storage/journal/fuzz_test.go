package journal

import (
	"bytes"
	"errors"
	"path/filepath"
	"testing"

	"github.com/google/uuid"

	"github.com/paxredis/paxredis/storage/internal/format"
)

func FuzzDecodeFrameHeader(f *testing.F) {
	var encoded [frameHeaderBytes]byte
	(&frameHeader{describedBytes: 7, payloadBytes: 9, sequence: 3, previous: 4, describedCRC: 5}).encode(encoded[:], 11)
	f.Add(encoded[:])
	f.Add(make([]byte, frameHeaderBytes))
	f.Fuzz(func(t *testing.T, src []byte) {
		if len(src) < frameHeaderBytes {
			return
		}
		h, err := decodeFrameHeader(src[:frameHeaderBytes], 11)
		if err != nil {
			return
		}
		var again [frameHeaderBytes]byte
		h.encode(again[:], 11)
		if !bytes.Equal(again[:], src[:frameHeaderBytes]) || h.bytes() <= 0 {
			t.Errorf("%x decodes to %+v", src, h)
		}
	})
}

func FuzzDecodeDescription(f *testing.F) {
	f.Add([]byte{0x22, 0x0c, 8, 1, 16, 1, 24, 1, 32, 2, 40, 5, 0x35, 1, 2, 3, 4}, uint64(5))
	publication, err := (&format.Batch{Published: (&Published{Slot: 4, Generation: 2, Head: []byte("head")}).describe()}).MarshalVT()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(publication, uint64(4))
	f.Fuzz(func(t *testing.T, src []byte, payloadBytes uint64) {
		h := frameHeader{describedBytes: uint32(len(src)), payloadBytes: payloadBytes, describedCRC: checksumOf(src)}
		batch, err := decodeDescription(&h, src)
		if err != nil {
			return
		}
		sum := batch.Published.GetHeadBytes()
		for _, r := range batch.Records {
			sum += r.PayloadBytes
		}
		if sum != payloadBytes {
			t.Errorf("records of %d bytes in a frame of %d", sum, payloadBytes)
		}
	})
}

func FuzzDecodeMark(f *testing.F) {
	block := make([]byte, blockBytes)
	(&mark{cluster: testCluster, node: testNode, number: 2, boot: 1, clean: true, firstSegment: 1, sequence: 9}).encode(block)
	f.Add(block[:sectorBytes])
	f.Fuzz(func(t *testing.T, src []byte) {
		block := make([]byte, blockBytes)
		copy(block, src)
		sealSector(block) // or the checksum keeps everything out
		_, _ = decodeMark(block)
		_, _ = decodeSegmentHeader(block)
	})
}

// FuzzOpen changes a segment behind its mark: whatever is there, Open either refuses it or restores at least what was acknowledged.
func FuzzOpen(f *testing.F) {
	j, made := create(f, testOptions())
	want := fillJournal(f, j, 3)
	end := j.tail.end
	frontier := mustRead(f, filepath.Join(made, frontierName))
	publish(f, j, Published{Slot: 2, Generation: 1, Head: []byte("head")})
	published := j.tail.end
	save(f, j, record(4, 1, 300))
	crash(f, j)
	segment := mustRead(f, segmentPath(made, 1))
	f.Add(segment[published:published+600], uint16(0))
	f.Add(segment[end:published], uint16(0))
	f.Add(segment[end:published+600], uint16(0))
	f.Add([]byte{0x50, 0x58, 0x46, 0x31}, uint16(512))
	f.Fuzz(func(t *testing.T, behind []byte, at uint16) {
		dir := t.TempDir()
		content := append([]byte(nil), segment...)
		clear(content[end:])
		copy(content[min(end+int64(at), int64(len(content))):], behind)
		mustWrite(t, segmentPath(dir, 1), content)
		mustWrite(t, filepath.Join(dir, frontierName), frontier)
		o := testOptions()
		o.Boot = 1
		j, err := Open(dir, o)
		if err != nil {
			var damage *Corrupt
			if !errors.As(err, &damage) {
				t.Fatal(err)
			}
			return
		}
		defer closeJournal(t, j)
		if _, err := j.Restored(); err != nil {
			t.Fatal(err)
		}
		if got, err := j.Read(1, 3, 1<<20); err != nil || len(got) != len(want) {
			t.Errorf("%d of %d records: %v", len(got), len(want), err)
		}
	})
}

func TestTwoJournalsHaveDifferentSalts(t *testing.T) {
	a, b := testOptions(), testOptions()
	b.Node = uuid.New()
	if a.salt() == b.salt() || a.origin() == b.origin() {
		t.Error("frames of one node would pass for another's")
	}
}
