package store

import (
	"encoding/binary"
	"fmt"

	"github.com/cespare/xxhash/v2"

	"github.com/paxredis/paxredis/replication/paxos"
)

const sealBytes = 8

// seal appends a checksum to a part.
func seal(data []byte) []byte { return binary.BigEndian.AppendUint64(data, xxhash.Sum64(data)) }

func appendString(dst []byte, s string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

// open returns the records of a part.
func open(data []byte) (map[string]string, error) {
	body := data[:max(0, len(data)-sealBytes)]
	if len(data) < sealBytes || binary.BigEndian.Uint64(data[len(body):]) != xxhash.Sum64(body) {
		return nil, fmt.Errorf("a part of %d bytes: %w", len(data), paxos.ErrDamagedCheckpoint)
	}
	records := map[string]string{}
	for len(body) > 0 {
		var key, value string
		key, body = cutString(body)
		value, body = cutString(body)
		records[key] = value
	}
	return records, nil
}

// cutString takes the first string off what a checksum has proved to be a part.
func cutString(b []byte) (s string, rest []byte) {
	length, size := binary.Uvarint(b)
	return string(b[size : size+int(length)]), b[size+int(length):]
}
