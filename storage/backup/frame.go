package backup

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
)

// FormatVersion is the version of the files that this package writes, and the newest that it reads.
const FormatVersion = 1

const magic = "PAXREDIS BACKUP\n"

// kind is what a frame holds. The values are part of the format.
type kind byte

const (
	kindHeader kind = 1
	kindPart   kind = 2
	kindTotals kind = 3
	kindSeal   kind = 4
)

func (k kind) String() string {
	switch k {
	case kindHeader:
		return "header"
	case kindPart:
		return "part"
	case kindTotals:
		return "totals"
	case kindSeal:
		return "seal"
	}
	return fmt.Sprintf("frame of kind %d", byte(k))
}

// bound is the most a payload of the kind has. A head grows with sessions and databases, not with keys; a part has up to 4 MiB
// before it is compressed, and a little more.
func (k kind) bound() uint32 {
	switch k {
	case kindHeader:
		return 64 << 20
	case kindPart:
		return 8 << 20
	case kindTotals:
		return 1 << 10
	case kindSeal:
		return 32
	}
	return 0
}

const (
	frameHead = 1 + 4
	frameTail = 4
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// appendFrame appends a frame to dst.
func appendFrame(dst []byte, k kind, payload []byte) []byte {
	start := len(dst)
	dst = append(dst, byte(k))
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(payload)))
	dst = append(dst, payload...)
	return binary.BigEndian.AppendUint32(dst, crc32.Checksum(dst[start:], castagnoli))
}

// appendStart appends what is before the first frame.
func appendStart(dst []byte) []byte {
	return binary.BigEndian.AppendUint32(append(dst, magic...), FormatVersion)
}

// readStart reads what is before the first frame.
func readStart(r io.Reader) error {
	start := make([]byte, len(magic)+4)
	n, err := io.ReadFull(r, start)
	switch {
	case err != nil && !isEnd(err):
		return err
	case !bytes.HasPrefix([]byte(magic), start[:min(n, len(magic))]) || n == 0:
		return ErrNotBackup
	case err != nil:
		return damaged(int64(n), "the file ends within its first %d bytes", len(start))
	}
	switch format := binary.BigEndian.Uint32(start[len(magic):]); {
	case format > FormatVersion:
		return fmt.Errorf("format %d, and this program knows %d: %w", format, FormatVersion, ErrNewer)
	case format != FormatVersion:
		return damaged(int64(len(magic)), "format %d is none", format)
	}
	return nil
}

// isEnd reports whether an error of io.ReadFull says that there is no more.
func isEnd(err error) bool { return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) }

// readFrame reads the frame at offset, reusing room. Memory follows the bytes that are there, not the length that is announced.
func readFrame(r io.Reader, offset int64, room *bytes.Buffer) (k kind, payload []byte, err error) {
	room.Reset()
	if err := take(r, offset, room, frameHead); err != nil {
		return 0, nil, err
	}
	head := room.Bytes()
	k = kind(head[0])
	length := binary.BigEndian.Uint32(head[1:])
	if length > k.bound() {
		return 0, nil, damaged(offset, "a %v of %d bytes is none", k, length)
	}
	if err := take(r, offset, room, int64(length)+frameTail); err != nil {
		return 0, nil, err
	}
	frame := room.Bytes()
	end := len(frame) - frameTail
	if crc32.Checksum(frame[:end], castagnoli) != binary.BigEndian.Uint32(frame[end:]) {
		return 0, nil, damaged(offset, "the %v fails its checksum", k)
	}
	return k, frame[frameHead:end], nil
}

// take appends the next n bytes to room.
func take(r io.Reader, offset int64, room *bytes.Buffer, n int64) error {
	got, err := io.CopyN(room, r, n)
	if got == n {
		return nil
	}
	if isEnd(err) {
		return damaged(offset, "the file ends within a frame: it was not written to its end, or is cut short")
	}
	return err
}
