package hyperloglog

import (
	"fmt"
	"slices"
	"strings"
)

// The marks of the runs of the sparse encoding, in the highest bits of their first byte, and how long the runs may be.
const (
	runLongZeros = 0x40
	runRank      = 0x80

	maxShortZeros = 64
	maxRankRun    = 4
	maxSparseRank = 32

	// maxSplit is what a run can become when one of its registers changes: zeros, the register, zeros.
	maxSplit = 5
	// mergeRuns is how many runs are looked at for neighbours of the same rank, after a change, from the one in front on.
	mergeRuns = 5
)

// run is one run of registers.
type run struct {
	length int  // in registers
	rank   byte // 0 in runs of zeros
	bytes  int  // its length in the value
}

// runAt decodes the run at a place of a sparse value; ok is false if its second byte is missing.
func runAt(v []byte, at int) (r run, ok bool) {
	b := v[at]
	switch {
	case b&runRank != 0:
		return run{length: int(b&3) + 1, rank: b>>2&31 + 1, bytes: 1}, true
	case b&runLongZeros == 0:
		return run{length: int(b) + 1, bytes: 1}, true
	case at+1 == len(v):
		return r, false
	}
	return run{length: int(b&63)<<8 | int(v[at+1]) + 1, bytes: 2}, true
}

// appendZeros appends a run of zeros; none if length is 0.
func appendZeros(v []byte, length int) []byte {
	switch {
	case length == 0:
		return v
	case length <= maxShortZeros:
		return append(v, byte(length-1))
	}
	return append(v, runLongZeros|byte((length-1)>>8), byte(length-1))
}

// appendRank appends a run of a rank above 0; none if length is 0.
func appendRank(v []byte, rank byte, length int) []byte {
	if length == 0 {
		return v
	}
	return append(v, runRank|(rank-1)<<2|byte(length-1))
}

// raiseSparse is raise for a sparse value. It splits the run that holds the register, and joins what can be joined.
func raiseSparse(v []byte, o observation) (_ []byte, changed bool, err error) {
	previous, at, first, found := findRun(v, o.index)
	if !found {
		return v, false, ErrCorrupt
	}
	r, _ := runAt(v, at)
	if r.rank >= o.rank {
		return v, false, nil
	}
	if o.rank > maxSparseRank {
		return raiseAsDense(v, o)
	}
	var split [maxSplit]byte
	parts := appendSplit(split[:0], r, o, o.index-first)
	if grown := len(v) + len(parts) - r.bytes; len(parts) > r.bytes && grown > SparseMaxBytes {
		return raiseAsDense(v, o)
	}
	v = slices.Replace(v, at, at+r.bytes, parts...)
	return joinRuns(v, previous), true, nil
}

// findRun finds the run that holds a register: where it and the run in front of it start, and its first register. Without a run in
// front, previous is the first one's place.
func findRun(v []byte, index int) (previous, at, first int, found bool) {
	previous = HeadBytes
	for at = HeadBytes; at < len(v); {
		r, ok := runAt(v, at)
		if !ok {
			return 0, 0, 0, false
		}
		if index < first+r.length {
			return previous, at, first, true
		}
		previous = at
		at += r.bytes
		first += r.length
	}
	return 0, 0, 0, false
}

// appendSplit appends what a run becomes when the register at offset in it gets its rank.
func appendSplit(parts []byte, r run, o observation, offset int) []byte {
	behind := r.length - offset - 1
	if r.rank > 0 {
		parts = appendRank(parts, r.rank, offset)
		parts = appendRank(parts, o.rank, 1)
		return appendRank(parts, r.rank, behind)
	}
	parts = appendZeros(parts, offset)
	parts = appendRank(parts, o.rank, 1)
	return appendZeros(parts, behind)
}

// joinRuns joins neighbours of the same rank among the runs from a place on.
func joinRuns(v []byte, at int) []byte {
	for range mergeRuns {
		if at >= len(v) {
			break
		}
		r, ok := runAt(v, at)
		if !ok {
			break
		}
		if r.rank > 0 && at+1 < len(v) && v[at+1]&runRank != 0 {
			next, _ := runAt(v, at+1)
			if length := r.length + next.length; next.rank == r.rank && length <= maxRankRun {
				v = slices.Delete(v, at, at+1)
				v[at] = runRank | (r.rank-1)<<2 | byte(length-1)
				continue
			}
		}
		at += r.bytes
	}
	return v
}

// raiseAsDense makes the value dense, and then raises the register.
func raiseAsDense(v []byte, o observation) (_ []byte, changed bool, err error) {
	d, err := Dense(v)
	if err != nil {
		return v, false, err
	}
	return raise(d, o)
}

// Describe tells the runs of a valid sparse value: z:n and Z:n for n zeros in a short and a long run, v:rank,n for n registers of a
// rank. It is what PFDEBUG DECODE replies.
func Describe(v []byte) (string, error) {
	var runs []string
	for at := HeadBytes; at < len(v); {
		r, ok := runAt(v, at)
		switch {
		case !ok:
			return "", ErrCorrupt
		case r.rank > 0:
			runs = append(runs, fmt.Sprintf("v:%d,%d", r.rank, r.length))
		case r.bytes == 1:
			runs = append(runs, fmt.Sprintf("z:%d", r.length))
		default:
			runs = append(runs, fmt.Sprintf("Z:%d", r.length))
		}
		at += r.bytes
	}
	return strings.Join(runs, " "), nil
}
