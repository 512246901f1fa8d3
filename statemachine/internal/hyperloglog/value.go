package hyperloglog

import (
	"encoding/binary"
	"errors"
)

const (
	// Registers is how many registers a value has.
	Registers = 1 << indexBits
	// SparseMaxBytes is the longest sparse value, without its head of HeadBytes: Redis's hll-sparse-max-bytes, which counts
	// both.
	SparseMaxBytes = 3000
	// HeadBytes is the length of the head.
	HeadBytes = 16
	// DenseBytes is the length of a dense value, head and all.
	DenseBytes = HeadBytes + Registers*registerBits/8

	magic        = "HYLL"
	encodingByte = 4
	cacheByte    = 8
	// cacheStale is the bit of the head's last byte that says that the cached estimate does not hold.
	cacheStale = 0x80

	registerBits = 6
	registerMax  = 1<<registerBits - 1
)

// Encodings, as the head has them.
const (
	dense  = 0
	sparse = 1
)

// ErrCorrupt is what a value is that has a right head and runs that do not add up to all registers.
var ErrCorrupt = errors.New("the runs of the registers do not add up")

// New is an empty value: sparse, with its cached estimate of 0.
func New() []byte {
	v := make([]byte, HeadBytes, HeadBytes+2)
	copy(v, magic)
	v[encodingByte] = sparse
	return appendZeros(v, Registers)
}

// Valid reports whether a string is a value by its head. The runs of a sparse one are not looked at.
func Valid(v []byte) bool {
	if len(v) < HeadBytes || string(v[:len(magic)]) != magic {
		return false
	}
	return v[encodingByte] == sparse || v[encodingByte] == dense && len(v) == DenseBytes
}

// IsSparse reports which encoding a valid value has.
func IsSparse(v []byte) bool { return v[encodingByte] == sparse }

// Invalidate marks the cached estimate of a valid value as not holding.
func Invalidate(v []byte) { v[HeadBytes-1] |= cacheStale }

// cached is the cached estimate of a valid value, if it holds.
func cached(v []byte) (estimate uint64, ok bool) {
	return binary.LittleEndian.Uint64(v[cacheByte:]), v[HeadBytes-1]&cacheStale == 0
}

// Add adds an element to a valid value, which it changes or, if that gets too long, replaces. changed is false if no register
// was below what the element says. The cached estimate is not marked: see Invalidate.
func Add(v, element []byte) (_ []byte, changed bool, err error) {
	return raise(v, observe(element))
}

// WouldChange reports whether Add would change a register of a valid dense value.
func WouldChange(v, element []byte) bool {
	o := observe(element)
	return o.rank > denseRegister(v, o.index)
}

// raise makes the register at least as high as observed.
func raise(v []byte, o observation) (_ []byte, changed bool, err error) {
	if IsSparse(v) {
		return raiseSparse(v, o)
	}
	if o.rank <= denseRegister(v, o.index) {
		return v, false, nil
	}
	putDenseRegister(v, o.index, o.rank)
	return v, true, nil
}

// Union is the registers of several values, each the highest of theirs.
type Union struct{ registers [Registers]byte }

// Merge takes the registers of a valid value in.
func (u *Union) Merge(v []byte) error {
	return eachRun(v, func(index, length int, rank byte) {
		for i := index; i < index+length; i++ {
			u.registers[i] = max(u.registers[i], rank)
		}
	})
}

// RaiseAll makes each register of a valid value at least as high as the union's, and marks its cached estimate. The value is
// changed or replaced, as by Add.
func (u *Union) RaiseAll(v []byte) ([]byte, error) {
	for i, rank := range u.registers {
		if rank == 0 {
			continue
		}
		var err error
		if v, _, err = raise(v, observation{index: i, rank: rank}); err != nil {
			return v, err
		}
	}
	Invalidate(v)
	return v, nil
}

// AllRegisters calls f with each register of a valid dense value in order.
func AllRegisters(v []byte, f func(rank byte)) {
	for i := range Registers {
		f(denseRegister(v, i))
	}
}
