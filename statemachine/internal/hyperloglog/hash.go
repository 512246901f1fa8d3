package hyperloglog

import (
	"encoding/binary"
	"math/bits"
)

// How the 64 bits of an element's hash are used: the low ones choose a register, the number of zeros at the low end of the
// others, plus one, is what the register keeps the highest of.
const (
	indexBits = 14
	rankBits  = 64 - indexBits
)

// observation is what an element says of a register.
type observation struct {
	index int
	rank  byte // 1 to rankBits + 1
}

func observe(element []byte) observation {
	h := murmur64A(element, hashSeed)
	// The bit above the others ends the zeros.
	rest := h>>indexBits | 1<<rankBits
	return observation{index: int(h & (Registers - 1)), rank: byte(bits.TrailingZeros64(rest) + 1)}
}

// The constants of MurmurHash64A (https://github.com/aappleby/smhasher), and the seed that Redis gives it.
const (
	murmurFactor = 0xc6a4a7935bd1e995
	murmurShift  = 47
	hashSeed     = 0xadc83b19
)

// murmur64A is Austin Appleby's MurmurHash64A, its words read in little-endian order on every processor.
func murmur64A(data []byte, seed uint64) uint64 {
	h := seed ^ uint64(len(data))*murmurFactor
	for ; len(data) >= 8; data = data[8:] {
		k := binary.LittleEndian.Uint64(data) * murmurFactor
		k ^= k >> murmurShift
		h = (h ^ k*murmurFactor) * murmurFactor
	}
	if len(data) > 0 {
		var tail [8]byte
		copy(tail[:], data)
		h = (h ^ binary.LittleEndian.Uint64(tail[:])) * murmurFactor
	}
	h ^= h >> murmurShift
	h *= murmurFactor
	return h ^ h>>murmurShift
}
