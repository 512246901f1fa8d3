package statemachine

import "math"

// lcsOptions are LCS's.
type lcsOptions struct {
	length, indexes, withLength bool
	minimum                     int64
}

// lcs: LCS key1 key2 [LEN] [IDX] [MINMATCHLEN n] [WITHMATCHLEN].
func lcs(tx *Tx, args Args, reply Reply) {
	a, b := tx.lookup(args[1]), tx.lookup(args[2])
	if a != nil && a.kind != KindString || b != nil && b.kind != KindString {
		reply.Error(errLCSType)
		return
	}
	o, ok := parseLCS(args, reply)
	if !ok {
		return
	}
	var left, right []byte
	if a != nil {
		left = a.str()
	}
	if b != nil {
		right = b.str()
	}
	size := uint64(len(left)+1) * uint64(len(right)+1)
	switch {
	case len(left) >= math.MaxUint32-1 || len(right) >= math.MaxUint32-1:
		reply.Error(errLCSTooLong)
	case size > uint64(tx.maxString)/4:
		reply.Error(errLCSMemory)
	default:
		o.answer(left, right, reply)
	}
}

func parseLCS(args Args, reply Reply) (o lcsOptions, ok bool) {
	for i := 3; i < len(args); i++ {
		switch {
		case is(args[i], "LEN"):
			o.length = true
		case is(args[i], "IDX"):
			o.indexes = true
		case is(args[i], "WITHMATCHLEN"):
			o.withLength = true
		case is(args[i], "MINMATCHLEN") && i+1 < len(args):
			i++
			if o.minimum, ok = intArg(args[i], reply); !ok {
				return o, false
			}
			o.minimum = max(0, o.minimum)
		default:
			reply.Error(errSyntax)
			return o, false
		}
	}
	if o.length && o.indexes {
		reply.Error(errLCSBoth)
		return o, false
	}
	return o, true
}

// lcsMatch is a stretch that both strings have: first and last byte in each.
type lcsMatch struct{ leftFirst, leftLast, rightFirst, rightLast int }

func (m lcsMatch) len() int { return m.leftLast - m.leftFirst + 1 }

// answer computes and replies.
func (o lcsOptions) answer(left, right []byte, reply Reply) {
	t := newLCSTable(left, right)
	total := int(t.at(len(left), len(right)))
	if o.length {
		reply.Int(int64(total))
		return
	}
	common, matches := t.walk(left, right, total)
	if !o.indexes {
		reply.Bulk(common)
		return
	}
	kept := matches[:0]
	for _, m := range matches {
		if int64(m.len()) >= o.minimum {
			kept = append(kept, m)
		}
	}
	reply.Map(2)
	reply.BulkString("matches")
	reply.Array(len(kept))
	for _, m := range kept {
		o.replyMatch(m, reply)
	}
	reply.BulkString("len")
	reply.Int(int64(total))
}

func (o lcsOptions) replyMatch(m lcsMatch, reply Reply) {
	elements := 2
	if o.withLength {
		elements++
	}
	reply.Array(elements)
	reply.Array(2)
	reply.Int(int64(m.leftFirst))
	reply.Int(int64(m.leftLast))
	reply.Array(2)
	reply.Int(int64(m.rightFirst))
	reply.Int(int64(m.rightLast))
	if o.withLength {
		reply.Int(int64(m.len()))
	}
}

// lcsTable is the dynamic program's: at(i, j) is the length for the first i and j bytes.
type lcsTable struct {
	cells []uint32
	width int
}

func (t *lcsTable) at(i, j int) uint32 { return t.cells[i*t.width+j] }

func newLCSTable(left, right []byte) *lcsTable {
	t := &lcsTable{cells: make([]uint32, (len(left)+1)*(len(right)+1)), width: len(right) + 1}
	for i, c := range left {
		row, above := t.cells[(i+1)*t.width:(i+2)*t.width], t.cells[i*t.width:(i+1)*t.width]
		for j, d := range right {
			if c == d {
				row[j+1] = above[j] + 1
			} else {
				row[j+1] = max(above[j+1], row[j])
			}
		}
	}
	return t
}

// walk goes back through the table and returns the common bytes and the matching stretches, last ones first. Of equally
// good ways it takes Redis's.
func (t *lcsTable) walk(left, right []byte, total int) (common []byte, matches []lcsMatch) {
	common = make([]byte, total)
	var open *lcsMatch
	for i, j := len(left), len(right); i > 0 && j > 0; {
		if left[i-1] != right[j-1] {
			if t.at(i-1, j) > t.at(i, j-1) {
				i--
			} else {
				j--
			}
			open = nil
			continue
		}
		i, j, total = i-1, j-1, total-1
		common[total] = left[i]
		if open == nil {
			matches = append(matches, lcsMatch{i, i, j, j})
			open = &matches[len(matches)-1]
		} else {
			open.leftFirst, open.rightFirst = i, j
		}
	}
	return common, matches
}
