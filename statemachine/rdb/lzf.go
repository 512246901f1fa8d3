package rdb

// LZF is Marc Lehmann's compression (http://oldhome.schmorp.de/marc/liblzf.html). A compressed string is a row of pieces:
//
//	000nnnnn                    n+1 bytes as they are, which follow
//	lllooooo oooooooo           l+2 bytes from o+1 bytes back, l from 1 to 6
//	111ooooo llllllll oooooooo  l+9 bytes from o+1 bytes back
const (
	lzfMaxLiteral = 1 << 5
	lzfMaxOffset  = 1 << 13
	lzfShortMatch = 2 // what is added to the length in the first byte
	lzfMinMatch   = 3
	lzfLongMark   = 7
	lzfMaxMatch   = 255 + lzfLongMark + lzfShortMatch

	lzfHashBits = 14
)

// lzfDecompress unpacks a string that comes to n bytes; ok is false if it does not.
func lzfDecompress(b []byte, n int) (plain []byte, ok bool) {
	// What says that it comes to more than it can is refused before there is room made for it.
	if n > len(b)/3*lzfMaxMatch+lzfMaxMatch {
		return nil, false
	}
	plain = make([]byte, 0, n)
	for len(b) > 0 {
		head := int(b[0])
		b = b[1:]
		if head < lzfMaxLiteral {
			if head+1 > len(b) || len(plain)+head+1 > n {
				return nil, false
			}
			plain, b = append(plain, b[:head+1]...), b[head+1:]
			continue
		}
		length := head >> 5
		if length == lzfLongMark {
			if len(b) == 0 {
				return nil, false
			}
			length += int(b[0])
			b = b[1:]
		}
		length += lzfShortMatch
		if len(b) == 0 {
			return nil, false
		}
		from := len(plain) - (head&(lzfMaxLiteral-1))<<8 - int(b[0]) - 1
		b = b[1:]
		if from < 0 || len(plain)+length > n {
			return nil, false
		}
		for i := range length { // byte by byte: they may overlap
			plain = append(plain, plain[from+i])
		}
	}
	return plain, len(plain) == n
}

// lzfCompress packs a string; ok is false if it would take more than most bytes.
func lzfCompress(b []byte, most int) (packed []byte, ok bool) {
	var places [1 << lzfHashBits]int32 // one more than where three bytes of this hash were last
	literal := 0                       // where the bytes begin that are not written yet
	for at := 0; at+lzfMinMatch <= len(b); {
		slot := &places[lzfHash(b[at:])]
		from := int(*slot) - 1
		*slot = int32(at + 1)
		if from < 0 || at-from > lzfMaxOffset || string(b[from:from+lzfMinMatch]) != string(b[at:at+lzfMinMatch]) {
			at++
			continue
		}
		length := lzfMinMatch
		for length < lzfMaxMatch && at+length < len(b) && b[from+length] == b[at+length] {
			length++
		}
		packed = appendLiterals(packed, b[literal:at])
		packed = appendMatch(packed, at-from-1, length)
		if len(packed) > most {
			return nil, false
		}
		at += length
		literal = at
	}
	packed = appendLiterals(packed, b[literal:])
	return packed, len(packed) <= most
}

// lzfHash is of the first three bytes.
func lzfHash(b []byte) uint32 {
	const knuth = 2654435761 // 2^32 by the golden ratio
	return (uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16) * knuth >> (32 - lzfHashBits)
}

func appendLiterals(packed, literals []byte) []byte {
	for len(literals) > 0 {
		n := min(len(literals), lzfMaxLiteral)
		packed = append(append(packed, byte(n-1)), literals[:n]...)
		literals = literals[n:]
	}
	return packed
}

func appendMatch(packed []byte, offset, length int) []byte {
	if length -= lzfShortMatch; length < lzfLongMark {
		packed = append(packed, byte(length<<5|offset>>8))
	} else {
		packed = append(packed, byte(lzfLongMark<<5|offset>>8), byte(length-lzfLongMark))
	}
	return append(packed, byte(offset))
}
