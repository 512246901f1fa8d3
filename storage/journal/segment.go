package journal

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/google/uuid"
)

const (
	segmentSuffix   = ".seg"
	temporarySuffix = ".tmp"
	frontierName    = "frontier"

	segmentMagic     = "PAXJRNL\x00"
	fillBytes        = 1 << 20 // zeros written, and synced, at a time
	headerCRCOffset  = sectorBytes - 4
	versionOffset    = 8 // the same in all versions, as are magic and CRC
	maxSegmentNumber = 1<<24 - 1
)

// zeros is never written to.
var zeros = make([]byte, fillBytes)

// segmentHeader is the first block of a segment in use. Its layout, little-endian, in the first sector: magic 8 bytes,
// FormatVersion u32, 0 u32, cluster 16, node 16, number u64, size u64, first u64, previous u64, zeros, CRC u32.
type segmentHeader struct {
	cluster, node uuid.UUID
	number        uint64
	size          int64  // of the file
	first         uint64 // sequence of its first frame
	previous      uint64 // chain value before it
}

func (h *segmentHeader) encode(dst []byte) {
	le := binary.LittleEndian
	clear(dst[:blockBytes])
	copy(dst, segmentMagic)
	le.PutUint32(dst[versionOffset:], FormatVersion)
	copy(dst[16:], h.cluster[:])
	copy(dst[32:], h.node[:])
	le.PutUint64(dst[48:], h.number)
	le.PutUint64(dst[56:], uint64(h.size))
	le.PutUint64(dst[64:], h.first)
	le.PutUint64(dst[72:], h.previous)
	sealSector(dst)
}

// errNewerFormat tells a file of a later version from a damaged one.
var errNewerFormat = errors.New("newer format")

// decodeSegmentHeader checks the block as such; whether it fits its neighbours is for replay to say.
func decodeSegmentHeader(src []byte) (h segmentHeader, err error) {
	if err = openSector(src, segmentMagic, "segment header"); err != nil {
		return h, err
	}
	le := binary.LittleEndian
	copy(h.cluster[:], src[16:])
	copy(h.node[:], src[32:])
	h.number, h.size = le.Uint64(src[48:]), int64(le.Uint64(src[56:]))
	h.first, h.previous = le.Uint64(src[64:]), le.Uint64(src[72:])
	if h.size < blockBytes {
		return h, errors.New("the segment header holds an impossible size")
	}
	return h, nil
}

// sealSector puts the checksum at the end of a block's first sector, the only one in use.
func sealSector(block []byte) {
	binary.LittleEndian.PutUint32(block[headerCRCOffset:], crc32.Checksum(block[:headerCRCOffset], castagnoli))
}

// openSector checks what sealSector sealed: checksum, magic, version, and that the rest of the block is zero.
func openSector(block []byte, magic, what string) error {
	if binary.LittleEndian.Uint32(block[headerCRCOffset:]) != crc32.Checksum(block[:headerCRCOffset], castagnoli) {
		return fmt.Errorf("the %s fails its checksum", what)
	}
	if string(block[:len(magic)]) != magic {
		return fmt.Errorf("the %s has another magic", what)
	}
	if v := binary.LittleEndian.Uint32(block[versionOffset:]); v < oldestVersion || v > FormatVersion {
		return fmt.Errorf("%w: the %s is of version %d, this binary knows %d", errNewerFormat, what, v, FormatVersion)
	}
	if !isZero(block[sectorBytes:blockBytes]) {
		return fmt.Errorf("the block of the %s holds bytes that were never written", what)
	}
	return nil
}

func isZero(b []byte) bool {
	for len(b) >= 8 {
		if binary.LittleEndian.Uint64(b) != 0 {
			return false
		}
		b = b[8:]
	}
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}

func segmentPath(dir string, number uint64) string {
	return filepath.Join(dir, fmt.Sprintf("%08d%s", number, segmentSuffix))
}

// segmentNumber parses the name of a segment file.
func segmentNumber(name string) (number uint64, ok bool) {
	digits, ok := strings.CutSuffix(name, segmentSuffix)
	if !ok || len(digits) != 8 {
		return 0, false
	}
	number, err := strconv.ParseUint(digits, 10, 64)
	return number, err == nil && number > 0 && number <= maxSegmentNumber
}

// errStopped ends a preparation when the journal closes.
var errStopped = errors.New("the journal is closing")

// prepare makes a zero-filled file of the given size and name. Its space is allocated and its metadata durable, so that
// a later fdatasync of written data has nothing but that data to write. It ends early when stop is closed.
func prepare(fsys FileSystem, name string, size int64, stop <-chan struct{}) error {
	temporary := name + temporarySuffix
	if err := fill(fsys, temporary, size, stop); err != nil {
		// What was allocated must not stay behind on a full disk. Should the removal fail too, the first error says
		// more, and the next open removes temporary files again.
		_ = fsys.Remove(temporary)
		return failed("prepare", name, size, err)
	}
	return install(fsys, temporary, name)
}

func fill(fsys FileSystem, name string, size int64, stop <-chan struct{}) error {
	f, err := fsys.Create(name)
	if err != nil {
		return err
	}
	err = f.Allocate(size)
	if err == nil {
		err = zero(f, 0, size, stop)
	}
	return errors.Join(err, f.Close())
}

// zero overwrites a range of a file with zeros and syncs it, in small pieces: one large flush would hold up the syncs
// of the segment in use.
func zero(f File, from, to int64, stop <-chan struct{}) error {
	for from < to {
		select {
		case <-stop:
			return errStopped
		default:
		}
		n := min(to-from, fillBytes)
		if err := f.WriteVector([][]byte{zeros[:n]}, from); err != nil {
			return err
		}
		if err := f.Sync(); err != nil {
			return err
		}
		from += n
	}
	return nil
}
