package journal

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"hash/crc64"
	"math"

	"github.com/paxredis/paxredis/storage/internal/format"
)

const (
	// sectorBytes is what a disk writes whole or not at all. Frames start at multiples of it, so that the write of a frame
	// never changes a sector of the frame before it.
	sectorBytes = 512
	// blockBytes is the page size: headers and marks have one of their own.
	blockBytes = 4096

	frameMagic       = 0x31465850 // "PXF1"
	frameHeaderBytes = 40
)

// frameHeader is the fixed part of a frame. Its layout, little-endian: magic u32, describedBytes u32, payloadBytes u64,
// sequence u64, previous u64, describedCRC u32, CRC of all that u32.
type frameHeader struct {
	describedBytes uint32
	payloadBytes   uint64
	sequence       uint64 // 1, 2, 3 ... through all segments
	previous       uint64 // chain value before this frame
	describedCRC   uint32
}

func (h *frameHeader) encode(dst []byte, salt uint32) {
	le := binary.LittleEndian
	le.PutUint32(dst[0:], frameMagic)
	le.PutUint32(dst[4:], h.describedBytes)
	le.PutUint64(dst[8:], h.payloadBytes)
	le.PutUint64(dst[16:], h.sequence)
	le.PutUint64(dst[24:], h.previous)
	le.PutUint32(dst[32:], h.describedCRC)
	le.PutUint32(dst[36:], crc32.Update(salt, castagnoli, dst[:36]))
}

// decodeFrameHeader reports why src, of frameHeaderBytes, is not a frame header of this journal.
func decodeFrameHeader(src []byte, salt uint32) (h frameHeader, err error) {
	le := binary.LittleEndian
	if le.Uint32(src) != frameMagic {
		return h, errors.New("is not a frame")
	}
	if le.Uint32(src[36:]) != crc32.Update(salt, castagnoli, src[:36]) {
		return h, errors.New("has a header that fails its checksum")
	}
	return frameHeader{
		describedBytes: le.Uint32(src[4:]), payloadBytes: le.Uint64(src[8:]), sequence: le.Uint64(src[16:]),
		previous: le.Uint64(src[24:]), describedCRC: le.Uint32(src[32:]),
	}, nil
}

// chainAfter is the chain value after the frame with this encoded header.
func chainAfter(header []byte) uint64 { return crc64.Checksum(header[:frameHeaderBytes], chainTable) }

// bytes is the length of the frame with its padding. A header that claims more than a file can hold gives MaxInt64.
func (h *frameHeader) bytes() int64 {
	if h.payloadBytes > math.MaxInt64/2 {
		return math.MaxInt64
	}
	return align(frameHeaderBytes+int64(h.describedBytes)+int64(h.payloadBytes), sectorBytes)
}

func align(n, to int64) int64 { return (n + to - 1) / to * to }

// decodeDescription parses and checks a frame's description against its header.
func decodeDescription(h *frameHeader, src []byte) (*format.Batch, error) {
	if crc32.Checksum(src, castagnoli) != h.describedCRC {
		return nil, errors.New("has a description that fails its checksum")
	}
	batch := new(format.Batch)
	if err := batch.UnmarshalVT(src); err != nil {
		return nil, fmt.Errorf("has a description that does not decode: %w", err)
	}
	left := h.payloadBytes
	if p := batch.Published; p != nil {
		if p.HeadBytes > left || p.Slot == 0 && p.Generation != 0 {
			return nil, errors.New("has a description of a checkpoint that cannot be")
		}
		left -= p.HeadBytes
	}
	for _, r := range batch.Records {
		if r == nil || r.Slot == 0 || r.Kind == 0 || r.Kind > math.MaxUint8 || r.PayloadBytes > left {
			return nil, errors.New("has a description of records that cannot be")
		}
		left -= r.PayloadBytes
	}
	if left != 0 {
		return nil, fmt.Errorf("has %d bytes of payload that belong to no record", left)
	}
	return batch, nil
}
