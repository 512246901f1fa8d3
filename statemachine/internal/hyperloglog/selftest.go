package hyperloglog

import (
	"encoding/binary"
	"fmt"
	"math"
)

const (
	// selfTestElements is how many elements the self-test adds. Estimates are looked at after each power of two of them.
	selfTestElements = 20000
	// relativeError is the standard error of an estimate, 1.04 over the root of the number of registers, and maxErrors how many of
	// them one may be off.
	relativeError = 1.04 / 128
	maxErrors     = 6
)

// SelfTest adds elements to a value that starts sparse and to one that is dense. Both must have the same registers, and estimates within
// a few standard errors of the truth.
func SelfTest() error {
	grown := New()
	whole, err := Dense(New())
	if err != nil {
		return err
	}
	for n := uint64(1); n <= selfTestElements; n++ {
		var element [8]byte
		binary.LittleEndian.PutUint64(element[:], n)
		if grown, _, err = Add(grown, element[:]); err != nil {
			return err
		}
		if whole, _, err = Add(whole, element[:]); err != nil {
			return err
		}
		if n&(n-1) == 0 {
			if err := compareAt(n, grown, whole); err != nil {
				return err
			}
		}
	}
	return compareAt(selfTestElements, grown, whole)
}

func compareAt(n uint64, grown, whole []byte) error {
	Invalidate(grown)
	Invalidate(whole)
	a, err := Estimate(grown)
	if err != nil {
		return err
	}
	b, err := Estimate(whole)
	if err != nil {
		return err
	}
	asDense, err := Dense(grown)
	if err != nil {
		return err
	}
	if a != b || string(asDense) != string(whole) {
		return fmt.Errorf("sparse and dense values of %d elements differ, with estimates of %d and %d", n, a, b)
	}
	if off := math.Abs(float64(a) - float64(n)); off > max(1, maxErrors*relativeError*float64(n)) {
		return fmt.Errorf("%d elements have an estimate of %d", n, a)
	}
	return nil
}
