package rdb

import (
	"encoding/binary"
	"errors"
	"hash/crc64"
)

// FooterBytes is the length of what is behind a dumped value: the version of the format, 2 bytes, and a checksum of all in front of
// it, 8 bytes, both little-endian.
const FooterBytes = 2 + 8

// ErrFooter is what Load returns for a payload that is too short or damaged, or of a version that it does not know.
var ErrFooter = errors.New("the version is too new, or the checksum is another")

// jones is the polynomial of the checksum, CRC-64 by David Jones: 0xad93d23594c935a9, its bits reversed.
var jones = crc64.MakeTable(0x95ac9329ac4bc9b5)

// Checksum goes on with Redis's CRC-64 of what came before, 0 at the beginning. Package crc64 inverts all bits before and after, which
// this one does not.
func Checksum(before uint64, b []byte) uint64 { return ^crc64.Update(^before, jones, b) }

// Dump is a value as DUMP replies it: encoded, with the footer.
func Dump(v Value) []byte {
	b := Encode(v)
	b = binary.LittleEndian.AppendUint16(b, valueType(b[0]).version())
	return binary.LittleEndian.AppendUint64(b, Checksum(0, b))
}

// Load reads what Dump or Redis's DUMP returned. maxBytes bounds the length of each string and what compressed strings may come to
// together. The error is ErrFooter, or says what is wrong behind a right footer.
func Load(payload []byte, maxBytes int) (Value, error) {
	b, err := withoutFooter(payload)
	if err != nil {
		return nil, err
	}
	return Decode(b, maxBytes)
}

// withoutFooter checks the footer of a payload and returns what is in front of it.
func withoutFooter(payload []byte) ([]byte, error) {
	end := len(payload) - FooterBytes
	if end < 0 {
		return nil, ErrFooter
	}
	if binary.LittleEndian.Uint16(payload[end:]) > newestVersion {
		return nil, ErrFooter
	}
	if sum := len(payload) - 8; binary.LittleEndian.Uint64(payload[sum:]) != Checksum(0, payload[:sum]) {
		return nil, ErrFooter
	}
	return payload[:end], nil
}
