package hyperloglog

// registerAt is where a register starts in a dense value: its byte, and the bit in it.
func registerAt(index int) (at, shift int) {
	bit := index * registerBits
	return HeadBytes + bit/8, bit % 8
}

func denseRegister(v []byte, index int) byte {
	at, shift := registerAt(index)
	word := uint16(v[at])
	if at+1 < len(v) { // the last register ends with its byte
		word |= uint16(v[at+1]) << 8
	}
	return byte(word>>shift) & registerMax
}

func putDenseRegister(v []byte, index int, rank byte) {
	at, shift := registerAt(index)
	v[at] = v[at]&^byte(registerMax<<shift) | rank<<shift
	if shift > 8-registerBits {
		v[at+1] = v[at+1]&^byte(registerMax>>(8-shift)) | rank>>(8-shift)
	}
}

// Dense is a valid value in the dense encoding: itself, if it has that.
func Dense(v []byte) ([]byte, error) {
	if !IsSparse(v) {
		return v, nil
	}
	d := make([]byte, DenseBytes)
	copy(d, v[:HeadBytes])
	d[encodingByte] = dense
	err := eachRun(v, func(index, length int, rank byte) {
		for i := index; i < index+length && rank > 0; i++ {
			putDenseRegister(d, i, rank)
		}
	})
	return d, err
}

// eachRun calls f for the registers of a valid value, from the first to the last, in runs of the same rank. Whoever keeps what
// f saw must look at the error, which says that there are too few or too many of them.
func eachRun(v []byte, f func(index, length int, rank byte)) error {
	if !IsSparse(v) {
		for i := range Registers {
			f(i, 1, denseRegister(v, i))
		}
		return nil
	}
	index := 0
	for at := HeadBytes; at < len(v); {
		r, ok := runAt(v, at)
		if !ok || index+r.length > Registers {
			return ErrCorrupt
		}
		f(index, r.length, r.rank)
		index += r.length
		at += r.bytes
	}
	if index != Registers {
		return ErrCorrupt
	}
	return nil
}
