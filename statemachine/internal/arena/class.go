package arena

import "math/bits"

// Class is the size class of a block. Whoever frees a block must say it.
type Class uint8

// The classes go up by 8 bytes to 256, and from there in 8 steps from one power of two to the next.
const (
	fineStep    = 8
	bitsOfFine  = 8
	fineMost    = 1 << bitsOfFine
	fineCount   = fineMost / fineStep
	bitsOfSteps = 3
	steps       = 1 << bitsOfSteps
	bitsOfStep  = bitsOfFine - bitsOfSteps // of the first step that is larger

	// classes is how many there are for blocks in slabs.
	classes = fineCount + steps*(bitsOfMaxSmall-bitsOfFine)
	// Large is the class of blocks that are mapped by themselves.
	Large Class = 255
)

// ClassOf returns the class of the smallest blocks that have room for size bytes.
func ClassOf(size int) Class {
	switch {
	case size > MaxSmall:
		return Large
	case size <= fineMost:
		return Class((max(size, 1) - 1) / fineStep)
	}
	group := bits.Len(uint(size-1)) - bitsOfFine - 1 // 0 up to twice fineMost
	return Class(fineCount + group*steps + (size-1)>>(bitsOfStep+group) - steps)
}

// Size returns how many bytes a block of the class has, 0 for Large, whose blocks differ.
func (c Class) Size() int {
	switch {
	case c == Large:
		return 0
	case c < fineCount:
		return (int(c) + 1) * fineStep
	}
	group, step := (int(c)-fineCount)/steps, (int(c)-fineCount)%steps
	return (steps + step + 1) << (bitsOfStep + group)
}
