package statemachine

import "bytes"

// HashSlots is how many hash slots Redis Cluster has.
const HashSlots = 16384

// crcTable is that of CRC-16/XMODEM: polynomial 0x1021, nothing reflected, starting from 0.
var crcTable = func() (table [256]uint16) {
	for i := range table {
		crc := uint16(i) << 8
		for range 8 {
			carry := crc & 0x8000
			crc <<= 1
			if carry != 0 {
				crc ^= 0x1021
			}
		}
		table[i] = crc
	}
	return table
}()

// HashSlot is a key's hash slot as Redis Cluster defines it (https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/): the
// CRC of the key, or of what is in its first braces if that is anything.
func HashSlot(key []byte) int {
	if open := bytes.IndexByte(key, '{'); open >= 0 {
		if length := bytes.IndexByte(key[open+1:], '}'); length > 0 {
			key = key[open+1 : open+1+length]
		}
	}
	crc := uint16(0)
	for _, c := range key {
		crc = crc<<8 ^ crcTable[byte(crc>>8)^c]
	}
	return int(crc) % HashSlots
}
