package peer

import (
	"encoding/binary"
	"hash/crc32"

	"github.com/paxredis/paxredis/replication/paxos"
)

// A frame is a header of 16 bytes, numbers big-endian, and a body:
//
//	0  length of the body, 4 bytes
//	4  format version: handshakeFormat, and after the handshake the one that was agreed on
//	5  frame type
//	6  message kind (paxos.MessageKind), 0 unless the frame carries a message or its first piece
//	7  stream of a first or later piece, 0 otherwise
//	8  group id, 4 bytes
//	12 CRC-32C of the header's first 12 bytes and the body
const (
	headerBytes = 16
	// pieceBytes is the longest body. A longer message travels in pieces, so that others get in between; the reader's
	// buffer holds any frame, so that a length is never a reason to allocate.
	pieceBytes = 64 << 10
	// handshakeFormat is that of the handshake's frames, and never changes: nodes of all releases can tell each other
	// which formats they speak.
	handshakeFormat = 1
	// minFormat and maxFormat are the formats of links that this release speaks. Format 1 was never released.
	minFormat, maxFormat = 2, 2
	// onlyGroup is the group id of every message until several groups share a link.
	onlyGroup = 0
)

type frameType uint8

// The types of frames. The values are part of the format.
const (
	frameHello   frameType = 1  // MAC and wire.Hello
	frameAnswer  frameType = 2  // MAC and wire.Answer
	framePing    frameType = 3  // 8 bytes, to be sent back
	framePong    frameType = 4  // the 8 bytes of a ping
	frameMessage frameType = 5  // a whole message
	frameFirst   frameType = 6  // the length of the whole message, 4 bytes, and its first piece
	framePiece   frameType = 7  // the next piece of the message begun last
	frameEnd     frameType = 8  // nothing more comes on this link: an endReason and more about it
	frameJoin    frameType = 9  // MAC and wire.Join
	frameJoined  frameType = 10 // MAC and wire.Joined
)

// stream is one of the sequences of pieces on a link: in each, one long message is under way at a time.
type stream uint8

// The streams. The values are part of the format.
const (
	// streamBulk has everything but:
	streamBulk stream = 0
	// streamParts has parts of checkpoints, so that the log does not wait for them.
	streamParts stream = 1
)

// streams is how many there are.
const streams = 2

// streamOf returns the stream of long messages of that kind.
func streamOf(kind paxos.MessageKind) stream {
	if kind == paxos.KindCheckpointPart {
		return streamParts
	}
	return streamBulk
}

// agreedFormat returns the highest format that both ends speak, if there is one.
func agreedFormat(theirMin, theirMax uint32) (format uint8, ok bool) {
	if theirMin > maxFormat || theirMax < minFormat || theirMin > theirMax {
		return 0, false
	}
	return uint8(min(theirMax, maxFormat)), true
}

// frame is a received frame. Its body lies in the reader's buffer and is valid until the next read.
type frame struct {
	typ    frameType
	kind   paxos.MessageKind
	stream stream
	body   []byte
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func frameCRC(b []byte) uint32 {
	crc := crc32.Update(0, castagnoli, b[:12])
	return crc32.Update(crc, castagnoli, b[headerBytes:])
}

// appendFrame appends a frame with that body.
func appendFrame(dst []byte, format uint8, typ frameType, kind paxos.MessageKind, body []byte) []byte {
	start := len(dst)
	dst = append(beginFrame(dst, format, typ, kind, 0), body...)
	endFrame(dst[start:])
	return dst
}

// beginFrame appends a header that endFrame completes once the body stands behind it.
func beginFrame(dst []byte, format uint8, typ frameType, kind paxos.MessageKind, s stream) []byte {
	var header [headerBytes]byte
	header[4], header[5], header[6], header[7] = format, byte(typ), byte(kind), byte(s)
	binary.BigEndian.PutUint32(header[8:], onlyGroup)
	return append(dst, header[:]...)
}

// endFrame completes the header of the frame that b is.
func endFrame(b []byte) {
	binary.BigEndian.PutUint32(b, uint32(len(b)-headerBytes))
	binary.BigEndian.PutUint32(b[12:], frameCRC(b))
}

// parseFrame reads the frame at the start of b and returns its size, 0 when b does not hold all of it yet. A length
// above limit, and any format but the one given, is refused at once, whatever else b holds.
func parseFrame(b []byte, format uint8, limit int) (frame, int, error) {
	if len(b) < headerBytes {
		return frame{}, 0, nil
	}
	if err := checkHeader(b, format, limit); err != nil {
		return frame{}, 0, err
	}
	size := headerBytes + int(binary.BigEndian.Uint32(b))
	if len(b) < size {
		return frame{}, 0, nil
	}
	if stated, computed := binary.BigEndian.Uint32(b[12:]), frameCRC(b[:size]); stated != computed {
		return frame{}, 0, badFrame("checksum %08x instead of %08x: bytes were altered on the way", stated, computed)
	}
	return frame{frameType(b[5]), paxos.MessageKind(b[6]), stream(b[7]), b[headerBytes:size:size]}, size, nil
}

func checkHeader(b []byte, format uint8, limit int) error {
	if length := binary.BigEndian.Uint32(b); uint64(length) > uint64(limit) {
		return badFrame("length %d is above the limit of %d", length, limit)
	}
	if b[4] != format {
		return badFrame("format version %d instead of %d", b[4], format)
	}
	if group := binary.BigEndian.Uint32(b[8:]); group != onlyGroup {
		return badFrame("unknown group %d", group)
	}
	pieces := frameType(b[5]) == frameFirst || frameType(b[5]) == framePiece
	if b[7] >= streams || b[7] != 0 && !pieces {
		return badFrame("stream %d of a frame of type %d", b[7], b[5])
	}
	return nil
}
